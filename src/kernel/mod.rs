//! Parsed values that the whole program speaks in. No SQL, no HTTP, no word of the domain's workings.
//!
//! A value of one of these types has already passed its checks (*parse, don't validate*), so nothing
//! further down checks again.

pub mod apportion;
pub mod card_number;
pub mod clock;
pub mod crash;
pub mod cursor;
pub mod email;
pub mod id;
pub mod line;
pub mod money;
pub mod secret;
pub mod slug;
pub mod sql;

pub use clock::{Clock, Timestamp};
pub use cursor::Cursor;
pub use email::Email;
pub use line::Line;
pub use money::{Currency, Money};
pub use slug::Slug;
