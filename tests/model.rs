//! A small model of the gifts, of the grants that take them and the real store run the same random program, and agree after every step (L12).
//!
//! The program makes the processor's truth (paid, fee known at once or late, refunds, refunds that fail), and shows the store
//! any sighting of it so far: late, twice, out of order, several of one gift in a batch, in transactions that fail after
//! their work and run again. Between them it puts new policies in force, pays grants (oldest gifts first) and lets some come
//! back, and covers what the reserve carries. `SELVEDGE_MODEL_SEED` repeats a program, `SELVEDGE_MODEL_STEPS` sets its length.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use selvedge::db::schema::{donations, splits, supporters, totals, transfers};
use selvedge::db::{Conn, Db};
use selvedge::donations::model::{Donation, Split};
use selvedge::donations::settle::{self, Settling};
use selvedge::donations::{DonationId, DonationStatus, SupporterId};
use selvedge::each;
use selvedge::error::{AppError, AppResult};
use selvedge::funds::{self, FundId};
use selvedge::kernel::apportion::largest_remainder;
use selvedge::kernel::{Currency, Money, Timestamp};
use selvedge::ledger::{self, Account};
use selvedge::payments::client::{Charge, Fee, Payment, Refund, SessionState};

use crate::harness::chance::Chance;
use crate::harness::world::World;
use crate::model_grants::Grants;

const GIVERS: usize = 7;

/// A gift: who gave it to whom, what the processor knows, and what the store was shown.
pub struct Gift {
    pub row: Donation,
    /// The shares of the policy that it was made under, or of its program alone.
    shares: Vec<(FundId, i64)>,
    /// The processor's truth, one sighting for each of its states; the last is the present.
    sightings: Vec<Payment>,
    pub shown: Shown,
}

/// What the store must say.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    status: DonationStatus,
    fee: Option<i64>,
    /// What was not taken back from each part, in the order of the policy.
    held: Vec<(FundId, i64)>,
    /// What grants took of each part, and what of it the reserve carries since it was taken back.
    pub granted: Vec<i64>,
    pub carried: Vec<i64>,
    /// When it was set aside.
    pub settled: Option<Timestamp>,
    /// Refunds seen: what each took from the fee's part and from each fund, and how much of that the reserve carries; empty:
    /// failed before it was booked.
    refunds: HashMap<String, Vec<(i64, i64)>>,
    failed: BTreeSet<String>,
    /// How much of the fee no fund could bear yet.
    unborne: i64,
}

impl Shown {
    fn refunded(&self) -> i64 {
        self.refunds
            .iter()
            .filter(|(id, _)| !self.failed.contains(*id))
            .map(|(_, parts)| parts.iter().map(|(part, _)| part).sum::<i64>())
            .sum()
    }

    fn sum(&self) -> i64 {
        self.held.iter().map(|(_, minor)| minor).sum()
    }

    fn remaining(&self) -> Vec<i64> {
        self.held.iter().map(|(_, minor)| *minor).collect()
    }

    /// What still lies in the fund of a part.
    pub fn lies(&self, place: usize) -> i64 {
        self.held[place].1 + self.carried[place] - self.granted[place]
    }

    /// The place of a fund among the parts.
    pub fn place(&self, fund: FundId) -> Option<usize> {
        self.held.iter().position(|(id, _)| *id == fund)
    }

    /// Takes parts back: out of the funds, and what does not lie there any more out of the reserve. Answers that.
    fn take(&mut self, parts: &[i64]) -> Vec<i64> {
        let mut carried = Vec::new();
        for (place, part) in parts.iter().enumerate() {
            let carries = part - self.lies(place).min(*part);
            self.held[place].1 -= part;
            self.carried[place] += carries;
            carried.push(carries);
        }
        carried
    }

    /// Lets the funds bear what they can of a fee that came late.
    fn bear(&mut self) {
        let bears = self.unborne.min(self.sum());
        let parts = largest_remainder(bears, &self.remaining()).unwrap();
        self.take(&parts);
        self.unborne -= bears;
    }

    fn see(&mut self, payment: &Payment, charged: i64, shares: &[(FundId, i64)], now: Timestamp) {
        let Some(charge) = &payment.charge else {
            if self.status == DonationStatus::Pending {
                self.status = match payment.session.as_ref().unwrap().1 {
                    SessionState::Expired => DonationStatus::Expired,
                    SessionState::Complete if payment.failed => DonationStatus::Failed,
                    _ => DonationStatus::Pending,
                };
            }
            return;
        };
        let fee = charge.fee.as_ref().map(|fee| fee.amount.unwrap().minor());
        if self.status.is_open() {
            let weights: Vec<i64> = shares.iter().map(|(_, weight)| *weight).collect();
            let parts = largest_remainder(charged - fee.unwrap_or_default(), &weights).unwrap();
            self.held = shares
                .iter()
                .zip(parts)
                .map(|((fund, _), part)| (*fund, part))
                .collect();
            (self.granted, self.carried) = (vec![0; self.held.len()], vec![0; self.held.len()]);
            self.fee = fee;
            self.settled = Some(now);
        } else if let (None, Some(late)) = (self.fee, fee) {
            self.fee = Some(late);
            self.unborne = late;
            self.bear();
        }
        let (failed, good): (Vec<&Refund>, Vec<&Refund>) = charge
            .refunds
            .iter()
            .partition(|one| one.status == "failed");
        for refund in failed {
            if self.failed.insert(refund.id.clone()) {
                let back = self.refunds.entry(refund.id.clone()).or_default().clone();
                for (place, (part, carried)) in back.iter().skip(1).enumerate() {
                    self.held[place].1 += part;
                    self.carried[place] -= carried;
                }
                self.bear();
            }
        }
        for refund in good {
            if self.refunds.contains_key(&refund.id) {
                continue;
            }
            let mut weights = vec![charged - self.refunded() - self.sum()];
            weights.extend(self.remaining());
            let parts = largest_remainder(refund.amount.unwrap().minor(), &weights).unwrap();
            let carried = std::iter::once(0).chain(self.take(&parts[1..]));
            let taken = parts.iter().copied().zip(carried).collect();
            self.refunds.insert(refund.id.clone(), taken);
        }
        self.status = match self.refunded() {
            0 => DonationStatus::Paid,
            all if all == charged => DonationStatus::Refunded,
            _ => DonationStatus::PartiallyRefunded,
        };
    }
}

pub struct Model {
    pub gifts: Vec<Gift>,
    pub shares: Vec<(FundId, i64)>,
    /// The version under which gifts are made.
    pub policy: selvedge::funds::PolicyId,
    kolkata: FundId,
    template: Vec<Donation>,
    pub now: Timestamp,
}

fn dollars(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

impl Model {
    /// The shares of a gift: its program's fund alone, or the policy's.
    fn shares_of(&self, row: &Donation) -> Vec<(FundId, i64)> {
        if row.program_id.is_some() {
            vec![(self.kolkata, 10_000)]
        } else {
            self.shares.clone()
        }
    }

    fn begin(&mut self, chance: &mut Chance) -> Donation {
        let mut row = self.template[chance.below(self.template.len())].clone();
        row.id = DonationId::new();
        row.token = selvedge::kernel::secret::random_token().unwrap();
        // Often small, so that parts of a cent and empty parts are met.
        row.charged = if chance.percent(30) {
            chance.between(40, 60)
        } else {
            chance.between(500, 20_000)
        };
        row.amount = row.charged;
        row.policy_id = self.policy;
        row.session_id = Some(format!("cs_{}", row.id));
        let open = Payment {
            reference: Some(row.id.to_string()),
            session: Some((format!("cs_{}", row.id), SessionState::Open)),
            intent_id: None,
            charge: None,
            failed: false,
            failure: None,
            live: false,
        };
        let shown = Shown {
            status: DonationStatus::Pending,
            fee: None,
            held: Vec::new(),
            granted: Vec::new(),
            carried: Vec::new(),
            settled: None,
            refunds: HashMap::new(),
            failed: BTreeSet::new(),
            unborne: 0,
        };
        let shares = self.shares_of(&row);
        self.gifts.push(Gift {
            row: row.clone(),
            shares,
            sightings: vec![open],
            shown,
        });
        row
    }

    /// Something happens at the processor.
    fn happen(&mut self, chance: &mut Chance) {
        let place = chance.below(self.gifts.len());
        let gift = &mut self.gifts[place];
        let mut next = gift.sightings.last().unwrap().clone();
        let (id, charged) = (gift.row.id, gift.row.charged);
        let fee = Fee {
            id: format!("txn_{id}"),
            amount: Some(dollars(charged * 29 / 1_000 + 30)),
        };
        match &mut next.charge {
            None if chance.percent(15) => {
                let delayed = chance.percent(50);
                let state = if delayed {
                    SessionState::Complete
                } else {
                    SessionState::Expired
                };
                (next.failed, next.session) = (delayed, Some((format!("cs_{id}"), state)));
            }
            None => {
                next.session = Some((format!("cs_{id}"), SessionState::Complete));
                next.intent_id = Some(format!("pi_{id}"));
                let fee = chance.percent(60).then_some(fee);
                next.charge = Some(Charge {
                    id: format!("ch_{id}"),
                    captured: Some(dollars(charged)),
                    fee,
                    refunds: vec![],
                });
            }
            Some(charge) if charge.fee.is_none() && chance.percent(40) => charge.fee = Some(fee),
            Some(charge) => {
                let good = |refund: &&Refund| refund.status != "failed";
                let gone: i64 = charge
                    .refunds
                    .iter()
                    .filter(good)
                    .map(|refund| refund.amount.unwrap().minor())
                    .sum();
                let (left, number) = (charged - gone, charge.refunds.len());
                if let Some(refund) = charge
                    .refunds
                    .iter_mut()
                    .find(|refund| refund.status != "failed" && chance.percent(30))
                {
                    refund.status = "failed".into();
                } else if left > 0 && number < 9 {
                    let minor = match chance.below(4) {
                        0 => left,
                        1 => (charged / 5).clamp(1, left),
                        _ => chance.between(1, left),
                    };
                    let status = if chance.percent(50) {
                        "pending"
                    } else {
                        "succeeded"
                    };
                    charge.refunds.push(Refund {
                        id: format!("re_{id}_{number}"),
                        amount: Some(dollars(minor)),
                        status: status.into(),
                    });
                }
            }
        }
        gift.sightings.push(next);
    }

    /// A batch of sightings, of any age; the model sees the newest of each gift, since one batch is one moment.
    fn show(&mut self, chance: &mut Chance) -> (Vec<Payment>, Vec<usize>) {
        let mut newest: BTreeMap<usize, usize> = BTreeMap::new();
        let mut batch = Vec::new();
        for _ in 0..=chance.below(6) {
            let place = chance.below(self.gifts.len());
            let count = self.gifts[place].sightings.len();
            let age = if chance.percent(60) {
                count - 1
            } else {
                chance.below(count)
            };
            batch.push(self.gifts[place].sightings[age].clone());
            newest
                .entry(place)
                .and_modify(|held| *held = (*held).max(age))
                .or_insert(age);
        }
        for (place, age) in &newest {
            let now = self.now;
            let gift = &mut self.gifts[*place];
            let (payment, shares) = (gift.sightings[*age].clone(), gift.shares.clone());
            gift.shown.see(&payment, gift.row.charged, &shares, now);
        }
        (batch, newest.into_keys().collect())
    }

    /// Raised, gifts and donors, by scope.
    fn totals(&self) -> BTreeMap<String, (i64, i64, i64)> {
        let mut all: BTreeMap<String, (i64, i64, BTreeSet<SupporterId>)> = BTreeMap::new();
        for gift in self
            .gifts
            .iter()
            .filter(|gift| gift.shown.status.is_settled())
        {
            let left = gift.row.charged - gift.shown.refunded();
            let scopes = [
                Some(format!("campaign {}", gift.row.campaign_id)),
                gift.row.page_id.map(|id| format!("page {id}")),
                gift.row.team_id.map(|id| format!("team {id}")),
            ];
            for scope in scopes.into_iter().flatten() {
                let sum = all.entry(scope).or_default();
                sum.0 += left;
                if left > 0 {
                    sum.1 += 1;
                    sum.2.insert(gift.row.supporter_id);
                }
            }
        }
        let counted = all
            .into_iter()
            .map(|(scope, (raised, gifts, donors))| (scope, (raised, gifts, donors.len() as i64)));
        counted.filter(|(_, sum)| *sum != (0, 0, 0)).collect()
    }

    /// What lies in a fund.
    pub fn fund(&self, fund: FundId) -> i64 {
        let parts = self.gifts.iter().filter_map(|gift| {
            let place = gift.shown.place(fund)?;
            Some(gift.shown.lies(place))
        });
        parts.sum()
    }

    /// What the reserve carries.
    pub fn carried(&self) -> i64 {
        self.gifts.iter().flat_map(|gift| &gift.shown.carried).sum()
    }

    /// The store against the model.
    pub async fn compare(&self, db: &Db, touched: &[usize]) {
        let ids: Vec<DonationId> = touched
            .iter()
            .map(|place| self.gifts[*place].row.id)
            .collect();
        let funds: Vec<FundId> = self.shares.iter().map(|(fund, _)| *fund).collect();
        let (rows, parts, shown, balances) =
            db.read(move |conn| read(conn, &ids, &funds)).await.unwrap();
        for place in touched {
            let gift = &self.gifts[*place];
            let row = rows.iter().find(|row| row.id == gift.row.id).unwrap();
            let what = format!("{:?}\n{:#?}", gift.shown, gift.sightings);
            assert_eq!(
                (row.status, row.fee, row.refunded),
                (gift.shown.status, gift.shown.fee, gift.shown.refunded()),
                "{what}"
            );
            for (place, (fund, minor)) in gift.shown.held.iter().enumerate() {
                let own = parts
                    .iter()
                    .find(|part| part.donation_id == gift.row.id && part.fund_id == *fund);
                assert_eq!(own.map_or(0, Split::remaining), *minor, "{what}");
                let (lies, carried) = (gift.shown.lies(place), gift.shown.carried[place]);
                assert_eq!(own.map_or(0, |own| own.held), lies, "{what}");
                assert_eq!(own.map_or(0, |own| own.carried), carried, "{what}");
                assert_eq!(
                    own.map_or(0, |own| own.granted),
                    gift.shown.granted[place],
                    "{what}"
                );
                assert!(*minor >= 0, "{what}");
            }
            if gift.shown.status == DonationStatus::Paid {
                assert_eq!(
                    gift.shown.sum(),
                    row.charged - row.fee.unwrap_or_default(),
                    "charged less the fee is set aside: {what}"
                );
            }
        }
        assert_eq!(shown, self.totals());
        for ((fund, _), balance) in self.shares.iter().zip(balances) {
            assert_eq!(balance, self.fund(*fund), "fund {fund}");
        }
    }
}

type Seen = (
    Vec<Donation>,
    Vec<Split>,
    BTreeMap<String, (i64, i64, i64)>,
    Vec<i64>,
);

fn read(conn: &mut Conn, ids: &[DonationId], funds: &[FundId]) -> AppResult<Seen> {
    let own = donations::table.filter(donations::id.eq_any(ids));
    let rows = each!(conn, c => own.select(Donation::as_select()).load(c))?;
    let own = splits::table.filter(splits::donation_id.eq_any(ids));
    let parts = each!(conn, c => own.select(Split::as_select()).load(c))?;
    let sums = totals::table.select((
        totals::scope,
        totals::scope_id,
        totals::raised,
        totals::donations,
        totals::donors,
    ));
    let sums: Vec<(selvedge::totals::TotalScope, String, i64, i64, i64)> =
        each!(conn, c => sums.load(c))?;
    // A total of nothing may be a row or none.
    let sums = sums
        .into_iter()
        .filter(|row| (row.2, row.3, row.4) != (0, 0, 0));
    let sums = sums.map(|(scope, id, raised, gifts, donors)| {
        (format!("{scope} {id}"), (raised, gifts, donors))
    });
    let mut balances = Vec::new();
    for fund in funds {
        balances.push(ledger::balance(conn, &Account::fund(fund), Currency::USD)?.minor());
    }
    Ok((rows, parts, sums.collect(), balances))
}

/// Every transfer, as one text.
async fn books(db: &Db) -> String {
    db.read(|conn| {
        let query = transfers::table.order(transfers::id).select((
            transfers::id,
            transfers::debit,
            transfers::credit,
            transfers::amount,
            transfers::source_id,
            transfers::code,
        ));
        let rows: Vec<(i64, String, String, i64, String, String)> =
            each!(conn, c => query.load(c))?;
        Ok(format!("{rows:?}"))
    })
    .await
    .unwrap()
}

/// Applies a batch; with `crash`, the transaction fails after its work and is run again.
async fn apply(db: &Db, with: &Settling, batch: &[Payment], crash: bool, now: Timestamp) {
    if crash {
        let (with, batch) = (with.clone(), batch.to_vec());
        let broken: AppResult<()> = db
            .tx(move |conn| {
                settle::apply(conn, &with, &batch, now)?;
                Err(AppError::internal("the power went"))
            })
            .await;
        assert!(broken.is_err());
    }
    let (with, batch) = (with.clone(), batch.to_vec());
    let applied = db
        .tx(move |conn| settle::apply(conn, &with, &batch, now))
        .await
        .unwrap();
    assert_eq!(applied.quarantined, []);
}

async fn model(world: &World) -> Model {
    let first = world
        .begin(&World::gift(5_000))
        .await
        .0
        .parse::<DonationId>()
        .unwrap();
    let now = world.clock.now();
    let (row, shares, kolkata, program, pages) = world
        .app
        .site
        .db
        .tx(move |conn| {
            let row = selvedge::donations::model::by_id(conn, first)?;
            let shares = funds::model::shares(conn, row.policy_id)?;
            let program =
                selvedge::partners::model::program_by_slug(conn, &"ijm-kolkata".parse().unwrap())?
                    .program
                    .id;
            let kolkata = funds::model::fund_of_program(conn, program, Currency::USD)?
                .unwrap()
                .id;
            let mut pages = Vec::new();
            for slug in ["maya-roy", "johanna-lindqvist", "sam-okafor"] {
                let page = selvedge::pages::by_slug(conn, &slug.parse().unwrap())?.page;
                pages.push((page.id, page.team_id));
            }
            Ok((row, shares, kolkata, program, pages))
        })
        .await
        .unwrap();
    let givers: Vec<SupporterId> = (0..GIVERS).map(|_| SupporterId::new()).collect();
    let rows = givers.clone();
    let insert = world.app.site.db.tx(move |conn| {
        for (number, id) in rows.iter().enumerate() {
            let email = format!("model{number}@example.net");
            let row = (
                supporters::id.eq(id),
                supporters::email.eq(&email),
                supporters::email_folded.eq(&email),
                supporters::name.eq("Model"),
                supporters::created_at.eq(now),
            );
            each!(conn, c => diesel::insert_into(supporters::table).values(row).execute(c))?;
        }
        Ok(())
    });
    insert.await.unwrap();
    let recipients: Vec<_> = pages
        .into_iter()
        .map(|(page, team)| (Some(page), team))
        .chain([(None, None)])
        .collect();
    let mut template = Vec::new();
    for supporter in givers {
        for (page, team) in &recipients {
            for program in [None, None, Some(program)] {
                let mut one = row.clone();
                (one.supporter_id, one.page_id, one.team_id, one.program_id) =
                    (supporter, *page, *team, program);
                (one.fee_cover, one.checkout_url) = (0, None);
                template.push(one);
            }
        }
    }
    Model {
        gifts: Vec::new(),
        shares,
        policy: row.policy_id,
        kolkata,
        template,
        now,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_agrees_with_a_small_model() {
    let mut chance = Chance::new("model");
    let steps: Option<usize> = std::env::var("SELVEDGE_MODEL_STEPS")
        .ok()
        .map(|steps| steps.parse().unwrap());
    let world = World::new().await;
    let db = world.app.site.db.clone();
    let mut model = model(&world).await;
    let with = Settling {
        mails: world.app.giving.mails.clone(),
        public_url: world.base.clone(),
        organisation: "Selvedge".into(),
    };
    let mut grants = Grants::new(&world, &model).await;
    let (began, mut step) = (Instant::now(), 0);
    while steps.map_or(began.elapsed() < Duration::from_secs(10), |steps| {
        step < steps
    }) {
        step += 1;
        if model.gifts.len() < 3 || chance.percent(12) {
            let row = model.begin(&mut chance);
            db.tx(move |conn| {
                Ok(each!(conn, c => diesel::insert_into(donations::table).values(&row).execute(c))?)
            })
            .await
            .unwrap();
        }
        for _ in 0..chance.below(4) {
            model.happen(&mut chance);
        }
        let (batch, touched) = model.show(&mut chance);
        apply(&db, &with, &batch, chance.percent(15), model.now).await;
        model.compare(&db, &touched).await;
        model.now = model.now.plus(chrono::Duration::seconds(1));
        grants.step(&db, &mut model, &mut chance).await;
        if step % 200 == 0 {
            assert_eq!(world.findings().await, Vec::<String>::new());
        }
    }
    // The present of every gift, then the whole past again, in any order: nothing moves any more.
    let everything: Vec<usize> = (0..model.gifts.len()).collect();
    for place in &everything {
        let payment = model.gifts[*place].sightings.last().unwrap().clone();
        let shares = model.gifts[*place].shares.clone();
        let (charged, now) = (model.gifts[*place].row.charged, model.now);
        let shown = &mut model.gifts[*place].shown;
        shown.see(&payment, charged, &shares, now);
        apply(&db, &with, &[payment], false, model.now).await;
    }
    model.compare(&db, &everything).await;
    let before = books(&db).await;
    let mut past: Vec<Payment> = model
        .gifts
        .iter()
        .flat_map(|gift| gift.sightings.clone())
        .collect();
    for last in (1..past.len()).rev() {
        past.swap(last, chance.below(last + 1));
    }
    for batch in past.chunks(64) {
        apply(&db, &with, batch, false, model.now).await;
    }
    model.compare(&db, &everything).await;
    assert_eq!(books(&db).await, before, "a replay moved money");
    println!(
        "{step} steps, {} gifts, {} sightings",
        model.gifts.len(),
        past.len()
    );
    world.done().await;
}
