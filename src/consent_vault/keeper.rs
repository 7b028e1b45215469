//! Who keeps the vault.

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;

use crate::auth::{Coordinator, Role, Signed};
use crate::error::{AppError, AppResult};

/// A coordinator whose role holds for every season, or the owner: a consent belongs to a person, not to a season.
#[derive(Debug, Clone)]
pub struct Keeper(pub Signed);

impl FromRequest for Keeper {
    type Error = AppError;
    type Future = LocalBoxFuture<'static, AppResult<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let staff = Coordinator::from_request(request, payload);
        Box::pin(async move {
            let Coordinator(signed) = staff.await?;
            match signed.campaigns(Role::Coordinator) {
                None => Ok(Self(signed)),
                Some(_) => Err(AppError::Forbidden(
                    "your role holds for single seasons; the vault is kept by those who run all of them",
                )),
            }
        })
    }
}
