//! Parsed values that the whole program speaks in. No SQL, no HTTP, no word of the domain's workings.
//!
//! A value of one of these types has already passed its checks (*parse, don't validate*), so nothing
//! further down checks again.

pub mod apportion;
pub mod card_number;
pub mod clock;
pub mod crash;
pub mod cursor;
pub mod day;
pub mod email;
pub mod id;
pub mod json;
pub mod line;
pub mod list;
pub mod money;
pub mod secret;
pub mod shape;
pub mod slug;
pub mod sql;
pub mod zone;

pub use clock::{Clock, Timestamp};
pub use cursor::Cursor;
pub use day::Day;
pub use email::Email;
pub use json::Json;
pub use line::Line;
pub use list::{Limit, Listed};
pub use money::{Currency, Money};
pub use slug::Slug;
pub use zone::Zone;
