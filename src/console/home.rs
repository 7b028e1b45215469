//! `/console`: what waits, and how the season stands.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use super::chart::{Bar, Chart, When};
use super::desk::{Desk, Room};
use super::scope::{self, Chosen, Scope, SeasonChoice};
use super::today::{self, DayFacts, Waiting};
use crate::auth::{Role, Staff};
use crate::error::{AppError, AppResult};
use crate::totals::{self, TotalScope};
use crate::web::views::money::MoneyView;
use crate::web::views::wording;
use crate::web::{Query, Site};

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    campaign: String,
}

/// Context of `console/home`.
#[derive(Serialize)]
struct HomeView {
    waiting: Waiting,
    is_quiet: bool,
    runs: bool,
    season: Option<SeasonView>,
    seasons: Vec<SeasonChoice>,
}

#[derive(Serialize)]
struct SeasonView {
    title: String,
    slug: String,
    status: String,
    phase: String,
    raised: MoneyView,
    goal: Option<MoneyView>,
    gifts: i64,
    donors: i64,
    today_gifts: i64,
    today_raised: MoneyView,
    today_pages: i64,
    charts: Vec<Chart>,
}

pub(super) async fn home(
    site: Data<Site>,
    request: HttpRequest,
    staff: Staff,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Home);
    let scope = Scope::of(&desk.signed);
    let now = desk.now();
    let (waiting, found) = site
        .db
        .read(move |c| {
            let waiting = today::waiting(c, &scope, now)?;
            let chosen = match scope::chosen(c, &scope, &query.0.campaign) {
                Err(AppError::NotFound(_)) if query.0.campaign.is_empty() => {
                    return Ok((waiting, None));
                }
                other => other?,
            };
            let id = chosen.campaign.id.to_string();
            let total = totals::of(c, TotalScope::Campaign, &id)?;
            let days = today::days(c, &chosen.campaign, now)?;
            Ok((waiting, Some((chosen, total, days))))
        })
        .await?;
    let (season, seasons) = match found {
        None => (None, Vec::new()),
        Some((Chosen { campaign, choices }, total, days)) => {
            let zero = crate::kernel::Money::zero(campaign.currency);
            let phase = match (campaign.challenge_day(now), campaign.days_left(now)) {
                (Some(day), _) => format!("day {day} of the challenge"),
                (None, Some(left)) => format!("{left} days of giving left"),
                (None, None) => String::new(),
            };
            let last = days.last();
            let view = SeasonView {
                title: campaign.title.clone(),
                slug: campaign.slug.to_string(),
                status: campaign.status.to_string(),
                phase,
                raised: total.as_ref().map_or(zero, |total| total.raised()).into(),
                goal: (campaign.goal().minor() > 0).then(|| campaign.goal().into()),
                gifts: total.as_ref().map_or(0, |total| total.donations),
                donors: total.as_ref().map_or(0, |total| total.donors),
                today_gifts: last.map_or(0, |day| day.gifts),
                today_raised: last.map_or(zero, |day| day.raised).into(),
                today_pages: last.map_or(0, |day| day.pages),
                charts: charts(&days)?,
            };
            (Some(view), choices)
        }
    };
    let view = HomeView {
        is_quiet: waiting == Waiting::default(),
        waiting,
        runs: desk.signed.is(Role::Coordinator),
        season,
        seasons,
    };
    desk.page("home", "Home", view)
}

fn charts(days: &[DayFacts]) -> AppResult<Vec<Chart>> {
    let mut raised = Vec::with_capacity(days.len());
    for day in days {
        let sum = wording::amount(day.raised.minor(), day.raised.currency().code())
            .map_err(AppError::internal)?;
        let gifts = if day.gifts == 1 { "gift" } else { "gifts" };
        raised.push(Bar {
            at: When::Day(day.day),
            value: day.raised.minor(),
            said: format!("{sum} in {} {gifts}", day.gifts),
        });
    }
    let pages = days.iter().map(|day| Bar {
        at: When::Day(day.day),
        value: day.pages,
        said: match day.pages {
            1 => "1 page".to_owned(),
            n => format!("{n} pages"),
        },
    });
    Ok(vec![
        Chart::new("Gifts by day", raised),
        Chart::new("Pages made by day", pages.collect()),
    ])
}
