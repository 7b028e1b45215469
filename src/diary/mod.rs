//! The style diary: an entry a day, the conversations that it starts, and the sponsors of its days.
//!
//! * A day is one of the campaign's season, in the campaign's time zone; [`rules`] says which of them may be written when.
//!   A page has at most one entry a day, however often and however late a form is sent.
//! * An entry is shown when its page is, when the page's diary is public, and when it is public itself. A private day is
//!   counted, but nothing that strangers see tells which day it is: their streak is reckoned from public days alone.
//! * Conversations are told without names. Strangers see how many there were and what came of them, never their notes.
//! * Counts are written in the transaction of what they count ([`crate::totals::tallies`]) and proved by [`check`].
//! * A sponsor promises so much a day, up to a cap ([`sponsors`]). A promise is no gift: it is never counted as raised, and
//!   nothing is charged by itself.

pub mod api;
pub mod calendar;
pub mod check;
mod forms;
mod html;
mod jobs;
pub mod model;
pub mod ops;
pub mod public;
pub mod rules;
pub mod sponsors;
pub mod talks;
pub mod views;

pub use jobs::jobs;
pub use model::{Entry, EntryId, Outfit};
pub use rules::Season;

/// Mounts the pages and the API.
pub fn routes(cfg: &mut actix_web::web::ServiceConfig) {
    html::routes(cfg);
    talks::html::routes(cfg);
    sponsors::html::routes(cfg);
    api::routes(cfg);
}

#[cfg(test)]
mod tests;
