//! Sponsors of days: so much for each logged day, up to a cap.
//!
//! ```text
//! open -> confirmed -> requested   (one mail with the sum and a link to give)
//!   |         |-----> thanked      (no day was logged, or nothing can be given any more: a mail without a request)
//!   `---------`-----> cancelled -> open (promised anew)
//! ```
//!
//! A promise counts once its mail address has confirmed it, and is never a gift: the request at the end leads to the
//! ordinary form, where the sponsor decides. Invariants: one promise per page and address; one mail of each kind per
//! promise, whatever runs twice; a request is days × amount, never more than the cap.

pub mod html;
pub mod jobs;
mod mails;
pub mod model;
pub mod ops;
pub mod rules;
pub(super) mod views;

pub use mails::Letterhead;
pub use model::{SponsorId, SponsorState};
