//! The sender: signs each event as Stripe documents and posts it until somebody answers 2xx.

use std::time::Duration;

use diesel::prelude::*;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::kernel::secret::{ExposeSecret, hmac_sha256_hex};

use super::mood::WebhookMood;
use super::refusal::Fault;
use super::schema::{events, sends};
use super::store::{Origin, Teller};
use super::{House, Sandbox};

/// Seconds before the second, third … try; the last one repeats.
const BACKOFF_SECONDS: [i64; 6] = [1, 2, 5, 10, 30, 60];
const TRIES: i32 = 20;
const PARALLEL: usize = 8;
/// At most this many are taken up at a time.
const BATCH: usize = 64;
/// How long a send belongs to the process that took it: longer than a batch of time-outs.
const LEASE_MS: i64 = 120_000;
/// Once everything due is sent, the sender looks again after this, or when something happens.
const PAUSE: Duration = Duration::from_millis(250);

/// One send taken up.
struct Parcel {
    id: i64,
    event: String,
    body: String,
    attempt: i32,
}

/// What is taken up, and how it is to be signed.
pub(super) struct Round {
    parcels: Vec<Parcel>,
    mood: WebhookMood,
    at: i64,
    /// How far any process of this file has turned the clock.
    clock_offset: i64,
}

impl Sandbox {
    /// Sends until `stop` turns true. Undelivered sends are rows, so the next process goes on where this one ended.
    pub async fn deliver_webhooks(&self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            if self.deliver_due_once().await > 0 {
                continue;
            }
            tokio::select! {
                changed = stop.changed() => if changed.is_err() { return },
                () = self.something_happened() => {}
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    /// Lets due things happen, then sends what is due now, once; tells how many sends were tried.
    pub async fn deliver_due_once(&self) -> usize {
        let round = match self.work_quietly(Origin::default(), take_up).await {
            Ok(round) => round,
            Err(fault) => {
                drop(fault.into_refusal());
                return 0;
            }
        };
        self.follow_clock(round.clock_offset);
        let count = round.parcels.len();
        let mut going = JoinSet::new();
        let mut parcels = round.parcels.into_iter();
        loop {
            while going.len() < PARALLEL {
                let Some(parcel) = parcels.next() else { break };
                let signature = sign(self.house(), &round.mood, round.at, &parcel.body);
                going.spawn(self.clone().send(parcel, signature));
            }
            if going.join_next().await.is_none() {
                return count;
            }
        }
    }

    async fn send(self, parcel: Parcel, signature: String) {
        let sent = self
            .http()
            .post(&self.house().webhook_url)
            .header("content-type", "application/json; charset=utf-8")
            .header("stripe-signature", signature)
            .body(parcel.body)
            .send()
            .await;
        let arrived = sent.is_ok_and(|answer| answer.status().is_success());
        let noted = self
            .work_quietly(Origin::default(), move |teller| {
                teller.note_send(parcel.id, &parcel.event, parcel.attempt, arrived)
            })
            .await;
        if let Err(fault) = noted {
            // The lease ends and the event is sent again: at least once, as Stripe promises.
            drop(fault.into_refusal());
        }
    }
}

pub(super) fn take_up(teller: &mut Teller<'_>) -> Result<Round, Fault> {
    let mood = teller.mood()?.webhooks;
    let now_ms = teller.now.micros() / 1_000;
    let mut round = Round {
        parcels: Vec::new(),
        mood,
        at: teller.now.seconds(),
        clock_offset: teller.clock_offset()?,
    };
    if round.mood.paused {
        return Ok(round);
    }
    let limit = if round.mood.shuffle { 1_000 } else { BATCH };
    let mut due: Vec<(i64, String, i32)> = sends::table
        .filter(sends::state.eq_any(["waiting", "leased"]))
        .filter(sends::due_at.le(now_ms))
        .order((sends::due_at, sends::id))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .select((sends::id, sends::event, sends::attempt))
        .load(teller.conn)?;
    if round.mood.shuffle && due.len() > 1 {
        teller.with_dice(|dice| {
            for last in (1..due.len()).rev() {
                let bound = u64::try_from(last).unwrap_or(u64::MAX).saturating_add(1);
                let other = usize::try_from(dice.roll() % bound).unwrap_or(last);
                due.swap(last, other);
            }
        })?;
    }
    due.truncate(BATCH);
    for (id, event, attempt) in due {
        diesel::update(sends::table.filter(sends::id.eq(id)))
            .set((
                sends::state.eq("leased"),
                sends::due_at.eq(now_ms.saturating_add(LEASE_MS)),
            ))
            .execute(teller.conn)?;
        let body: String = events::table
            .filter(events::id.eq(&event))
            .select(events::body)
            .first(teller.conn)?;
        round.parcels.push(Parcel {
            id,
            event,
            body,
            attempt: attempt.saturating_add(1),
        });
    }
    Ok(round)
}

impl Teller<'_> {
    fn note_send(
        &mut self,
        id: i64,
        event: &str,
        attempt: i32,
        arrived: bool,
    ) -> Result<(), Fault> {
        let now_ms = self.now.micros() / 1_000;
        let place = usize::try_from(attempt.saturating_sub(1)).unwrap_or_default();
        let wait = BACKOFF_SECONDS.get(place).copied().unwrap_or(60);
        let state = match (arrived, attempt < TRIES) {
            (true, _) => "delivered",
            (false, true) => "waiting",
            (false, false) => "gave_up",
        };
        diesel::update(sends::table.filter(sends::id.eq(id)))
            .set((
                sends::state.eq(state),
                sends::attempt.eq(attempt),
                sends::due_at.eq(now_ms.saturating_add(wait * 1_000)),
            ))
            .execute(self.conn)?;
        if arrived {
            diesel::update(events::table.filter(events::id.eq(event)))
                .set(events::pending.eq(0))
                .execute(self.conn)?;
        }
        Ok(())
    }

    /// Sends that a killed process had taken up are due again.
    pub fn release_sends(&mut self) -> Result<(), Fault> {
        diesel::update(sends::table.filter(sends::state.eq("leased")))
            .set((
                sends::state.eq("waiting"),
                sends::due_at.eq(self.now.micros() / 1_000),
            ))
            .execute(self.conn)?;
        Ok(())
    }
}

/// `t=…,v1=…`: HMAC-SHA-256 of `t.body` (<https://docs.stripe.com/webhooks#verify-manually>), once for each secret
/// that signs.
fn sign(house: &House, mood: &WebhookMood, at: i64, body: &str) -> String {
    let signing = if mood.rotating {
        house.secrets.len()
    } else {
        1
    };
    let stamp = at.to_string();
    let mut header = format!("t={stamp}");
    for secret in house.secrets.iter().take(signing) {
        let secret = if mood.bad_signature {
            "whsec_not_the_secret"
        } else {
            secret.expose_secret()
        };
        let mac = hmac_sha256_hex(
            secret.as_bytes(),
            &[stamp.as_bytes(), b".", body.as_bytes()],
        );
        header.push_str(",v1=");
        header.push_str(&mac);
    }
    header
}
