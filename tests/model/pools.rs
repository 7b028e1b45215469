//! The part of the model test about match pools: reserved, ended, released by two people, promises that arrive.

use selvedge::auth::UserId;
use selvedge::db::Db;
use selvedge::donations::NewIds;
use selvedge::donations::settle::Settling;
use selvedge::ids::{CampaignId, PageId, ProgramId};
use selvedge::kernel::{Line, Money, Timestamp};
use selvedge::matching::model::{ArrivalId, Basis, ReleaseId, ReleaseKind, TargetKind};
use selvedge::matching::ops::{self, NewArrival, NewPool, Proposal};
use selvedge::matching::{PoolId, Span};

use super::gift::{Gift, Shown};
use super::{Model, dollars};
use crate::harness::chance::Chance;

/// Live pools at once; more are released first.
const LIVE: usize = 4;
/// Pools in all: each settlement reads those of its season that are live.
const MOST: usize = 600;

/// A pool by the model.
#[derive(Debug, Clone)]
pub struct Pool {
    pub id: PoolId,
    ratio: i32,
    cap: Option<i64>,
    starts: Timestamp,
    ends: Timestamp,
    page: Option<PageId>,
    program: Option<ProgramId>,
    pub holds: i64,
    /// What was pledged and has not arrived.
    outstanding: i64,
    is_live: bool,
}

/// A gift as pools look at it.
pub struct Given {
    pub page: Option<PageId>,
    pub program: Option<ProgramId>,
    pub amount: i64,
    pub when: Span,
}

impl Pool {
    fn takes(&self, given: &Given) -> bool {
        let narrowed = self.page.is_some() || self.program.is_some();
        let fits = (self.page.is_some() && self.page == given.page)
            || (self.program.is_some() && self.program == given.program);
        let begins = given.when.to > self.starts
            || (given.when.from == given.when.to && given.when.from == self.starts);
        self.is_live
            && self.holds > 0
            && given.when.from < self.ends
            && begins
            && (fits || !narrowed)
    }
}

/// The oldest pool that takes a gift and holds all that it promises, or else the one that adds most, and what it adds.
pub fn pick(pools: &mut [Pool], given: &Given) -> Option<(usize, i64)> {
    let promise = |pool: &Pool| {
        let share = i128::from(given.amount) * i128::from(pool.ratio) / 10_000;
        i64::try_from(share)
            .unwrap()
            .min(pool.cap.unwrap_or(i64::MAX))
    };
    let taking: Vec<usize> = (0..pools.len())
        .filter(|place| pools[*place].takes(given) && promise(&pools[*place]) > 0)
        .collect();
    let adds = |place: usize| promise(&pools[place]).min(pools[place].holds);
    let whole = taking
        .iter()
        .copied()
        .find(|place| adds(*place) == promise(&pools[*place]));
    let most = || {
        let most = taking.iter().map(|place| adds(*place)).max()?;
        taking.iter().copied().find(|place| adds(*place) == most)
    };
    let place = whole.or_else(most)?;
    let share = adds(place);
    pools[place].holds -= share;
    Some((place, share))
}

pub struct Pools {
    pub campaign: CampaignId,
    pub people: [UserId; 2],
    pub with: Settling,
}

fn line(text: &str) -> Line {
    Line::parse(text, 200).unwrap()
}

impl Pools {
    /// Sometimes something is decided about a pool.
    pub async fn step(&self, db: &Db, model: &mut Model, chance: &mut Chance) {
        // One that is used up stays live, as a refund may fill it again: it takes no place here.
        let live = model
            .pools
            .iter()
            .filter(|pool| pool.is_live && pool.holds > 0);
        let live = live.count();
        match chance.below(100) {
            0..=3 if live < LIVE && model.pools.len() < MOST => self.open(db, model, chance).await,
            0..=3 => self.release(db, model, chance).await,
            4..=5 => self.end(db, model, chance).await,
            6..=8 => self.release(db, model, chance).await,
            9..=10 => self.arrive(db, model, chance).await,
            _ => {}
        }
    }

    async fn open(&self, db: &Db, model: &mut Model, chance: &mut Chance) {
        // Some are used up by a gift or two, most outlive their window and are released.
        let most = if chance.percent(30) {
            20_000
        } else {
            3_000_000
        };
        let amount = chance.between(1, most);
        let seconds = |from: Timestamp, by: i64| from.plus(chrono::Duration::seconds(by));
        let starts = seconds(model.now, chance.between(-60, 20));
        let (is_pledge, narrow) = (chance.percent(50), chance.below(4));
        let pool = Pool {
            id: PoolId::new(),
            ratio: [1, 3_333, 10_000, 25_000][chance.below(4)],
            cap: chance.percent(40).then(|| chance.between(1, 9_000)),
            starts,
            ends: seconds(starts, chance.between(1, 600)),
            page: if narrow == 1 {
                model.a_page(chance)
            } else {
                None
            },
            program: (narrow == 2).then_some(model.program),
            holds: amount,
            outstanding: if is_pledge { amount } else { 0 },
            is_live: true,
        };
        let page = pool.page.map(|id| (TargetKind::Page, id.to_string()));
        let program = pool.program.map(|id| (TargetKind::Program, id.to_string()));
        let new = NewPool {
            id: pool.id,
            campaign: self.campaign,
            sponsor: line("Weavers Guild"),
            sponsor_email: chance
                .percent(50)
                .then(|| "guild@example.net".parse().unwrap()),
            basis: if is_pledge {
                Basis::Pledge
            } else {
                Basis::Gift
            },
            amount: dollars(amount),
            ratio: pool.ratio,
            cap: pool.cap.map(dollars),
            starts_at: pool.starts,
            ends_at: pool.ends,
            targets: page.into_iter().chain(program).collect(),
            note: String::new(),
            token: selvedge::kernel::secret::random_token().unwrap(),
            by: self.people[0],
        };
        let (now, by) = (model.now, self.people[1]);
        db.tx(move |c| {
            ops::draft(c, &new, now)?;
            ops::confirm(c, new.id, by, now)
        })
        .await
        .unwrap();
        model.bank += if is_pledge { 0 } else { amount };
        model.pools.push(pool);
    }

    async fn end(&self, db: &Db, model: &mut Model, chance: &mut Chance) {
        if model.pools.is_empty() {
            return;
        }
        let place = chance.below(model.pools.len());
        let (id, by, now) = (model.pools[place].id, self.people[0], model.now);
        let ended = db.tx(move |c| ops::end_now(c, id, by, now)).await;
        let pool = &mut model.pools[place];
        assert_eq!(ended.is_ok(), pool.is_live && pool.ends > now, "{ended:?}");
        if ended.is_ok() {
            pool.ends = now.max(pool.starts);
        }
    }

    async fn arrive(&self, db: &Db, model: &mut Model, chance: &mut Chance) {
        let owed: Vec<usize> = (0..model.pools.len())
            .filter(|place| model.pools[*place].outstanding > 0)
            .collect();
        let Some(place) = owed.get(chance.below(owed.len().max(1))).copied() else {
            return;
        };
        let owes = model.pools[place].outstanding;
        let amount = if chance.percent(60) {
            owes
        } else {
            chance.between(1, owes + 1)
        };
        let new = NewArrival {
            id: ArrivalId::new(),
            pool: model.pools[place].id,
            amount: dollars(amount),
            on: "2026-12-01".parse().unwrap(),
            reference: line("GUILD"),
            by: self.people[0],
        };
        let now = model.now;
        let arrived = db.tx(move |c| ops::arrive(c, &new, now)).await;
        assert_eq!(arrived.is_ok(), amount <= owes, "{arrived:?}");
        if arrived.is_ok() {
            model.pools[place].outstanding -= amount;
            model.bank += amount;
        }
    }

    /// What is left goes back to the sponsor, or becomes the sponsor's gift to the campaign's own fund.
    async fn release(&self, db: &Db, model: &mut Model, chance: &mut Chance) {
        if model.pools.is_empty() {
            return;
        }
        let live: Vec<usize> = (0..model.pools.len())
            .filter(|place| model.pools[*place].is_live)
            .collect();
        let place = match live.is_empty() || chance.percent(20) {
            true => chance.below(model.pools.len()),
            false => live[chance.below(live.len())],
        };
        let pool = model.pools[place].clone();
        let kind = if chance.percent(50) {
            ReleaseKind::Give
        } else {
            ReleaseKind::Return
        };
        let new = Proposal {
            id: ReleaseId::new(),
            pool: pool.id,
            kind,
            reason: line("It is over."),
            by: self.people[0],
        };
        let (ids, with, by, now) = (
            NewIds::new().unwrap(),
            self.with.clone(),
            self.people[1],
            model.now,
        );
        let done = db
            .tx(move |c| {
                ops::propose(c, &new, now)?;
                selvedge::donations::pools::decide(c, &with, ((new.id, new.pool), &ids), by, now)
            })
            .await;
        let may = now >= pool.ends
            && pool.holds > 0
            && (kind == ReleaseKind::Return || pool.outstanding == 0);
        assert_eq!(done.is_ok(), may, "{pool:?} {done:?}");
        let Ok((_, donation)) = done else {
            return;
        };
        let own = &mut model.pools[place];
        (own.holds, own.is_live) = (0, false);
        let Some(row) = donation else {
            let waived = pool.holds.min(pool.outstanding);
            own.outstanding -= waived;
            model.bank -= pool.holds - waived;
            return;
        };
        assert_eq!(row.charge(), Money::new(pool.holds, row.currency));
        let mut gift = Gift::new(row, vec![(model.own_fund, 10_000)], Vec::new());
        gift.shown = Shown::pending();
        gift.shown
            .arrive((pool.holds, Some(0)), &gift.shares, None, &mut [], now);
        let touched = model.add(gift);
        model.compare(db, &[touched]).await;
    }
}
