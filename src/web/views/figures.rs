//! Impact figures, unit costs, shares and the band, as several pages show them.

use serde::Serialize;

use super::money::MoneyView;

/// An impact figure. None is shown without its period, source and grade.
#[derive(Clone, Debug, Serialize)]
pub struct FigureView {
    /// The figure itself, as it may be shown: `1,200`, or `fewer than 10`.
    pub value: String,
    /// What it counts: "survivors rescued".
    pub label: String,
    /// For which time: "2006 to 2026".
    pub period: String,
    /// Who says so.
    pub source: String,
    /// Where that can be read.
    pub source_url: Option<String>,
    /// `claimed`, `partner_reported`, `evidence_attached` or `verified`.
    pub grade: String,
}

/// What an amount covers, from the unit-cost book.
#[derive(Clone, Debug, Serialize)]
pub struct UnitCostView {
    /// The amount.
    pub amount: MoneyView,
    /// What it covers, fit for "$30 covers …": "one therapy session".
    pub covers: String,
    /// Who says so.
    pub source: String,
    /// First day (YYYY-MM-DD) that it holds.
    pub valid_from: String,
    /// Last day that it holds, if known.
    pub valid_to: Option<String>,
}

/// A program's share of undesignated money under the policy in force.
#[derive(Clone, Debug, Serialize)]
pub struct ShareView {
    /// The program.
    pub program: String,
    /// Its page.
    pub href: String,
    /// The share in hundredths of a percent.
    pub basis_points: i64,
    /// The share in words: "62.5 %".
    pub percent: String,
    /// Its shade in the band, 0 to 4.
    pub shade: u8,
}

/// One line of the band's legend.
#[derive(Clone, Debug, Serialize)]
pub struct ShadeView {
    /// The shade, 0 to 4.
    pub shade: u8,
    /// The program that has it.
    pub label: String,
}

/// The woven band with its figures.
#[derive(Clone, Debug, Serialize)]
pub struct BandView {
    /// The drawing, from [`crate::web::band::Band::svg`].
    pub band_svg: String,
    /// Raised by gifts, without the match.
    pub raised: MoneyView,
    /// Added by the match pool, if any.
    pub matched: Option<MoneyView>,
    /// The goal, if there is one.
    pub goal: Option<MoneyView>,
    /// Paid gifts.
    pub gifts: i64,
    /// Donors, each counted once.
    pub donors: i64,
    /// Whole days until giving closes; `None` after it.
    pub days_left: Option<i64>,
    /// The legend: programs that occur in the band.
    pub shades: Vec<ShadeView>,
    /// Some gifts are anonymous: explains the undyed threads.
    pub undyed: bool,
    /// Some money is verified: explains the dashed edge.
    pub verified: bool,
    /// The stream that keeps the band live, if there is one.
    pub live_url: Option<String>,
}
