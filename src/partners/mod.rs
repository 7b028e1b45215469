//! Partners and their programs: who does the work that gifts pay for, and where.
//!
//! A partner is an organisation; a program is one line of its work in one place. Gifts may be designated to a program,
//! and a campaign names the programs that its undesignated money is shared between.
//!
//! Invariants: a program belongs to one partner for good; slugs are unique among partners and among programs; no exact
//! place of a shelter and no name of staff stands in a program's public fields unless it was released (S17): [`Withheld`]
//! sees to it by its type, and [`PartnerStaff`] sees what is their own partner's alone (S9).

pub mod api;
pub mod edit;
pub mod guard;
pub mod mails;
pub mod model;
pub mod ops;
pub mod places;
pub mod staff;
pub mod withheld;

pub use crate::ids::{PartnerId, ProgramId};
pub use api::routes;
pub use guard::PartnerStaff;
pub use mails::PartnerLetters;
pub use model::{FurtherLink, Partner, Program};
pub use withheld::{Reader, Withheld};

crate::id!(
    /// An invitation to a partner's desk.
    pub InvitationId,
    "pin"
);
crate::id!(
    /// A shelter of a program.
    pub ShelterId,
    "she"
);
crate::id!(
    /// A contact of a program.
    pub ContactId,
    "con"
);

#[cfg(test)]
mod tests;
