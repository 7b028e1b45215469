//! The disputes of a charge, read narrowly.

use super::narrow::Narrow;
use super::shapes::{CallError, Dispute, Disputed};
use super::{Processor, amounts};
use crate::kernel::{Currency, Money};

#[derive(miniserde::Deserialize)]
struct Page {
    data: Vec<Listed>,
}

#[derive(miniserde::Deserialize)]
struct Listed {
    id: String,
    status: String,
    reason: String,
    balance_transactions: Vec<Moved>,
}

#[derive(miniserde::Deserialize)]
struct Moved {
    id: String,
    amount: i64,
    fee: i64,
    currency: String,
}

#[derive(serde::Serialize)]
struct Query<'a> {
    charge: &'a str,
    limit: i64,
}

fn money(minor: i64, currency: &str) -> Option<Money> {
    let currency: Currency = currency.to_uppercase().parse().ok()?;
    amounts::from_processor(minor, currency)
}

impl Processor {
    /// The disputes of a charge, oldest first. There is one as a rule, and a handful at most.
    ///
    /// # Errors
    /// [`CallError`].
    pub(super) async fn disputes_of(&self, charge: &str) -> Result<Vec<Dispute>, CallError> {
        let query = Query { charge, limit: 100 };
        let request = Narrow::<Page>::get("/disputes", &query);
        let page = self.send(&request, None).await?;
        let disputes = page.data.into_iter().rev().map(|one| Dispute {
            id: one.id,
            status: one.status,
            reason: one.reason,
            moves: one
                .balance_transactions
                .into_iter()
                .map(|moved| Disputed {
                    amount: money(moved.amount, &moved.currency),
                    fee: money(moved.fee, &moved.currency),
                    id: moved.id,
                })
                .collect(),
        });
        Ok(disputes.collect())
    }
}
