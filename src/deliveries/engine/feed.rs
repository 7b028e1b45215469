//! Claims recipients and makes them ready: facts of a whole batch at a time (a fixed number of queries), the newsletter
//! itself once a version.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::super::bulk::Bulk;
use super::super::claim::{self, Ask, Claimed};
use super::super::schedule;
use super::Inner;
use super::pool::{Pool, Ready};
use crate::analytics::record;
use crate::error::AppResult;
use crate::kernel::Timestamp;
use crate::newsletters::NewsletterId;
use crate::newsletters::render::Facts;
use crate::subscribers::SubscriberId;

/// The pool is filled when fewer wait.
pub(super) const LOW: usize = 250;
/// Recipients of one claim.
const BATCH: i64 = 400;

impl Inner {
    /// Claims a batch into the pool; answers how many recipients were dealt with, claimed or not.
    pub(super) async fn fill(&self, pool: &Pool) -> AppResult<usize> {
        if self.rests() {
            return Ok(0);
        }
        let (now, last) = (self.clock.now(), self.memory.lock().last);
        let found = self
            .db
            .read(move |conn| {
                if schedule::is_held(conn)? {
                    return Ok(None);
                }
                claim::work(conn, last, now)
            })
            .await?;
        let Some((id, version)) = found else {
            return Ok(0);
        };
        self.memory.lock().last = Some(id);
        let ready = self.ready(id, version).await;
        let Some(bulk) = self.or_halt(id, ready).await? else {
            return Ok(0);
        };
        let ask = Ask {
            newsletter: id,
            grounds: Arc::clone(&bulk.grounds),
            token: self.token(),
            most: BATCH,
            lease: self.lease,
            now,
        };
        let claimed_at = Instant::now();
        let put_off = self
            .memory
            .lock()
            .put_off
            .get(&id)
            .cloned()
            .unwrap_or_default();
        let pace = self.pace.clone();
        let (taken, put_off) = self
            .db
            .tx(move |conn| {
                // A transaction may run twice: it begins from what was known before.
                let mut put_off = put_off.clone();
                let taken = claim::claim(conn, &ask, &pace, &mut put_off)?;
                Ok((taken, put_off))
            })
            .await?;
        self.memory.lock().put_off.insert(id, put_off);
        if taken.is_capped {
            return Ok(0);
        }
        let dealt = taken.claimed.len() + taken.passed;
        let equipped = self.equip(pool, &bulk, taken.claimed, claimed_at).await;
        let is_equipped = self.or_halt(id, equipped).await?.is_some();
        Ok(if is_equipped { dealt } else { 0 })
    }

    /// The newsletter, prepared.
    async fn ready(&self, id: NewsletterId, version: i64) -> AppResult<Arc<Bulk>> {
        if let Some((known, bulk)) = self.memory.lock().ready.get(&id)
            && *known == version
        {
            return Ok(Arc::clone(bulk));
        }
        let house = self.house.clone();
        let bulk = self
            .db
            .read(move |conn| Bulk::load(conn, id, &house))
            .await?;
        let bulk = Arc::new(bulk);
        if bulk.counting.clicks {
            let with = Arc::clone(&bulk);
            self.db
                .tx(move |conn| record::keep_links(conn, id, &with.prepared.links))
                .await?;
        }
        let mut memory = self.memory.lock();
        if memory.ready.len() > 32 {
            memory.ready.clear();
        }
        memory.ready.insert(id, (version, Arc::clone(&bulk)));
        Ok(bulk)
    }

    /// Notes that stories leave with these mails, so that a later revocation finds every copy (S17). Who is given back and
    /// claimed again is counted again: rather too many than too few.
    async fn note_copies(
        &self,
        bulk: &Arc<Bulk>,
        facts: &BTreeMap<SubscriberId, Facts>,
        now: Timestamp,
    ) -> AppResult<()> {
        let Some(withheld) = facts.values().next().map(|one| Arc::clone(&one.withheld)) else {
            return Ok(());
        };
        if bulk.prepared.content().stories().is_empty() {
            return Ok(());
        }
        let (bulk, recipients) = (Arc::clone(bulk), i64::try_from(facts.len()).unwrap_or(0));
        self.db
            .tx(move |conn| bulk.prepared.note_copies(conn, &withheld, recipients, now))
            .await
    }

    /// What the batch's mails say, and the note that stories leave with them.
    async fn facts(
        &self,
        bulk: &Arc<Bulk>,
        claimed: &[Claimed],
        now: Timestamp,
    ) -> AppResult<BTreeMap<SubscriberId, Facts>> {
        let people: Vec<SubscriberId> = claimed.iter().map(|one| one.subscriber).collect();
        let with = Arc::clone(bulk);
        let facts = self
            .db
            .read(move |conn| with.prepared.facts(conn, &people, now))
            .await?;
        self.note_copies(bulk, &facts, now).await?;
        Ok(facts)
    }

    /// Reads the batch's facts and puts it into the pool.
    async fn equip(
        &self,
        pool: &Pool,
        bulk: &Arc<Bulk>,
        claimed: Vec<Claimed>,
        claimed_at: Instant,
    ) -> AppResult<()> {
        if claimed.is_empty() {
            return Ok(());
        }
        let now = self.clock.now();
        let mut facts = match self.facts(bulk, &claimed, now).await {
            Ok(facts) => facts,
            Err(cause) => {
                self.give_back(claimed).await?;
                return Err(cause);
            }
        };
        let mut gone = Vec::new();
        let mut ready = Vec::with_capacity(claimed.len());
        for one in claimed {
            let Some(facts) = facts.remove(&one.subscriber) else {
                gone.push(one.id);
                continue;
            };
            let wait = one.at.micros() - now.micros();
            let wait = Duration::from_micros(u64::try_from(wait).unwrap_or(0));
            ready.push(Ready {
                at: Instant::now() + wait,
                claimed: one,
                bulk: Arc::clone(bulk),
                facts,
                claimed_at,
            });
        }
        pool.put(ready);
        if !gone.is_empty() {
            self.db
                .tx(move |conn| claim::skip(conn, &gone, "gone", now))
                .await?;
        }
        Ok(())
    }
}
