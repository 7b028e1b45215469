//! Deposits: cash and cheques go to the bank together, and become one line of its statement.
//!
//! ```text
//! taken -> banked     (the bank's line is matched: day, words, amount)
//! ```
//!
//! The bank's line is booked as it is. What it says more or less than the gifts come to goes to
//! `outside:deposit_differences` and is a finding, with an owner and a resolution.

use diesel::prelude::*;

use super::model::{Donation, DonationId, Method};
use crate::audit::{self, Deed};
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::{deposit_items, deposits, donations, offline_gifts};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::findings;
use crate::ids::CampaignId;
use crate::kernel::{Currency, Day, Limit, Line, Listed, Money, Timestamp};
use crate::ledger::{self, Account, Code, NewTransfer, Source};
use crate::offline::{self, Kind, OfflineState};

crate::id!(
    /// Cash and cheques that went to the bank together.
    pub DepositId,
    "dep"
);

crate::words! {
    /// How a deposit stands.
    pub enum DepositState {
        /// On its way to the bank.
        Taken = "taken",
        /// Matched with a line of the bank's statement.
        Banked = "banked",
    }
}

/// The finding of a deposit that the bank counted otherwise.
pub const DIFFERS: &str = "deposit_differs";

/// A deposit.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = deposits)]
pub struct Deposit {
    /// The id.
    pub id: DepositId,
    /// Whose gifts.
    pub campaign_id: CampaignId,
    /// Of which currency.
    pub currency: Currency,
    /// What its gifts come to, minor units.
    pub amount: i64,
    /// How it stands.
    pub state: DepositState,
    /// For staff.
    pub note: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// The day of the bank's line.
    pub banked_on: Option<Day>,
    /// Its words.
    pub bank_reference: Option<String>,
    /// Its amount, minor units.
    pub banked: Option<i64>,
}

/// A gift that staff hold.
#[derive(Debug, Clone, Queryable)]
pub struct InHand {
    /// The gift.
    pub donation: DonationId,
    /// How it came.
    pub kind: Kind,
    /// Who gave it.
    pub donor_name: String,
    /// On which day.
    pub received_on: Day,
    /// The cheque's number.
    pub reference: String,
    /// What it was, minor units.
    pub charged: i64,
    /// What was given back of it.
    pub refunded: i64,
    /// Of which currency.
    pub currency: Currency,
}

impl InHand {
    /// What staff hold of it.
    pub fn held(&self) -> Money {
        Money::new(self.charged - self.refunded, self.currency)
    }
}

/// The gifts of a campaign that staff hold, oldest first; five hundred at most.
///
/// # Errors
/// The database's.
pub fn in_hand(conn: &mut Conn, campaign: CampaignId) -> AppResult<Vec<InHand>> {
    let taken = deposit_items::table
        .filter(deposit_items::donation_id.eq(donations::id))
        .select(deposit_items::donation_id);
    let query = offline_gifts::table
        .inner_join(donations::table.on(offline_gifts::donation_id.eq(donations::id.nullable())))
        .filter(offline_gifts::campaign_id.eq(campaign))
        .filter(offline_gifts::state.eq(OfflineState::Confirmed))
        .filter(offline_gifts::by_bank.eq(false))
        .filter(donations::refunded.lt(donations::charged))
        .filter(diesel::dsl::not(diesel::dsl::exists(taken)))
        .order(offline_gifts::id)
        .limit(500)
        .select((
            donations::id,
            offline_gifts::kind,
            offline_gifts::donor_name,
            offline_gifts::received_on,
            offline_gifts::reference,
            donations::charged,
            donations::refunded,
            donations::currency,
        ));
    Ok(each!(conn, c => query.load(c))?)
}

/// Where the money of a gift lies that the processor has no part in.
///
/// # Errors
/// [`AppError::Conflict`] `online_gift`, or `on_its_way` while a deposit carries it.
pub(super) fn place_of(conn: &mut Conn, donation: &Donation) -> AppResult<Account> {
    // What is left of a pool becomes a gift only once all of it is at the bank.
    if donation.method == Method::MatchPool {
        return Ok(Account::bank());
    }
    let Some(entry) = offline::model::of_donation(conn, donation.id)? else {
        return Err(AppError::Conflict {
            code: "online_gift",
            detail: "the processor took this gift, and gives it back: refund it there".into(),
        });
    };
    if entry.by_bank {
        return Ok(Account::bank());
    }
    let query = deposit_items::table
        .inner_join(deposits::table.on(deposits::id.eq(deposit_items::deposit_id)))
        .filter(deposit_items::donation_id.eq(donation.id))
        .select(deposits::state);
    let state: Option<DepositState> = each!(conn, c => query.first(c).optional())?;
    match state {
        None => Ok(Account::in_hand(donation.campaign_id)),
        Some(DepositState::Banked) => Ok(Account::bank()),
        Some(DepositState::Taken) => Err(AppError::Conflict {
            code: "on_its_way",
            detail: "this gift is on its way to the bank: match its deposit first".into(),
        }),
    }
}

/// A deposit by its id.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn by_id(conn: &mut Conn, id: DepositId) -> AppResult<Deposit> {
    let query = deposits::table.find(id);
    each!(conn, c => query.select(Deposit::as_select()).first(c).optional())?
        .ok_or(AppError::NotFound("this deposit"))
}

/// The deposits of a campaign, newest first, going on after one.
///
/// # Errors
/// The database's.
pub fn of_campaign(
    conn: &mut Conn,
    campaign: CampaignId,
    after: Option<DepositId>,
    limit: Limit,
) -> AppResult<Listed<Deposit>> {
    let rows: Vec<Deposit> = each!(conn, c: Db => {
        let mut query = deposits::table
            .filter(deposits::campaign_id.eq(campaign))
            .order(deposits::id.desc())
            .limit(limit.and_one())
            .select(Deposit::as_select())
            .into_boxed::<Db>();
        if let Some(id) = after {
            query = query.filter(deposits::id.lt(id));
        }
        query.load(c)
    })?;
    Ok(Listed::cut(rows, limit, |one| one.id))
}

/// A deposit to be made.
#[derive(Debug, Clone)]
pub struct NewDeposit {
    /// The id, made by the caller.
    pub id: DepositId,
    /// Whose gifts.
    pub campaign: CampaignId,
    /// Which.
    pub donations: Vec<DonationId>,
    /// For staff; may be empty.
    pub note: String,
    /// Who takes them to the bank.
    pub by: UserId,
}

/// Puts gifts that staff hold into one deposit; the same id twice is one.
///
/// # Errors
/// [`AppError::Invalid`] for gifts that staff do not hold.
pub fn make(conn: &mut Conn, new: &NewDeposit, now: Timestamp) -> AppResult<()> {
    let known = deposits::table.find(new.id).count();
    if each!(conn, c => known.get_result::<i64>(c))? > 0 {
        return Ok(());
    }
    let held = in_hand(conn, new.campaign)?;
    let chosen: Vec<&InHand> = held
        .iter()
        .filter(|one| new.donations.contains(&one.donation))
        .collect();
    let Some(first) = chosen.first() else {
        return Err(AppError::field(
            "gift",
            "tick the gifts that go to the bank",
        ));
    };
    if chosen.len() != new.donations.len() {
        return Err(AppError::field(
            "gift",
            "one of these gifts is in a deposit already",
        ));
    }
    let currency = first.currency;
    let amount: i64 = chosen.iter().map(|one| one.held().minor()).sum();
    let row = (
        deposits::id.eq(new.id),
        deposits::campaign_id.eq(new.campaign),
        deposits::currency.eq(currency),
        deposits::amount.eq(amount),
        deposits::state.eq(DepositState::Taken),
        deposits::note.eq(&new.note),
        deposits::made_by.eq(new.by),
        deposits::created_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(deposits::table).values(row).execute(c))?;
    let items: Vec<_> = chosen
        .iter()
        .map(|one| {
            (
                deposit_items::donation_id.eq(one.donation),
                deposit_items::deposit_id.eq(new.id),
                deposit_items::amount.eq(one.held().minor()),
            )
        })
        .collect();
    each!(conn, c => diesel::insert_into(deposit_items::table).values(&items).execute(c))?;
    let deed = Deed::new(new.by, "deposit.make", ("deposit", new.id.to_string()))
        .of(new.campaign)
        .saying(Money::new(amount, currency).to_string());
    audit::record(conn, &deed, now)
}

/// A line of the bank's statement.
#[derive(Debug, Clone)]
pub struct BankLine {
    /// Its day.
    pub on: Day,
    /// Its words.
    pub reference: Line,
    /// Its amount.
    pub amount: Money,
    /// Who matched it.
    pub by: UserId,
}

/// Matches a deposit with the bank's line. A difference is booked as such, and is a finding; answers it.
///
/// # Errors
/// [`AppError::Conflict`] `no_such_move` when it is matched; [`AppError::Invalid`] for an amount that is none.
pub fn bank(
    conn: &mut Conn,
    id: DepositId,
    line: &BankLine,
    now: Timestamp,
) -> AppResult<Option<Money>> {
    let deposit = by_id(conn, id)?;
    if line.amount.minor() <= 0 || line.amount.currency() != deposit.currency {
        return Err(AppError::field(
            "amount",
            "write the amount of the bank's line",
        ));
    }
    let own = deposits::table
        .find(id)
        .filter(deposits::state.eq(DepositState::Taken));
    let change = diesel::update(own).set((
        deposits::state.eq(DepositState::Banked),
        deposits::banked_on.eq(line.on),
        deposits::bank_reference.eq(line.reference.as_str()),
        deposits::banked.eq(line.amount.minor()),
        deposits::banked_by.eq(line.by),
        deposits::banked_at.eq(now),
    ));
    if each!(conn, c => change.execute(c))? == 0 {
        return Err(AppError::Conflict {
            code: "no_such_move",
            detail: "this deposit was matched before".into(),
        });
    }
    let (said, held) = (line.amount.minor(), deposit.amount);
    let hand = Account::in_hand(deposit.campaign_id);
    let apart = Account::outside("deposit_differences");
    let transfer = |debit: &Account, credit: &Account, minor, code| NewTransfer {
        debit: debit.clone(),
        credit: credit.clone(),
        amount: Money::new(minor, deposit.currency),
        code: Code::new(code),
        source: Source {
            kind: "deposit",
            id: id.to_string(),
        },
        donation: None,
        reverses: None,
    };
    let all = [
        transfer(&Account::bank(), &hand, said.min(held), "deposit"),
        transfer(&apart, &hand, (held - said).max(0), "deposit_short"),
        transfer(
            &Account::bank(),
            &apart,
            (said - held).max(0),
            "deposit_over",
        ),
    ];
    ledger::post(conn, &all, now)?;
    let deed = Deed::new(line.by, "deposit.bank", ("deposit", id.to_string()))
        .of(deposit.campaign_id)
        .saying(line.amount.to_string());
    audit::record(conn, &deed, now)?;
    if said == held {
        return Ok(None);
    }
    let gifts = Money::new(held, deposit.currency);
    let why = format!(
        "the bank's line says {}, its gifts come to {gifts}",
        line.amount
    );
    findings::open(conn, DIFFERS, &id.to_string(), &why, now)?;
    Ok(Some(Money::new(said - held, deposit.currency)))
}
