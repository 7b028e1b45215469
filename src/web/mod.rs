//! The web platform: what stands between a socket and a noun's handlers.
//!
//! A request passes [`gate`] (head size, rate limits, who may post, panics, headers, one log line) and reaches a
//! handler, which reads it with the extractors of [`body`] and [`csrf`] and answers from the [`view_cache`] or by
//! [`site::Site::page`]. Nothing here knows a word of the domain.

pub mod body;
pub mod csrf;
pub mod error_pages;
pub mod gate;
pub mod headers;
pub mod health;
pub mod limits;
pub mod live;
pub mod logs;
pub mod metrics;
pub mod params;
pub mod server;
pub mod site;
pub mod stop;
pub mod templates;
pub mod view_cache;

mod invalidation;
mod rendered;

#[cfg(test)]
mod tests;

pub use body::JsonBody;
pub use csrf::CsrfForm;
pub use params::{Limit, Path, Query};
pub use site::Site;
pub use view_cache::View;
