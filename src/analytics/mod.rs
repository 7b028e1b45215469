//! Analytics: what readers do with newsletters, where an organisation switches that on. Off by default.
//!
//! Two kinds of knowing are kept apart. *How often* an address was fetched is counted by the hour, without whom
//! (`newsletter_hits`): every mail carries the same address. *Who* opened or followed what (`newsletter_signs`) is noted of
//! readers alone who ticked it in their preferences ([`crate::subscribers::counted`]); only their mails carry a pixel, and
//! addresses of their own. What scanners and proxies fetch is told apart in [`judge`] and counted as theirs.
//!
//! [`settings`] is the switch, settled with each newsletter as it starts; [`record`] writes; [`crate::subscribers::followed`] says
//! which newsletter a gift followed; [`report`] is what staff see; [`html`] answers the addresses.

mod html;
pub mod judge;
pub mod record;
pub mod report;
pub mod settings;

pub use html::routes;
pub use settings::Counting;

crate::words! {
    /// What is counted.
    pub enum HitKind {
        /// A mail was opened: its pixel was fetched.
        Open = "open",
        /// A link was followed.
        Click = "click",
        /// A scanner or a proxy fetched a pixel.
        MachineOpen = "machine_open",
        /// A scanner followed a link.
        MachineClick = "machine_click",
    }
}
