//! Newsletters: what is written, previewed, checked, approved; and how one becomes a mail to one reader.
//!
//! ```text
//! draft -> scheduled -> sending <-> paused -> sent
//!              |            \-> cancelled
//!              v (overdue by an hour: asks, N18)
//! ```
//!
//! A newsletter is made of blocks ([`content`]) in a designed [`layout`]. What differs from reader to reader is said in a small
//! language of its own ([`merge`], N11) over a closed list of [`fields`]. [`render::Prepared`] is a newsletter made ready once;
//! [`Facts`] are what one reader's mail may say, read for a whole batch at a time; a render touches no database.
//!
//! Invariants: no value of a reader can become markup, a header or a link (N10, N12); a mail carries its own reader's facts and
//! nobody else's; a story is in a mail and in the archive only while everybody in it agrees (S17); what people write is
//! sanitised when it is saved and again when it is made ready.

pub mod approval;
pub mod audience;
pub mod blocks;
pub mod checks;
pub mod content;
pub mod facts;
pub mod fields;
mod fill;
pub mod house;
pub mod html;
pub mod impact;
pub mod layout;
mod links;
pub mod marks;
pub mod merge;
pub mod model;
pub mod ops;
pub mod pictures;
mod prepare;
pub mod render;
mod settled;
pub mod shape;
pub mod sources;
pub mod update;
pub mod words;

#[cfg(test)]
mod tests;

pub use content::{Block, Content};
pub use facts::Facts;
pub use fields::Field;
pub use house::House;
pub use html::{changed, routes};
pub use layout::Layout;
pub use model::{Newsletter, NewsletterId, NewsletterState};
pub use render::{MailLinks, Prepared, Rendered};
