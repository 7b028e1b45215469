//! Rows, states and finders.

use diesel::prelude::*;

use crate::campaigns::CampaignId;
use crate::db::Conn;
use crate::db::schema::{donations, funds, programs, splits};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::funds::{FundId, PolicyId};
use crate::kernel::{Currency, Money, Slug, Timestamp};
use crate::pages::PageId;
use crate::partners::ProgramId;
use crate::teams::TeamId;

pub use crate::funds::Origin;
pub use crate::ids::{DonationId, SupporterId};

crate::id!(
    /// Proof that somebody agreed to hear from us.
    pub ConsentId,
    "con"
);

crate::words! {
    /// How a gift stands. See the module for the moves.
    pub enum DonationStatus {
        /// Asked for; the processor has not told us of money.
        Pending = "pending",
        /// The money arrived.
        Paid = "paid",
        /// A part went back.
        PartiallyRefunded = "partially_refunded",
        /// All of it went back.
        Refunded = "refunded",
        /// The donor's bank disputes it.
        Disputed = "disputed",
        /// It came to nothing.
        Failed = "failed",
        /// The checkout closed unpaid.
        Expired = "expired",
    }
}

impl DonationStatus {
    /// Whether the money arrived (and may since have gone back).
    pub fn is_settled(self) -> bool {
        matches!(
            self,
            Self::Paid | Self::PartiallyRefunded | Self::Refunded | Self::Disputed
        )
    }

    /// Whether money may still arrive.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Failed | Self::Expired)
    }
}

crate::words! {
    /// In whose name a gift is made.
    pub enum TributeKind {
        /// In honour of.
        Honour = "honour",
        /// In memory of.
        Memory = "memory",
    }
}

crate::words! {
    /// How a gift came.
    pub enum Method {
        /// Through the card processor.
        Online = "online",
        /// Notes and coins.
        Cash = "cash",
        /// A cheque.
        Cheque = "cheque",
        /// From bank to bank.
        BankTransfer = "bank_transfer",
        /// Shares.
        Stock = "stock",
        /// Out of a donor-advised fund.
        Daf = "daf",
        /// Some other way.
        Other = "other",
        /// What a sponsor left of a match pool.
        MatchPool = "match_pool",
    }
}

impl Method {
    /// Whether the processor took it, and its fee.
    pub fn is_online(self) -> bool {
        self == Self::Online
    }
}

/// A gift, every column.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = donations, treat_none_as_default_value = false)]
#[allow(missing_docs)]
pub struct Donation {
    pub id: DonationId,
    pub campaign_id: CampaignId,
    pub page_id: Option<PageId>,
    pub team_id: Option<TeamId>,
    pub program_id: Option<ProgramId>,
    pub policy_id: PolicyId,
    pub supporter_id: SupporterId,
    pub status: DonationStatus,
    pub currency: Currency,
    /// The gift itself, in minor units.
    pub amount: i64,
    /// What the donor added so that the fee does not lessen the gift.
    pub fee_cover: i64,
    /// What the card is charged: `amount + fee_cover`.
    pub charged: i64,
    /// What the processor kept, once it is known (P20).
    pub fee: Option<i64>,
    /// What has gone back to the donor.
    pub refunded: i64,
    pub donor_name: String,
    pub anonymous: bool,
    pub hide_amount: bool,
    pub comment: Option<String>,
    pub tribute_kind: Option<TributeKind>,
    pub tribute_name: Option<String>,
    pub tribute_email: Option<String>,
    /// Where the donor came from (`utm_source`).
    pub source: Option<String>,
    /// Opens the thank-you and trace pages: 256 random bits.
    pub token: String,
    pub session_id: Option<String>,
    pub checkout_url: Option<String>,
    pub payment_intent_id: Option<String>,
    pub charge_id: Option<String>,
    /// The last refusal, in the processor's word.
    pub failure: Option<String>,
    pub created_at: Timestamp,
    /// When the processor was last asked.
    pub checked_at: Timestamp,
    pub paid_at: Option<Timestamp>,
    /// The receipt's serial number.
    pub receipt: Option<String>,
    /// How it came: what the processor did not take has no fee.
    pub method: Method,
}

impl Donation {
    /// The gift itself.
    pub fn gift(&self) -> Money {
        Money::new(self.amount, self.currency)
    }

    /// What the card is charged.
    pub fn charge(&self) -> Money {
        Money::new(self.charged, self.currency)
    }

    /// What others may see of the amount: nothing, if the donor hides it.
    pub fn shown_amount(&self) -> Option<Money> {
        (!self.hide_amount).then(|| self.charge())
    }

    /// What others may see of the donor's name: nothing, if the gift is anonymous (S18).
    pub fn shown_name(&self) -> Option<&str> {
        (!self.anonymous).then_some(self.donor_name.as_str())
    }
}

/// One fund's part of a gift: a layer of that fund, which grants take oldest first.
///
/// `held = amount - reversed + carried - granted`, in minor units; the database refuses a row of which that is not so.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = splits)]
pub struct Split {
    /// The gift.
    pub donation_id: DonationId,
    /// The fund.
    pub fund_id: FundId,
    /// Whose money it is.
    pub origin: Origin,
    /// What was set aside, minor units.
    pub amount: i64,
    /// What has since been taken back by refunds and late fees.
    pub reversed: i64,
    /// The part of `reversed` that had been granted before, so that the campaign's reserve carries it.
    pub carried: i64,
    /// What grants took.
    pub granted: i64,
    /// What still lies in the fund.
    pub held: i64,
    /// When it was set aside: its place among the fund's layers.
    pub settled_at: Timestamp,
}

/// What is taken back from a part: out of its fund as far as it still lies there, the rest out of the reserve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Taken {
    /// Out of the fund, minor units.
    pub from_fund: i64,
    /// Out of the campaign's reserve, minor units.
    pub carried: i64,
}

impl Split {
    /// A part that has just been set aside.
    pub(super) fn fresh(
        donation_id: DonationId,
        fund_id: FundId,
        origin: Origin,
        amount: i64,
        now: Timestamp,
    ) -> Self {
        Self {
            donation_id,
            fund_id,
            origin,
            amount,
            reversed: 0,
            carried: 0,
            granted: 0,
            held: amount,
            settled_at: now,
        }
    }

    /// What was not taken back, whether it lies in the fund or was granted: the weight in a refund (L6).
    pub fn remaining(&self) -> i64 {
        self.amount - self.reversed
    }

    /// How `minor` of it is taken back.
    pub(super) fn taken(&self, minor: i64) -> Taken {
        let from_fund = minor.min(self.held);
        Taken {
            from_fund,
            carried: minor - from_fund,
        }
    }
}

/// A gift by id.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn by_id(conn: &mut Conn, id: DonationId) -> AppResult<Donation> {
    let query = donations::table.find(id);
    each!(conn, c => query.select(Donation::as_select()).first(c).optional())?
        .ok_or(AppError::NotFound("This gift"))
}

/// A gift by its private token.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn by_token(conn: &mut Conn, token: &str) -> AppResult<Donation> {
    let query = donations::table.filter(donations::token.eq(token));
    each!(conn, c => query.select(Donation::as_select()).first(c).optional())?
        .ok_or(AppError::NotFound("This gift"))
}

/// Whether any gift was ever begun.
///
/// # Errors
/// The database's.
pub fn any(conn: &mut Conn) -> AppResult<bool> {
    let query = diesel::select(diesel::dsl::exists(donations::table.select(donations::id)));
    Ok(each!(conn, c => query.get_result(c))?)
}

/// The parts of a gift's own money, in the order of fund ids.
///
/// # Errors
/// The database's.
pub fn splits_of(conn: &mut Conn, id: DonationId) -> AppResult<Vec<Split>> {
    let query = splits::table
        .filter(splits::donation_id.eq(id))
        .filter(splits::origin.eq(Origin::Gift))
        .order(splits::fund_id);
    Ok(each!(conn, c => query.select(Split::as_select()).load(c))?)
}

/// The parts that a match pool added to a gift, in the order of fund ids.
///
/// # Errors
/// The database's.
pub fn matched_splits_of(conn: &mut Conn, id: DonationId) -> AppResult<Vec<Split>> {
    let query = splits::table
        .filter(splits::donation_id.eq(id))
        .filter(splits::origin.eq(Origin::Match))
        .order(splits::fund_id);
    Ok(each!(conn, c => query.select(Split::as_select()).load(c))?)
}

/// One fund's part of a gift, with what the fund is for.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct GiftPart {
    /// The fund.
    pub fund_id: FundId,
    /// What was set aside, minor units.
    pub amount: i64,
    /// What has since been taken back by refunds and late fees.
    pub reversed: i64,
    /// The part of that which had been granted: the campaign's reserve carries it.
    pub carried: i64,
    /// What grants took.
    pub granted: i64,
    /// What still lies in the fund.
    pub held: i64,
    /// The fund's name.
    pub fund_name: String,
    /// The fund's program; `None` for a campaign's own fund.
    pub program_id: Option<ProgramId>,
    /// Its place in URLs.
    pub program_slug: Option<Slug>,
    /// Its name.
    pub program_name: Option<String>,
}

impl GiftPart {
    /// What was not taken back, whether it waits in the fund or was granted.
    pub fn remaining(&self) -> i64 {
        self.amount - self.reversed
    }
}

/// The parts of a gift's own money, or of what a match pool added to it, with what their funds are for; largest first.
///
/// # Errors
/// The database's.
pub fn parts_of(conn: &mut Conn, id: DonationId, origin: Origin) -> AppResult<Vec<GiftPart>> {
    let query = splits::table
        .inner_join(funds::table.on(funds::id.eq(splits::fund_id)))
        .left_join(programs::table.on(programs::id.nullable().eq(funds::program_id)))
        .filter(splits::donation_id.eq(id))
        .filter(splits::origin.eq(origin))
        .order((splits::amount.desc(), splits::fund_id))
        .select((
            splits::fund_id,
            splits::amount,
            splits::reversed,
            splits::carried,
            splits::granted,
            splits::held,
            funds::name,
            funds::program_id,
            programs::slug.nullable(),
            programs::name.nullable(),
        ));
    Ok(each!(conn, c => query.load(c))?)
}

/// Whether the caller may ask the processor about a pending gift: nobody has since `before`, and now it has been asked.
///
/// # Errors
/// The database's.
pub fn take_turn(
    conn: &mut Conn,
    id: DonationId,
    before: Timestamp,
    now: Timestamp,
) -> AppResult<bool> {
    let own = donations::table
        .find(id)
        .filter(donations::status.eq(DonationStatus::Pending))
        // One that was never asked about may be paid already: its giver has just come back.
        .filter(
            donations::checked_at
                .le(before)
                .or(donations::checked_at.eq(donations::created_at)),
        );
    let change = diesel::update(own).set(donations::checked_at.eq(now));
    Ok(each!(conn, c => change.execute(c))? == 1)
}
