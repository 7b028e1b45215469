//! Paying a tranche: ledger, layers, states and the bank's slip in one transaction.

use diesel::prelude::*;

use super::life::{follow, of, one, said};
use super::model::{Grant, GrantState, Tranche, TrancheState, by_id, tranche, tranches_of};
use super::room;
use crate::audit;
use crate::auth::UserId;
use crate::campaigns;
use crate::db::Conn;
use crate::db::schema::{grant_tranches, grants};
use crate::documents::{self, NewDocument};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::funds::layers;
use crate::ids::{PartnerId, TrancheId};
use crate::kernel::{Day, Line, Money, Timestamp};
use crate::ledger::{self, Account, Code, NewTransfer, Source};

/// The source of a payment's transfers.
pub(super) const SOURCE: &str = "grant_tranche";
/// The code of what leaves the fund.
pub(super) const GRANT: &str = "grant";
/// The code of what leaves the bank.
pub(super) const PAY: &str = "pay";

/// A tranche that was paid at the bank.
#[derive(Debug, Clone)]
pub struct PayTranche {
    /// Which.
    pub tranche: TrancheId,
    /// The day of the bank's slip.
    pub paid_on: Day,
    /// The bank's own words for it.
    pub bank_reference: Line,
    /// When its report is due; later than that day.
    pub report_due_on: Day,
    /// The bank's slip.
    pub document: Option<NewDocument>,
    /// Who books it.
    pub by: UserId,
}

/// Books a tranche as paid and answers from how many layers its money came.
///
/// # Errors
/// [`AppError::Conflict`] `report_overdue` while the partner owes a report, `not_next` while an earlier tranche waits,
/// `fund_short`, `bank_short` (which says what the books show at the bank), `no_such_move`; [`AppError::Invalid`] on
/// `paid_on` or `report_due_on`; [`AppError::NotFound`].
pub fn pay(conn: &mut Conn, new: &PayTranche, now: Timestamp) -> AppResult<usize> {
    let found = tranche(conn, new.tranche)?;
    let grant = by_id(conn, found.grant_id)?;
    check_place(conn, &grant, &found)?;
    check_days(conn, &grant, new, now)?;
    let amount = Money::new(found.amount, grant.currency);
    room::check(conn, grant.fund_id, amount, grant.id)?;
    let at_bank = ledger::balance(conn, &Account::bank(), grant.currency)?;
    if at_bank.minor() < amount.minor() {
        return Err(AppError::Conflict {
            code: "bank_short",
            detail: format!(
                "the books show {at_bank} at the bank, which is not enough for {amount}: book the payouts that have arrived there first"
            ),
        });
    }
    let own = grant_tranches::table
        .find(new.tranche)
        .filter(grant_tranches::state.eq_any(TrancheState::Paid.comes_from()));
    let change = (
        grant_tranches::state.eq(TrancheState::Paid),
        grant_tranches::paid_on.eq(new.paid_on),
        grant_tranches::paid_at.eq(now),
        grant_tranches::paid_by.eq(new.by),
        grant_tranches::bank_reference.eq(new.bank_reference.as_str()),
        grant_tranches::report_due_on.eq(new.report_due_on),
        grant_tranches::document_id.eq(new.document.as_ref().map(|document| document.id)),
    );
    // The slip first: the tranche names it.
    if let Some(document) = &new.document {
        let owner = ("tranche", new.tranche.to_string());
        documents::insert(conn, document, "bank_slip", (owner.0, &owner.1), now)?;
    }
    one(each!(conn, c => diesel::update(own).set(change).execute(c))?)?;
    ledger::post(conn, &transfers(&grant, new.tranche, amount), now)?;
    let count = layers::consume(conn, grant.fund_id, found.amount, new.tranche)?;
    follow(conn, &grant, now)?;
    let deed = of(&grant, new.by, "grant.pay").saying(format!(
        "{} on {} out of {count} layers",
        said(&grant, &found),
        new.paid_on
    ));
    audit::record(conn, &deed, now)?;
    Ok(count)
}

fn transfers(grant: &Grant, tranche: TrancheId, amount: Money) -> [NewTransfer; 2] {
    let transfer = |debit, credit, word| NewTransfer {
        debit,
        credit,
        amount,
        code: Code::new(word),
        source: Source {
            kind: SOURCE,
            id: tranche.to_string(),
        },
        donation: None,
        reverses: None,
    };
    [
        transfer(
            Account::fund(grant.fund_id),
            Account::granted(grant.id),
            GRANT,
        ),
        transfer(Account::partner(grant.partner_id), Account::bank(), PAY),
    ]
}

/// That the grant was approved, and the tranche is the next of it.
fn check_place(conn: &mut Conn, grant: &Grant, found: &Tranche) -> AppResult<()> {
    let refuse = |code, detail: String| Err(AppError::Conflict { code, detail });
    if grant.approved_at.is_none() || grant.state == GrantState::Planned {
        return refuse("no_such_move", "this grant is not approved".into());
    }
    if found.state != TrancheState::Planned {
        let is = found.state.as_str().replace('_', " ");
        return refuse("no_such_move", format!("this tranche is {is}"));
    }
    let before = tranches_of(conn, grant.id)?
        .into_iter()
        .find(|other| other.state == TrancheState::Planned && other.position < found.position);
    match before {
        Some(before) => refuse(
            "not_next",
            format!("tranche {} comes first", before.position),
        ),
        None => Ok(()),
    }
}

/// That the days can be, and no report of the partner is overdue.
fn check_days(conn: &mut Conn, grant: &Grant, new: &PayTranche, now: Timestamp) -> AppResult<()> {
    let zone = campaigns::model::by_id(conn, grant.campaign_id)?.time_zone;
    let day_of = |at| {
        zone.day_of(at)
            .ok_or_else(|| AppError::internal("today is no day of the calendar"))
    };
    let today = day_of(now)?;
    if new.paid_on > today {
        return Err(AppError::field("paid_on", "that day has not come yet"));
    }
    if let Some(approved) = grant.approved_at
        && new.paid_on < day_of(approved)?
    {
        return Err(AppError::field(
            "paid_on",
            "the grant was not approved yet on that day",
        ));
    }
    if new.report_due_on <= new.paid_on {
        return Err(AppError::field(
            "report_due_on",
            "a report is due after its tranche is paid",
        ));
    }
    match overdue(conn, grant.partner_id, today)? {
        None => Ok(()),
        Some((number, since)) => Err(AppError::Conflict {
            code: "report_overdue",
            detail: format!(
                "the report on {number} was due on {since}: nothing more is paid to this partner until it is accepted"
            ),
        }),
    }
}

/// The grant of which a partner's report has been overdue longest, and since when it was due.
fn overdue(conn: &mut Conn, partner: PartnerId, today: Day) -> AppResult<Option<(String, Day)>> {
    let query = grant_tranches::table
        .inner_join(grants::table.on(grants::id.eq(grant_tranches::grant_id)))
        .filter(grants::partner_id.eq(partner))
        .filter(grant_tranches::state.eq_any(TrancheState::OWES))
        .filter(grant_tranches::report_due_on.lt(today))
        .order((grant_tranches::report_due_on, grant_tranches::id))
        .select((grants::number, grant_tranches::report_due_on));
    Ok(each!(conn, c => query.first(c).optional())?)
}
