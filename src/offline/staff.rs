//! What staff do with entries: entering what was handed to them, completing what participants entered, confirming.

use diesel::prelude::*;

use super::model::{Kind, OfflineGift, OfflineGiftId, OfflineState, by_id};
use super::ops::{Entry, moved, positive};
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::offline_gifts;
use crate::each;
use crate::error::{AppError, AppResult, FieldError};
use crate::ids::{CampaignId, DonationId, PageId, ProgramId};
use crate::kernel::Timestamp;

/// An entry as staff fill it in.
#[derive(Debug, Clone)]
pub struct Full {
    /// What participants are asked as well.
    pub entry: Entry,
    /// On which page; nothing: to the campaign as a whole.
    pub page: Option<PageId>,
    /// To which program it is designated.
    pub program: Option<ProgramId>,
    /// Whether it came straight into the bank account.
    pub by_bank: bool,
    /// The number of the cheque, the words on the statement; may be empty.
    pub reference: String,
    /// How many shares of what; of stock alone.
    pub shares: String,
    /// Who sponsors the donor-advised fund; of such gifts alone.
    pub sponsor: String,
}

impl Full {
    /// What a kind asks for beside the rest, and where its money lies.
    ///
    /// # Errors
    /// [`AppError::Invalid`] by field.
    pub fn fitting(mut self) -> AppResult<Self> {
        positive(self.entry.amount)?;
        let mut faults = Vec::new();
        match self.entry.kind {
            Kind::Stock if self.shares.is_empty() => {
                let word = "write how many shares of what: “12 shares of Northwind Mills”";
                faults.push(FieldError::new("shares", word));
            }
            Kind::Daf if self.sponsor.is_empty() => {
                let word = "name the organisation that sponsors the fund";
                faults.push(FieldError::new("sponsor", word));
            }
            _ => {}
        }
        match self.entry.kind {
            Kind::BankTransfer => self.by_bank = true,
            Kind::Cash | Kind::Cheque | Kind::Stock => self.by_bank = false,
            Kind::Daf | Kind::Other => {}
        }
        if self.entry.kind != Kind::Stock {
            self.shares.clear();
        }
        if self.entry.kind != Kind::Daf {
            self.sponsor.clear();
        }
        if faults.is_empty() {
            Ok(self)
        } else {
            Err(AppError::Invalid(faults))
        }
    }
}

/// Enters a gift that was handed to staff; the same form twice is one entry.
///
/// # Errors
/// [`AppError::Conflict`] `sent_before` when the id is another entry's: of other words, another person or another season.
pub fn enter(
    conn: &mut Conn,
    id: OfflineGiftId,
    campaign: CampaignId,
    full: &Full,
    by: UserId,
    now: Timestamp,
) -> AppResult<()> {
    let (entry, amount) = (&full.entry, full.entry.amount);
    let row = (
        offline_gifts::id.eq(id),
        offline_gifts::page_id.eq(full.page),
        offline_gifts::campaign_id.eq(campaign),
        offline_gifts::entered_by.eq(by),
        offline_gifts::kind.eq(entry.kind),
        offline_gifts::currency.eq(amount.currency()),
        offline_gifts::amount.eq(amount.minor()),
        offline_gifts::donor_name.eq(entry.donor_name.as_str()),
        offline_gifts::donor_email.eq(entry.donor_email.as_ref()),
        offline_gifts::anonymous.eq(entry.anonymous),
        offline_gifts::received_on.eq(entry.received_on),
        offline_gifts::note.eq(&entry.note),
        offline_gifts::state.eq(OfflineState::Pending),
        offline_gifts::created_at.eq(now),
        offline_gifts::reason.eq(""),
        offline_gifts::program_id.eq(full.program),
        offline_gifts::by_bank.eq(full.by_bank),
        offline_gifts::reference.eq(&full.reference),
        offline_gifts::shares.eq(&full.shares),
        offline_gifts::sponsor.eq(&full.sponsor),
    );
    let made = each!(conn, c => diesel::insert_into(offline_gifts::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    // The id comes with the form, and whoever sends it may know one of an entry that is none of their business.
    if made == 1 || is_same(&by_id(conn, id)?, campaign, full, by) {
        Ok(())
    } else {
        Err(AppError::sent_before())
    }
}

/// Whether `by` entered just this, in this season.
fn is_same(found: &OfflineGift, campaign: CampaignId, full: &Full, by: UserId) -> bool {
    let entry = &full.entry;
    found.campaign_id == campaign
        && found.entered_by == by
        && found.page_id == full.page
        && found.program_id == full.program
        && found.kind == entry.kind
        && found.amount() == entry.amount
        && found.donor_name == entry.donor_name.as_str()
        && found.donor_email == entry.donor_email
        && found.anonymous == entry.anonymous
        && found.received_on == entry.received_on
        && found.note == entry.note
        && found.by_bank == full.by_bank
        && found.reference == full.reference
        && found.shares == full.shares
        && found.sponsor == full.sponsor
}

/// Completes a pending entry: what staff found when they looked. Its page stays.
///
/// # Errors
/// [`AppError::Conflict`] `no_such_move` when it is decided.
pub fn complete(conn: &mut Conn, id: OfflineGiftId, full: &Full) -> AppResult<()> {
    let (entry, amount) = (&full.entry, full.entry.amount);
    let target = offline_gifts::table
        .filter(offline_gifts::id.eq(id))
        .filter(offline_gifts::state.eq(OfflineState::Pending));
    let change = diesel::update(target).set((
        offline_gifts::kind.eq(entry.kind),
        offline_gifts::amount.eq(amount.minor()),
        offline_gifts::donor_name.eq(entry.donor_name.as_str()),
        offline_gifts::donor_email.eq(entry.donor_email.as_ref()),
        offline_gifts::anonymous.eq(entry.anonymous),
        offline_gifts::received_on.eq(entry.received_on),
        offline_gifts::note.eq(&entry.note),
        offline_gifts::program_id.eq(full.program),
        offline_gifts::by_bank.eq(full.by_bank),
        offline_gifts::reference.eq(&full.reference),
        offline_gifts::shares.eq(&full.shares),
        offline_gifts::sponsor.eq(&full.sponsor),
    ));
    moved(each!(conn, c => change.execute(c))?)
}

/// The entry, if it still waits.
///
/// # Errors
/// [`AppError::Conflict`] `no_such_move`; [`AppError::NotFound`].
pub fn waiting(conn: &mut Conn, id: OfflineGiftId) -> AppResult<OfflineGift> {
    let found = by_id(conn, id)?;
    moved(usize::from(found.state == OfflineState::Pending))?;
    Ok(found)
}

/// Notes that an entry became `donation`, in the transaction that settles it.
///
/// # Errors
/// [`AppError::Conflict`] `no_such_move` when it is decided.
pub fn confirmed(
    conn: &mut Conn,
    id: OfflineGiftId,
    donation: DonationId,
    by: UserId,
    now: Timestamp,
) -> AppResult<()> {
    let target = offline_gifts::table
        .filter(offline_gifts::id.eq(id))
        .filter(offline_gifts::state.eq_any(OfflineState::Confirmed.comes_from()));
    let change = diesel::update(target).set((
        offline_gifts::state.eq(OfflineState::Confirmed),
        offline_gifts::donation_id.eq(donation),
        offline_gifts::decided_by.eq(by),
        offline_gifts::decided_at.eq(now),
    ));
    moved(each!(conn, c => change.execute(c))?)
}
