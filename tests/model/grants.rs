//! The part of the model test that takes money out: new policies, grants that are paid and come back, covers of the reserve.

use diesel::prelude::*;
use selvedge::auth::{Role, UserId};
use selvedge::db::schema::{funds as fund_rows, grant_layers};
use selvedge::db::{Conn, Db};
use selvedge::donations::DonationId;
use selvedge::each;
use selvedge::error::{AppError, AppResult};
use selvedge::funds::approval::approve_policy;
use selvedge::funds::covers::{CoverId, PlanCover, approve_cover, deficit, plan_cover};
use selvedge::funds::ops::{DraftPolicy, draft_policy};
use selvedge::funds::{FundId, Origin, PolicyId};
use selvedge::grants::ops::{
    Cancel, PayTranche, PlanGrant, PlanTranche, approve, cancel, come_back, pay, plan,
};
use selvedge::grants::{GrantId, TrancheId};
use selvedge::ids::{CampaignId, ProgramId};
use selvedge::kernel::{Currency, Day, Line, Money};
use selvedge::ledger::{self, Account, Code, NewTransfer, Source};

use super::gift::Parts;
use super::{Model, dollars};
use crate::harness::chance::Chance;
use crate::harness::world::World;

fn line(text: &str) -> Line {
    Line::parse(text, 200).unwrap()
}

/// What lies at the bank before anything happens, in cents.
const AT_BANK: i64 = 1_000_000_000_000;

/// A tranche that was paid: what it took of which gift, by the model.
struct Paid {
    grant: GrantId,
    tranche: TrancheId,
    fund: FundId,
    taken: Vec<(usize, Origin, i64)>,
}

/// The parts of a gift that are of this origin.
fn parts(model: &mut Model, place: usize, origin: Origin) -> &mut Parts {
    let shown = &mut model.gifts[place].shown;
    match origin {
        Origin::Gift => &mut shown.own,
        Origin::Match => &mut shown.added,
    }
}

/// The gifts of what was taken, some of them.
fn some(taken: &[(usize, Origin, i64)]) -> Vec<usize> {
    let mut places: Vec<usize> = taken.iter().map(|(place, ..)| *place).collect();
    places.dedup();
    places.truncate(20);
    places
}

pub struct Grants {
    pub campaign: CampaignId,
    pub people: [UserId; 2],
    programs: Vec<(FundId, ProgramId)>,
    paid: Vec<Paid>,
    covered: i64,
}

impl Grants {
    pub async fn new(world: &World, model: &mut Model) -> Self {
        let people = [
            world.user("model1@staff.example", Role::Finance).await,
            world.user("model2@staff.example", Role::Owner).await,
        ];
        let funds: Vec<FundId> = model.shares.iter().map(|(fund, _)| *fund).collect();
        let now = model.now;
        let (campaign, programs) = world
            .app
            .site
            .db
            .tx(move |conn| {
                // Money at the bank: the model is not about payouts.
                let payout = NewTransfer {
                    debit: Account::bank(),
                    credit: Account::processor("stripe"),
                    amount: dollars(AT_BANK),
                    code: Code::new("payout"),
                    source: Source {
                        kind: "test",
                        id: "payout".into(),
                    },
                    donation: None,
                    reverses: None,
                };
                ledger::post(conn, &[payout], now)?;
                let query = fund_rows::table
                    .filter(fund_rows::id.eq_any(&funds))
                    .select((fund_rows::id, fund_rows::program_id.assume_not_null()));
                let programs: Vec<(FundId, ProgramId)> = each!(conn, c => query.load(c))?;
                let slug = crate::harness::world::CAMPAIGN.parse().unwrap();
                let campaign = selvedge::campaigns::model::any_by_slug(conn, &slug)?.unwrap();
                Ok((campaign.id, programs))
            })
            .await
            .unwrap();
        model.bank = AT_BANK;
        Self {
            campaign,
            people,
            programs,
            paid: Vec::new(),
            covered: 0,
        }
    }

    /// Sometimes something is decided.
    pub async fn step(&mut self, db: &Db, model: &mut Model, chance: &mut Chance) {
        match chance.below(100) {
            0..=7 => self.grant(db, model, chance).await,
            8..=9 => self.comes_back(db, model, chance).await,
            10..=11 => self.cover(db, model, chance).await,
            12..=13 => self.policy(db, model, chance).await,
            _ => return,
        }
        let campaign = self.campaign;
        let reserve = db
            .read(move |c| ledger::balance(c, &Account::reserve(campaign), Currency::USD))
            .await
            .unwrap();
        assert_eq!(reserve.minor(), self.covered - model.carried, "reserve");
    }

    async fn grant(&mut self, db: &Db, model: &mut Model, chance: &mut Chance) {
        let (fund, program) = self.programs[chance.below(self.programs.len())];
        let lies = model.fund(fund);
        let amount = match chance.below(8) {
            0 => lies + 1,
            1 => lies,
            _ => chance.between(1, (lies / 3).max(2)),
        };
        if amount == 0 {
            return;
        }
        let (grant, tranche, people) = (GrantId::new(), TrancheId::new(), self.people);
        let (campaign, now) = (self.campaign, model.now);
        let paid = db
            .tx(move |conn| {
                let today = Day::try_from(
                    now.date_in(
                        "America/Los_Angeles"
                            .parse::<selvedge::kernel::Zone>()
                            .unwrap()
                            .tz(),
                    ),
                )
                .unwrap();
                let due: Day = "2999-01-01".parse().unwrap();
                let new = PlanGrant {
                    id: grant,
                    campaign,
                    program,
                    fund,
                    purpose: line("Work."),
                    tranches: vec![PlanTranche {
                        id: tranche,
                        amount: dollars(amount),
                        planned_on: today,
                        report_due_on: due,
                    }],
                    by: people[0],
                };
                plan(conn, &new, now)?;
                approve(conn, grant, people[0], dollars(i64::MAX), now)?;
                let new = PayTranche {
                    tranche,
                    paid_on: today,
                    bank_reference: line("B-1"),
                    report_due_on: due,
                    document: None,
                    by: people[0],
                };
                pay(conn, &new, now)?;
                let own = grant_layers::table
                    .filter(grant_layers::tranche_id.eq(tranche))
                    .select((
                        grant_layers::donation_id,
                        grant_layers::origin,
                        grant_layers::amount,
                    ));
                let mut rows: Vec<(DonationId, Origin, i64)> = each!(conn, c => own.load(c))?;
                rows.sort();
                Ok(rows)
            })
            .await;
        if amount > lies {
            let refused = matches!(
                paid,
                Err(AppError::Conflict {
                    code: "fund_short",
                    ..
                })
            );
            assert!(refused, "{amount} of {lies}: {paid:?}");
            return;
        }
        let taken = take(model, fund, amount);
        let mut wanted: Vec<(DonationId, Origin, i64)> = taken
            .iter()
            .map(|(place, origin, minor)| (model.gifts[*place].row.id, *origin, *minor))
            .collect();
        wanted.sort();
        assert_eq!(paid.unwrap(), wanted, "the oldest layers first");
        model.bank -= amount;
        model.compare(db, &some(&taken)).await;
        self.paid.push(Paid {
            grant,
            tranche,
            fund,
            taken,
        });
    }

    async fn comes_back(&mut self, db: &Db, model: &mut Model, chance: &mut Chance) {
        if self.paid.is_empty() {
            return;
        }
        let paid = self.paid.swap_remove(chance.below(self.paid.len()));
        let (tranche, grant, by, now) = (paid.tranche, paid.grant, self.people[1], model.now);
        let again = TrancheId::new();
        db.tx(move |conn| {
            come_back(conn, tranche, again, by, now)?;
            let new = Cancel {
                grant,
                by,
                reason: line("It came back."),
            };
            cancel(conn, &new, now)
        })
        .await
        .unwrap();
        for (place, origin, minor) in &paid.taken {
            let own = parts(model, *place, *origin);
            let part = own.place(paid.fund).unwrap();
            own.granted[part] -= minor;
            model.recount(*place);
            model.bank += minor;
        }
        model.compare(db, &some(&paid.taken)).await;
    }

    async fn cover(&mut self, db: &Db, model: &mut Model, chance: &mut Chance) {
        let lacks = model.carried - self.covered;
        if lacks <= 0 {
            return;
        }
        let amount = chance.between(1, lacks);
        let (id, campaign, people, now) = (CoverId::new(), self.campaign, self.people, model.now);
        let said: AppResult<Money> = db
            .tx(move |conn| {
                let lacks = deficit(conn, campaign, Currency::USD)?;
                let new = PlanCover {
                    id,
                    campaign,
                    amount: dollars(amount),
                    reason: line("Ours to bear."),
                    paid_on: "2026-12-01".parse().unwrap(),
                    bank_reference: line("B-2"),
                    by: people[0],
                };
                plan_cover(conn, &new, now)?;
                approve_cover(conn, id, people[1], now)?;
                Ok(lacks)
            })
            .await;
        assert_eq!(said.unwrap().minor(), lacks);
        self.covered += amount;
        model.bank += amount;
    }

    async fn policy(&self, db: &Db, model: &mut Model, chance: &mut Chance) {
        let mut left = 10_000_i32;
        let mut shares = Vec::new();
        for (place, (fund, _)) in model.shares.iter().enumerate() {
            let points = if place + 1 == model.shares.len() {
                left
            } else {
                i32::try_from(chance.between(0, i64::from(left))).unwrap()
            };
            left -= points;
            shares.push((*fund, points));
        }
        let (id, campaign, people, now) = (PolicyId::new(), self.campaign, self.people, model.now);
        let new = DraftPolicy {
            id,
            campaign,
            effective_from: now,
            note: line("Anew."),
            shares: shares.clone(),
        };
        db.tx(move |conn: &mut Conn| {
            draft_policy(conn, &new, people[0], now)?;
            approve_policy(conn, id, people[1], now)
        })
        .await
        .unwrap();
        model.policy = id;
        model.shares = shares
            .into_iter()
            .map(|(fund, points)| (fund, i64::from(points)))
            .collect();
    }
}

/// What a grant takes by the model: the gifts that were set aside first, first; of one gift the giver's own money first.
fn take(model: &mut Model, fund: FundId, amount: i64) -> Vec<(usize, Origin, i64)> {
    let (mut left, mut taken) = (amount, Vec::new());
    for place in model.order.clone() {
        if left == 0 {
            break;
        }
        for origin in [Origin::Gift, Origin::Match] {
            let own = parts(model, place, origin);
            let Some(part) = own.place(fund) else {
                continue;
            };
            let minor = own.lies(part).min(left);
            if minor > 0 {
                own.granted[part] += minor;
                left -= minor;
                taken.push((place, origin, minor));
            }
        }
        if taken.last().is_some_and(|(last, ..)| *last == place) {
            model.recount(place);
        }
    }
    assert_eq!(left, 0);
    taken
}
