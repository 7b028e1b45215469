//! The demo's desk: the partner's login sits at IJM's, and a report of an invented partner is read, graded and published, by the
//! verbs of those who do it. All it says is invented.

use super::{line, slug, story};
use crate::auth::{UserId, user_by_email};
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::impact::reports::content::BudgetLine;
use crate::impact::reports::ops::{self, NewReport};
use crate::impact::reports::review::{self, Grading, Plain};
use crate::impact::reports::{
    Answers, Content, GradingId, NewFigure, ReportId, ReportOverview, model,
};
use crate::impact::{Count, FigureId, Grade};
use crate::kernel::{Currency, Email, Money, Timestamp};
use crate::partners::model::{partner_by_slug, program_by_slug};
use crate::partners::{PartnerLetters, staff};

/// What the report needs from outside, since a transaction may run twice.
#[derive(Debug, Clone)]
pub struct ReportSeed {
    report: ReportId,
    figures: [FigureId; 3],
    grading: GradingId,
}

impl ReportSeed {
    /// New ids.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self {
            report: ReportId::new(),
            figures: std::array::from_fn(|_| FigureId::new()),
            grading: GradingId::new(),
        }
    }
}

const ANSWERS: [&str; 5] = [
    "Places in schools and workshops in West Bengal for young women who asked for one, from January to June 2026.",
    "More asked than we had planned for. Two workshops took apprentices for the first time.",
    "Class registers and wage slips, counted once a month by the office; each person is counted once.",
    "One workshop closed in April; we found other places within five weeks, and spent more on travel than planned.",
    "The workshops pay the apprentices' second year themselves.",
];

const PLAIN: &str = "**Invented for this demo.** In half a year, Second Start found more places in classrooms and workshops \
     than it had planned. One workshop closed in April, and other places were found within five weeks; travel cost more than \
     planned.\n\nThe workshops that took apprentices pay their second year themselves.";

/// What it is for, dollars planned, dollars spent.
const BUDGET: [(&str, i64, i64); 4] = [
    ("School fees and books", 6_400, 6_150),
    ("Places in workshops", 5_200, 5_200),
    ("Travel", 900, 1_240),
    ("Office", 700, 610),
];

/// What is counted, and how many.
const FIGURES: [(&str, &str); 3] = [
    ("young women in school", "96"),
    ("young women in workshops", "41"),
    ("in paid work since", "7"),
];

fn user(conn: &mut Conn, address: &str) -> AppResult<Option<UserId>> {
    let email: Email = address.parse().map_err(AppError::internal)?;
    Ok(user_by_email(conn, &email)?.map(|user| user.id))
}

fn figures(seed: &ReportSeed) -> AppResult<Vec<NewFigure>> {
    seed.figures
        .iter()
        .zip(FIGURES)
        .map(|(id, (label, count))| {
            Ok(NewFigure {
                id: *id,
                label: line(label)?,
                count: Count::parse_typed(count).map_err(AppError::internal)?,
                period: line("January to June 2026")?,
                source: line("Report of Saathi Learning Trust (invented for this demo)")?,
                method: "Registers and wage slips, each person once".into(),
                document: None,
            })
        })
        .collect()
}

/// Writes all of it; without the demo's logins nothing.
///
/// # Errors
/// The database's. Mistakes in the seed's own texts are unforeseen errors.
pub fn reports(
    conn: &mut Conn,
    seed: &ReportSeed,
    letters: &PartnerLetters,
    now: Timestamp,
) -> AppResult<()> {
    let partner = user(conn, "partner@selvedge.example")?;
    let coordinator = user(conn, "coordinator@selvedge.example")?;
    let (Some(partner), Some(coordinator)) = (partner, coordinator) else {
        return Ok(());
    };
    let ijm = partner_by_slug(conn, &slug("international-justice-mission")?)?;
    staff::seat(conn, ijm.id, partner, now)?;
    let row = program_by_slug(conn, &slug("saathi-second-start")?)?;
    let new = NewReport {
        id: seed.report,
        partner: row.partner.id,
        program: row.program.id,
        tranche: None,
        title: "The first half of 2026".into(),
        currency: Currency::USD,
        by: coordinator,
    };
    ops::insert(conn, &new, now)?;
    let answers = Answers {
        title: line("The first half of 2026")?,
        answers: ANSWERS.map(str::to_owned),
    };
    ops::write(conn, seed.report, &Content::Answers(answers))?;
    let dollars = |amount: i64| Money::new(amount * Currency::USD.scale(), Currency::USD);
    let lines = BUDGET.map(|(label, planned, spent)| BudgetLine {
        label: label.into(),
        planned: dollars(planned),
        spent: dollars(spent),
    });
    ops::write(conn, seed.report, &Content::Budget(lines.to_vec()))?;
    ops::write(conn, seed.report, &Content::Figures(figures(seed)?))?;
    let draft = found(conn, seed)?;
    ops::send_in(conn, &draft, (coordinator, None), now)?;
    let sent = found(conn, seed)?;
    let [_, workshops, _] = seed.figures;
    let grading = Grading {
        id: seed.grading,
        report: seed.report,
        figure: workshops,
        grade: Grade::Verified,
        note: "An invented auditor looked at the registers of both workshops.".into(),
        document: None,
    };
    review::grade(conn, &sent, &grading, coordinator, now)?;
    let plain = Plain {
        title: line("Half a year in classrooms and workshops")?,
        text: story(PLAIN)?,
    };
    review::write_plain(conn, &sent, &plain, coordinator, now)?;
    review::accept(conn, letters, &sent, coordinator, now)?;
    let accepted = found(conn, seed)?;
    review::publish(conn, &accepted, (coordinator, &[]), now)?;
    Ok(())
}

fn found(conn: &mut Conn, seed: &ReportSeed) -> AppResult<ReportOverview> {
    model::by_id(conn, seed.report)
}
