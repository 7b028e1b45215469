//! Rows of entries, and how they are found.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::offline_gifts;
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::{CampaignId, DonationId, PageId, ProgramId};
use crate::kernel::{Currency, Day, Email, Limit, Listed, Money, Timestamp};

crate::id!(
    /// A gift that came outside the program.
    pub OfflineGiftId,
    "off"
);

crate::words! {
    /// How the money came.
    pub enum Kind {
        /// Notes and coins.
        Cash = "cash",
        /// A cheque.
        Cheque = "cheque",
        /// From bank to bank.
        BankTransfer = "bank_transfer",
        /// Shares, valued on the day on which they came.
        Stock = "stock",
        /// Out of a donor-advised fund, whose sponsor gives the tax receipt.
        Daf = "daf",
        /// Some other way; the note says which.
        Other = "other",
    }
}

impl Kind {
    /// The kind in words, for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Cash => "Cash",
            Self::Cheque => "Cheque",
            Self::BankTransfer => "Bank transfer",
            Self::Stock => "Stock",
            Self::Daf => "Donor-advised fund",
            Self::Other => "Other",
        }
    }
}

crate::words! {
    /// How an entry stands.
    pub enum OfflineState {
        /// Waits for staff.
        Pending = "pending",
        /// In the ledger, as the donation that it names.
        Confirmed = "confirmed",
        /// Staff did not find the money.
        Declined = "declined",
        /// Taken back by whoever entered it.
        Withdrawn = "withdrawn",
    }
}

impl OfflineState {
    /// The states from which an entry may come into this one.
    pub fn comes_from(self) -> &'static [Self] {
        match self {
            Self::Pending => &[],
            Self::Confirmed | Self::Declined | Self::Withdrawn => &[Self::Pending],
        }
    }
}

/// An entry.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = offline_gifts)]
pub struct OfflineGift {
    /// The id.
    pub id: OfflineGiftId,
    /// On which page; staff enter gifts to the campaign as a whole as well.
    pub page_id: Option<PageId>,
    /// In which campaign.
    pub campaign_id: CampaignId,
    /// Who entered it.
    pub entered_by: UserId,
    /// How the money came.
    pub kind: Kind,
    currency: Currency,
    amount: i64,
    /// Who gave it, for the receipt.
    pub donor_name: String,
    /// Where a receipt goes.
    pub donor_email: Option<Email>,
    /// Whether the giver's name stays unknown to all but the page's owner and staff.
    pub anonymous: bool,
    /// On which day it was given.
    pub received_on: Day,
    /// What else there is to know.
    pub note: String,
    /// How it stands.
    pub state: OfflineState,
    /// When it was entered.
    pub created_at: Timestamp,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
    /// Why it was declined.
    pub reason: String,
    /// The donation that it became.
    pub donation_id: Option<DonationId>,
    /// To which program the giver designated it.
    pub program_id: Option<ProgramId>,
    /// Whether it came straight into the bank account, so that no deposit carries it there.
    pub by_bank: bool,
    /// The number of the cheque, the words on the bank's statement.
    pub reference: String,
    /// Of stock: how many shares of what.
    pub shares: String,
    /// Of a donor-advised fund: the organisation that sponsors it.
    pub sponsor: String,
}

impl OfflineGift {
    /// How much it is.
    pub fn amount(&self) -> Money {
        Money::new(self.amount, self.currency)
    }
}

/// The entries of a page, newest first, going on after one.
///
/// # Errors
/// The database's.
pub fn of_page(
    conn: &mut Conn,
    page: PageId,
    after: Option<OfflineGiftId>,
    limit: Limit,
) -> AppResult<Listed<OfflineGift>> {
    macro_rules! load {
        ($($condition:expr)?) => {
            each!(conn, c => offline_gifts::table
                .filter(offline_gifts::page_id.eq(page))
                .filter(offline_gifts::state.ne(OfflineState::Withdrawn))
                $(.filter($condition))?
                .order(offline_gifts::id.desc())
                .limit(limit.and_one())
                .select(OfflineGift::as_select())
                .load(c))
        };
    }
    let rows: Vec<OfflineGift> = match after {
        None => load!(),
        Some(id) => load!(offline_gifts::id.lt(id)),
    }?;
    Ok(Listed::cut(rows, limit, |gift| gift.id))
}

/// The entries of a campaign in one state, oldest first, going on after one: the staff's queue.
///
/// # Errors
/// The database's.
pub fn of_campaign(
    conn: &mut Conn,
    campaign: CampaignId,
    state: OfflineState,
    after: Option<OfflineGiftId>,
    limit: Limit,
) -> AppResult<Listed<OfflineGift>> {
    macro_rules! load {
        ($($condition:expr)?) => {
            each!(conn, c => offline_gifts::table
                .filter(offline_gifts::campaign_id.eq(campaign))
                .filter(offline_gifts::state.eq(state))
                $(.filter($condition))?
                .order(offline_gifts::id.asc())
                .limit(limit.and_one())
                .select(OfflineGift::as_select())
                .load(c))
        };
    }
    let rows: Vec<OfflineGift> = match after {
        None => load!(),
        Some(id) => load!(offline_gifts::id.gt(id)),
    }?;
    Ok(Listed::cut(rows, limit, |gift| gift.id))
}

/// An entry of any page.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn by_id(conn: &mut Conn, id: OfflineGiftId) -> AppResult<OfflineGift> {
    let query = offline_gifts::table.find(id);
    each!(conn, c => query.select(OfflineGift::as_select()).first(c).optional())?
        .ok_or(AppError::NotFound("this entry"))
}

/// The entry that a donation was.
///
/// # Errors
/// The database's.
pub fn of_donation(conn: &mut Conn, donation: DonationId) -> AppResult<Option<OfflineGift>> {
    let query = offline_gifts::table.filter(offline_gifts::donation_id.eq(donation));
    Ok(each!(conn, c => query.select(OfflineGift::as_select()).first(c).optional())?)
}

/// What is pending on a page: one sum over one range of an index, as long as the page's own entries.
///
/// # Errors
/// The database's.
pub fn unconfirmed(conn: &mut Conn, page: PageId, currency: Currency) -> AppResult<Money> {
    let query = offline_gifts::table
        .filter(offline_gifts::page_id.eq(page))
        .filter(offline_gifts::state.eq(OfflineState::Pending))
        // Both engines sum integers into something wider.
        .select(diesel::dsl::sql::<BigInt>(
            "CAST(COALESCE(SUM(amount), 0) AS BIGINT)",
        ));
    let minor: i64 = each!(conn, c => query.first(c))?;
    Ok(Money::new(minor, currency))
}
