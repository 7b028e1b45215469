//! What is asked of the processor and what it answers, in our words.

use crate::kernel::{Money, Timestamp};

/// Why a call gave no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The processor said no, for good: the message is the processor's, for staff.
    #[error("the processor refused: {0}")]
    Refused(String),
    /// The processor has no such object.
    #[error("the processor does not know it")]
    Missing,
    /// The call was not carried out (nobody answered, or "later"): it may be made again.
    #[error("the processor cannot be reached: {0}")]
    Away(String),
    /// The processor failed, and keeps that answer under the key: the same key will only ever repeat it. What it did is
    /// for its records to tell; then another key may be used (P6; docs.stripe.com/api/idempotent_requests).
    #[error("the processor failed under this key: {0}")]
    Faulted(String),
    /// Whether the call was carried out is not known: only a look at the processor's records ends that (P7).
    #[error("the processor's answer was lost: {0}")]
    Unknown(String),
}

/// A checkout to open.
#[derive(Debug, Clone)]
pub struct NewCheckout {
    /// Our id of the gift; comes back as `client_reference_id` and as metadata.
    pub reference: String,
    /// What the card is charged.
    pub amount: Money,
    /// What the donor reads there.
    pub title: String,
    /// Prefills the form.
    pub email: String,
    /// Where the donor comes back to after paying, and after turning away.
    pub success_url: String,
    /// See `success_url`.
    pub cancel_url: String,
    /// When the checkout closes.
    pub expires_at: Timestamp,
}

/// An open checkout.
#[derive(Debug, Clone)]
pub struct Checkout {
    /// `cs_…`
    pub id: String,
    /// The hosted page; gone once the session ended.
    pub url: Option<String>,
}

/// How a checkout session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionState {
    /// The donor can still pay.
    Open,
    /// It ended unpaid.
    Expired,
    /// The donor is done; the money may still be on its way (delayed methods, P15).
    Complete,
}

/// A payment as the processor sees it now.
#[derive(Debug, Clone)]
pub struct Payment {
    /// Our id, from the session's reference or the intent's metadata.
    pub reference: Option<String>,
    /// The session, where the payment was reached through one.
    pub session: Option<(String, SessionState)>,
    /// `pi_…`
    pub intent_id: Option<String>,
    /// The charge that succeeded.
    pub charge: Option<Charge>,
    /// A delayed method that failed for good.
    pub failed: bool,
    /// Why the last attempt failed, in the processor's stable word (`card_declined`).
    pub failure: Option<String>,
    /// Real money or test money.
    pub live: bool,
}

/// Money that arrived.
#[derive(Debug, Clone)]
pub struct Charge {
    /// `ch_…`
    pub id: String,
    /// When the donor paid, whenever we hear of it.
    pub created: Timestamp,
    /// What was captured; `None` when the processor's amount is no whole number of our units.
    pub captured: Option<Money>,
    /// The fee and its balance transaction, once known (P20).
    pub fee: Option<Fee>,
    /// Every refund so far.
    pub refunds: Vec<Refund>,
    /// Every dispute so far.
    pub disputes: Vec<Dispute>,
}

/// What the processor kept.
#[derive(Debug, Clone)]
pub struct Fee {
    /// `txn_…`
    pub id: String,
    /// The fee, in the currency of the processor's balance.
    pub amount: Option<Money>,
}

/// A refund made at the processor.
#[derive(Debug, Clone)]
pub struct Refund {
    /// `re_…`
    pub id: String,
    /// What went back.
    pub amount: Option<Money>,
    /// `pending`, `succeeded`, `failed`, `canceled`, `requires_action`.
    pub status: String,
}

/// The donor's bank disputes the charge.
#[derive(Debug, Clone)]
pub struct Dispute {
    /// `dp_…`
    pub id: String,
    /// `needs_response`, `under_review`, `won`, `lost`, `warning_…` while the bank only asks.
    pub status: String,
    /// `fraudulent`, `product_not_received` …
    pub reason: String,
    /// How it moved the processor's balance: nothing, taken, or taken and given back.
    pub moves: Vec<Disputed>,
}

/// One movement of a dispute.
#[derive(Debug, Clone)]
pub struct Disputed {
    /// `txn_…`
    pub id: String,
    /// Below zero: taken; above: given back. `None` when it is no whole number of our units.
    pub amount: Option<Money>,
    /// What the processor keeps for it.
    pub fee: Option<Money>,
}

impl Payment {
    pub(super) fn nothing_yet(live: bool) -> Self {
        Self {
            reference: None,
            session: None,
            intent_id: None,
            charge: None,
            failed: false,
            failure: None,
            live,
        }
    }
}
