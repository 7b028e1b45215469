//! `/console/newsletters/{id}/results`: what came of a newsletter, beside the last ones.

use std::collections::BTreeMap;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::super::bars;
use super::super::chart::{Bar, Chart, When};
use super::super::desk::{Desk, Room};
use super::super::scope::Scope;
use super::super::season::percent;
use super::{newsletter_id, of_scope};
use crate::analytics::report::{Hour, LinkRow, Reaction, hours, links, reactions};
use crate::analytics::{Counting, HitKind, settings};
use crate::auth::Coordinator;
use crate::bounces::ops::complaints;
use crate::db::Conn;
use crate::deliveries::DeliveryState;
use crate::deliveries::model::counts;
use crate::error::AppResult;
use crate::newsletters::model::before;
use crate::newsletters::{Newsletter, NewsletterId};
use crate::subscribers::proofs::left_by;
use crate::web::csv::Csv;
use crate::web::views::money::MoneyView;
use crate::web::{Path, Site};

/// Hours that the charts show.
const HOURS: i64 = 72;
/// So many earlier newsletters stand beside this one.
const EARLIER: i64 = 5;

/// One newsletter's numbers: what servers, readers and givers did.
struct Came {
    newsletter: Newsletter,
    states: BTreeMap<DeliveryState, i64>,
    left: i64,
    complaints: i64,
    counting: Counting,
    reaction: Reaction,
}

impl Came {
    fn read(conn: &mut Conn, newsletter: Newsletter, reaction: Reaction) -> AppResult<Self> {
        let id = newsletter.id;
        Ok(Self {
            states: counts(conn, id)?,
            left: left_by(conn, &id.to_string())?,
            complaints: complaints(conn, id)?.0,
            counting: settings::of(conn, id)?,
            reaction,
            newsletter,
        })
    }

    fn in_state(&self, state: DeliveryState) -> i64 {
        self.states.get(&state).copied().unwrap_or(0)
    }

    /// Mails that a server took, those among them that came back.
    fn sent(&self) -> i64 {
        self.in_state(DeliveryState::Sent) + self.in_state(DeliveryState::Bounced)
    }
}

/// A part of a whole in per cent to two places, or a dash of nothing.
fn share(part: i64, whole: i64) -> String {
    let points = part
        .saturating_mul(10_000)
        .checked_div(whole)
        .and_then(|points| i32::try_from(points).ok());
    points.map_or_else(|| "–".to_owned(), |points| format!("{}%", percent(points)))
}

/// A line of the comparison.
#[derive(Serialize)]
struct RowView {
    title: String,
    href: String,
    is_this: bool,
    started_at: Option<String>,
    sent: i64,
    bounced: String,
    left: String,
    complained: String,
    opened: Option<String>,
    clicked: Option<String>,
    clicks: Option<i64>,
    gifts: Option<i64>,
    given: Vec<MoneyView>,
}

impl RowView {
    fn of(came: &Came, this: NewsletterId) -> Self {
        let (reaction, counting, sent) = (&came.reaction, came.counting, came.sent());
        let id = came.newsletter.id;
        Self {
            title: came.newsletter.title.clone(),
            href: format!("/console/newsletters/{id}/results"),
            is_this: id == this,
            started_at: came.newsletter.started_at.map(|at| at.rfc3339()),
            sent,
            bounced: share(came.in_state(DeliveryState::Bounced), sent),
            left: share(came.left, sent),
            complained: share(came.complaints, sent),
            opened: counting
                .opens
                .then(|| share(reaction.opened_by, reaction.agreed)),
            clicked: counting
                .clicks
                .then(|| share(reaction.clicked_by, reaction.agreed)),
            clicks: counting.clicks.then(|| reaction.of(HitKind::Click)),
            gifts: counting.clicks.then_some(reaction.gifts),
            given: given(reaction),
        }
    }
}

fn given(reaction: &Reaction) -> Vec<MoneyView> {
    reaction
        .given
        .iter()
        .copied()
        .map(MoneyView::from)
        .collect()
}

#[derive(Serialize)]
struct LinkView {
    url: String,
    clicks: i64,
    people: i64,
    bar_svg: String,
}

/// Context of `console/newsletter_results`.
#[derive(Serialize)]
struct ResultsView {
    id: String,
    title: String,
    subject: String,
    has_started: bool,
    sent: i64,
    bounced: i64,
    bounced_share: String,
    failed: i64,
    left: i64,
    left_share: String,
    complained: i64,
    complained_share: String,
    is_counted: bool,
    counts_opens: bool,
    counts_clicks: bool,
    agreed: i64,
    opened_by: i64,
    opened_share: String,
    opens: i64,
    clicked_by: i64,
    clicked_share: String,
    clicks: i64,
    machines: i64,
    gifts: i64,
    given: Vec<MoneyView>,
    links: Vec<LinkView>,
    charts: Vec<Chart>,
    rows: Vec<RowView>,
    winner: Option<String>,
    csv_url: String,
}

struct Found {
    came: Came,
    earlier: Vec<Came>,
    links: Vec<LinkRow>,
    hours: Vec<Hour>,
    winner: Option<String>,
}

fn read(conn: &mut Conn, scope: &Scope, id: NewsletterId) -> AppResult<Found> {
    let newsletter = of_scope(conn, scope, id)?;
    let earlier = before(conn, &newsletter, EARLIER)?;
    let ids: Vec<NewsletterId> = earlier.iter().map(|one| one.id).chain([id]).collect();
    let mut all = reactions(conn, &ids)?;
    let mut came = |conn: &mut Conn, one: Newsletter| {
        let reaction = all.remove(&one.id).unwrap_or_default();
        Came::read(conn, one, reaction)
    };
    let hours = match newsletter.started_at {
        Some(started) => hours(conn, id, started, HOURS)?,
        None => Vec::new(),
    };
    Ok(Found {
        earlier: earlier
            .into_iter()
            .map(|one| came(conn, one))
            .collect::<AppResult<_>>()?,
        came: came(conn, newsletter)?,
        links: links(conn, id)?,
        winner: crate::deliveries::model::sending(conn, id)?.and_then(|plan| plan.test_winner),
        hours,
    })
}

async fn found(desk: &Desk, path: &str) -> AppResult<Found> {
    let (id, scope) = (newsletter_id(path)?, Scope::of(&desk.signed));
    desk.site.db.read(move |c| read(c, &scope, id)).await
}

pub(super) async fn show(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Newsletters);
    let found = found(&desk, &path.0).await?;
    let title = format!("What came of {}", found.came.newsletter.title);
    desk.page("newsletter_results", &title, view(&found))
}

fn view(found: &Found) -> ResultsView {
    let came = &found.came;
    let (reaction, sent, id) = (&came.reaction, came.sent(), came.newsletter.id);
    let bounced = came.in_state(DeliveryState::Bounced);
    let most = found.links.iter().map(|one| one.clicks).max().unwrap_or(0);
    let links = found.links.iter().map(|one| LinkView {
        url: one.url.clone(),
        clicks: one.clicks,
        people: one.people,
        bar_svg: bars::lying(&[("nws-sent", one.clicks)], most),
    });
    let everyone = std::iter::once(came).chain(&found.earlier);
    ResultsView {
        id: id.to_string(),
        title: came.newsletter.title.clone(),
        subject: came.newsletter.subject.clone(),
        has_started: came.newsletter.started_at.is_some(),
        sent,
        bounced,
        bounced_share: share(bounced, sent),
        failed: came.in_state(DeliveryState::Failed),
        left: came.left,
        left_share: share(came.left, sent),
        complained: came.complaints,
        complained_share: share(came.complaints, sent),
        is_counted: came.counting.is_on(),
        counts_opens: came.counting.opens,
        counts_clicks: came.counting.clicks,
        agreed: reaction.agreed,
        opened_by: reaction.opened_by,
        opened_share: share(reaction.opened_by, reaction.agreed),
        opens: reaction.of(HitKind::Open),
        clicked_by: reaction.clicked_by,
        clicked_share: share(reaction.clicked_by, reaction.agreed),
        clicks: reaction.of(HitKind::Click),
        machines: reaction.of(HitKind::MachineOpen) + reaction.of(HitKind::MachineClick),
        gifts: reaction.gifts,
        given: given(reaction),
        links: links.collect(),
        charts: charts(came.counting, &found.hours),
        rows: everyone.map(|one| RowView::of(one, id)).collect(),
        winner: found.winner.clone(),
        csv_url: format!("/console/newsletters/{id}/results.csv"),
    }
}

fn charts(counting: Counting, hours: &[Hour]) -> Vec<Chart> {
    let bars = |of: fn(&Hour) -> i64, one: &str, many: &str| {
        let bar = |hour: &Hour| {
            let value = of(hour);
            let word = if value == 1 { one } else { many };
            Bar {
                at: When::Hour(hour.at),
                value,
                said: format!("{value} {word}"),
            }
        };
        hours.iter().map(bar).collect()
    };
    let mut charts = Vec::new();
    if counting.clicks && !hours.is_empty() {
        let clicks = bars(|hour| hour.clicks, "click", "clicks");
        charts.push(Chart::new("Clicks by hour", clicks));
    }
    if counting.opens && !hours.is_empty() {
        let opens = bars(|hour| hour.opens, "opening", "openings");
        charts.push(Chart::new("Openings by hour", opens));
    }
    charts
}

/// The comparison as a table; money in minor units, as everywhere in files.
pub(super) async fn csv(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Newsletters);
    let found = found(&desk, &path.0).await?;
    let mut csv = Csv::new(&[
        "newsletter",
        "started",
        "sent",
        "came_back",
        "failed",
        "left",
        "complained",
        "agreed_to_be_counted",
        "opened_by",
        "clicked_by",
        "clicks",
        "machine_hits",
        "gifts",
        "given",
    ]);
    for came in std::iter::once(&found.came).chain(&found.earlier) {
        let reaction = &came.reaction;
        let given: Vec<String> = reaction
            .given
            .iter()
            .map(|money| format!("{} {}", money.currency().code(), money.minor()))
            .collect();
        let machines = reaction.of(HitKind::MachineOpen) + reaction.of(HitKind::MachineClick);
        let started = came.newsletter.started_at;
        csv.row(&[
            came.newsletter.title.clone(),
            started.map_or_else(String::new, |at| at.rfc3339()),
            came.sent().to_string(),
            came.in_state(DeliveryState::Bounced).to_string(),
            came.in_state(DeliveryState::Failed).to_string(),
            came.left.to_string(),
            came.complaints.to_string(),
            reaction.agreed.to_string(),
            reaction.opened_by.to_string(),
            reaction.clicked_by.to_string(),
            reaction.of(HitKind::Click).to_string(),
            machines.to_string(),
            reaction.gifts.to_string(),
            given.join(" "),
        ]);
    }
    Ok(csv.respond("newsletter-results.csv"))
}
