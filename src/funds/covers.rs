//! What fills a campaign's reserve again: money of the organisation's own, said by one person and booked by a second.
//!
//! The reserve carries what was given back after it had been granted, so it stands below zero until somebody decides to
//! cover it. The cover comes to the bank from outside the campaign: no gift pays for another one's refund.

use diesel::prelude::*;

use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::reserve_covers;
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::CampaignId;
use crate::kernel::{Currency, Day, Line, Money, Timestamp};
use crate::ledger::{self, Account, Code, NewTransfer, Source};

crate::id!(
    /// A decision to cover a reserve.
    pub CoverId,
    "cov"
);

crate::words! {
    /// How a cover stands.
    pub enum CoverState {
        /// Said by one person; a second one has to agree.
        Planned = "planned",
        /// In the ledger.
        Booked = "booked",
        /// It came to nothing.
        Discarded = "discarded",
    }
}

impl CoverState {
    /// From where a cover can come into this state.
    pub fn comes_from(self) -> &'static [Self] {
        match self {
            Self::Planned => &[],
            Self::Booked | Self::Discarded => &[Self::Planned],
        }
    }
}

/// A cover.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = reserve_covers)]
#[allow(missing_docs)]
pub struct Cover {
    pub id: CoverId,
    pub campaign_id: CampaignId,
    pub currency: Currency,
    /// Minor units.
    pub amount: i64,
    pub state: CoverState,
    pub reason: String,
    /// When it came to the bank.
    pub paid_on: Day,
    pub bank_reference: String,
    pub planned_by: UserId,
    pub created_at: Timestamp,
    pub decided_by: Option<UserId>,
    pub decided_at: Option<Timestamp>,
}

impl Cover {
    /// How much.
    pub fn money(&self) -> Money {
        Money::new(self.amount, self.currency)
    }
}

/// A cover to be planned.
#[derive(Debug, Clone)]
pub struct PlanCover {
    /// The id, made by the caller.
    pub id: CoverId,
    /// Whose reserve.
    pub campaign: CampaignId,
    /// How much.
    pub amount: Money,
    /// Why, for whoever reads the books.
    pub reason: Line,
    /// When it came to the bank.
    pub paid_on: Day,
    /// The bank's own words for it.
    pub bank_reference: Line,
    /// Who plans it.
    pub by: UserId,
}

/// How far a campaign's reserve stands below zero; nothing when it does not.
///
/// # Errors
/// The database's.
pub fn deficit(conn: &mut Conn, campaign: CampaignId, currency: Currency) -> AppResult<Money> {
    let holds = ledger::balance(conn, &Account::reserve(campaign), currency)?;
    Ok(Money::new((-holds.minor()).max(0), currency))
}

/// The covers of a campaign, newest first.
///
/// # Errors
/// The database's.
pub fn covers_of(conn: &mut Conn, campaign: CampaignId) -> AppResult<Vec<Cover>> {
    let query = reserve_covers::table
        .filter(reserve_covers::campaign_id.eq(campaign))
        .order(reserve_covers::id.desc());
    Ok(each!(conn, c => query.select(Cover::as_select()).load(c))?)
}

/// A cover by its id.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn cover(conn: &mut Conn, id: CoverId) -> AppResult<Cover> {
    let query = reserve_covers::table.find(id);
    each!(conn, c => query.select(Cover::as_select()).first(c).optional())?
        .ok_or(AppError::NotFound("this cover"))
}

/// Writes down what shall cover a reserve.
///
/// # Errors
/// [`AppError::Invalid`] on `amount` when it is nothing, or more than the reserve lacks.
pub fn plan_cover(conn: &mut Conn, new: &PlanCover, now: Timestamp) -> AppResult<()> {
    let lacks = deficit(conn, new.campaign, new.amount.currency())?;
    if new.amount.minor() <= 0 || new.amount.minor() > lacks.minor() {
        let say = format!("the reserve lacks {lacks}: cover that much at most");
        return Err(AppError::field("amount", say));
    }
    let row = (
        reserve_covers::id.eq(new.id),
        reserve_covers::campaign_id.eq(new.campaign),
        reserve_covers::currency.eq(new.amount.currency()),
        reserve_covers::amount.eq(new.amount.minor()),
        reserve_covers::state.eq(CoverState::Planned),
        reserve_covers::reason.eq(new.reason.as_str()),
        reserve_covers::paid_on.eq(new.paid_on),
        reserve_covers::bank_reference.eq(new.bank_reference.as_str()),
        reserve_covers::planned_by.eq(new.by),
        reserve_covers::created_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(reserve_covers::table).values(row).execute(c))?;
    Ok(())
}

/// A second person agrees: the money came to the bank, and the reserve is as much fuller.
///
/// # Errors
/// [`AppError::Conflict`] `needs_second_person`, `no_such_move`, or `nothing_to_cover` when the reserve lacks less by now.
pub fn approve_cover(conn: &mut Conn, id: CoverId, by: UserId, now: Timestamp) -> AppResult<Cover> {
    let found = cover(conn, id)?;
    if found.planned_by == by {
        return Err(AppError::Conflict {
            code: "needs_second_person",
            detail: "you wrote this cover down; somebody else must agree".into(),
        });
    }
    let lacks = deficit(conn, found.campaign_id, found.currency)?;
    if found.amount > lacks.minor() {
        return Err(AppError::Conflict {
            code: "nothing_to_cover",
            detail: format!(
                "the reserve lacks {lacks} by now; discard this cover and write down another"
            ),
        });
    }
    decide(conn, id, CoverState::Booked, by, now)?;
    let transfer = NewTransfer {
        debit: Account::bank(),
        credit: Account::reserve(found.campaign_id),
        amount: found.money(),
        code: Code::new("cover"),
        source: Source {
            kind: "reserve_cover",
            id: id.to_string(),
        },
        donation: None,
        reverses: None,
    };
    ledger::post(conn, &[transfer], now)?;
    Ok(found)
}

/// It comes to nothing.
///
/// # Errors
/// [`AppError::Conflict`] `no_such_move`; [`AppError::NotFound`].
pub fn discard_cover(conn: &mut Conn, id: CoverId, by: UserId, now: Timestamp) -> AppResult<Cover> {
    let found = cover(conn, id)?;
    decide(conn, id, CoverState::Discarded, by, now)?;
    Ok(found)
}

fn decide(
    conn: &mut Conn,
    id: CoverId,
    to: CoverState,
    by: UserId,
    now: Timestamp,
) -> AppResult<()> {
    let own = reserve_covers::table
        .find(id)
        .filter(reserve_covers::state.eq_any(to.comes_from()));
    let change = (
        reserve_covers::state.eq(to),
        reserve_covers::decided_by.eq(by),
        reserve_covers::decided_at.eq(now),
    );
    if each!(conn, c => diesel::update(own).set(change).execute(c))? == 1 {
        return Ok(());
    }
    Err(AppError::Conflict {
        code: "no_such_move",
        detail: "this cover was decided already".into(),
    })
}
