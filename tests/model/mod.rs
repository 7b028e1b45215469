//! A small model of the gifts, of the pools that add to them, of the grants that take them and the real store run the same
//! random program, and agree after every step (L12).
//!
//! The program makes the processor's truth (paid, fee known at once or late, refunds, refunds that fail, disputes
//! that are won and lost), and shows the store
//! any sighting of it so far: late, twice, out of order, several of one gift in a batch, in transactions that fail after
//! their work and run again. Between them it puts new policies in force, opens match pools, ends and releases them, confirms
//! gifts by hand, gives some of them back and takes others to the bank, pays grants (oldest layers first), lets some come
//! back, and covers what the reserve carries. `SELVEDGE_MODEL_SEED` repeats a program, `SELVEDGE_MODEL_STEPS` sets its length.

mod gift;
mod grants;
mod hands;
mod pools;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use selvedge::db::schema::{
    accounts as account_rows, donations, matches, splits, supporters, totals, transfers,
};
use selvedge::db::{Conn, Db};
use selvedge::donations::model::{Donation, Split};
use selvedge::donations::settle::{self, Settling};
use selvedge::donations::{DonationId, DonationStatus, SupporterId};
use selvedge::each;
use selvedge::error::{AppError, AppResult};
use selvedge::funds::{self, FundId, Origin};
use selvedge::ids::{PageId, ProgramId};
use selvedge::kernel::{Currency, Money, Timestamp};
use selvedge::ledger::{Account, Side};
use selvedge::matching::Span;
use selvedge::payments::client::{Charge, Dispute, Disputed, Fee, Payment, Refund, SessionState};

use self::gift::Gift;
use self::grants::Grants;
use self::hands::Hands;
use self::pools::{Given, Pool, Pools};
use crate::harness::chance::Chance;
use crate::harness::world::World;

pub const GIVERS: usize = 7;

/// What a total says: raised, gifts, and how many gifts each giver has in it.
#[derive(Default, Clone, PartialEq, Debug)]
struct Total {
    raised: i64,
    gifts: i64,
    givers: HashMap<SupporterId, i64>,
}

pub struct Model {
    pub gifts: Vec<Gift>,
    /// The places of those that the processor takes.
    online: Vec<usize>,
    /// The places of those that are settled, in the order in which grants take them.
    pub order: Vec<usize>,
    pub pools: Vec<Pool>,
    pub shares: Vec<(FundId, i64)>,
    /// The version under which gifts are made.
    pub policy: selvedge::funds::PolicyId,
    kolkata: FundId,
    pub program: ProgramId,
    /// The campaign's own fund.
    pub own_fund: FundId,
    pages: Vec<PageId>,
    template: Vec<Donation>,
    pub now: Timestamp,
    /// What the bank, staff's hands and the differences of deposits hold.
    pub bank: i64,
    pub in_hand: i64,
    pub apart: i64,
    totals: HashMap<String, Total>,
    funds: HashMap<FundId, i64>,
    /// What the reserve carries.
    pub carried: i64,
}

pub fn dollars(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

/// A dispute in which the bank took so much.
fn dispute(id: &str, minor: i64) -> Dispute {
    Dispute {
        id: format!("dp_{id}"),
        status: "needs_response".into(),
        reason: "fraudulent".into(),
        moves: vec![Disputed {
            id: format!("txn_dp_{id}"),
            amount: Some(dollars(-minor)),
            fee: Some(dollars(1_500)),
        }],
    }
}

/// It is decided: what was taken comes back, or does not.
fn decide(open: &mut Dispute, won: bool) {
    open.status = if won { "won" } else { "lost" }.into();
    if won {
        let taken = open.moves[0].amount.unwrap().minor();
        open.moves.push(Disputed {
            id: format!("{}_back", open.moves[0].id),
            amount: Some(dollars(-taken)),
            fee: Some(dollars(0)),
        });
    }
}

impl Model {
    /// The shares of a gift: its program's fund alone, or the policy's.
    pub fn shares_of(&self, row: &Donation) -> Vec<(FundId, i64)> {
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
        row.created_at = self.now;
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
        let shares = self.shares_of(&row);
        self.online.push(self.gifts.len());
        self.gifts.push(Gift::new(row.clone(), shares, vec![open]));
        row
    }

    /// Something happens at the processor.
    fn happen(&mut self, chance: &mut Chance) {
        let place = self.online[chance.below(self.online.len())];
        let now = self.now;
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
                    created: now,
                    captured: Some(dollars(charged)),
                    fee,
                    refunds: vec![],
                    disputes: vec![],
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
                let is_disputed = charge.disputes.iter().any(|one| one.status != "won");
                let open = charge
                    .disputes
                    .iter_mut()
                    .find(|one| one.status == "needs_response");
                if let Some(open) = open.filter(|_| chance.percent(30)) {
                    decide(open, chance.percent(60));
                } else if !is_disputed
                    && left > 0
                    && charge.disputes.len() < 3
                    && chance.percent(12)
                {
                    let taken = if chance.percent(60) {
                        left
                    } else {
                        chance.between(1, left)
                    };
                    charge
                        .disputes
                        .push(dispute(&format!("{id}_{}", charge.disputes.len()), taken));
                } else if let Some(refund) = charge
                    .refunds
                    .iter_mut()
                    .find(|refund| refund.status != "failed" && chance.percent(30))
                {
                    refund.status = "failed".into();
                } else if left > 0 && number < 9 && !is_disputed {
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
            let place = self.online[chance.below(self.online.len())];
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
        let seen = newest
            .iter()
            .map(|(place, age)| (*place, self.gifts[*place].sightings[*age].clone()))
            .collect();
        self.see(seen);
        (batch, newest.into_keys().collect())
    }

    /// One moment: first all that arrives, then what came after money that was there, then after money that has just come; each
    /// in the order of the gifts' ids, as they draw on the same pools.
    fn see(&mut self, mut seen: Vec<(usize, Payment)>) {
        seen.sort_by_key(|(place, _)| self.gifts[*place].row.id);
        let (mut old, mut new) = (Vec::new(), Vec::new());
        for (place, payment) in &seen {
            let gift = &mut self.gifts[*place];
            let Some(charge) = &payment.charge else {
                gift.shown.close(payment);
                continue;
            };
            if !gift.shown.status.is_open() {
                old.push((*place, charge));
                continue;
            }
            let row = &gift.row;
            let given = Given {
                page: row.page_id,
                program: row.program_id,
                amount: row.amount,
                when: Span::at(row.created_at),
            };
            let fee = charge.fee.as_ref().map(|fee| fee.amount.unwrap().minor());
            let money = (row.charged, fee);
            gift.shown
                .arrive(money, &gift.shares, Some(&given), &mut self.pools, self.now);
            self.put_in_order(*place);
            new.push((*place, charge));
        }
        for (place, charge) in old.into_iter().chain(new) {
            let gift = &mut self.gifts[place];
            gift.shown.follow(charge, gift.row.charged, &mut self.pools);
        }
        for (place, _) in &seen {
            self.recount(*place);
        }
    }

    /// A gift that the processor has no part in; it is settled already.
    pub fn add(&mut self, gift: Gift) -> usize {
        let place = self.gifts.len();
        self.gifts.push(gift);
        self.put_in_order(place);
        self.recount(place);
        place
    }

    fn put_in_order(&mut self, place: usize) {
        let key = |place: usize| (self.gifts[place].shown.settled, self.gifts[place].row.id);
        let mut at = self.order.len();
        while at > 0 && key(self.order[at - 1]) > key(place) {
            at -= 1;
        }
        self.order.insert(at, place);
    }

    /// One of the pages, or none.
    pub fn a_page(&self, chance: &mut Chance) -> Option<PageId> {
        self.pages.get(chance.below(self.pages.len() + 1)).copied()
    }

    /// Brings the sums up to what a gift is now.
    pub fn recount(&mut self, place: usize) {
        let gift = &mut self.gifts[place];
        let now = gift.counts();
        let before = std::mem::replace(&mut gift.counted, now.clone());
        let (row, giver) = (&gift.row, gift.supporter());
        let scopes = [
            Some(format!("campaign {}", row.campaign_id)),
            row.page_id.map(|id| format!("page {id}")),
            row.team_id.map(|id| format!("team {id}")),
        ];
        let more = i64::from(now.is_gift) - i64::from(before.is_gift);
        for scope in scopes.into_iter().flatten() {
            let total = self.totals.entry(scope).or_default();
            total.raised += now.raised - before.raised;
            total.gifts += more;
            let own = total.givers.entry(giver).or_default();
            *own += more;
            if *own == 0 {
                total.givers.remove(&giver);
            }
        }
        self.carried += now.carried - before.carried;
        for (lies, sign) in [(now.lies, 1), (before.lies, -1)] {
            for (fund, minor) in lies {
                *self.funds.entry(fund).or_default() += sign * minor;
            }
        }
    }

    /// Raised, gifts and donors, by scope.
    fn shown_totals(&self) -> BTreeMap<String, (i64, i64, i64)> {
        let sums = self.totals.iter().map(|(scope, total)| {
            let donors = i64::try_from(total.givers.len()).unwrap();
            (scope.clone(), (total.raised, total.gifts, donors))
        });
        sums.filter(|(_, sum)| *sum != (0, 0, 0)).collect()
    }

    /// What lies in a fund.
    pub fn fund(&self, fund: FundId) -> i64 {
        self.funds.get(&fund).copied().unwrap_or_default()
    }

    /// Adds everything up anew, so that the sums themselves are no article of faith.
    fn add_up(&mut self) {
        let sums = (self.shown_totals(), self.carried, self.funds.clone());
        (self.totals, self.carried) = (HashMap::new(), 0);
        self.funds.values_mut().for_each(|sum| *sum = 0);
        for place in 0..self.gifts.len() {
            self.gifts[place].counted = gift::Counted::default();
            self.recount(place);
        }
        assert_eq!(
            sums,
            (self.shown_totals(), self.carried, self.funds.clone())
        );
    }

    /// The store against the model.
    pub async fn compare(&self, db: &Db, touched: &[usize]) {
        let ids: Vec<DonationId> = touched
            .iter()
            .map(|place| self.gifts[*place].row.id)
            .collect();
        let mut accounts: Vec<(Account, i64)> = self
            .shares
            .iter()
            .map(|(fund, _)| (Account::fund(fund), self.fund(*fund)))
            .collect();
        let campaign = self.template[0].campaign_id;
        accounts.extend([
            (Account::fund(self.own_fund), self.fund(self.own_fund)),
            (Account::bank(), self.bank),
            (Account::in_hand(campaign), self.in_hand),
            (Account::outside("deposit_differences"), self.apart),
        ]);
        // The newest pools, and those that the gifts are of.
        let of_gifts = touched
            .iter()
            .filter_map(|place| self.gifts[*place].shown.pool);
        let newest = self.pools.len().saturating_sub(6)..self.pools.len();
        let pools: BTreeSet<usize> = newest.chain(of_gifts).collect();
        let pools = pools.iter().map(|place| &self.pools[*place]);
        accounts.extend(pools.map(|pool| (Account::matching(pool.id), pool.holds)));
        let names: Vec<Account> = accounts
            .iter()
            .map(|(account, _)| account.clone())
            .collect();
        let seen = db
            .read(move |conn| Seen::read(conn, &ids, &names))
            .await
            .unwrap();
        for place in touched {
            self.compare_gift(&self.gifts[*place], &seen);
        }
        assert_eq!(seen.totals, self.shown_totals());
        for ((account, wanted), balance) in accounts.iter().zip(seen.balances) {
            assert_eq!(balance, *wanted, "{account}");
        }
    }

    fn compare_gift(&self, gift: &Gift, seen: &Seen) {
        let row = seen.rows.iter().find(|row| row.id == gift.row.id).unwrap();
        // Written out for a failure alone: it was a quarter of the test's time.
        let what = || format!("{:?}\n{:#?}", gift.shown, gift.sightings);
        let shown = &gift.shown;
        assert_eq!(
            (row.status, row.fee, row.refunded),
            (shown.status, shown.fee, shown.refunded()),
            "{}",
            what()
        );
        for (origin, parts) in [(Origin::Gift, &shown.own), (Origin::Match, &shown.added)] {
            for (place, fund) in parts.funds.iter().enumerate() {
                let own = seen.parts.iter().find(|part| {
                    part.donation_id == gift.row.id
                        && part.fund_id == *fund
                        && part.origin == origin
                });
                let stored = own.map_or((0, 0, 0, 0), |own| {
                    (own.remaining(), own.held, own.carried, own.granted)
                });
                let wanted = (
                    parts.held[place],
                    parts.lies(place),
                    parts.carried[place],
                    parts.granted[place],
                );
                assert_eq!(stored, wanted, "{origin} {}", what());
                assert!(
                    parts.held[place] >= 0 && parts.lies(place) >= 0,
                    "{}",
                    what()
                );
            }
        }
        let added = seen.added.iter().find(|(id, _)| *id == gift.row.id);
        assert_eq!(
            added.map_or(0, |(_, minor)| *minor),
            shown.added.sum(),
            "{}",
            what()
        );
        if shown.status == DonationStatus::Paid {
            assert_eq!(
                shown.own.sum(),
                row.charged - row.fee.unwrap_or_default(),
                "charged less the fee is set aside: {}",
                what()
            );
        }
    }
}

/// What the store says.
struct Seen {
    rows: Vec<Donation>,
    parts: Vec<Split>,
    /// What pools add to the gifts.
    added: Vec<(DonationId, i64)>,
    totals: BTreeMap<String, (i64, i64, i64)>,
    balances: Vec<i64>,
}

impl Seen {
    fn read(conn: &mut Conn, ids: &[DonationId], accounts: &[Account]) -> AppResult<Self> {
        let own = donations::table.filter(donations::id.eq_any(ids));
        let rows = each!(conn, c => own.select(Donation::as_select()).load(c))?;
        let own = splits::table.filter(splits::donation_id.eq_any(ids));
        let parts = each!(conn, c => own.select(Split::as_select()).load(c))?;
        let own = matches::table
            .filter(matches::donation_id.eq_any(ids))
            .select((matches::donation_id, matches::amount, matches::reversed));
        let added: Vec<(DonationId, i64, i64)> = each!(conn, c => own.load(c))?;
        let added = added
            .into_iter()
            .map(|(id, amount, back)| (id, amount - back));
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
        // One statement: over a network each costs a journey.
        let names: Vec<&str> = accounts.iter().map(Account::as_str).collect();
        let own = account_rows::table
            .filter(account_rows::name.eq_any(names))
            .filter(account_rows::currency.eq(Currency::USD))
            .select((
                account_rows::name,
                account_rows::debits,
                account_rows::credits,
            ));
        let held: Vec<(String, i64, i64)> = each!(conn, c => own.load(c))?;
        let balance = |account: &Account| {
            let found = held.iter().find(|(name, ..)| name == account.as_str());
            let (_, debits, credits) = found.cloned().unwrap_or_default();
            match Account::side_of(account.as_str()) {
                Side::Debit => debits - credits,
                Side::Credit | Side::Either => credits - debits,
            }
        };
        let balances = accounts.iter().map(balance).collect();
        Ok(Self {
            rows,
            parts,
            added: added.collect(),
            totals: sums.collect(),
            balances,
        })
    }
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
    let (row, shares, kolkata, program, pages, own_fund) = world
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
            let own_fund = funds::campaign_fund(conn, row.campaign_id)?.unwrap().id;
            Ok((row, shares, kolkata, program, pages, own_fund))
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
    let page_ids = pages.iter().map(|(page, _)| *page).collect();
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
        online: Vec::new(),
        order: Vec::new(),
        pools: Vec::new(),
        shares,
        policy: row.policy_id,
        kolkata,
        program,
        own_fund,
        pages: page_ids,
        template,
        now,
        bank: 0,
        in_hand: 0,
        apart: 0,
        totals: HashMap::new(),
        funds: HashMap::new(),
        carried: 0,
    }
}

/// Steps between two times at which everything is proved from the rows: often at first, seldom in a long program, as it costs
/// what the season is large.
fn proves_at(step: usize) -> bool {
    step.is_multiple_of(200) && (step <= 1_000 || step.is_multiple_of(5_000))
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
    let mut grants = Grants::new(&world, &mut model).await;
    let pools = Pools {
        campaign: grants.campaign,
        people: grants.people,
        with: with.clone(),
    };
    let mut hands = Hands::new(grants.campaign, grants.people[0], with.clone());
    let (began, mut step) = (Instant::now(), 0);
    while steps.map_or(began.elapsed() < Duration::from_secs(10), |steps| {
        step < steps
    }) {
        step += 1;
        if model.online.len() < 3 || chance.percent(12) {
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
        pools.step(&db, &mut model, &mut chance).await;
        hands.step(&db, &mut model, &mut chance).await;
        if proves_at(step) {
            model.add_up();
            assert_eq!(world.findings().await, Vec::<String>::new());
            println!("{step} steps in {:?}", began.elapsed());
        }
    }
    // The present of every gift, then the whole past again, in any order: nothing moves any more.
    let everything: Vec<usize> = (0..model.gifts.len()).collect();
    for places in model.online.clone().chunks(50) {
        let present = |place: &usize| {
            (
                *place,
                model.gifts[*place].sightings.last().unwrap().clone(),
            )
        };
        let seen: Vec<(usize, Payment)> = places.iter().map(present).collect();
        let batch: Vec<Payment> = seen.iter().map(|(_, payment)| payment.clone()).collect();
        model.see(seen);
        apply(&db, &with, &batch, false, model.now).await;
    }
    for places in everything.chunks(500) {
        model.compare(&db, places).await;
    }
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
    for places in everything.chunks(500) {
        model.compare(&db, places).await;
    }
    assert_eq!(books(&db).await, before, "a replay moved money");
    println!(
        "{step} steps, {} gifts, {} of them matched, {} pools, {} sightings, {:?}",
        model.gifts.len(),
        model
            .gifts
            .iter()
            .filter(|gift| gift.shown.pool.is_some())
            .count(),
        model.pools.len(),
        past.len(),
        began.elapsed()
    );
    world.done().await;
}
