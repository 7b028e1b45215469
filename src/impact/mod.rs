//! What programs achieve and what things cost there: graded figures and unit costs.
//!
//! No figure stands without its period, its source and its grade: `claimed` (somebody says so), `partner_reported` (the
//! partner says so under its name), `evidence_attached` (documents were handed in), `verified` (somebody else looked).
//! A unit cost ("$30 covers a therapy session") holds from a day to a day; outside of these it is not shown, and what
//! it said is never edited: a new cost is a new row.
//!
//! Figures come from staff, or from a partner's report ([`reports`]) that staff have read, graded and published. A count under
//! ten is shown as "fewer than 10" by its type ([`Count`]).

pub mod api;
pub mod count;
pub mod model;
pub mod ops;
pub mod reports;

pub use api::routes;
pub use count::Count;
pub use model::{Figure, FigureId, Grade, UnitCost, UnitCostId, figures, figures_of, unit_costs};

#[cfg(test)]
mod tests;
