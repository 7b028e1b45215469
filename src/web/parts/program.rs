//! `/programs/{slug}`.

use serde::Serialize;

use super::figures::{FigureView, UnitCostView};
use super::shell::{Link, Shell};

/// Context of `program`.
#[derive(Clone, Debug, Serialize)]
pub struct ProgramView {
    /// The frame.
    pub shell: Shell,
    /// The program.
    pub name: String,
    /// Who runs it.
    pub partner: Link,
    /// Country and place, as far as they may be named.
    pub place: String,
    /// At work since.
    pub since: Option<i64>,
    /// One or two sentences.
    pub summary: String,
    /// The drawn cover.
    pub cover_svg: String,
    /// What it meets, sanitised.
    pub need_html: String,
    /// What it does.
    pub work: Vec<WorkView>,
    /// Graded figures.
    pub figures: Vec<FigureView>,
    /// What amounts cover now.
    pub unit_costs: Vec<UnitCostView>,
    /// Ways to take part that the partner names.
    pub take_part: Vec<String>,
    /// "For more": links.
    pub more: Vec<Link>,
    /// Where to give with this program chosen.
    pub give_url: Option<String>,
}

/// One kind of work of a program.
#[derive(Clone, Debug, Serialize)]
pub struct WorkView {
    /// "Rescue".
    pub title: String,
    /// A sentence or two.
    pub text: String,
}
