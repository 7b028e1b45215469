//! What is typed about a gift outside the program.

use chrono::Datelike;
use serde::{Deserialize, Serialize};

use crate::campaigns::Campaign;
use crate::error::FieldError;
use crate::kernel::line::{BadText, parse_lines};
use crate::kernel::{Day, Email, Line, Money, Timestamp};
use crate::offline::ops::Entry;
use crate::offline::{Kind, OfflineGift, OfflineGiftId};
use crate::pages::PageOwner;

/// The largest entry, in whole units of a currency; more is handed in by people, not by forms.
const AMOUNT_MOST: i64 = 1_000_000;

/// Characters of a note at most.
const NOTE_MOST: usize = 500;

/// The fields as text.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Typed {
    /// The entry's id, made with the form: sent twice, it is one entry.
    pub id: String,
    pub kind: String,
    pub amount: String,
    pub donor_name: String,
    pub donor_email: String,
    pub anonymous: String,
    pub received_on: String,
    pub note: String,
}

impl Typed {
    /// An empty form.
    pub(super) fn fresh(owner: &PageOwner, now: Timestamp) -> Self {
        let today = owner.overview.campaign.time_zone.day_of(now);
        Self {
            id: OfflineGiftId::new().to_string(),
            kind: Kind::Cash.to_string(),
            received_on: today.map(|day| day.to_string()).unwrap_or_default(),
            ..Self::default()
        }
    }

    /// The form of an entry that is there.
    pub(super) fn of(gift: &OfflineGift) -> Self {
        Self {
            id: gift.id.to_string(),
            kind: gift.kind.to_string(),
            amount: gift.amount().decimal(),
            donor_name: gift.donor_name.clone(),
            donor_email: gift
                .donor_email
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            anonymous: if gift.anonymous {
                "1".into()
            } else {
                String::new()
            },
            received_on: gift.received_on.to_string(),
            note: gift.note.clone(),
        }
    }

    /// The entry, or every field to mend.
    pub(super) fn parse(
        &self,
        campaign: &Campaign,
        now: Timestamp,
    ) -> Result<Entry, Vec<FieldError>> {
        let mut faults = Vec::new();
        let mut note_fault =
            |field: &str, message: String| faults.push(FieldError::new(field, message));
        let kind = self.kind.parse::<Kind>().map_err(|_| {
            note_fault("kind", "choose how the money came".into());
        });
        let amount = self
            .amount(campaign)
            .map_err(|message| note_fault("amount", message));
        let donor_name = Line::parse(&self.donor_name, 120).map_err(|bad| {
            note_fault("donor_name", bad.to_string());
        });
        let donor_email = match self.donor_email.trim() {
            "" => Ok(None),
            text => text
                .parse::<Email>()
                .map(Some)
                .map_err(|bad| note_fault("donor_email", bad.to_string())),
        };
        let received_on = self
            .day(campaign, now)
            .map_err(|message| note_fault("received_on", message));
        let note = match parse_lines(&self.note, NOTE_MOST) {
            Ok(note) => Ok(note),
            Err(BadText::Empty) => Ok(String::new()),
            Err(bad) => {
                note_fault("note", bad.to_string());
                Err(())
            }
        };
        match (kind, amount, donor_name, donor_email, received_on, note) {
            (Ok(kind), Ok(amount), Ok(donor_name), Ok(donor_email), Ok(received_on), Ok(note)) => {
                Ok(Entry {
                    kind,
                    amount,
                    donor_name,
                    donor_email,
                    anonymous: !self.anonymous.is_empty(),
                    received_on,
                    note,
                })
            }
            _ => Err(faults),
        }
    }

    fn amount(&self, campaign: &Campaign) -> Result<Money, String> {
        let currency = campaign.currency;
        let amount =
            Money::parse_typed(&self.amount, currency).map_err(|error| error.to_string())?;
        let most = AMOUNT_MOST.saturating_mul(currency.scale());
        if (1..=most).contains(&amount.minor()) {
            Ok(amount)
        } else {
            Err("write how much was given".into())
        }
    }

    /// Not in the future, and not of another time altogether.
    fn day(&self, campaign: &Campaign, now: Timestamp) -> Result<Day, String> {
        let day: Day = self
            .received_on
            .trim()
            .parse()
            .map_err(|bad: crate::kernel::day::BadDay| bad.to_string())?;
        let today = campaign.time_zone.day_of(now);
        if today.is_some_and(|today| day > today) {
            return Err("choose a day that has come".into());
        }
        if day.date().year() < campaign.starts_on.date().year() - 1 {
            return Err("choose a day of this season".into());
        }
        Ok(day)
    }
}
