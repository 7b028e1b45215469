//! `GET /start/slug?slug=…&for=…`: whether an address is free, for the script that asks while one types.

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};

use crate::auth::Signed;
use crate::error::AppResult;
use crate::kernel::Slug;
use crate::pages::{PageId, fields, slugs};
use crate::web::{Query, Site};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    slug: String,
    r#for: String,
}

#[derive(Debug, Serialize)]
struct Answer {
    free: bool,
    slug: String,
    message: String,
}

pub(super) async fn slug(
    site: Data<Site>,
    query: Query<Asked>,
    _: Signed,
) -> AppResult<HttpResponse> {
    let own: Option<PageId> = query.0.r#for.parse().ok();
    let answer = match fields::slug(&query.0.slug) {
        Err(fault) => {
            let offered = Slug::from_title(&query.0.slug);
            Answer {
                free: false,
                slug: offered.map(|slug| slug.to_string()).unwrap_or_default(),
                message: fault.message,
            }
        }
        Ok(slug) => {
            let asked = slug.clone();
            let free = site
                .db
                .read(move |c| slugs::is_free(c, &asked, own))
                .await?;
            Answer {
                free,
                message: if free {
                    "This address is free.".to_owned()
                } else {
                    "This address is taken; try another.".to_owned()
                },
                slug: slug.to_string(),
            }
        }
    };
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(answer))
}
