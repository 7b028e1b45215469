//! What stands in a request's address: path parts, query fields, and how long a page of a list is.

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::{Ready, ready};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};

use super::body;
use crate::error::{AppError, AppResult};

/// Parts of the path, read as `T`. A part that cannot be read names nothing: 404.
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Path<T> {
    type Error = AppError;
    type Future = Ready<AppResult<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let path = actix_web::web::Path::<T>::from_request(request, payload).into_inner();
        ready(
            path.map(|path| Self(path.into_inner()))
                .map_err(|_| AppError::NotFound("this address")),
        )
    }
}

/// The query string, read as `T`. 422 naming the field when it does not fit.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = AppError;
    type Future = Ready<AppResult<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(body::from_urlencoded(request.query_string()).map(Self))
    }
}

/// How many items a page of a list has: 1 to 100, 20 unless asked otherwise.
///
/// In a query struct: `#[serde(default)] limit: Limit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(u32);

impl Limit {
    /// The number, as queries take it.
    pub fn get(self) -> i64 {
        i64::from(self.0)
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(20)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let message = "write a whole number from 1 to 100";
        match u32::deserialize(from) {
            Ok(number) if (1..=100).contains(&number) => Ok(Self(number)),
            _ => Err(D::Error::custom(message)),
        }
    }
}
