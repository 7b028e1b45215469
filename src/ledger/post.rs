//! Posting transfers and keeping the accounts' running sums beside them.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::account::{Account, Side};
use crate::db::Conn;
use crate::db::schema::{accounts, transfers};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::{Currency, Money, Timestamp};

/// What a transfer does, within its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code(String);

impl Code {
    /// The gross amount arrived.
    pub const GIFT: &'static str = "gift";

    /// A plain code.
    pub fn new(word: &str) -> Self {
        Self(word.to_owned())
    }

    /// A code for one of several accounts that the same source touches in the same way.
    pub fn of(word: &str, account: &Account) -> Self {
        Self(format!("{word}:{account}"))
    }

    /// The text in the table.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What caused a transfer: unique together with the code (L3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// `charge`, `refund`, `balance_transaction` …
    pub kind: &'static str,
    /// The id of that object, the processor's where it has one (P14).
    pub id: String,
}

/// A transfer to post.
#[derive(Debug, Clone)]
pub struct NewTransfer {
    /// The account debited.
    pub debit: Account,
    /// The account credited.
    pub credit: Account,
    /// How much; must be positive.
    pub amount: Money,
    /// What it does.
    pub code: Code,
    /// What caused it.
    pub source: Source,
    /// The gift whose money it moves, where there is one: what a trace follows.
    pub donation: Option<String>,
    /// The transfer that it takes back, wholly or in part (L4).
    pub reverses: Option<i64>,
}

#[derive(Insertable)]
#[diesel(table_name = transfers, treat_none_as_default_value = false)]
struct Row<'a> {
    debit: &'a str,
    credit: &'a str,
    amount: i64,
    currency: Currency,
    code: &'a str,
    source_kind: &'a str,
    source_id: &'a str,
    donation_id: Option<&'a str>,
    reverses: Option<i64>,
    created_at: Timestamp,
}

/// Posts all of `new` in the caller's transaction and moves the accounts' sums.
///
/// Transfers of nothing are left out: a share of zero is no transfer.
///
/// # Errors
/// A negative amount; an account that would be overdrawn ([`AppError::Conflict`] `account_overdrawn`, L9); a source
/// that has been posted before ([`AppError::Conflict`] `already_posted`), so that the caller's transaction is undone.
pub fn post(conn: &mut Conn, new: &[NewTransfer], now: Timestamp) -> AppResult<()> {
    if new.iter().any(|transfer| transfer.amount.minor() < 0) {
        return Err(AppError::internal("a transfer's amount must be positive"));
    }
    let rows: Vec<Row<'_>> = new
        .iter()
        .filter(|transfer| transfer.amount.minor() > 0)
        .map(|transfer| row(transfer, now))
        .collect();
    let mut sums: BTreeMap<(&str, &str), (i64, i64)> = BTreeMap::new();
    for row in &rows {
        let debit = sums.entry((row.debit, row.currency.code())).or_default();
        debit.0 = add(debit.0, row.amount)?;
        let credit = sums.entry((row.credit, row.currency.code())).or_default();
        credit.1 = add(credit.1, row.amount)?;
    }
    // Ten columns a row: SQLite takes 32,766 variables in a statement, PostgreSQL 65,535.
    for chunk in rows.chunks(1000) {
        let inserted =
            each!(conn, c => diesel::insert_into(transfers::table).values(chunk).execute(c));
        inserted.map_err(already_posted)?;
    }
    move_sums(conn, &sums)
}

fn row(transfer: &NewTransfer, now: Timestamp) -> Row<'_> {
    Row {
        debit: transfer.debit.as_str(),
        credit: transfer.credit.as_str(),
        amount: transfer.amount.minor(),
        currency: transfer.amount.currency(),
        code: transfer.code.as_str(),
        source_kind: transfer.source.kind,
        source_id: &transfer.source.id,
        donation_id: transfer.donation.as_deref(),
        reverses: transfer.reverses,
        created_at: now,
    }
}

fn add(sum: i64, amount: i64) -> AppResult<i64> {
    sum.checked_add(amount)
        .ok_or_else(|| AppError::internal("the sum of a posting does not fit 64 bits"))
}

fn already_posted(error: diesel::result::Error) -> AppError {
    if crate::error::faults::is_duplicate(&error) {
        return AppError::Conflict {
            code: "already_posted",
            detail: "these transfers have been posted before".into(),
        };
    }
    error.into()
}

/// One ensure and one guarded update an account, in the order of names so that transactions cannot wait in a circle.
fn move_sums(conn: &mut Conn, sums: &BTreeMap<(&str, &str), (i64, i64)>) -> AppResult<()> {
    for ((name, currency), (debits, credits)) in sums {
        let own = accounts::table.filter(
            accounts::name
                .eq(*name)
                .and(accounts::currency.eq(*currency)),
        );
        let update = diesel::update(own).set((
            accounts::debits.eq(accounts::debits + debits),
            accounts::credits.eq(accounts::credits + credits),
        ));
        let moved = each!(conn, c => update.execute(c)).map_err(|e| overdrawn(e, name))?;
        if moved == 0 {
            let fresh = (
                accounts::name.eq(*name),
                accounts::currency.eq(*currency),
                accounts::debits.eq(*debits),
                accounts::credits.eq(*credits),
            );
            each!(conn, c => diesel::insert_into(accounts::table).values(fresh).execute(c))
                .map_err(|e| overdrawn(e, name))?;
        }
    }
    Ok(())
}

fn overdrawn(error: diesel::result::Error, account: &str) -> AppError {
    use diesel::result::{DatabaseErrorKind, Error};
    match error {
        Error::DatabaseError(DatabaseErrorKind::CheckViolation, _) => AppError::Conflict {
            code: "account_overdrawn",
            detail: format!("{account} does not hold that much"),
        },
        other => other.into(),
    }
}

/// What an account holds, counted on its natural side (`outside:` accounts: credits less debits).
///
/// # Errors
/// The database's.
pub fn balance(conn: &mut Conn, account: &Account, currency: Currency) -> AppResult<Money> {
    let own = accounts::table
        .filter(accounts::name.eq(account.as_str()))
        .filter(accounts::currency.eq(currency))
        .select((accounts::debits, accounts::credits));
    let sums: Option<(i64, i64)> = each!(conn, c => own.first(c).optional())?;
    let (debits, credits) = sums.unwrap_or_default();
    Ok(match Account::side_of(account.as_str()) {
        Side::Debit => Money::new(debits - credits, currency),
        Side::Credit | Side::Either => Money::new(credits - debits, currency),
    })
}
