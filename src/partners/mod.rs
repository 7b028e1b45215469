//! Partners and their programs: who does the work that gifts pay for, and where.
//!
//! A partner is an organisation; a program is one line of its work in one place. Gifts may be designated to a program,
//! and a campaign names the programs that its undesignated money is shared between.
//!
//! Invariants: a program belongs to one partner for good; slugs are unique among partners and among programs; no exact
//! place of a shelter and no name of staff stands in a program's public fields unless the partner released it (S17).

pub mod api;
pub mod model;
pub mod ops;

pub use crate::ids::{PartnerId, ProgramId};
pub use api::routes;
pub use model::{FurtherLink, Partner, Program};

#[cfg(test)]
mod tests;
