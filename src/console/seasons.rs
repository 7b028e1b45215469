//! `/console/seasons`: the list, and a new one.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::desk::{Desk, Mend, Room};
use super::fields::{Draw, Field, Typed};
use super::scope::Scope;
use super::season_fields::{self, FormView};
use super::season_form;
use crate::audit::{self, Deed};
use crate::auth::Coordinator;
use crate::campaigns::edit::{EditCampaign, set_rules};
use crate::campaigns::ops::{CreateCampaign, create as create_campaign};
use crate::campaigns::rules::SeasonRules;
use crate::campaigns::{self, CampaignId, CampaignStatus, again};
use crate::db::Conn;
use crate::error::{AppError, AppResult, FieldError};
use crate::funds::FundId;
use crate::ids::ProgramId;
use crate::kernel::{Currency, Limit, Money, Slug, Timestamp, Zone};
use crate::partners;
use crate::web::site::see;
use crate::web::{CsrfForm, Site};

#[derive(Serialize)]
struct RowView {
    title: String,
    href: String,
    public_url: Option<String>,
    again_url: Option<String>,
    status: String,
    starts_on: String,
    ends_on: String,
    giving_until: String,
    currency: String,
    zone: String,
}

/// Context of `console/seasons`.
#[derive(Serialize)]
struct SeasonsView {
    rows: Vec<RowView>,
    can_make: bool,
}

pub(super) async fn list(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Seasons);
    let scope = Scope::of(&desk.signed);
    let all = site.db.read(campaigns::model::all).await?;
    let rows = all.iter().filter(|season| scope.holds(season.id));
    let rows = rows.map(|season| RowView {
        title: season.title.clone(),
        href: format!("/console/seasons/{}", season.slug),
        public_url: (season.status != CampaignStatus::Draft)
            .then(|| format!("/campaigns/{}", season.slug)),
        again_url: (scope.is_whole() && again::can_be_cloned(season))
            .then(|| format!("/console/seasons/{}/again", season.slug)),
        status: season.status.to_string(),
        starts_on: season.starts_on.to_string(),
        ends_on: season.ends_on.to_string(),
        giving_until: season.giving_until.to_string(),
        currency: season.currency.to_string(),
        zone: season.time_zone.to_string(),
    });
    let view = SeasonsView {
        rows: rows.collect(),
        can_make: scope.is_whole(),
    };
    desk.page("seasons", "Seasons", view)
}

/// Every program that a season can pay for, with its partner.
///
/// # Errors
/// The database's.
pub(super) fn all_programs(conn: &mut Conn) -> AppResult<Vec<(ProgramId, String)>> {
    let listed = partners::model::programs(conn, None, Limit::MOST)?;
    Ok(listed
        .items
        .into_iter()
        .map(|row| {
            let name = format!("{} ({})", row.program.name, row.partner.name);
            (row.program.id, name)
        })
        .collect())
}

/// Context of `console/season_new`.
#[derive(Serialize)]
struct NewView {
    identity: Vec<Field>,
    form: FormView,
    errors: Vec<FieldError>,
    notice: Option<String>,
}

pub(super) async fn new(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Seasons);
    Scope::of(&desk.signed).check_whole()?;
    let mut typed = Typed::default();
    typed.set("currency", Currency::USD);
    typed.set("time_zone", "America/Los_Angeles");
    typed.set("accent", crate::web::views::palette::DEFAULT_ACCENT);
    typed.set("minimum", "5");
    typed.set("suggested", "25 50 100 250");
    season_form::set_rules(&mut typed, &SeasonRules::default(), Currency::USD);
    draw(&desk, &typed, Mend::none()).await
}

async fn draw(desk: &Desk, typed: &Typed, mend: Mend) -> AppResult<HttpResponse> {
    let programs = desk.site.db.read(all_programs).await?;
    let d = Draw { typed, mend: &mend };
    let identity = vec![
        d.text("slug", "Address")
            .hint("Its place in URLs, like dressember-2027. It stands for good."),
        d.text("currency", "Currency")
            .hint("ISO 4217, like USD. It stands for good."),
        d.text("time_zone", "Time zone")
            .hint("Like America/Los_Angeles: where its days begin and end. It stands for good."),
    ];
    let form = season_fields::draw(typed, &mend, &programs);
    let view = NewView {
        identity,
        form,
        errors: mend.faults,
        notice: mend.notice,
    };
    desk.show("season_new", "A new season", mend.status, view)
}

/// Makes a season as a draft.
pub(super) async fn create(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Seasons);
    Scope::of(&desk.signed).check_whole()?;
    match make(&desk, &form.0).await {
        Ok(slug) => Ok(see(&format!("/console/seasons/{slug}?done=made"))),
        Err(error) => draw(&desk, &form.0, Mend::of(error)?).await,
    }
}

async fn make(desk: &Desk, typed: &Typed) -> AppResult<Slug> {
    let slug = typed.text("slug").trim().parse::<Slug>();
    let currency = typed.text("currency").trim().parse::<Currency>();
    let zone = typed.text("time_zone").trim().parse::<Zone>();
    let id = CampaignId::new();
    let stand_in = currency.as_ref().copied().unwrap_or(Currency::USD);
    let parsed = season_form::parse(typed, id, stand_in, &SeasonRules::default());
    let (edit, slug, zone) = match (parsed, slug, currency, zone) {
        (Ok(edit), Ok(slug), Ok(_), Ok(zone)) => (edit, slug, zone),
        (parsed, slug, currency, zone) => {
            let mut faults = Vec::new();
            let mut note = |field: &str, said: Option<String>| {
                faults.extend(said.map(|said| FieldError::new(field, said)));
            };
            note("slug", slug.err().map(|error| error.to_string()));
            note("currency", currency.err().map(|error| error.to_string()));
            note("time_zone", zone.err().map(|error| error.to_string()));
            if let Err(AppError::Invalid(more)) = parsed {
                faults.extend(more);
            }
            return Err(AppError::Invalid(faults));
        }
    };
    let command = command(&edit, &slug, zone);
    let (actor, now) = (desk.signed.user(), desk.now());
    desk.site
        .db
        .tx(move |c| store(c, &command, &edit, actor, now))
        .await?;
    Ok(slug)
}

fn command(edit: &EditCampaign, slug: &Slug, time_zone: Zone) -> CreateCampaign {
    let minimum: Money = edit.minimum;
    CreateCampaign {
        id: edit.id,
        fund: FundId::new(),
        slug: slug.clone(),
        title: edit.title.clone(),
        appeal: edit.appeal.clone(),
        story: edit.story.clone(),
        time_zone,
        starts_on: edit.starts_on,
        ends_on: edit.ends_on,
        giving_until: edit.giving_until,
        goal: edit.goal,
        minimum,
        suggested: edit.suggested.clone(),
        accent: edit.accent.clone(),
        faq: edit.faq.clone(),
        programs: edit.programs.clone(),
        previous: None,
    }
}

fn store(
    conn: &mut Conn,
    command: &CreateCampaign,
    edit: &EditCampaign,
    actor: crate::auth::UserId,
    now: Timestamp,
) -> AppResult<()> {
    create_campaign(conn, command, now)?;
    set_rules(conn, command.id, &edit.rules)?;
    let deed = Deed::new(actor, "season.create", ("season", command.id.to_string()));
    audit::record(conn, &deed.of(command.id), now)
}
