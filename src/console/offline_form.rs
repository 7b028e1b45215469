//! The form of an offline gift as staff fill it in: from what was typed to an entry, and back.

use serde::Serialize;

use super::desk::Mend;
use super::fields::{Draw, Field, Typed};
use super::listing::Choice;
use crate::campaigns::Campaign;
use crate::error::FieldError;
use crate::ids::{PageId, ProgramId};
use crate::kernel::line::{BadText, parse_lines};
use crate::kernel::{Day, Email, Line, Money, Timestamp};
use crate::offline::ops::Entry;
use crate::offline::staff::Full;
use crate::offline::{Kind, OfflineGift};
use crate::partners::Program;

/// The largest sum that a form of the console takes, in whole units of a currency.
pub(super) const MOST: i64 = 10_000_000;

/// The fields of the form, in the order of `console/offline_fields`.
#[derive(Serialize)]
pub(super) struct FormView {
    kinds: Vec<Choice>,
    kind_error: Option<String>,
    programs: Vec<Choice>,
    program_error: Option<String>,
    first: Vec<Field>,
    second: Vec<Field>,
    currency: &'static str,
}

impl FormView {
    pub(super) fn new(
        campaign: &Campaign,
        programs: &[Program],
        typed: &Typed,
        mend: &Mend,
    ) -> Self {
        let draw = Draw { typed, mend };
        let kind = typed.text("kind");
        let kinds = Kind::ALL.iter().map(|one| Choice {
            value: one.to_string(),
            label: one.words().to_owned(),
            is_current: one.as_str() == kind,
        });
        let designated = typed.text("program");
        let programs = programs.iter().map(|one| Choice {
            value: one.id.to_string(),
            label: one.name.clone(),
            is_current: one.id.to_string() == designated,
        });
        Self {
            kinds: kinds.collect(),
            kind_error: mend.at("kind"),
            programs: programs.collect(),
            program_error: mend.at("program"),
            first: vec![
                draw.text("amount", "Amount")
                    .hint("Of stock: its value on the day it came."),
                draw.date("received_on", "On which day it was given"),
                draw.text("donor_name", "Who gave it"),
                draw.text("donor_email", "Their mail address")
                    .hint("Without one, print the receipt here."),
            ],
            second: vec![
                draw.text("reference", "Number or reference")
                    .hint("The cheque’s number, the words on the bank’s statement."),
                draw.text("shares", "Shares, of stock")
                    .hint("How many of what: 12 shares of Northwind Mills."),
                draw.text("sponsor", "Fund’s sponsor, of a donor-advised fund")
                    .hint("The organisation that gives the tax receipt."),
                draw.tick("by_bank", "It is at the bank already")
                    .hint("Of a fund’s transfer, say. Cash, cheques and stock go by a deposit; bank transfers are always there."),
                draw.tick("anonymous", "They want to stay anonymous")
                    .hint("Their name is kept for the receipt and shown nowhere."),
                draw.area("note", "A note for staff", 2),
            ],
            currency: campaign.currency.code(),
        }
    }
}

/// What stands in the form of an entry that is there.
pub(super) fn typed_of(gift: &OfflineGift) -> Typed {
    let mut typed = Typed::default();
    typed.set("kind", gift.kind);
    typed.set("amount", gift.amount().decimal());
    typed.set("received_on", gift.received_on);
    typed.set("donor_name", &gift.donor_name);
    if let Some(email) = &gift.donor_email {
        typed.set("donor_email", email);
    }
    if let Some(program) = gift.program_id {
        typed.set("program", program);
    }
    typed.set("reference", &gift.reference);
    typed.set("shares", &gift.shares);
    typed.set("sponsor", &gift.sponsor);
    typed.tick("by_bank", gift.by_bank);
    typed.tick("anonymous", gift.anonymous);
    typed.set("note", &gift.note);
    typed
}

struct Reader<'a> {
    typed: &'a Typed,
    faults: Vec<FieldError>,
}

impl Reader<'_> {
    fn read<T, E: ToString>(
        &mut self,
        field: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        match parse(self.typed.text(field).trim()) {
            Ok(value) => Some(value),
            Err(error) => {
                self.faults.push(FieldError::new(field, error));
                None
            }
        }
    }

    /// A line that may be empty.
    fn line(&mut self, field: &str, most: usize) -> Option<String> {
        self.read(field, |text| match text {
            "" => Ok(String::new()),
            text => Line::parse(text, most).map(Line::into_string),
        })
    }
}

/// The entry, or every field to mend.
///
/// # Errors
/// A fault a field.
pub(super) fn parse(
    typed: &Typed,
    campaign: &Campaign,
    page: Option<PageId>,
    programs: &[Program],
    now: Timestamp,
) -> Result<Full, Vec<FieldError>> {
    let mut reader = Reader {
        typed,
        faults: Vec::new(),
    };
    let kind = reader.read("kind", |text| {
        text.parse::<Kind>()
            .map_err(|_| "choose how the money came")
    });
    let currency = campaign.currency;
    let amount = reader.read("amount", |text| {
        let money = Money::parse_typed(text, currency).map_err(|bad| bad.to_string())?;
        let most = MOST.saturating_mul(currency.scale());
        if (1..=most).contains(&money.minor()) {
            Ok(money)
        } else {
            Err("write how much was given".to_owned())
        }
    });
    let today = campaign.time_zone.day_of(now);
    let received_on = reader.read("received_on", |text| {
        let day: Day = text.parse().map_err(|_| "write a day like 2026-12-01")?;
        if today.is_some_and(|today| day > today) {
            return Err("it cannot have come after today");
        }
        Ok(day)
    });
    let donor_name = reader.read("donor_name", |text| Line::parse(text, 120));
    let donor_email = reader.read("donor_email", |text| match text {
        "" => Ok(None),
        text => text.parse::<Email>().map(Some),
    });
    let program = reader.read("program", |text| match text {
        "" => Ok(None),
        text => {
            let id = text.parse::<ProgramId>().ok();
            let known = id.filter(|id| programs.iter().any(|one| one.id == *id));
            known.map(Some).ok_or("choose a program of the list")
        }
    });
    let note = reader.read("note", |text| match parse_lines(text, 500) {
        Err(BadText::Empty) => Ok(String::new()),
        other => other,
    });
    let reference = reader.line("reference", 80);
    let shares = reader.line("shares", 120);
    let sponsor = reader.line("sponsor", 120);
    let all = (
        kind,
        amount,
        received_on,
        donor_name,
        donor_email,
        program,
        note,
    );
    let lines = (reference, shares, sponsor);
    let (
        (
            Some(kind),
            Some(amount),
            Some(received_on),
            Some(donor_name),
            Some(donor_email),
            Some(program),
            Some(note),
        ),
        (Some(reference), Some(shares), Some(sponsor)),
    ) = (all, lines)
    else {
        return Err(reader.faults);
    };
    Ok(Full {
        entry: Entry {
            kind,
            amount,
            donor_name,
            donor_email,
            anonymous: typed.ticked("anonymous"),
            received_on,
            note,
        },
        page,
        program,
        by_bank: typed.ticked("by_bank"),
        reference,
        shares,
        sponsor,
    })
}
