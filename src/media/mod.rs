//! Photographs: taken in within limits, made anew, kept as files, and gone when they must go (S11, S17).
//!
//! Nothing that was sent is ever served: a picture is decoded, turned upright, cut and written anew in three sizes, so that
//! neither a place in its metadata nor a script behind its pixels survives. Files lie under `media.dir` by id and size; the
//! row says who may see them:
//!
//! ```text
//! (taken) ── insert ──> shown <──> hidden
//!                         └──────────┴── remove ──> removed ── sweep ──> its files are gone
//! ```
//!
//! A hidden photograph is seen by its owner and by staff; a removed one by nobody. Files come before their row, so a row
//! has its files; what has no row after a day is swept away. Whoever hides or removes one calls [`withdrawn`] after the
//! commit, and no view keeps it.

mod field;
mod html;
mod jobs;
mod model;
mod ops;
mod picture;
mod store;
mod take;

pub use field::{ALT_MAX, PhotoField, PhotoView, parse_alt};
pub use html::{routes, shown_bytes};
pub use jobs::jobs;
pub use model::{Media, MediaId, Size, Use, by_ids, find, named, url};
pub use ops::{hide, insert, remove, show};
pub use picture::{Crop, Shape};
pub use take::{NewMedia, crop_of, take};

use crate::web::Site;

/// After the commit that hid or removed a photograph: no view of it is kept, even while the database is away.
pub fn withdrawn(site: &Site, id: MediaId) {
    site.views.withdrawn("media", &id.to_string());
}

/// After the commit that shows a hidden photograph again.
pub fn shown_again(site: &Site, id: MediaId) {
    site.views.changed("media", &id.to_string());
}

#[cfg(test)]
mod tests;
