//! The demo's first grant: once its first gifts have settled, a first tranche goes to IJM Kolkata, by the verbs of finance.

use std::time::Duration;

use diesel::prelude::*;

use crate::auth::{UserId, user_by_email};
use crate::db::Conn;
use crate::db::schema::grants;
use crate::donations::Giving;
use crate::each;
use crate::error::{AppError, AppResult};
use crate::funds;
use crate::grants::ops::{PayTranche, PlanGrant, PlanTranche, approve, pay, plan};
use crate::grants::{GrantId, TrancheId};
use crate::kernel::{Currency, Day, Line, Money, Timestamp};
use crate::ledger::{self, Account, Code, NewTransfer, Source};
use crate::payments::PROCESSOR;

/// The tranches in dollars, and in how many days from today each is planned and its report is due.
const TRANCHES: [(i64, i64, i64); 2] = [(200, 0, 60), (150, 75, 135)];
/// How often, and how long in between, it is looked whether the gifts have settled.
const LOOKS: u32 = 240;
const PAUSE: Duration = Duration::from_millis(500);

/// Pays the demo's first tranche, unless a grant was planned before. Faults are logged; the demo goes on without.
pub async fn first_grant(giving: Giving) {
    for _ in 0..LOOKS {
        let ids = (GrantId::new(), [TrancheId::new(), TrancheId::new()]);
        let (now, above) = (
            giving.site.clock.now(),
            giving.site.config.grants.two_above(Currency::USD),
        );
        match giving.site.db.tx(move |c| make(c, ids, above, now)).await {
            Ok(true) => return,
            Ok(false) => tokio::time::sleep(PAUSE).await,
            Err(error) => {
                tracing::warn!(cause = %error, "the demo's first grant could not be made");
                return;
            }
        }
    }
}

/// Whether nothing is left to do; `false` while Kolkata's fund does not hold enough.
fn make(
    conn: &mut Conn,
    (id, tranches): (GrantId, [TrancheId; 2]),
    above: Money,
    now: Timestamp,
) -> AppResult<bool> {
    let any = diesel::select(diesel::dsl::exists(grants::table.select(grants::id)));
    if each!(conn, c => any.get_result::<bool>(c))? {
        return Ok(true);
    }
    let season = crate::campaigns::model::by_slug(conn, &super::slug(super::SEASON)?)?.campaign;
    let program =
        crate::partners::model::program_by_slug(conn, &super::slug("ijm-kolkata")?)?.program;
    let (finance, fund) = (
        user_by_email(conn, &super::parsed("finance@selvedge.example")?)?,
        funds::fund_of_program(conn, program.id, season.currency)?,
    );
    let (Some(finance), Some(fund)) = (finance, fund) else {
        return Ok(true);
    };
    let money = |dollars: i64| Money::new(dollars * season.currency.scale(), season.currency);
    let whole: i64 = TRANCHES.iter().map(|(dollars, ..)| dollars).sum();
    let held = ledger::balance(conn, &Account::fund(fund.id), season.currency)?;
    if held.minor() < money(whole).minor() {
        return Ok(false);
    }
    let day = |days| {
        let at = now.plus(chrono::Duration::days(days));
        let zone = season.time_zone;
        zone.day_of(at)
            .ok_or_else(|| AppError::internal("a day beyond the calendar"))
    };
    let mut planned = Vec::new();
    for (id, (dollars, planned_in, due_in)) in tranches.into_iter().zip(TRANCHES) {
        planned.push(PlanTranche {
            id,
            amount: money(dollars),
            planned_on: day(planned_in)?,
            report_due_on: day(due_in)?,
        });
    }
    let new = PlanGrant {
        id,
        campaign: season.id,
        program: program.id,
        fund: fund.id,
        purpose: super::line("Gathering of intelligence with the police’s anti-trafficking units")?,
        tranches: planned.clone(),
        by: finance.id,
    };
    plan(conn, &new, now)?;
    approve(conn, id, finance.id, above, now)?;
    for first in planned.iter().take(1) {
        first_payout(conn, first.amount, now)?;
        pay(conn, &slip(first, day(0)?, finance.id)?, now)?;
    }
    tracing::info!("the demo's first grant was made");
    Ok(true)
}

fn slip(tranche: &PlanTranche, today: Day, by: UserId) -> AppResult<PayTranche> {
    Ok(PayTranche {
        tranche: tranche.id,
        paid_on: today,
        bank_reference: Line::parse("DEMO-0001", 120).map_err(AppError::internal)?,
        report_due_on: tranche.report_due_on,
        document: None,
        by,
    })
}

/// The seam to payouts: what the processor has paid to the bank. Where the processor's own payouts are booked, this goes, and
/// the grant waits until they have come.
fn first_payout(conn: &mut Conn, amount: Money, now: Timestamp) -> AppResult<()> {
    let transfer = NewTransfer {
        debit: Account::bank(),
        credit: Account::processor(PROCESSOR),
        amount,
        code: Code::new("payout"),
        source: Source {
            kind: "demo_payout",
            id: "first".to_owned(),
        },
        donation: None,
        reverses: None,
    };
    ledger::post(conn, &[transfer], now)
}
