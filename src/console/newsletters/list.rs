//! The list of newsletters, a new one, one about a report, and above how many recipients a second person is asked.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use super::super::desk::{Desk, Mend, Room};
use super::super::fields::{Draw, Field, Typed};
use super::super::listing::{self, Choice, ROWS};
use super::super::scope::{self, Scope, SeasonChoice};
use crate::analytics::{Counting, settings as counting};
use crate::auth::Coordinator;
use crate::error::{AppError, AppResult, FieldError};
use crate::impact::reports::{ReportId, model as reports};
use crate::kernel::{Line, Slug};
use crate::newsletters::content::Block;
use crate::newsletters::model::{self, NewsletterState, Place, Which};
use crate::newsletters::ops::{self, NewDraft};
use crate::newsletters::{Content, Layout, Newsletter, NewsletterId, approval, update};
use crate::segments::Audience;
use crate::web::query::{after, value};
use crate::web::site::see;
use crate::web::{CsrfForm, Path, Query, Site};

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    state: String,
    after: String,
}

#[derive(Serialize)]
struct RowView {
    title: String,
    subject: String,
    href: String,
    state: &'static str,
    send_at: Option<String>,
    ended_at: Option<String>,
    changed_at: String,
    public_url: Option<String>,
}

/// Context of `console/newsletters`.
#[derive(Serialize)]
struct ListView {
    states: Vec<Choice>,
    rows: Vec<RowView>,
    next_url: Option<String>,
    seasons: Vec<SeasonChoice>,
    fields: Vec<Field>,
    layouts: Vec<Choice>,
    may_set: bool,
    counting: Option<Counting>,
    above: String,
    above_error: Option<String>,
    errors: Vec<FieldError>,
    notice: Option<String>,
}

fn row(one: &Newsletter) -> RowView {
    let has_left = one.started_at.is_some() && one.state != NewsletterState::Cancelled;
    RowView {
        title: one.title.clone(),
        subject: one.subject.clone(),
        href: format!("/console/newsletters/{}", one.id),
        state: one.state.as_str(),
        send_at: one.send_at.map(|at| at.rfc3339()),
        ended_at: one.ended_at.map(|at| at.rfc3339()),
        changed_at: one.changed_at.rfc3339(),
        public_url: (one.is_public && has_left).then(|| format!("/newsletters/{}", one.slug)),
    }
}

pub(super) async fn list(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Newsletters);
    draw(&desk, query.0, &Typed::default(), Mend::none()).await
}

async fn draw(desk: &Desk, asked: Asked, typed: &Typed, mend: Mend) -> AppResult<HttpResponse> {
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let state: Option<NewsletterState> = value("state", given(&asked.state).as_deref())?;
    let place: Option<Place> = after(given(&asked.after).as_deref())?;
    let scope = Scope::of(&desk.signed);
    let may_set = scope.is_whole();
    let season = typed.text("campaign").to_owned();
    let (listed, chosen, above, counting) = desk
        .site
        .db
        .read(move |c| {
            let which = Which {
                campaigns: scope.ids().map(<[_]>::to_vec),
                state,
            };
            let listed = model::list(c, &which, place, ROWS)?;
            Ok((
                listed,
                scope::chosen(c, &scope, &season)?,
                approval::above(c)?,
                counting::now(c)?,
            ))
        })
        .await?;
    let mut states = listing::choices(
        NewsletterState::ALL,
        state.map_or("", NewsletterState::as_str),
    );
    states.insert(
        0,
        Choice {
            value: String::new(),
            label: "every state".to_owned(),
            is_current: state.is_none(),
        },
    );
    let d = Draw { typed, mend: &mend };
    let elsewhere = "above";
    let view = ListView {
        states,
        rows: listed.items.iter().map(row).collect(),
        next_url: listing::next(&desk.request, &listed),
        seasons: chosen.choices,
        fields: vec![
            d.text("title", "Title")
                .hint("Above the text, and in the archive."),
        ],
        layouts: Layout::ALL
            .iter()
            .map(|layout| Choice {
                value: layout.to_string(),
                label: layout.about().to_owned(),
                is_current: *layout == Layout::named(typed.text("layout")),
            })
            .collect(),
        may_set,
        counting: may_set.then_some(counting),
        above: if typed.sent("above") {
            typed.text("above").to_owned()
        } else {
            above.to_string()
        },
        above_error: mend.at(elsewhere),
        errors: mend
            .faults
            .iter()
            .filter(|fault| fault.field != elsewhere)
            .cloned()
            .collect(),
        notice: mend.notice,
    };
    desk.show("newsletters", "Newsletters", mend.status, view)
}

/// Switches on or off what is counted of newsletters that start from now on.
pub(super) async fn count(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Newsletters);
    Scope::of(&desk.signed).check_whole()?;
    let (by, now) = (desk.signed.user(), desk.now());
    let wanted = Counting {
        opens: form.0.ticked("opens"),
        clicks: form.0.ticked("clicks"),
    };
    site.db
        .tx(move |c| counting::set(c, wanted, by, now))
        .await?;
    Ok(see("/console/newsletters?done=saved"))
}

/// Makes a draft with a first block.
pub(super) async fn create(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Newsletters);
    let typed = form.0;
    let (scope, slug) = (
        Scope::of(&desk.signed),
        typed.text("campaign").trim().to_owned(),
    );
    let season = site
        .db
        .read(move |c| scope::season(c, &scope, &slug))
        .await?;
    let done = match new_draft(&desk, &typed, season.id) {
        Err(error) => Err(error),
        Ok(new) => {
            let (id, now) = (new.id, desk.now());
            let made = site.db.tx(move |c| ops::create(c, &new, now));
            made.await.map(|()| id)
        }
    };
    match done {
        Ok(id) => Ok(see(&format!(
            "/console/newsletters/{id}?done=newsletter-made"
        ))),
        Err(error) => draw(&desk, Asked::default(), &typed, Mend::of(error)?).await,
    }
}

fn new_draft(
    desk: &Desk,
    typed: &Typed,
    campaign: crate::campaigns::CampaignId,
) -> AppResult<NewDraft> {
    let title =
        Line::parse(typed.text("title"), 120).map_err(|bad| AppError::field("title", bad))?;
    let organisation = desk.site.config.site.name.as_str();
    let first = "Dear {{first_name|friend}},\n\n";
    Ok(NewDraft {
        id: NewsletterId::new(),
        campaign: Some(campaign),
        slug: match Slug::from_title(title.as_str()) {
            Some(slug) => slug,
            None => "newsletter".parse().map_err(AppError::internal)?,
        },
        subject: title.as_str().replace(['{', '}'], ""),
        layout: Layout::named(typed.text("layout")),
        content: Content {
            blocks: vec![Block::Text {
                words: first.trim().to_owned(),
            }],
        },
        audience: Audience::default(),
        from_name: Line::parse(organisation, 80).map_err(AppError::internal)?,
        report: None,
        title,
        by: desk.signed.user(),
    })
}

/// Makes the draft of an update about a published report, to whose money was in its grant.
pub(super) async fn of_report(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
    _form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Newsletters);
    let report: ReportId = path
        .0
        .parse()
        .map_err(|_| AppError::NotFound("the report"))?;
    let (scope, by, now) = (Scope::of(&desk.signed), desk.signed.user(), desk.now());
    let organisation = site.config.site.name.clone();
    let id = NewsletterId::new();
    site.db
        .tx(move |c| {
            let found = reports::by_id(c, report)?;
            match found.campaign() {
                Some(campaign) => scope.check(campaign)?,
                None => scope.check_whole()?,
            }
            let draft = update::draft(c, id, &found, (by, &organisation))?;
            ops::create(c, &draft, now)
        })
        .await?;
    Ok(see(&format!(
        "/console/newsletters/{id}?done=newsletter-made"
    )))
}

/// Sets above how many recipients a second person is asked: for those who run every season.
pub(super) async fn settings(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Newsletters);
    Scope::of(&desk.signed).check_whole()?;
    let (by, now) = (desk.signed.user(), desk.now());
    let done = match form.0.text("above").trim().parse::<i64>() {
        Err(_) => Err(AppError::field("above", "write a whole number")),
        Ok(above) => {
            site.db
                .tx(move |c| approval::set_above(c, above, by, now))
                .await
        }
    };
    match done {
        Ok(()) => Ok(see("/console/newsletters?done=saved")),
        Err(error) => draw(&desk, Asked::default(), &form.0, Mend::of(error)?).await,
    }
}
