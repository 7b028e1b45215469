//! `/start-team/{campaign}`: a team in one form.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use super::typed::{Fields, Typed};
use crate::auth::model::Role;
use crate::auth::{Signed, UserId};
use crate::campaigns::{self, Campaign, frame};
use crate::db::Conn;
use crate::error::{AppError, AppResult, FieldError};
use crate::kernel::Slug;
use crate::teams::desk::{Desk, Mend};
use crate::teams::groups::{self, Group};
use crate::teams::joining::{self, TeamPage};
use crate::teams::model::Team;
use crate::teams::ops::{self, CreateTeam, StartTeam};
use crate::teams::{TeamId, finding};
use crate::web::site::see;
use crate::web::views::form::{Choice, Choices};
use crate::web::views::shell::{Link, Shell};
use crate::web::{CsrfForm, Path, Query, Site};

/// What may stand behind `?`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    /// The slug of an own team of an earlier season, whose name and story are taken over.
    previous: String,
}

/// The form's fields.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Begun {
    #[serde(flatten)]
    team: Typed,
    previous: String,
    /// The slug of the founder's page.
    page: String,
}

/// Context of `team_start`.
#[derive(Serialize)]
struct StartView {
    shell: Shell,
    csrf: String,
    campaign: Link,
    action: String,
    notice: Option<String>,
    faults: Vec<FieldError>,
    fields: Fields,
    /// Which of the founder's pages joins; `None` without any.
    page: Option<Choices>,
    /// The slug of the earlier team that is taken over, or empty.
    previous: String,
    /// Own teams of earlier seasons to take over.
    earlier: Vec<Link>,
}

/// What the form offers.
struct Setting {
    campaign: Campaign,
    groups: Vec<Group>,
    pages: Vec<TeamPage>,
    earlier: Vec<(Team, Campaign)>,
}

impl Setting {
    fn read(conn: &mut Conn, slug: &Slug, user: UserId) -> AppResult<Self> {
        let campaign = campaigns::model::by_slug(conn, slug)?.campaign;
        Ok(Self {
            groups: groups::of_campaign(conn, campaign.id)?,
            pages: joining::own_pages(conn, user, campaign.id)?,
            earlier: finding::led_before(conn, user, campaign.id)?,
            campaign,
        })
    }

    fn earlier(&self, slug: &str) -> Option<&Team> {
        let mut all = self.earlier.iter().map(|(team, _)| team);
        all.find(|team| team.slug.as_str() == slug)
    }

    /// The founder's page that is offered first: one without a team.
    fn free_page(&self) -> String {
        let free = self.pages.iter().find(|page| page.team_id.is_none());
        free.map(|page| page.slug.to_string()).unwrap_or_default()
    }

    fn pages(&self, typed: &str, faults: &[FieldError]) -> Option<Choices> {
        if self.pages.is_empty() {
            return None;
        }
        let mut choices = vec![Choice::new("", "None of them yet", typed)];
        choices.extend(self.pages.iter().map(|page| {
            let label = match page.team_id {
                Some(_) => format!("{} (it leaves its team)", page.title),
                None => page.title.clone(),
            };
            Choice::new(page.slug.as_str(), &label, typed)
        }));
        Some(Choices::new(
            "page",
            "Your page in the team",
            choices,
            faults,
        ))
    }
}

fn slug(text: &str) -> AppResult<Slug> {
    text.parse().map_err(|_| AppError::NotFound("the campaign"))
}

fn is_staff(signed: &Signed, campaign: &Campaign) -> bool {
    signed.may_run(Role::Coordinator, campaign.id)
}

pub(super) async fn form(
    site: Data<Site>,
    signed: Signed,
    request: HttpRequest,
    path: Path<String>,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let (slug, user) = (slug(&path.0)?, signed.user());
    let setting = site.db.read(move |c| Setting::read(c, &slug, user)).await?;
    ops::may_start(&setting.campaign, is_staff(&signed, &setting.campaign))?;
    let mut begun = Begun {
        team: Typed::fresh(),
        page: setting.free_page(),
        ..Begun::default()
    };
    if let Some(team) = setting.earlier(&query.0.previous) {
        begun.previous = team.slug.to_string();
        begun.team.name.clone_from(&team.name);
        begun.team.story.clone_from(&team.story);
    }
    show(&site, &request, &setting, &begun, Mend::default())
}

pub(super) async fn start(
    site: Data<Site>,
    desk: Data<Desk>,
    signed: Signed,
    request: HttpRequest,
    path: Path<String>,
    form: CsrfForm<Begun>,
) -> AppResult<HttpResponse> {
    let (slug, user, begun) = (slug(&path.0)?, signed.user(), form.0);
    let setting = site.db.read(move |c| Setting::read(c, &slug, user)).await?;
    match begin(&site, &desk, &signed, &setting, &begun).await {
        Ok(slug) => Ok(see(&format!("/teams/{slug}/manage"))),
        Err(error) => show(&site, &request, &setting, &begun, Mend::of(error)?),
    }
}

async fn begin(
    site: &Site,
    desk: &Desk,
    signed: &Signed,
    setting: &Setting,
    begun: &Begun,
) -> AppResult<Slug> {
    let campaign = &setting.campaign;
    let read = begun.team.read(campaign, &setting.groups)?;
    let page = match begun.page.as_str() {
        "" => None,
        slug => {
            let found = setting.pages.iter().find(|page| page.slug.as_str() == slug);
            Some(
                found
                    .ok_or(AppError::field("page", "choose one of your pages"))?
                    .id,
            )
        }
    };
    let password_hash = desk.hash(read.policy, &begun.team.password).await?;
    let id = TeamId::new();
    let new = StartTeam {
        tail: tail(id),
        team: CreateTeam {
            id,
            campaign: campaign.id,
            slug: wish(read.name.as_str())?,
            name: read.name,
            story: read.story,
            goal: read.goal,
            captain: Some(signed.user()),
        },
        policy: read.policy,
        password_hash,
        group: read.group,
        previous: setting.earlier(&begun.previous).map(|team| team.id),
        page,
        by_staff: is_staff(signed, campaign),
    };
    let now = site.clock.now();
    let (slug, left) = site.db.tx(move |c| ops::start(c, &new, now)).await?;
    site.views.changed("campaign", &campaign.id.to_string());
    if let Some(page) = page {
        site.views.changed("page", &page.to_string());
    }
    if let Some(left) = left {
        site.views.changed("team", &left.to_string());
    }
    Ok(slug)
}

/// The slug that a team of this name would like.
pub(in crate::teams) fn wish(name: &str) -> AppResult<Slug> {
    match Slug::from_title(name) {
        Some(slug) => Ok(slug),
        None => "team".parse().map_err(AppError::internal),
    }
}

/// Six digits that tell a taken slug apart: the random end of the team's own id.
pub(in crate::teams) fn tail(id: TeamId) -> String {
    let text = id.to_string();
    text.chars().skip(text.len().saturating_sub(6)).collect()
}

fn show(
    site: &Site,
    request: &HttpRequest,
    setting: &Setting,
    begun: &Begun,
    mend: Mend,
) -> AppResult<HttpResponse> {
    let campaign = &setting.campaign;
    let here = format!("/start-team/{}", campaign.slug);
    let status = if mend.notice.is_none() && mend.faults.is_empty() {
        StatusCode::OK
    } else {
        mend.status
    };
    site.form_page(request, "team_start", status, |nonce, csrf| {
        let title = "Start a team";
        let now = site.clock.now();
        let mut shell = frame::shell(&site.config, nonce.as_str(), campaign, now, (title, ""));
        shell.noindex = true;
        let earlier = setting.earlier.iter().map(|(team, of)| {
            let label = format!("{}, {}", team.name, of.title);
            Link::new(&label, &format!("{here}?previous={}", team.slug))
        });
        Ok(StartView {
            shell,
            csrf,
            campaign: Link::new(&campaign.title, &frame::path(campaign)),
            action: here.clone(),
            notice: mend.notice,
            fields: begun
                .team
                .fields(campaign, &setting.groups, (false, &mend.faults)),
            page: setting.pages(&begun.page, &mend.faults),
            faults: mend.faults,
            previous: begun.previous.clone(),
            earlier: earlier.collect(),
        })
    })
}
