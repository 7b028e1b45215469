//! `/pages/{slug}/team`: the team of a page, and finding one.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use crate::audit;
use crate::campaigns::{CampaignStatus, frame};
use crate::db::Conn;
use crate::error::{AppError, AppResult, FieldError};
use crate::kernel::{Cursor, Limit, Listed};
use crate::membership::ops::show_move;
use crate::pages::PageOwner;
use crate::pages::tools::{PageTools, Tool};
use crate::teams::desk::Mend;
use crate::teams::finding::{self, NamePlace};
use crate::teams::requests::RequestId;
use crate::teams::{JoinPolicy, Team, guard, joining, model, requests};
use crate::web::site::see;
use crate::web::views::shell::{Link, Shell};
use crate::web::{CsrfForm, Query, Site};

/// What may stand behind `?`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    /// What the team's name holds.
    q: String,
    /// Where the list goes on.
    after: Option<String>,
    /// What was done: a word of [`done`].
    done: String,
}

/// What was done, in words.
fn done(word: &str) -> Option<&'static str> {
    Some(match word {
        "joined" => "Your page is in the team.",
        "asked" => "The captain has been asked. The answer comes by mail.",
        "left" => {
            "Your page has left the team. What was given while it was there stays with the team."
        }
        "withdrawn" => "The request was taken back.",
        _ => return None,
    })
}

struct Found {
    team: Option<Team>,
    leads: bool,
    asked: Vec<(RequestId, crate::kernel::Slug, String)>,
    teams: Listed<Team>,
}

impl Found {
    fn read(conn: &mut Conn, owner: &PageOwner, asked: &Asked) -> AppResult<Self> {
        let page = &owner.overview.page;
        let after: Option<NamePlace> = asked
            .after
            .as_deref()
            .and_then(|text| Cursor::parse(text).ok());
        let team = match page.team_id {
            Some(id) => Some(model::by_id(conn, id)?),
            None => None,
        };
        let leads = match (&team, page.owner_id) {
            (Some(team), Some(user)) => guard::leads(conn, team, user)?.is_some(),
            _ => false,
        };
        let of = page.campaign_id;
        Ok(Self {
            team: team.map(|overview| overview.team),
            leads,
            asked: requests::of_page(conn, page.id)?,
            teams: finding::search(conn, of, &asked.q, after.as_ref(), Limit::default())?,
        })
    }
}

/// Context of `team_tab`.
#[derive(Serialize)]
struct TabView {
    shell: Shell,
    tools: PageTools,
    csrf: String,
    here: String,
    done: Option<&'static str>,
    notice: Option<String>,
    faults: Vec<FieldError>,
    team: Option<Link>,
    /// Where the team is led, when the page's owner leads it.
    manage: Option<String>,
    requests: Vec<AskedView>,
    q: String,
    open: bool,
    start: Option<String>,
    teams: Vec<TeamView>,
    more: Option<String>,
}

#[derive(Serialize)]
struct AskedView {
    id: String,
    team: Link,
}

#[derive(Serialize)]
struct TeamView {
    team: Link,
    tells: &'static str,
    /// What the link says that leads in; `None` where there is none.
    button: Option<&'static str>,
    join: String,
}

pub(super) async fn tab(
    site: Data<Site>,
    owner: PageOwner,
    request: HttpRequest,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    show(&site, &owner, &request, (query.0, Mend::default())).await
}

async fn show(
    site: &Site,
    owner: &PageOwner,
    request: &HttpRequest,
    (asked, mend): (Asked, Mend),
) -> AppResult<HttpResponse> {
    let (asking, of) = (asked.clone(), owner.clone());
    let found = site.db.read(move |c| Found::read(c, &of, &asking)).await?;
    let fine = mend.notice.is_none();
    let status = if fine { StatusCode::OK } else { mend.status };
    site.form_page(request, "team_tab", status, |nonce, csrf| {
        let (page, campaign) = (&owner.overview.page, &owner.overview.campaign);
        let here = format!("/pages/{}/team", page.slug);
        let now = site.clock.now();
        let title = format!("The team of “{}”", page.title);
        let mut shell = frame::shell(&site.config, nonce.as_str(), campaign, now, (&title, ""));
        shell.noindex = true;
        let open = campaign.status != CampaignStatus::Closed;
        let teams = found.teams.items.iter();
        let teams = teams.filter(|team| Some(team.id) != page.team_id);
        let may_start = !campaign.rules.0.staff_make_teams || owner.on_behalf;
        let more = found.teams.next.as_ref().map(|next| {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            query.append_pair("q", &asked.q);
            query.append_pair("after", next.as_str());
            format!("{here}?{}#find", query.finish())
        });
        let team_link = |team: &Team| Link::new(&team.name, &format!("/teams/{}", team.slug));
        Ok(TabView {
            tools: PageTools::new(page, Some(Tool::Team)),
            csrf,
            done: done(&asked.done),
            notice: mend.notice,
            faults: mend.faults,
            manage: found
                .team
                .as_ref()
                .filter(|_| found.leads)
                .map(|team| format!("/teams/{}/manage", team.slug)),
            team: found.team.as_ref().map(team_link),
            requests: found
                .asked
                .iter()
                .map(|(id, slug, name)| AskedView {
                    id: id.to_string(),
                    team: Link::new(name, &format!("/teams/{slug}")),
                })
                .collect(),
            open,
            start: (open && may_start).then(|| format!("/start-team/{}", campaign.slug)),
            teams: teams
                .map(|team| TeamView {
                    team: team_link(team),
                    tells: team.join_policy.tells(),
                    button: button(team.join_policy, owner.on_behalf),
                    join: format!("{here}/join/{}", team.slug),
                })
                .collect(),
            more,
            q: asked.q,
            here,
            shell,
        })
    })
}

/// Staff put a page into any team.
fn button(policy: JoinPolicy, on_behalf: bool) -> Option<&'static str> {
    match policy.button() {
        None if on_behalf => Some("Put the page into it"),
        button => button,
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct OfRequest {
    request: String,
}

pub(super) async fn leave(
    site: Data<Site>,
    owner: PageOwner,
    request: HttpRequest,
    _: CsrfForm<OfRequest>,
) -> AppResult<HttpResponse> {
    let (page, now) = (owner.overview.page.id, site.clock.now());
    let deed = owner.deed("page.leave_team");
    let left = site
        .db
        .tx(move |c| {
            let left = joining::leave(c, page)?;
            if let Some(deed) = &deed {
                audit::record(c, deed, now)?;
            }
            Ok(left)
        })
        .await;
    match left {
        Ok(left) => {
            show_move(&site, page, [left]);
            Ok(back(&owner, "left"))
        }
        Err(error) => {
            let again = (Asked::default(), Mend::of(error)?);
            show(&site, &owner, &request, again).await
        }
    }
}

pub(super) async fn withdraw(
    site: Data<Site>,
    owner: PageOwner,
    request: HttpRequest,
    form: CsrfForm<OfRequest>,
) -> AppResult<HttpResponse> {
    let id: RequestId = form
        .0
        .request
        .parse()
        .map_err(|_| AppError::NotFound("this request"))?;
    let (page, now) = (owner.overview.page.id, site.clock.now());
    let deed = owner.deed("page.withdraw_request");
    let did = site
        .db
        .tx(move |c| {
            requests::withdraw(c, page, id)?;
            match &deed {
                Some(deed) => audit::record(c, deed, now),
                None => Ok(()),
            }
        })
        .await;
    match did {
        Ok(()) => Ok(back(&owner, "withdrawn")),
        Err(error) => {
            let again = (Asked::default(), Mend::of(error)?);
            show(&site, &owner, &request, again).await
        }
    }
}

/// Back to the tab, saying what was done.
pub(super) fn back(owner: &PageOwner, word: &str) -> HttpResponse {
    see(&format!(
        "/pages/{}/team?done={word}",
        owner.overview.page.slug
    ))
}
