//! Mails about reports, to a partner's staff and to those who review. No mail names a person but the one it goes to.

use serde_json::json;

use super::messages::NewMessage;
use super::model::ReportOverview;
use super::tranches::Tranche;
use crate::auth::roles::{Reachable, runners};
use crate::db::Conn;
use crate::error::AppResult;
use crate::kernel::{Day, Timestamp};
use crate::mail::NewMail;
use crate::partners::staff::{StaffMember, staff_of};
use crate::partners::{PartnerId, PartnerLetters};

/// How near the day is on which a report is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Within thirty days.
    Soon,
    /// Today.
    Due,
    /// It has gone by.
    Overdue,
}

impl Stage {
    /// Where `today` stands to `due`; `None` while there is time.
    pub(super) fn of(due: Day, today: Day) -> Option<Self> {
        match today.days_to(due) {
            31.. => None,
            1..=30 => Some(Self::Soon),
            0 => Some(Self::Due),
            _ => Some(Self::Overdue),
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Soon => "soon",
            Self::Due => "due",
            Self::Overdue => "overdue",
        }
    }
}

fn queue(
    conn: &mut Conn,
    letters: &PartnerLetters,
    partner: PartnerId,
    mail: impl Fn(&StaffMember) -> NewMail,
    now: Timestamp,
) -> AppResult<usize> {
    let mails: Vec<NewMail> = staff_of(conn, partner)?.iter().map(mail).collect();
    letters.queue(conn, &mails, now)
}

/// Reminds of a report; once a stage, day and person. Answers how many mails were new.
pub(super) fn remind(
    conn: &mut Conn,
    letters: &PartnerLetters,
    (tranche, stage): (&Tranche, Stage),
    now: Timestamp,
) -> AppResult<usize> {
    let context = json!({
        "is_due": stage == Stage::Due,
        "is_overdue": stage == Stage::Overdue,
        "due_on": tranche.due_on,
        "program": tranche.program_name,
        "grant": tranche.grant_number,
        "part": tranche.position,
        "amount": tranche.amount,
        "desk_url": letters.url("/desk"),
    });
    let source = format!("{}-{}-{}", tranche.id, tranche.due_on, stage.word());
    let mail = |to: &StaffMember| {
        letters.mail(
            ("report_reminder", format!("{source}-{}", to.id)),
            (&to.email, Some(&to.name)),
            context.clone(),
        )
    };
    queue(conn, letters, tranche.partner, mail, now)
}

pub(super) fn needs_info(
    conn: &mut Conn,
    letters: &PartnerLetters,
    found: &ReportOverview,
    message: &NewMessage,
    now: Timestamp,
) -> AppResult<()> {
    let context = json!({
        "report": found.report.title,
        "program": found.program.name,
        "words": message.body,
        "report_url": letters.url(&format!("/desk/reports/{}", found.report.id)),
    });
    let mail = |to: &StaffMember| {
        letters.mail(
            ("report_needs_info", format!("{}-{}", message.id, to.id)),
            (&to.email, Some(&to.name)),
            context.clone(),
        )
    };
    queue(conn, letters, found.report.partner_id, mail, now).map(|_| ())
}

/// Tells those who run the campaign that a report waits for them; once a person each time that it is sent in.
pub(super) fn sent_in(
    conn: &mut Conn,
    letters: &PartnerLetters,
    found: &ReportOverview,
    word: Option<&NewMessage>,
    now: Timestamp,
) -> AppResult<()> {
    let context = json!({
        "report": found.report.title,
        "program": found.program.name,
        "partner": found.partner.name,
        "grant": found.tranche.as_ref().map(|tranche| &tranche.grant_number),
        "words": word.map(|word| &word.body),
        "report_url": letters.url(&format!("/console/partner-reports/{}", found.report.id)),
    });
    let mail = |(user, email, name): &Reachable| {
        let source = format!("{}-{}-{user}", found.report.id, now.micros());
        letters.mail(
            ("report_sent_in", source),
            (email, Some(name)),
            context.clone(),
        )
    };
    let readers = runners(conn, found.campaign())?;
    let mails: Vec<NewMail> = readers.iter().map(mail).collect();
    letters.queue(conn, &mails, now).map(|_| ())
}

pub(super) fn accepted(
    conn: &mut Conn,
    letters: &PartnerLetters,
    found: &ReportOverview,
    now: Timestamp,
) -> AppResult<()> {
    let context = json!({
        "report": found.report.title,
        "program": found.program.name,
        "grant": found.tranche.as_ref().map(|tranche| &tranche.grant_number),
        "report_url": letters.url(&format!("/desk/reports/{}", found.report.id)),
    });
    let mail = |to: &StaffMember| {
        letters.mail(
            ("report_accepted", format!("{}-{}", found.report.id, to.id)),
            (&to.email, Some(&to.name)),
            context.clone(),
        )
    };
    queue(conn, letters, found.report.partner_id, mail, now).map(|_| ())
}
