//! What staff must know of: findings that stay until somebody closes them, gauges, and reasons to take no money (P3,
//! P22, P23).

use diesel::prelude::*;

use super::Giving;
use super::events::EventState;
use super::settle::Quarantined;
use crate::config::ProcessorKind;
use crate::db::Conn;
use crate::db::schema::{donations, findings, processor_events};
use crate::each;
use crate::error::AppResult;
use crate::kernel::Timestamp;
use crate::payments::API_VERSION;

/// An unprocessed event is too old after so many seconds.
const OLD_EVENT: i64 = 300;
/// Webhooks are silent when none came for so many hours while gifts were paid.
const SILENT_HOURS: i64 = 24;

/// Opens a finding for each payment that fits no gift; one a gift and reason.
///
/// # Errors
/// The database's.
pub fn quarantine(conn: &mut Conn, all: &[Quarantined], now: Timestamp) -> AppResult<()> {
    for one in all {
        tracing::error!(donation = %one.donation, why = %one.why, "a payment was quarantined");
        metrics::counter!("selvedge_payments_quarantined_total").increment(1);
        crate::findings::open(
            conn,
            "payment_quarantined",
            &one.donation.to_string(),
            &one.why,
            now,
        )?;
    }
    Ok(())
}

/// What is wrong with the flow of events right now (P22).
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Alarms {
    /// Age in seconds of the oldest event that was not worked off.
    pub oldest_event_seconds: i64,
    /// Seconds since the last webhook, if gifts were paid meanwhile.
    pub silent_seconds: i64,
    /// Open findings of payments that fit no gift, and events given up on.
    pub quarantined: i64,
}

impl Alarms {
    /// Each threshold that is passed, in words.
    pub fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        if self.oldest_event_seconds > OLD_EVENT {
            words.push(format!(
                "an event of the processor has waited {} s",
                self.oldest_event_seconds
            ));
        }
        if self.silent_seconds > SILENT_HOURS * 3600 {
            words.push(format!(
                "no webhook for {} h, though gifts were paid: check the endpoint",
                self.silent_seconds / 3600
            ));
        }
        if self.quarantined > 0 {
            words.push(format!(
                "{} payments or events are quarantined",
                self.quarantined
            ));
        }
        words
    }
}

/// Measures the flow of events.
///
/// # Errors
/// The database's.
pub fn alarms(conn: &mut Conn, now: Timestamp) -> AppResult<Alarms> {
    use diesel::dsl::{count_star, max, min};
    let oldest = processor_events::table
        .filter(processor_events::state.eq(EventState::Stored))
        .select(min(processor_events::received_at));
    let oldest: Option<Timestamp> = each!(conn, c => oldest.first(c))?;
    let last = processor_events::table
        .filter(processor_events::origin.eq("webhook"))
        .order(processor_events::seq.desc())
        .select(processor_events::received_at);
    let last: Option<Timestamp> = each!(conn, c => last.first(c).optional())?;
    let paid = donations::table.select(max(donations::paid_at));
    let paid: Option<Timestamp> = each!(conn, c => paid.first(c))?;
    let given_up = processor_events::table
        .filter(processor_events::state.eq(EventState::Quarantined))
        .select(count_star());
    let given_up: i64 = each!(conn, c => given_up.first(c))?;
    let misfits = findings::table
        .filter(
            findings::kind
                .eq("payment_quarantined")
                .and(findings::closed_at.is_null()),
        )
        .select(count_star());
    let misfits: i64 = each!(conn, c => misfits.first(c))?;
    let silent = match (last, paid) {
        (Some(last), Some(paid)) if paid > last => now.seconds() - last.seconds(),
        _ => 0,
    };
    Ok(Alarms {
        oldest_event_seconds: oldest.map_or(0, |at| (now.seconds() - at.seconds()).max(0)),
        silent_seconds: silent,
        quarantined: given_up + misfits,
    })
}

impl Giving {
    /// Measures, shows as gauges, and logs each threshold that is passed.
    ///
    /// # Errors
    /// The database's.
    #[allow(clippy::cast_precision_loss)] // Prometheus speaks floats; these are ages and counts.
    pub async fn watch(&self) -> AppResult<Alarms> {
        let now = self.site.clock.now();
        let alarms = self.site.db.read(move |conn| alarms(conn, now)).await?;
        metrics::gauge!("selvedge_oldest_event_seconds").set(alarms.oldest_event_seconds as f64);
        metrics::gauge!("selvedge_webhooks_silent_seconds").set(alarms.silent_seconds as f64);
        metrics::gauge!("selvedge_quarantined").set(alarms.quarantined as f64);
        for word in alarms.words() {
            tracing::error!(alarm = %word, "payments need somebody to look");
        }
        Ok(alarms)
    }

    /// P23: whether this installation may take money: a processor, secrets of its webhooks, and endpoints that speak
    /// our version and mode. What is wrong closes giving and shows in `/readyz`.
    pub async fn check_processor(&self) {
        let why = self.why_closed().await;
        if let Some(why) = &why {
            tracing::error!(why, "no money is taken");
        }
        *self.closed_because.write() = why;
    }

    async fn why_closed(&self) -> Option<String> {
        let config = &self.site.config;
        let Some(processor) = &self.processor else {
            return Some(
                "no card processor is set up: set STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET"
                    .into(),
            );
        };
        if self.webhook_secrets.is_empty() {
            return Some(
                "STRIPE_WEBHOOK_SECRET is not set: paid gifts would not be heard of".into(),
            );
        }
        let endpoints = match processor.webhook_endpoints().await {
            Ok(Some(endpoints)) => endpoints,
            // A restricted key may not read them; then nothing speaks against it.
            Ok(None) => return None,
            Err(error) => {
                tracing::warn!(cause = %error, "the processor's webhook endpoints could not be read");
                return None;
            }
        };
        let ours = format!("{}/webhooks/stripe", config.public_url());
        let own: Vec<_> = endpoints
            .iter()
            .filter(|endpoint| endpoint.url == ours)
            .collect();
        if let Some(wrong) = own
            .iter()
            .find(|endpoint| endpoint.livemode != config.is_live())
        {
            let mode = |live| if live { "live" } else { "test" };
            return Some(format!(
                "the webhook endpoint is of {} mode, the key of {} mode: use both of one mode",
                mode(wrong.livemode),
                mode(config.is_live())
            ));
        }
        let version = own
            .iter()
            .find_map(|endpoint| endpoint.api_version.clone().filter(|v| v != API_VERSION))?;
        if config.processor() == ProcessorKind::None {
            return None;
        }
        Some(format!(
            "the webhook endpoint speaks {version}, this program {API_VERSION}: make the endpoint anew with that version"
        ))
    }
}
