//! What a request asks in its address: the query, parsed or refused by name.

use actix_web::HttpRequest;
use actix_web::web::Query;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::{AppError, AppResult};
use crate::kernel::{Cursor, Limit};

/// The query of `request`; an unknown or repeated key is refused, 422 (S19).
///
/// `T` denies unknown fields and keeps values as text, so that whoever parses a value can name its field.
///
/// # Errors
/// [`AppError::Invalid`], naming the key.
pub fn query<T: DeserializeOwned>(request: &HttpRequest) -> AppResult<T> {
    Query::<T>::from_query(request.query_string())
        .map(Query::into_inner)
        .map_err(|error| {
            let told = error.to_string();
            let field = told.split('`').nth(1).unwrap_or("query").to_owned();
            let message = match told.split_once(": ") {
                Some((_, reason)) => reason.to_owned(),
                None => told,
            };
            AppError::field(&field, message)
        })
}

/// One value of a query, parsed; `None` when it was not given.
///
/// # Errors
/// [`AppError::Invalid`] of `field`, saying what would have been accepted.
pub fn value<T>(field: &str, text: Option<&str>) -> AppResult<Option<T>>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    text.map(str::parse)
        .transpose()
        .map_err(|error| AppError::field(field, error))
}

/// The query that every list takes.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// The `next` of the page before; any other text leads nowhere (404).
    pub after: Option<String>,
    /// How many items at once.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 20)]
    pub limit: Option<String>,
}

/// The query of what takes none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoQuery {}

/// The place that a list goes on from.
///
/// # Errors
/// [`no_place`] for a text that no list gave out.
pub fn after<P: DeserializeOwned>(text: Option<&str>) -> AppResult<Option<P>> {
    text.map(Cursor::parse).transpose().map_err(|_| no_place())
}

/// There is no such part of the list: a cursor is opaque, so a wrong one is an address that leads nowhere, not a field to
/// mend.
pub fn no_place() -> AppError {
    AppError::NotFound("the place that `after` names")
}

/// How many items to list.
///
/// # Errors
/// [`AppError::Invalid`] of `limit`.
pub fn limit(text: Option<&str>) -> AppResult<Limit> {
    value("limit", text).map(Option::unwrap_or_default)
}
