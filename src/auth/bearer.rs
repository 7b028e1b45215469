//! The bearer token of an API request, as an extractor.

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;

use super::token::{self, Access, TokenHolder};
use crate::db::Db;
use crate::error::{AppError, AppResult};

/// Who asks, if a token was sent. A token that is not valid is 401, never "nobody".
pub struct Bearer(Option<TokenHolder>);

impl Bearer {
    /// Who shows the token, if one was sent.
    pub fn holder(&self) -> Option<&TokenHolder> {
        self.0.as_ref()
    }

    /// Whether the token allows this; without a token nothing is allowed.
    pub fn may(&self, noun: &str, access: Access) -> bool {
        self.0
            .as_ref()
            .is_some_and(|holder| holder.may(noun, access).is_ok())
    }
}

/// Whoever shows a valid token; without one the request is 401. What it may do is asked by
/// [`TokenHolder::may`](super::TokenHolder::may), whose object it is by the noun.
pub struct Holder(pub TokenHolder);

impl FromRequest for Holder {
    type Error = AppError;
    type Future = LocalBoxFuture<'static, AppResult<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bearer = Bearer::from_request(request, payload);
        Box::pin(async move { bearer.await?.0.map(Self).ok_or(AppError::Unauthorized) })
    }
}

impl FromRequest for Bearer {
    type Error = AppError;
    type Future = LocalBoxFuture<'static, AppResult<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let sent = request.headers().get(header::AUTHORIZATION).cloned();
        let db = request.app_data::<Data<Db>>().cloned();
        Box::pin(async move {
            let Some(sent) = sent else {
                return Ok(Self(None));
            };
            let text = sent
                .to_str()
                .ok()
                .and_then(|text| text.strip_prefix("Bearer "));
            let bearer = text.ok_or(AppError::Unauthorized)?.trim().to_owned();
            let db = db.ok_or_else(|| AppError::internal("no database is mounted"))?;
            let holder = db.read(move |conn| token::verify(conn, &bearer)).await?;
            holder
                .map(|holder| Self(Some(holder)))
                .ok_or(AppError::Unauthorized)
        })
    }
}
