//! The part of the model test about gifts that come by hand or bank: confirmed, given back by staff, taken to the bank.

use selvedge::auth::UserId;
use selvedge::db::Db;
use selvedge::donations::NewIds;
use selvedge::donations::deposits::{self, BankLine, DepositId, NewDeposit};
use selvedge::donations::hands::{self, GiveBack, GivingBackId};
use selvedge::donations::settle::Settling;
use selvedge::ids::CampaignId;
use selvedge::kernel::{Day, Line, Timestamp, Zone};
use selvedge::matching::Span;
use selvedge::offline::ops::Entry;
use selvedge::offline::staff::{self, Full};
use selvedge::offline::{Kind, OfflineGiftId};

use super::gift::Gift;
use super::pools::Given;
use super::{GIVERS, Model, dollars};
use crate::harness::chance::Chance;

/// Where the money of a gift by hand lies.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Lies {
    InHand,
    OnItsWay,
    AtBank,
}

struct Deposit {
    id: DepositId,
    gifts: Vec<usize>,
    amount: i64,
}

pub struct Hands {
    pub campaign: CampaignId,
    pub by: UserId,
    pub with: Settling,
    lies: Vec<(usize, Lies)>,
    open: Vec<Deposit>,
}

fn line(text: &str) -> Line {
    Line::parse(text, 200).unwrap()
}

fn zone() -> Zone {
    "America/Los_Angeles".parse().unwrap()
}

/// From the first to the last instant of a day.
fn span(day: Day) -> Span {
    let begin = |date: chrono::NaiveDate| {
        let midnight = date.and_hms_opt(0, 0, 0).unwrap();
        let at = midnight.and_local_timezone(zone().tz()).earliest().unwrap();
        Timestamp::from_seconds(at.timestamp()).unwrap()
    };
    Span {
        from: begin(day.date()),
        to: begin(day.date().succ_opt().unwrap()),
    }
}

impl Hands {
    pub fn new(campaign: CampaignId, by: UserId, with: Settling) -> Self {
        Self {
            campaign,
            by,
            with,
            lies: Vec::new(),
            open: Vec::new(),
        }
    }

    /// Sometimes somebody hands something over, or it goes on.
    pub async fn step(&mut self, db: &Db, model: &mut Model, chance: &mut Chance) {
        match chance.below(100) {
            0..=3 => self.confirm(db, model, chance).await,
            4..=5 => self.give_back(db, model, chance).await,
            6..=7 => self.deposit(db, model, chance).await,
            8..=9 => self.bank(db, model, chance).await,
            _ => {}
        }
    }

    async fn confirm(&mut self, db: &Db, model: &mut Model, chance: &mut Chance) {
        let (amount, now) = (chance.between(1, 20_000), model.now);
        let ago = chrono::Duration::days(chance.between(0, 2));
        let day = zone().day_of(now.minus(ago)).unwrap();
        let kind = [Kind::Cash, Kind::Cheque, Kind::BankTransfer, Kind::Other][chance.below(4)];
        let giver = chance.below(GIVERS * 2);
        let full = Full {
            entry: Entry {
                kind,
                amount: dollars(amount),
                donor_name: line("Model"),
                donor_email: (giver < GIVERS)
                    .then(|| format!("model{giver}@example.net").parse().unwrap()),
                anonymous: chance.percent(20),
                received_on: day,
                note: String::new(),
            },
            page: model.a_page(chance),
            program: chance.percent(30).then_some(model.program),
            by_bank: chance.percent(50),
            reference: String::new(),
            shares: String::new(),
            sponsor: String::new(),
        };
        let full = full.fitting().unwrap();
        let lies = if full.by_bank {
            Lies::AtBank
        } else {
            Lies::InHand
        };
        let (id, ids) = (OfflineGiftId::new(), NewIds::new().unwrap());
        let (campaign, by, with) = (self.campaign, self.by, self.with.clone());
        let row = db
            .tx(move |c| {
                staff::enter(c, id, campaign, &full, by, now)?;
                hands::confirm(c, &with, id, &ids, by, now)
            })
            .await
            .unwrap();
        let given = Given {
            page: row.page_id,
            program: row.program_id,
            amount,
            when: span(day),
        };
        let shares = model.shares_of(&row);
        let mut gift = Gift::new(row, shares, Vec::new());
        gift.shown.arrive(
            (amount, Some(0)),
            &gift.shares,
            Some(&given),
            &mut model.pools,
            now,
        );
        let place = model.add(gift);
        match lies {
            Lies::AtBank => model.bank += amount,
            _ => model.in_hand += amount,
        }
        self.lies.push((place, lies));
        model.compare(db, &[place]).await;
    }

    async fn give_back(&mut self, db: &Db, model: &mut Model, chance: &mut Chance) {
        if self.lies.is_empty() {
            return;
        }
        let (place, lies) = self.lies[chance.below(self.lies.len())];
        let gift = &model.gifts[place];
        let left = gift.row.charged - gift.shown.refunded();
        let amount = if chance.percent(30) {
            left.max(1)
        } else {
            chance.between(1, left + 1)
        };
        let back = GiveBack {
            id: GivingBackId::new(),
            donation: gift.row.id,
            amount: dollars(amount),
            reason: line("It bounced."),
            by: self.by,
        };
        let (id, now) = (back.id.to_string(), model.now);
        let done = db.tx(move |c| hands::give_back(c, &back, now)).await;
        assert_eq!(
            done.is_ok(),
            lies != Lies::OnItsWay && amount <= left,
            "{lies:?} {amount} of {left}: {done:?}"
        );
        if done.is_err() {
            return;
        }
        let gift = &mut model.gifts[place];
        gift.shown
            .by_staff(&id, amount, gift.row.charged, &mut model.pools);
        model.recount(place);
        match lies {
            Lies::InHand => model.in_hand -= amount,
            _ => model.bank -= amount,
        }
        model.compare(db, &[place]).await;
    }

    async fn deposit(&mut self, db: &Db, model: &mut Model, chance: &mut Chance) {
        let left =
            |place: usize| model.gifts[place].row.charged - model.gifts[place].shown.refunded();
        let held: Vec<usize> = (0..self.lies.len())
            .filter(|own| self.lies[*own].1 == Lies::InHand && left(self.lies[*own].0) > 0)
            .filter(|_| chance.percent(70))
            .take(9)
            .collect();
        if held.is_empty() {
            return;
        }
        let amount = held.iter().map(|own| left(self.lies[*own].0)).sum();
        let new = NewDeposit {
            id: DepositId::new(),
            campaign: self.campaign,
            donations: held
                .iter()
                .map(|own| model.gifts[self.lies[*own].0].row.id)
                .collect(),
            note: String::new(),
            by: self.by,
        };
        let (id, now) = (new.id, model.now);
        db.tx(move |c| deposits::make(c, &new, now)).await.unwrap();
        for own in &held {
            self.lies[*own].1 = Lies::OnItsWay;
        }
        self.open.push(Deposit {
            id,
            gifts: held,
            amount,
        });
    }

    /// The bank counts as much, or less, or more.
    async fn bank(&mut self, db: &Db, model: &mut Model, chance: &mut Chance) {
        if self.open.is_empty() {
            return;
        }
        let deposit = self.open.swap_remove(chance.below(self.open.len()));
        let said = match chance.below(4) {
            0 => (deposit.amount - chance.between(0, 3)).max(1),
            1 => deposit.amount + chance.between(1, 300),
            _ => deposit.amount,
        };
        let line = BankLine {
            on: "2026-12-01".parse().unwrap(),
            reference: line("DEPOSIT"),
            amount: dollars(said),
            by: self.by,
        };
        let (id, now) = (deposit.id, model.now);
        let differs = db
            .tx(move |c| deposits::bank(c, id, &line, now))
            .await
            .unwrap();
        assert_eq!(
            differs.map_or(0, |money| money.minor()),
            said - deposit.amount
        );
        for own in deposit.gifts {
            self.lies[own].1 = Lies::AtBank;
        }
        model.in_hand -= deposit.amount;
        model.bank += said;
        model.apart += said - deposit.amount;
    }
}
