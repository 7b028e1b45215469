//! `/api/v1/signup` and `/api/v1/me`.

use actix_web::web::{self, Data, Json, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use super::html::signup;
use super::signup::NAME_MOST;
use super::{Accounts, Next};
use crate::auth::{Holder, Role, model};
use crate::db::Db;
use crate::error::{AppResult, Problem};
use crate::kernel::shape::{EmailText, OneLine};
use crate::web::JsonBody;
use crate::web::query::{self, NoQuery};

/// Mounts both.
pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/api/v1/signup").route(web::post().to(sign_up)))
        .service(web::resource("/api/v1/me").route(web::get().to(me)));
}

type NameText = OneLine<NAME_MOST>;

/// Somebody who wants an account.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignUp {
    /// How the person is called, at most 80 characters.
    #[schema(value_type = NameText)]
    name: String,
    /// Where the link goes.
    #[schema(value_type = EmailText)]
    email: String,
}

/// A mail goes.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct MailGoes {
    /// Always `mailed`, whether the address was known or not.
    status: &'static str,
}

/// Signs up: mails a link that makes the account. The answer is the same for an address that has one.
#[utoipa::path(post, operation_id = "sign_up", path = "/api/v1/signup", tag = "accounts",
    request_body = SignUp, responses(
    (status = 202, body = MailGoes),
    (status = 400, description = "No JSON", body = Problem, content_type = "application/problem+json"),
    (status = 415, description = "Not declared as JSON", body = Problem, content_type = "application/problem+json"),
    (status = 413, description = "Too large", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "Fields to mend", body = Problem, content_type = "application/problem+json"),
    (status = 429, description = "Too many mails were asked for from this address", body = Problem, content_type = "application/problem+json"),
))]
pub async fn sign_up(
    accounts: Data<Accounts>,
    request: HttpRequest,
    body: JsonBody<SignUp>,
) -> AppResult<HttpResponse> {
    query::query::<NoQuery>(&request)?;
    let site = &accounts.site;
    let SignUp { name, email } = body.0;
    // Nobody can say whose password it would be: who opens the link chooses one.
    let parsed = signup::parse(&site.config.site.name, &name, &email, "")?;
    let client = site.limits.client_key(&request);
    signup::answer(&accounts, client, (parsed, ""), &Next::parse("")).await?;
    Ok(HttpResponse::Accepted().json(MailGoes { status: "mailed" }))
}

/// The holder of a token.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Me {
    /// The user's id.
    id: String,
    /// How the user is called.
    name: String,
    /// What the user may do.
    #[schema(value_type = Vec<String>)]
    roles: Vec<Role>,
    /// What the token may do.
    scopes: Vec<String>,
}

/// Whose token this is, and what it may do.
#[utoipa::path(get, operation_id = "get_me", path = "/api/v1/me", tag = "accounts",
    security(("bearer" = [])), responses(
    (status = 200, body = Me),
    (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A query key that is not known", body = Problem, content_type = "application/problem+json"),
))]
pub async fn me(db: Data<Db>, request: HttpRequest, Holder(holder): Holder) -> AppResult<Json<Me>> {
    query::query::<NoQuery>(&request)?;
    let id = holder.user;
    let user = db.read(move |c| model::user_by_id(c, id)).await?;
    Ok(Json(Me {
        id: user.id.to_string(),
        name: user.name,
        roles: holder.roles,
        scopes: holder.scopes.iter().map(ToString::to_string).collect(),
    }))
}
