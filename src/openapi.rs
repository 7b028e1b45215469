//! The API document, generated from the handlers.

use actix_web::web::ServiceConfig;
use actix_web::{HttpResponse, web};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

/// Every handler of API v1 is listed here; a test holds the list against the routes of the contract.
#[derive(OpenApi)]
#[openapi(
    modifiers(&BearerTokens),
    info(
        title = "Selvedge API",
        description = "Awareness campaigns that raise funds, and the whole path of a gift. Errors are RFC 9457 problems with a stable `code`. Money is an integer of minor units with its ISO 4217 currency. Lists answer `items` and `next`."
    ),
    paths(
        crate::campaigns::api::list,
        crate::campaigns::api::one,
        crate::books::api::books,
        crate::pages::api::leaderboard,
        crate::pages::api::list,
        crate::pages::api::one,
        crate::pages::api::create::create,
        crate::pages::api::patch::patch,
        crate::teams::api::one,
        crate::teams::api::create::create,
        crate::membership::api::join,
        crate::membership::api::remove,
        crate::partners::api::list,
        crate::impact::api::program,
        crate::stories::api::list,
        crate::stories::api::one,
        crate::donations::api::create,
        crate::donations::api::show,
        crate::donations::api::of_page,
        crate::diary::api::list,
        crate::diary::api::write,
        crate::accounts::api::sign_up,
        crate::accounts::api::me,
    )
)]
struct Document;

/// Tells how a token is sent: the scheme `bearer` of the paths that need one.
struct BearerTokens;

impl Modify for BearerTokens {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        document
            .components
            .get_or_insert_with(Default::default)
            .add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// The document.
pub fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

/// Mounts `GET /api/openapi.json`.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/api/openapi.json").route(web::get().to(show)));
}

async fn show() -> HttpResponse {
    HttpResponse::Ok().json(document())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use serde_json::Value;

    #[test]
    fn whatever_may_answer_401_names_the_one_scheme_there_is() {
        let document = serde_json::to_value(super::document()).unwrap();
        let schemes = document["components"]["securitySchemes"]
            .as_object()
            .unwrap();
        assert_eq!(schemes.keys().collect::<Vec<_>>(), ["bearer"]);
        let mut seen = 0;
        for (path, operations) in document["paths"].as_object().unwrap() {
            for (method, operation) in operations.as_object().unwrap() {
                let ways = operation["security"]
                    .as_array()
                    .cloned()
                    .unwrap_or_default();
                let names = ways.iter().filter_map(|way| way.as_object());
                let names: Vec<&String> = names.flat_map(|way| way.keys()).collect();
                let may = operation["responses"].get("401").is_some();
                assert_eq!(!names.is_empty(), may, "{method} {path}");
                assert!(
                    names.iter().all(|name| *name == "bearer"),
                    "{path}: {names:?}"
                );
                seen += usize::from(may);
            }
        }
        assert!(seen >= 8, "{seen}");
    }

    /// S19: what the document allows is what the parsers take, so no text of a request is free of a form.
    #[test]
    fn every_text_that_is_sent_has_a_form() {
        fn formed(schema: &Value) -> bool {
            ["pattern", "enum", "format"]
                .iter()
                .any(|key| schema.get(key).is_some())
        }
        let document = serde_json::to_value(super::document()).unwrap();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let sent = [
            "GiveRequest",
            "DonorRequest",
            "TributeRequest",
            "CreatePageRequest",
            "PatchPageRequest",
            "TeamRequest",
            "JoinRequest",
            "WriteDay",
            "SignUp",
        ];
        let mut found = Vec::new();
        for name in sent {
            let mut ways: Vec<(&str, &Value)> = Vec::new();
            for (field, schema) in schemas[name]["properties"].as_object().unwrap() {
                ways.push((field, schema));
                let either = schema["oneOf"].as_array().into_iter().flatten();
                ways.extend(either.map(|way| (field.as_str(), way)));
            }
            for (field, schema) in ways {
                let kind = &schema["type"];
                let text = *kind == "string"
                    || kind
                        .as_array()
                        .is_some_and(|kinds| kinds.contains(&"string".into()));
                if text && !formed(schema) {
                    found.push(format!("{name}.{field}"));
                }
            }
        }
        assert!(found.is_empty(), "{found:?}");
    }
}
