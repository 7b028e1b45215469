//! `/pages/{slug}/team/join/{team}`: one page, one team, and what its policy asks for.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use super::tab::back;
use super::team_slug;
use crate::auth::Signed;
use crate::campaigns::frame;
use crate::error::{AppError, AppResult, FieldError};
use crate::membership::ops::{self, Join, show_move};
use crate::pages::PageOwner;
use crate::pages::tools::{PageTools, Tool};
use crate::teams::desk::{Desk, Mend};
use crate::teams::joining::{self, Joined, TeamPage, Way};
use crate::teams::model::{self, TeamOverview};
use crate::teams::requests::WORDS;
use crate::teams::{JoinPolicy, guard};
use crate::web::site::see;
use crate::web::views::form::Field;
use crate::web::views::shell::{Link, Shell};
use crate::web::{CsrfForm, Path, Site};

/// The form's fields.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    password: String,
    words: String,
}

/// Context of `team_join`.
#[derive(Serialize)]
struct JoinView {
    shell: Shell,
    tools: PageTools,
    csrf: String,
    action: String,
    team: Link,
    tells: &'static str,
    /// What the button says; `None` where joining takes an invitation or staff.
    button: Option<&'static str>,
    /// The team that the page leaves.
    leaves: Option<String>,
    password: Option<Field>,
    words: Option<Field>,
    notice: Option<String>,
    faults: Vec<FieldError>,
    back: String,
}

/// The team of the path, when it is of the page's campaign, and whether the page's owner leads it.
async fn team_of(site: &Site, owner: &PageOwner, slug: &str) -> AppResult<(TeamOverview, bool)> {
    let (slug, page) = (team_slug(slug)?, owner.overview.page.clone());
    site.db
        .read(move |c| {
            let found = model::any_by_slug(c, &slug)?;
            let found = found.filter(|found| found.team.campaign_id == page.campaign_id);
            let found = found.ok_or(AppError::NotFound("the team"))?;
            let leads = match page.owner_id {
                Some(user) => guard::leads(c, &found, user)?.is_some(),
                None => false,
            };
            Ok((found, leads))
        })
        .await
}

pub(super) async fn form(
    site: Data<Site>,
    owner: PageOwner,
    request: HttpRequest,
    path: Path<(String, String)>,
) -> AppResult<HttpResponse> {
    let team = team_of(&site, &owner, &path.0.1).await?;
    show(
        &site,
        &owner,
        &request,
        &team,
        (Typed::default(), Mend::default()),
    )
}

pub(super) async fn join(
    site: Data<Site>,
    desk: Data<Desk>,
    owner: PageOwner,
    request: HttpRequest,
    path: Path<(String, String)>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let team = team_of(&site, &owner, &path.0.1).await?;
    match enter(&site, &desk, &owner, &team.0, &form.0).await {
        Ok(Joined::In(_)) => Ok(back(&owner, "joined")),
        Ok(Joined::Asked) => Ok(back(&owner, "asked")),
        Err(error) => show(&site, &owner, &request, &team, (form.0, Mend::of(error)?)),
    }
}

async fn enter(
    site: &Site,
    desk: &Desk,
    owner: &PageOwner,
    overview: &TeamOverview,
    typed: &Typed,
) -> AppResult<Joined> {
    let (page, team) = (owner.overview.page.id, overview.team.id);
    let way = if owner.on_behalf {
        Way::Staff
    } else {
        let shown = (typed.password.as_str(), typed.words.as_str());
        desk.way(site, team, owner.signed.user(), shown).await?
    };
    let deed = Join {
        page,
        team,
        way,
        deed: owner.deed("page.join_team"),
    };
    let (letters, now) = (desk.letters.clone(), site.clock.now());
    let joined = site
        .db
        .tx(move |c| ops::join(c, &letters, &deed, now))
        .await?;
    if let Joined::In(left) = joined {
        show_move(site, page, left.into_iter().chain([team]));
    }
    Ok(joined)
}

fn show(
    site: &Site,
    owner: &PageOwner,
    request: &HttpRequest,
    (overview, leads): &(TeamOverview, bool),
    (typed, mend): (Typed, Mend),
) -> AppResult<HttpResponse> {
    let fine = mend.notice.is_none() && mend.faults.is_empty();
    let status = if fine { StatusCode::OK } else { mend.status };
    let (page, team) = (&owner.overview.page, &overview.team);
    let is_in = page.team_id == Some(team.id);
    // Who leads the team, and staff, need neither password nor answer.
    let free = *leads || owner.on_behalf;
    let policy = if free {
        JoinPolicy::Open
    } else {
        team.join_policy
    };
    site.form_page(request, "team_join", status, |nonce, csrf| {
        let title = format!("Join {}", team.name);
        let (campaign, now) = (&overview.campaign, site.clock.now());
        let mut shell = frame::shell(&site.config, nonce.as_str(), campaign, now, (&title, ""));
        shell.noindex = true;
        let old = owner.overview.team.as_ref().filter(|_| !is_in);
        let password = Field::line("password", "Password of the team", 128, "")
            .kind("password", "off")
            .mend(&mend.faults);
        let words = Field::text(
            "words",
            "A word to the captain (optional)",
            (3, WORDS),
            &typed.words,
        )
        .hint("How you know each other, say.")
        .mend(&mend.faults);
        Ok(JoinView {
            shell,
            tools: PageTools::new(page, Some(Tool::Team)),
            csrf,
            action: format!("/pages/{}/team/join/{}", page.slug, team.slug),
            team: Link::new(&team.name, &format!("/teams/{}", team.slug)),
            tells: if is_in {
                "Your page is in this team."
            } else if team.is_open() {
                policy.tells()
            } else {
                "This team has been archived; it takes no more pages."
            },
            button: policy.button().filter(|_| team.is_open() && !is_in),
            leaves: old.map(|team| team.name.clone()),
            password: (policy == JoinPolicy::Password).then_some(password),
            words: (policy == JoinPolicy::Confirm).then_some(words),
            notice: mend.notice,
            faults: mend.faults,
            back: format!("/pages/{}/team", page.slug),
        })
    })
}

/// Context of `team_choose`.
#[derive(Serialize)]
struct ChooseView {
    shell: Shell,
    team: Link,
    tells: &'static str,
    /// Own pages with the address at which each joins.
    pages: Vec<Link>,
    start: String,
}

/// `/teams/{team}/join`: which of one's pages. With one page there is nothing to choose.
pub(super) async fn choose(
    site: Data<Site>,
    signed: Signed,
    request: HttpRequest,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let (slug, user) = (team_slug(&path.0)?, signed.user());
    let (overview, pages): (TeamOverview, Vec<TeamPage>) = site
        .db
        .read(move |c| {
            let overview = model::by_slug(c, &slug)?;
            let pages = joining::own_pages(c, user, overview.team.campaign_id)?;
            Ok((overview, pages))
        })
        .await?;
    let (team, campaign) = (&overview.team, &overview.campaign);
    let place = |page: &TeamPage| format!("/pages/{}/team/join/{}", page.slug, team.slug);
    if let [page] = pages.as_slice() {
        return Ok(see(&place(page)));
    }
    site.form_page(&request, "team_choose", StatusCode::OK, |nonce, _| {
        let title = format!("Join {}", team.name);
        let now = site.clock.now();
        let mut shell = frame::shell(&site.config, nonce.as_str(), campaign, now, (&title, ""));
        shell.noindex = true;
        Ok(ChooseView {
            shell,
            team: Link::new(&team.name, &format!("/teams/{}", team.slug)),
            tells: team.join_policy.tells(),
            pages: pages
                .iter()
                .map(|page| Link::new(&page.title, &place(page)))
                .collect(),
            start: format!("/start/{}", campaign.slug),
        })
    })
}
