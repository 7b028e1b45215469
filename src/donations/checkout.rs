//! The path from a request to an open checkout, and from the processor's records back to ours.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::command::Give;
use super::model::{Donation, DonationId};
use super::opening::{self, OperationState, Step};
use super::ops::{self, CoverOffer, Fresh};
use super::settle::{self, Applied, Settling};
use crate::campaigns;
use crate::error::{AppError, AppResult};
use crate::kernel::secret::SecretString;
use crate::kernel::{Money, Timestamp, crash};
use crate::mail::Mails;
use crate::payments::client::{CallError, NewCheckout, Payment, Processor};
use crate::payments::webhook::Reference;
use crate::web::Site;

/// How long a donor waits for the checkout at most (F7).
const PATIENCE: Duration = Duration::from_secs(12);

/// Keys that one request may wear out while the processor fails.
const KEYS: u32 = 3;

/// What the path of a gift needs at hand. Clones share it.
#[derive(Clone)]
pub struct Giving {
    /// Settings, database, clock, views.
    pub site: actix_web::web::Data<Site>,
    /// The processor; `None` where none is set up.
    pub processor: Option<Processor>,
    /// Receipts.
    pub mails: Mails,
    /// Secrets that sign the processor's webhooks; several while one is rolled (P11).
    pub webhook_secrets: Arc<Vec<SecretString>>,
    /// Wakes whoever works off the processor's events.
    pub events: Arc<Notify>,
    /// Why no money is taken right now (P23); `None`: it is.
    pub closed_because: Arc<RwLock<Option<String>>>,
}

impl Giving {
    /// Puts the parts together.
    pub fn new(
        site: actix_web::web::Data<Site>,
        processor: Option<Processor>,
        mails: Mails,
        webhook_secrets: Vec<SecretString>,
    ) -> Self {
        let closed = processor.is_none().then(|| {
            "no card processor is set up: set STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET"
                .to_owned()
        });
        Self {
            site,
            processor,
            mails,
            webhook_secrets: Arc::new(webhook_secrets),
            events: Arc::new(Notify::new()),
            closed_because: Arc::new(RwLock::new(closed)),
        }
    }

    /// What "cover the fee" is offered at.
    pub fn cover(&self) -> CoverOffer {
        let payments = &self.site.config.payments;
        CoverOffer {
            basis_points: payments.cover_basis_points,
            fixed: payments.cover_fixed,
        }
    }

    /// Begins a gift and opens its checkout; a repeat under the same key answers the same gift.
    ///
    /// # Errors
    /// What the donor can mend; [`AppError::Unavailable`] when the processor cannot be reached: then nothing was
    /// charged, and the same key goes on from here.
    pub async fn give(&self, give: Give, key: &str) -> AppResult<Donation> {
        if let Some(why) = self.closed_because.read().clone() {
            tracing::warn!(why, "a gift could not be taken");
            return Err(AppError::Unavailable {
                what: "Gifts cannot be taken right now; the people who run this campaign have been told. Nothing was charged.".into(),
                retry_after: 300,
            });
        }
        let begun = self.begin(give, key).await?;
        crash::point("gift-begun");
        self.open_checkout(begun.id).await
    }

    /// Two equal requests may meet: the loser of the race finds the winner's gift.
    async fn begin(&self, give: Give, key: &str) -> AppResult<Donation> {
        let give = Arc::new(give);
        let mut tries = 0;
        loop {
            let (give, key, fresh) = (Arc::clone(&give), key.to_owned(), Fresh::new()?);
            let (cover, now) = (self.cover(), self.site.clock.now());
            let begun = self
                .site
                .db
                .tx(move |conn| ops::begin(conn, &give, &key, &fresh, cover, now))
                .await;
            match begun {
                Err(AppError::Database(cause))
                    if crate::error::faults::is_duplicate(&cause) && tries < 5 =>
                {
                    tries += 1
                }
                other => return other,
            }
        }
    }

    /// Opens the gift's checkout, or waits for whoever is opening it, or finds it open.
    ///
    /// # Errors
    /// As [`Giving::give`].
    pub async fn open_checkout(&self, id: DonationId) -> AppResult<Donation> {
        let deadline = Instant::now() + PATIENCE;
        let lease = crate::kernel::secret::random_token()?;
        let mut worn_out = 0;
        loop {
            let (token, now) = (lease.clone(), self.site.clock.now());
            let step = self
                .site
                .db
                .tx(move |conn| opening::claim(conn, id, &token, now))
                .await;
            match step {
                Ok(Step::Ready(donation)) => return Ok(*donation),
                Ok(Step::Refused) => return Err(refused()),
                Ok(Step::Call {
                    donation,
                    key,
                    look_since,
                }) => {
                    if let Some(opened) = self.call(*donation, key, look_since, &lease).await? {
                        return Ok(opened);
                    }
                    worn_out += 1;
                    if worn_out >= KEYS {
                        return Err(away());
                    }
                }
                Err(AppError::Database(cause)) if crate::error::faults::is_duplicate(&cause) => {}
                Ok(Step::Wait) => {}
                Err(error) => return Err(error),
            }
            if Instant::now() >= deadline {
                return Err(away());
            }
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
    }

    /// Makes one call. `None`: the key is worn out, and another may be tried after a look at the processor's records.
    async fn call(
        &self,
        donation: Donation,
        key: String,
        look_since: Option<Timestamp>,
        lease: &str,
    ) -> AppResult<Option<Donation>> {
        let processor = self.processor.as_ref().ok_or_else(away)?;
        let new = self.checkout_for(&donation).await?;
        crash::point("checkout-asked");
        let found = match look_since {
            Some(since) => processor.find_checkout(&new.reference, since).await,
            None => Ok(None),
        };
        // A look that failed must be made again before this key is used.
        let looked = found.is_ok();
        let answer = match found {
            Ok(Some(found)) => Ok(found),
            Ok(None) => processor.create_checkout(&new, &key).await,
            Err(error) => Err(error),
        };
        crash::point("checkout-answered");
        let (id, now) = (donation.id, self.site.clock.now());
        match answer {
            Ok(checkout) => {
                let stored = self
                    .site
                    .db
                    .tx(move |conn| opening::store_checkout(conn, id, &key, &checkout, now))
                    .await;
                crash::point("checkout-stored");
                stored.map(Some)
            }
            Err(error) => {
                tracing::warn!(donation = %id, cause = %error, "checkout could not be opened");
                let state = match &error {
                    CallError::Refused(_) | CallError::Missing => OperationState::Refused,
                    CallError::Faulted(_) => OperationState::Faulted,
                    _ if !looked => OperationState::Faulted,
                    _ => OperationState::Unknown,
                };
                let (lease, cause) = (lease.to_owned(), error.to_string());
                self.site
                    .db
                    .tx(move |conn| {
                        opening::store_fault(conn, id, &key, &lease, state, &cause, now)
                    })
                    .await?;
                match state {
                    OperationState::Refused => Err(refused()),
                    OperationState::Faulted if looked => Ok(None),
                    _ => Err(away()),
                }
            }
        }
    }

    async fn checkout_for(&self, donation: &Donation) -> AppResult<NewCheckout> {
        let (campaign, supporter) = (donation.campaign_id, donation.supporter_id);
        let (campaign, email) = self
            .site
            .db
            .read(move |conn| {
                Ok((
                    campaigns::model::by_id(conn, campaign)?,
                    super::mails::address_of(conn, supporter)?,
                ))
            })
            .await?;
        let public = self.site.config.public_url();
        let seconds = self
            .site
            .config
            .payments
            .checkout_seconds
            .clamp(1_860, 86_100);
        Ok(NewCheckout {
            reference: donation.id.to_string(),
            amount: donation.charge(),
            title: format!("Gift to {}", campaign.title),
            email: email.to_string(),
            success_url: format!("{public}/thanks/{}", donation.token),
            cancel_url: format!("{public}/give/{}?again={}", campaign.slug, donation.token),
            // Counted from the gift's beginning, so that a repeat under the same key asks for the same thing (P5).
            expires_at: donation.created_at.plus(chrono::Duration::seconds(seconds)),
        })
    }

    /// Asks the processor how `references` stand, and applies it. Unknown ones are left out.
    ///
    /// # Errors
    /// When the database is away. Calls that failed are answered beside what was applied.
    pub async fn sync(
        &self,
        references: Vec<Reference>,
    ) -> AppResult<(Applied, Vec<(Reference, CallError)>)> {
        let (payments, failed) = self.fetch(references).await;
        let applied = self.apply(payments).await?;
        Ok((applied, failed))
    }

    /// Fetches payments side by side; the client spaces the calls.
    pub(super) async fn fetch(
        &self,
        references: Vec<Reference>,
    ) -> (Vec<Payment>, Vec<(Reference, CallError)>) {
        let Some(processor) = &self.processor else {
            return (Vec::new(), Vec::new());
        };
        let calls = references.into_iter().map(|reference| async move {
            let answer = match &reference {
                Reference::Session(id) => processor.payment_of_session(id).await,
                Reference::PaymentIntent(id) => processor.payment_of_intent(id).await,
                Reference::Charge(id) => match processor.intent_of_charge(id).await {
                    Ok(Some(intent)) => processor.payment_of_intent(&intent).await,
                    Ok(None) => Err(CallError::Missing),
                    Err(error) => Err(error),
                },
            };
            (reference, answer)
        });
        let mut payments = Vec::new();
        let mut failed = Vec::new();
        for (reference, answer) in futures_util::future::join_all(calls).await {
            match answer {
                // Test money at a live installation, or the other way round, is nobody's (P11).
                Ok(payment) if payment.live == self.site.config.is_live() => payments.push(payment),
                Ok(_) => failed.push((reference, CallError::Missing)),
                Err(error) => failed.push((reference, error)),
            }
        }
        (payments, failed)
    }

    pub(super) async fn apply(&self, payments: Vec<Payment>) -> AppResult<Applied> {
        if payments.is_empty() {
            return Ok(Applied::default());
        }
        let (with, now) = (self.settling(), self.site.clock.now());
        let applied = self
            .site
            .db
            .tx(move |conn| {
                let applied = settle::apply(conn, &with, &payments, now)?;
                super::alerts::quarantine(conn, &applied.quarantined, now)?;
                Ok(applied)
            })
            .await?;
        crash::point("settle-committed");
        self.show(&applied);
        Ok(applied)
    }

    /// What settling needs beside the connection: for whoever confirms gifts by hand.
    pub fn settling(&self) -> Settling {
        Settling {
            mails: self.mails.clone(),
            public_url: self.site.config.public_url(),
            organisation: self.site.config.site.name.clone(),
        }
    }

    /// Lets every view and open page know of new totals.
    pub fn show(&self, applied: &Applied) {
        let mut scopes: Vec<(&str, String)> = Vec::new();
        for donation in &applied.changed {
            scopes.push(("campaign", donation.campaign_id.to_string()));
            scopes.extend(donation.page_id.map(|id| ("page", id.to_string())));
            scopes.extend(donation.team_id.map(|id| ("team", id.to_string())));
        }
        scopes.sort();
        scopes.dedup();
        for (scope, id) in &scopes {
            self.site.views.changed(scope, id);
        }
        self.tell(scopes);
        metrics::counter!("selvedge_gifts_settled_total")
            .increment(u64::try_from(applied.settled.len()).unwrap_or_default());
    }

    /// The money that `amount` would be charged with the fee covered: for the form's words.
    pub fn covered(&self, amount: Money) -> AppResult<Money> {
        Ok(amount.plus(self.cover().on(amount))?)
    }
}

fn away() -> AppError {
    AppError::Unavailable {
        what: "The card processor cannot be reached right now. Nothing was charged; please try again in a minute, what you typed is kept.".into(),
        retry_after: 30,
    }
}

fn refused() -> AppError {
    AppError::Unprocessable {
        code: "processor_refused",
        detail: "the card processor does not take this gift as it is; nothing was charged. Try another amount, or write to us".into(),
    }
}
