//! Calls to the processor, through async-stripe's builders.
//!
//! Every POST carries an idempotency key that the caller stored before (P5). A call takes at most the set time and
//! tries (P9), politely spaced (P10); what cannot be known afterwards is [`CallError::Unknown`], never a failure (P7).

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use secrecy::ExposeSecret;
use stripe::{IdempotencyKey, RequestStrategy, StripeError, StripeRequest};
use stripe_checkout::checkout_session as session_api;
use stripe_core::{charge as charge_api, payment_intent as intent_api, refund as refund_api};
use stripe_types::{Expandable, RangeQueryTs};
use tokio::sync::Semaphore;

mod disputes;
mod narrow;
mod payouts;
mod shapes;

pub use narrow::{Endpoint, ListedEvent};
use narrow::{EndpointList, EventPage, EventQuery, Narrow};
pub use payouts::{Moved, Payout};
pub use shapes::{
    CallError, Charge, Checkout, Dispute, Disputed, Fee, NewCheckout, Payment, Refund, SessionState,
};

use super::amounts;
use crate::config::{Config, ProcessorKind};
use crate::error::{AppError, AppResult};
use crate::kernel::{Currency, Timestamp};

/// The processor's API.
#[derive(Clone)]
pub struct Processor {
    client: stripe::Client,
    pace: Arc<DefaultDirectRateLimiter>,
    places: Arc<Semaphore>,
    timeout: Duration,
    tries: u32,
}

impl Processor {
    /// The client for the processor set up; `None` where none is.
    ///
    /// # Errors
    /// When the settings cannot be used.
    pub fn from_config(config: &Config, sandbox_base: &str) -> AppResult<Option<Self>> {
        let (key, base) = match config.processor() {
            ProcessorKind::None => return Ok(None),
            ProcessorKind::Sandbox => ("sk_test_sandbox".to_owned(), sandbox_base.to_owned()),
            ProcessorKind::Stripe => (
                config.payments.stripe_secret_key.expose_secret().to_owned(),
                config.payments.stripe_api_base.clone(),
            ),
        };
        let timeout = Duration::from_secs(config.payments.timeout_seconds);
        let mut builder = stripe::ClientBuilder::new(key).timeout(timeout);
        if !base.is_empty() {
            // The library writes `v1/…` straight behind the base.
            builder = builder.url(format!("{}/", base.trim_end_matches('/')));
        }
        let client = builder.build().map_err(AppError::internal)?;
        let pace = NonZeroU32::new(config.payments.requests_per_second).unwrap_or(NonZeroU32::MIN);
        // A burst of one spreads calls evenly: no second ever holds more than the set number (P10).
        let quota = Quota::per_second(pace).allow_burst(NonZeroU32::MIN);
        Ok(Some(Self {
            client,
            pace: Arc::new(RateLimiter::direct(quota)),
            places: Arc::new(Semaphore::new(config.payments.concurrency.max(1))),
            timeout,
            tries: config.payments.tries.max(1),
        }))
    }

    /// Opens a checkout under `key`.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn create_checkout(
        &self,
        new: &NewCheckout,
        key: &str,
    ) -> Result<Checkout, CallError> {
        let request = checkout_request(new)?;
        let session = self.send(&request, Some(key)).await?;
        Ok(Checkout {
            id: session.id.to_string(),
            url: session.url,
        })
    }

    /// Looks for a checkout of ours by its reference among those made since `since` (P6: before a new one is made
    /// under a new key).
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn find_checkout(
        &self,
        reference: &str,
        since: Timestamp,
    ) -> Result<Option<Checkout>, CallError> {
        let mut after: Option<String> = None;
        loop {
            let mut request = session_api::ListCheckoutSession::new()
                .created(RangeQueryTs::gte(since.seconds()))
                .limit(100);
            if let Some(after) = &after {
                request = request.starting_after(after.clone());
            }
            let page = self.send(&request, None).await?;
            let found = page
                .data
                .iter()
                .find(|s| s.client_reference_id.as_deref() == Some(reference));
            if let Some(session) = found {
                return Ok(Some(Checkout {
                    id: session.id.to_string(),
                    url: session.url.clone(),
                }));
            }
            after = page.data.last().map(|session| session.id.to_string());
            if !page.has_more || after.is_none() {
                return Ok(None);
            }
        }
    }

    /// The payment behind a checkout session, as it stands now.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn payment_of_session(&self, id: &str) -> Result<Payment, CallError> {
        let request = session_api::RetrieveCheckoutSession::new(id.to_owned()).expand(
            [
                "payment_intent.latest_charge.balance_transaction",
                "payment_intent.latest_charge.refunds",
            ]
            .map(str::to_owned)
            .to_vec(),
        );
        let session = self.send(&request, None).await?;
        let state = match &session.status {
            Some(stripe_shared::CheckoutSessionStatus::Expired) => SessionState::Expired,
            Some(stripe_shared::CheckoutSessionStatus::Complete) => SessionState::Complete,
            _ => SessionState::Open,
        };
        let mut payment = match session.payment_intent {
            Some(Expandable::Object(intent)) => self.payment(*intent).await?,
            Some(Expandable::Id(id)) => self.payment_of_intent(id.as_str()).await?,
            None => Payment::nothing_yet(session.livemode),
        };
        // Paid is what the session calls paid: a delayed method completes first and is paid later (P15).
        if session.payment_status != stripe_shared::CheckoutSessionPaymentStatus::Paid {
            payment.charge = None;
        }
        payment.reference = session.client_reference_id.or(payment.reference);
        payment.session = Some((session.id.to_string(), state));
        Ok(payment)
    }

    /// The payment of an intent, as it stands now.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn payment_of_intent(&self, id: &str) -> Result<Payment, CallError> {
        let request = intent_api::RetrievePaymentIntent::new(id.to_owned()).expand(
            ["latest_charge.balance_transaction", "latest_charge.refunds"]
                .map(str::to_owned)
                .to_vec(),
        );
        let intent = self.send(&request, None).await?;
        self.payment(intent).await
    }

    /// The intent of a charge, for events that name the charge alone.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn intent_of_charge(&self, id: &str) -> Result<Option<String>, CallError> {
        let charge = self
            .send(&charge_api::RetrieveCharge::new(id.to_owned()), None)
            .await?;
        Ok(charge.payment_intent.map(|intent| intent.id().to_string()))
    }

    async fn payment(&self, intent: stripe_shared::PaymentIntent) -> Result<Payment, CallError> {
        use stripe_shared::{ChargeStatus, PaymentIntentStatus};
        let failure = intent.last_payment_error.as_deref().map(|error| {
            let code = error.code.as_ref().map(ToString::to_string);
            error
                .decline_code
                .clone()
                .or(code)
                .unwrap_or_else(|| "payment_failed".into())
        });
        let delayed_failed =
            intent.status == PaymentIntentStatus::RequiresPaymentMethod && failure.is_some();
        let mut payment = Payment {
            reference: intent.metadata.get("donation").cloned(),
            session: None,
            intent_id: Some(intent.id.to_string()),
            charge: None,
            failed: delayed_failed,
            failure,
            live: intent.livemode,
        };
        let charge = match intent.latest_charge {
            Some(Expandable::Object(charge)) => *charge,
            _ => return Ok(payment),
        };
        let paid = intent.status == PaymentIntentStatus::Succeeded
            && charge.status == ChargeStatus::Succeeded
            && charge.paid
            && charge.captured;
        if paid {
            payment.charge = Some(self.charge(charge).await?);
        }
        Ok(payment)
    }

    async fn charge(&self, charge: stripe_shared::Charge) -> Result<Charge, CallError> {
        let currency = currency_of(&charge.currency)?;
        let fee = match &charge.balance_transaction {
            Some(Expandable::Object(known)) => Some(Fee {
                id: known.id.to_string(),
                amount: currency_of(&known.currency)
                    .ok()
                    .and_then(|c| amounts::from_processor(known.fee, c)),
            }),
            _ => None,
        };
        let refunds = match charge.refunds {
            Some(list) if !list.has_more => list.data,
            _ if charge.amount_refunded == 0 => Vec::new(),
            _ => self.refunds_of(charge.id.as_str()).await?,
        };
        let disputes = if charge.disputed {
            self.disputes_of(charge.id.as_str()).await?
        } else {
            Vec::new()
        };
        let created = Timestamp::from_seconds(charge.created)
            .ok_or_else(|| CallError::Refused("a charge of no time that there is".into()))?;
        Ok(Charge {
            id: charge.id.to_string(),
            created,
            captured: amounts::from_processor(charge.amount_captured, currency),
            fee,
            refunds: refunds.into_iter().map(refund).collect(),
            disputes,
        })
    }

    async fn refunds_of(&self, charge: &str) -> Result<Vec<stripe_shared::Refund>, CallError> {
        let mut all: Vec<stripe_shared::Refund> = Vec::new();
        loop {
            let mut request = refund_api::ListRefund::new()
                .charge(charge.to_owned())
                .limit(100);
            if let Some(last) = all.last() {
                request = request.starting_after(last.id.to_string());
            }
            let page = self.send(&request, None).await?;
            let more = page.has_more && !page.data.is_empty();
            all.extend(page.data);
            if !more {
                return Ok(all);
            }
        }
    }

    /// Events of `kinds` made since `since`, oldest first, whether or not a webhook brought them (P21).
    ///
    /// Read narrowly: one event with a word that the library does not know must not hide the others.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn events_since(
        &self,
        since: Timestamp,
        kinds: &[&str],
    ) -> Result<Vec<ListedEvent>, CallError> {
        let mut all: Vec<ListedEvent> = Vec::new();
        loop {
            let query = EventQuery {
                created: RangeQueryTs::gte(since.seconds()),
                types: kinds,
                limit: 100,
                starting_after: all.last().map(|event| event.id.as_str()),
            };
            let request = Narrow::<EventPage>::get("/events", &query);
            let page = self.send(&request, None).await?;
            let more = page.has_more && !page.data.is_empty();
            all.extend(page.data);
            if !more {
                all.reverse();
                return Ok(all);
            }
        }
    }

    /// The versions and URLs of the account's webhook endpoints (P23); `None` where the key may not read them.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn webhook_endpoints(&self) -> Result<Option<Vec<Endpoint>>, CallError> {
        let request = Narrow::<EndpointList>::get("/webhook_endpoints", &());
        match request
            .customize()
            .timeout(self.timeout)
            .send(&self.client)
            .await
        {
            Ok(list) => Ok(Some(list.data)),
            Err(StripeError::Stripe(_, 401 | 403)) => Ok(None),
            Err(error) => Err(classify(&error, false)),
        }
    }

    /// Sends one request: a place, a pace, then tries with growing pauses while the fault allows it.
    async fn send<R>(&self, request: &R, key: Option<&str>) -> Result<R::Output, CallError>
    where
        R: StripeRequest,
        R::Output: miniserde::Deserialize,
    {
        let _place = self
            .places
            .acquire()
            .await
            .map_err(|e| CallError::Away(e.to_string()))?;
        let strategy = match key {
            Some(key) => RequestStrategy::Idempotent(
                IdempotencyKey::new(key).map_err(|e| CallError::Refused(e.to_string()))?,
            ),
            None => RequestStrategy::Once,
        };
        let began = tokio::time::Instant::now();
        let mut tries = 0;
        loop {
            tries += 1;
            self.pace.until_ready().await;
            // All tries together take no longer than one call may (F7, P9).
            let left = self.timeout.saturating_sub(began.elapsed());
            let call = request
                .customize()
                .request_strategy(strategy.clone())
                .timeout(left);
            let error = match call.send(&self.client).await {
                Ok(answer) => return Ok(answer),
                Err(error) => classify(&error, key.is_some()),
            };
            metrics::counter!("selvedge_processor_faults_total").increment(1);
            let again = matches!(error, CallError::Away(_) | CallError::Unknown(_));
            let pause = Duration::from_millis(150u64 << tries.min(5)) + jitter();
            if !again || tries >= self.tries || began.elapsed() + pause >= self.timeout {
                return Err(error);
            }
            tokio::time::sleep(pause).await;
        }
    }
}

/// Up to 100 ms, so that many who failed together do not return together.
fn jitter() -> Duration {
    let mut bytes = [0u8; 1];
    match getrandom::fill(&mut bytes) {
        Ok(()) => Duration::from_millis(u64::from(u8::from_le_bytes(bytes)) * 100 / 255),
        Err(_) => Duration::from_millis(50),
    }
}

/// What an error means for the call's effect. `acts`: whether the call would have changed something.
fn classify(error: &StripeError, acts: bool) -> CallError {
    match error {
        StripeError::Stripe(_, 404) => CallError::Missing,
        // 409: the same key is still at work; 429: refused before anything was done.
        StripeError::Stripe(_, 409 | 429) => CallError::Away("busy".into()),
        StripeError::Stripe(_, status) if *status >= 500 => match acts {
            // Faults row 9.
            true => CallError::Faulted(format!("status {status}")),
            false => CallError::Away(format!("status {status}")),
        },
        StripeError::Stripe(told, status) => CallError::Refused(format!(
            "status {status}, {}",
            told.message.as_deref().unwrap_or("no message")
        )),
        StripeError::ConfigError(text) => CallError::Refused(text.clone()),
        StripeError::ClientError(text)
            if text.contains("Connect") || text.contains("connect error") =>
        {
            CallError::Away("no connection".into())
        }
        StripeError::JSONDeserialize(_) | StripeError::ClientError(_) | StripeError::Timeout => {
            match acts {
                true => CallError::Unknown("no readable answer".into()),
                false => CallError::Away("no readable answer".into()),
            }
        }
    }
}

fn checkout_request(new: &NewCheckout) -> Result<session_api::CreateCheckoutSession, CallError> {
    let refused = |text: String| CallError::Refused(text);
    let amount = amounts::to_processor(new.amount).map_err(|e| refused(e.to_string()))?;
    let currency: stripe_types::Currency = new
        .amount
        .currency()
        .code()
        .to_lowercase()
        .parse()
        .map_err(|_| refused("the processor does not know this currency".into()))?;
    let mut price = session_api::CreateCheckoutSessionLineItemsPriceData::new(currency);
    price.unit_amount = Some(amount);
    price.product_data = Some(session_api::ProductData::new(new.title.clone()));
    let mut item = session_api::CreateCheckoutSessionLineItems::new();
    item.price_data = Some(price);
    item.quantity = Some(1);
    let metadata = HashMap::from([("donation".to_owned(), new.reference.clone())]);
    let mut intent = session_api::CreateCheckoutSessionPaymentIntentData::new();
    intent.metadata = Some(metadata.clone());
    intent.description = Some(new.title.clone());
    Ok(session_api::CreateCheckoutSession::new()
        .mode(stripe_shared::CheckoutSessionMode::Payment)
        .client_reference_id(new.reference.clone())
        .metadata(metadata)
        .payment_intent_data(intent)
        .line_items(vec![item])
        .customer_email(new.email.clone())
        .submit_type(stripe_shared::CheckoutSessionSubmitType::Donate)
        .success_url(new.success_url.clone())
        .cancel_url(new.cancel_url.clone())
        .expires_at(new.expires_at.seconds()))
}

fn refund(refund: stripe_shared::Refund) -> Refund {
    let currency = currency_of(&refund.currency).ok();
    Refund {
        id: refund.id.to_string(),
        amount: currency.and_then(|currency| amounts::from_processor(refund.amount, currency)),
        status: refund.status.unwrap_or_else(|| "pending".into()),
    }
}

fn currency_of(theirs: &stripe_types::Currency) -> Result<Currency, CallError> {
    theirs
        .to_string()
        .to_uppercase()
        .parse()
        .map_err(|_| CallError::Refused("a currency that we do not handle".into()))
}
