//! The demo's books beside the gifts: a sponsor's match pool, a payout at the bank, cash that went there and cash that
//! waits. All by the program's own verbs; people and sponsors are invented.

use chrono::Duration;

use crate::auth::{UserId, user_by_email};
use crate::campaigns;
use crate::donations::Giving;
use crate::donations::deposits::{self, BankLine, DepositId, NewDeposit};
use crate::donations::hands::{self, NewIds};
use crate::error::{AppError, AppResult};
use crate::kernel::{Currency, Day, Email, Line, Money, Timestamp};
use crate::matching::model::{Basis, PoolId};
use crate::matching::ops::{self, NewPool};
use crate::offline::ops::Entry;
use crate::offline::staff::Full;
use crate::offline::{Kind, OfflineGiftId, staff};
use crate::pages;

fn usd(dollars: i64) -> Money {
    Money::new(dollars * 100, Currency::USD)
}

/// The coordinator of the demo, where it has one.
async fn coordinator(giving: &Giving) -> AppResult<Option<UserId>> {
    let email: Email = "coordinator@selvedge.example"
        .parse()
        .map_err(AppError::internal)?;
    let found = giving
        .site
        .db
        .read(move |c| user_by_email(c, &email))
        .await?;
    Ok(found.map(|user| user.id))
}

/// A pool that is open for the demo's days, before the first gift is made.
pub(super) async fn pool(giving: &Giving) -> AppResult<()> {
    let (Some(by), now) = (coordinator(giving).await?, giving.site.clock.now()) else {
        return Ok(());
    };
    let (id, slug) = (PoolId::new(), super::slug(super::SEASON)?);
    let token = crate::kernel::secret::random_token()?;
    let sponsor = super::line("Loom & Larder Cooperative")?;
    let work = giving.site.db.tx(move |c| {
        let season = campaigns::model::by_slug(c, &slug)?.campaign;
        let new = NewPool {
            id,
            campaign: season.id,
            sponsor: sponsor.clone(),
            sponsor_email: None,
            basis: Basis::Pledge,
            amount: usd(2_500),
            ratio: 10_000,
            cap: Some(usd(100)),
            starts_at: now.minus(Duration::days(1)),
            ends_at: now.plus(Duration::days(14)),
            targets: Vec::new(),
            note: "Letter of the cooperative’s board, in the folder of the season.".into(),
            token: token.clone(),
            by,
        };
        ops::draft(c, &new, now)?;
        ops::confirm(c, id, by, now).map(drop)
    });
    work.await
}

fn entry(kind: Kind, dollars: i64, name: &str, on: Day) -> AppResult<Entry> {
    Ok(Entry {
        kind,
        amount: usd(dollars),
        donor_name: super::line(name)?,
        donor_email: None,
        anonymous: false,
        received_on: on,
        note: String::new(),
    })
}

/// After the gifts: what they came to is paid out, a cheque has gone to the bank, and cash waits to be confirmed.
pub(super) async fn after_gifts(giving: &Giving, http: &reqwest::Client) -> AppResult<()> {
    giving.reconcile().await?;
    let control = format!("{}/sandbox/control", giving.site.config.public_url());
    http.post(control)
        .json(&serde_json::json!({ "payout": true }))
        .send()
        .await
        .map_err(AppError::internal)?;
    crate::payouts::reconcile(giving).await?;
    let (Some(by), now) = (coordinator(giving).await?, giving.site.clock.now()) else {
        return Ok(());
    };
    by_hand(giving, by, now).await
}

async fn by_hand(giving: &Giving, by: UserId, now: Timestamp) -> AppResult<()> {
    let (waits, came) = (OfflineGiftId::new(), OfflineGiftId::new());
    let (deposit, ids, with) = (DepositId::new(), NewIds::new()?, giving.settling());
    let (season, page) = (super::slug(super::SEASON)?, super::slug("tomas-brandt")?);
    let reference = Line::parse("COUNTER DEPOSIT 0417", 140).map_err(AppError::internal)?;
    let done = giving
        .site
        .db
        .tx(move |c| {
            let season = campaigns::model::by_slug(c, &season)?.campaign;
            let page = pages::by_slug(c, &page)?.page.id;
            let today = season
                .time_zone
                .day_of(now)
                .ok_or_else(|| AppError::internal("today is no day"))?;
            let full = |entry, page, reference: &str| Full {
                entry,
                page,
                program: None,
                by_bank: false,
                reference: reference.to_owned(),
                shares: String::new(),
                sponsor: String::new(),
            };
            let cash = entry(Kind::Cash, 35, "The staff room’s tin", today)?;
            staff::enter(c, waits, season.id, &full(cash, Some(page), ""), by, now)?;
            let cheque = entry(Kind::Cheque, 120, "Rosa Lindgren", today)?;
            staff::enter(
                c,
                came,
                season.id,
                &full(cheque, Some(page), "2208"),
                by,
                now,
            )?;
            let donation = hands::confirm(c, &with, came, &ids, by, now)?;
            let new = NewDeposit {
                id: deposit,
                campaign: season.id,
                donations: vec![donation.id],
                note: "Monday’s envelope".into(),
                by,
            };
            deposits::make(c, &new, now)?;
            let line = BankLine {
                on: today,
                reference: reference.clone(),
                amount: usd(120),
                by,
            };
            deposits::bank(c, deposit, &line, now)?;
            Ok(donation)
        })
        .await?;
    giving.show(&crate::donations::settle::Applied {
        settled: vec![done.id],
        changed: vec![done],
        ..Default::default()
    });
    Ok(())
}
