//! `/account`: one's pages, one's teams, and the seasons that one can join.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::form::{Mend, render};
use crate::accounts::{Accounts, model};
use crate::auth::{Role, Signed};
use crate::error::AppResult;
use crate::kernel::Money;
use crate::pages::PageStatus;
use crate::web::views::shell::Link;

/// A tab over the pages of an account.
#[derive(Serialize)]
pub(super) struct Tab {
    #[serde(flatten)]
    link: Link,
    is_current: bool,
}

/// The tabs, `current` being looked at.
pub(super) fn tabs(current: &str) -> Vec<Tab> {
    [
        ("Overview", "/account"),
        ("You", "/account/settings"),
        ("Safety", "/account/security"),
        ("Data", "/account/data"),
    ]
    .into_iter()
    .map(|(label, href)| Tab {
        link: Link::new(label, href),
        is_current: href == current,
    })
    .collect()
}

#[derive(Serialize)]
struct OwnPage {
    title: String,
    href: String,
    coach_href: String,
    campaign: String,
    state: Option<String>,
    raised: Money,
    goal: Option<Money>,
}

#[derive(Serialize)]
struct OwnTeam {
    name: String,
    href: String,
    role: &'static str,
}

#[derive(Serialize)]
struct Season {
    title: String,
    href: String,
    start_href: String,
    has_page: bool,
}

#[derive(Serialize)]
struct View {
    tabs: Vec<Tab>,
    name: String,
    email: String,
    pages: Vec<OwnPage>,
    teams: Vec<OwnTeam>,
    seasons: Vec<Season>,
    is_staff: bool,
    is_partner: bool,
}

pub(super) async fn show(
    accounts: Data<Accounts>,
    request: HttpRequest,
    signed: Signed,
) -> AppResult<HttpResponse> {
    let user = signed.user();
    let (pages, teams, seasons) = accounts
        .site
        .db
        .read(move |c| {
            Ok((
                model::own_pages(c, user)?,
                model::led_teams(c, user)?,
                model::live_campaigns(c)?,
            ))
        })
        .await?;
    let seasons = seasons
        .into_iter()
        .map(|season| Season {
            has_page: pages.iter().any(|own| own.campaign.id == season.id),
            href: format!("/campaigns/{}", season.slug),
            start_href: format!("/start/{}", season.slug),
            title: season.title,
        })
        .collect();
    let view = View {
        tabs: tabs("/account"),
        name: signed.name().to_owned(),
        email: signed.email().to_string(),
        pages: pages.iter().map(own_page).collect(),
        teams: teams
            .into_iter()
            .map(|(team, leads)| OwnTeam {
                href: format!("/teams/{}", team.slug),
                name: team.name,
                role: if leads { "captain" } else { "co-captain" },
            })
            .collect(),
        seasons,
        is_staff: [Role::Coordinator, Role::Finance]
            .into_iter()
            .any(|role| signed.is(role)),
        is_partner: signed.is(Role::Partner),
    };
    let page = ("account", "Your account");
    render(&accounts, &request, page, Mend::nothing(), view)
}

fn own_page(own: &model::OwnPage) -> OwnPage {
    let page = &own.page;
    let goal = own.goal();
    OwnPage {
        title: page.title.clone(),
        href: format!("/pages/{}", page.slug),
        coach_href: format!("/pages/{}/coach", page.slug),
        campaign: own.campaign.title.clone(),
        state: (page.status != PageStatus::Live).then(|| page.status.to_string().replace('_', " ")),
        raised: own.total.raised(),
        goal: (goal.minor() > 0).then_some(goal),
    }
}
