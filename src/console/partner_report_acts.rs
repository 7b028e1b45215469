//! From the forms of a partner's report to what staff do with it.

use super::fields::Typed;
use crate::auth::UserId;
use crate::db::Conn;
use crate::error::{AppError, AppResult, FieldError};
use crate::grants::{self, TrancheState};
use crate::impact::FigureId;
use crate::impact::reports::messages::NewMessage;
use crate::impact::reports::review::{self, Grading, Plain};
use crate::impact::reports::{GradingId, ReportId, ReportOverview};
use crate::kernel::line::{BadText, parse_lines};
use crate::kernel::{Line, Timestamp};
use crate::partners::PartnerLetters;
use crate::web::markdown::Story;

/// What staff do with a report.
pub(super) enum Act {
    Ask(NewMessage),
    Accept,
    Grade(Grading),
    Plain(Plain),
    Publish(Vec<FigureId>),
    TakeDown,
}

impl Act {
    /// What the page says afterwards.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Ask(_) => "asked-partner",
            Self::Accept => "accepted",
            Self::Grade(_) => "graded",
            Self::Plain(_) => "saved",
            Self::Publish(_) => "published",
            Self::TakeDown => "taken-down",
        }
    }

    pub(super) fn run(
        &self,
        conn: &mut Conn,
        letters: &PartnerLetters,
        found: &ReportOverview,
        by: UserId,
        now: Timestamp,
    ) -> AppResult<()> {
        match self {
            Self::Ask(message) => review::ask(conn, letters, found, (by, message), now),
            Self::Accept => {
                review::accept(conn, letters, found, by, now)?;
                // A tranche that finance marked as reported by hand stays so.
                match found.report.tranche_id {
                    Some(tranche)
                        if TrancheState::OWES
                            .contains(&grants::model::tranche(conn, tranche)?.state) =>
                    {
                        grants::ops::mark_reported(conn, tranche, by, now)
                    }
                    _ => Ok(()),
                }
            }
            Self::Grade(grading) => review::grade(conn, found, grading, by, now),
            Self::Plain(plain) => review::write_plain(conn, found, plain, by, now),
            Self::Publish(replaced) => {
                review::publish(conn, found, (by, replaced), now).map(|_| ())
            }
            Self::TakeDown => review::take_down(conn, found, by, now),
        }
    }
}

/// What a typed form asks for: `ask` with `message`, `accept`, `grade` with `figure`, `grade`, `document` and `note`, `plain` with
/// `plain_title` and `plain`, `publish` with `replaces` for each figure in whose place new ones stand, `take_down`.
///
/// # Errors
/// [`AppError::Invalid`] with every field to mend.
pub(super) fn parse(typed: &Typed, report: ReportId) -> AppResult<Act> {
    match typed.text("do") {
        "ask" => NewMessage::parse(typed.text("message")).map(Act::Ask),
        "accept" => Ok(Act::Accept),
        "grade" => grading(typed, report).map(Act::Grade),
        "plain" => plain(typed).map(Act::Plain),
        "publish" => typed
            .all("replaces")
            .map(str::parse)
            .collect::<Result<_, _>>()
            .map(Act::Publish)
            .map_err(|_| AppError::field("replaces", "choose figures of the list")),
        "take_down" => Ok(Act::TakeDown),
        _ => Err(AppError::field("do", "choose what to do")),
    }
}

fn grading(typed: &Typed, report: ReportId) -> AppResult<Grading> {
    let figure = typed
        .text("figure")
        .parse()
        .map_err(|_| AppError::NotFound("the figure"))?;
    let grade = typed
        .text("grade")
        .parse()
        .map_err(|_| AppError::field("grade", "choose a grade"))?;
    let document = match typed.text("document") {
        "" => None,
        text => match text.parse() {
            Ok(id) => Some(id),
            Err(_) => return Err(AppError::field("document", "choose a document of the list")),
        },
    };
    let note = match parse_lines(typed.text("note"), 1_000) {
        Ok(note) => note,
        Err(BadText::Empty) => String::new(),
        Err(bad) => return Err(AppError::field("note", bad)),
    };
    Ok(Grading {
        id: GradingId::new(),
        report,
        figure,
        grade,
        note,
        document,
    })
}

fn plain(typed: &Typed) -> AppResult<Plain> {
    let mut faults = Vec::new();
    let title = Line::parse(typed.text("plain_title"), 120)
        .map_err(|bad| faults.push(FieldError::new("plain_title", bad)))
        .ok();
    let text = Story::parse(typed.text("plain"))
        .map_err(|bad| faults.push(FieldError::new("plain", bad)))
        .ok();
    match (title, text) {
        (Some(title), Some(text)) => Ok(Plain { title, text }),
        _ => Err(AppError::Invalid(faults)),
    }
}
