//! The web platform: what stands between a socket and a noun's handlers.
//!
//! A request passes [`gate`] (head size, rate limits, who may post, panics, headers, one log line) and reaches a
//! handler, which reads it with the extractors of [`body`] and [`csrf`] and answers from the [`view_cache`] or by
//! [`site::Site::page`]. Beside it stands what pages are made of: [`templates`], [`assets`], the pieces of contexts that
//! pages share ([`views`]) and what is drawn ([`band`], [`card`], [`placeholder`]). Nothing here knows a word of the domain.

pub mod assets;
pub mod band;
pub mod body;
pub mod card;
pub mod csrf;
pub mod csv;
pub mod error_pages;
pub mod gate;
pub mod headers;
pub mod health;
pub mod lettering;
pub mod limits;
pub mod live;
pub mod logs;
pub mod markdown;
pub mod metrics;
pub mod params;
pub mod placeholder;
pub mod print;
pub mod query;
pub mod server;
pub mod site;
pub mod stop;
pub mod templates;
#[cfg(test)]
pub mod testing;
pub mod typed;
pub mod upload;
pub mod view_cache;
pub mod views;

mod invalidation;
mod rendered;

#[cfg(test)]
mod tests;

pub use body::JsonBody;
pub use csrf::CsrfForm;
pub use params::{Limit, Path, Query};
pub use site::Site;
pub use upload::UploadForm;
pub use view_cache::View;
