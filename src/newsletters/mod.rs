//! Newsletters: what is written, previewed, checked, approved; and how one becomes a mail to one reader.
//!
//! ```text
//! draft -> scheduled -> sending <-> paused -> sent
//!              |            \-> cancelled
//!              v (overdue by an hour: asks, N18)
//! ```
//!
//! [`render::Prepared`] is a newsletter made ready once; [`render::Facts`] are what one reader's mail may say, read for a whole
//! batch at a time; a render touches no database.

pub mod model;
pub mod render;

pub use model::{Newsletter, NewsletterId, NewsletterState};
