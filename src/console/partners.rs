//! `/console/partners`: partners, and who sits at their desks: invited by mail, and taken away here.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::desk::{Desk, Mend, Room};
use super::fields::Typed;
use super::record::{self, DeedView};
use super::scope::Scope;
use crate::audit::{self, Deed};
use crate::auth::{Coordinator, UserId};
use crate::error::{AppError, AppResult, FieldError};
use crate::kernel::{Email, Slug};
use crate::partners::staff::{self, NewInvitation};
use crate::partners::{InvitationId, Partner, PartnerId, PartnerLetters, model};
use crate::web::site::see;
use crate::web::{CsrfForm, Path, Site};

#[derive(Serialize)]
struct RowView {
    name: String,
    href: String,
    country: String,
    summary: String,
}

/// Context of `console/partners`.
#[derive(Serialize)]
struct ListView {
    rows: Vec<RowView>,
}

pub(super) async fn list(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Partners);
    Scope::of(&desk.signed).check_whole()?;
    let all = site.db.read(model::partners).await?;
    let row = |partner: Partner| RowView {
        href: format!("/console/partners/{}", partner.slug),
        name: partner.name,
        country: partner.country,
        summary: partner.summary,
    };
    let rows = all.into_iter().map(row).collect();
    desk.page("partners", "Partners", ListView { rows })
}

#[derive(Serialize)]
struct ProgramView {
    name: String,
    href: String,
}

#[derive(Serialize)]
struct SeatView {
    id: String,
    name: String,
    email: String,
    since: String,
}

#[derive(Serialize)]
struct InvitationView {
    id: String,
    email: String,
    until: String,
}

/// Context of `console/partner`.
#[derive(Serialize)]
struct PartnerView {
    slug: String,
    name: String,
    public_url: String,
    programs: Vec<ProgramView>,
    seats: Vec<SeatView>,
    invitations: Vec<InvitationView>,
    email: String,
    email_error: Option<String>,
    errors: Vec<FieldError>,
    notice: Option<String>,
    deeds: Vec<DeedView>,
}

pub(super) async fn show(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Partners);
    Scope::of(&desk.signed).check_whole()?;
    draw(&desk, slug(&path.0)?, &Typed::default(), Mend::none()).await
}

fn slug(text: &str) -> AppResult<Slug> {
    text.parse().map_err(|_| AppError::NotFound("the partner"))
}

async fn draw(desk: &Desk, slug: Slug, typed: &Typed, mend: Mend) -> AppResult<HttpResponse> {
    let now = desk.now();
    let (partner, programs, seats, invitations, deeds, names) = desk
        .site
        .db
        .read(move |c| {
            let partner = model::partner_by_slug(c, &slug)?;
            let id = partner.id;
            let deeds = audit::of_subject(c, "partner", &id.to_string(), 30)?;
            Ok((
                model::programs_of(c, id)?,
                staff::staff_of(c, id)?,
                staff::invitations(c, id, now)?,
                record::names(c, &deeds)?,
                deeds,
                partner,
            ))
        })
        .await
        .map(|(programs, seats, invitations, names, deeds, partner)| {
            (partner, programs, seats, invitations, deeds, names)
        })?;
    // Names and addresses of people are looked at.
    let subject = ("partner", partner.id.to_string());
    desk.note(Deed::new(desk.signed.user(), "partner.view_staff", subject))
        .await?;
    let view = PartnerView {
        slug: partner.slug.to_string(),
        name: partner.name.clone(),
        public_url: format!("/partners/{}", partner.slug),
        programs: programs
            .iter()
            .map(|program| ProgramView {
                name: program.name.clone(),
                href: format!("/console/programs/{}", program.slug),
            })
            .collect(),
        seats: seats
            .into_iter()
            .map(|one| SeatView {
                id: one.id.to_string(),
                name: one.name,
                email: one.email.to_string(),
                since: one.since.rfc3339(),
            })
            .collect(),
        invitations: invitations
            .into_iter()
            .map(|one| InvitationView {
                id: one.id.to_string(),
                email: one.to_email.to_string(),
                until: one.expires_at.rfc3339(),
            })
            .collect(),
        email: typed.text("email").to_owned(),
        email_error: mend.at("email"),
        errors: mend.faults,
        notice: mend.notice,
        deeds: deeds.iter().map(|one| record::view(one, &names)).collect(),
    };
    desk.show("partner", &partner.name, mend.status, view)
}

/// What is done with a partner's staff.
enum Act {
    Invite(NewInvitation),
    Revoke(InvitationId),
    Remove(UserId),
}

fn parse(typed: &Typed, partner: PartnerId, by: UserId) -> AppResult<Act> {
    match typed.text("do") {
        "invite" => {
            let email: Email = typed
                .text("email")
                .parse()
                .map_err(|bad| AppError::field("email", bad))?;
            NewInvitation::make(partner, email, by).map(Act::Invite)
        }
        "revoke" => match typed.text("invitation").parse() {
            Ok(id) => Ok(Act::Revoke(id)),
            Err(_) => Err(AppError::NotFound("the invitation")),
        },
        "remove" => match typed.text("person").parse() {
            Ok(id) => Ok(Act::Remove(id)),
            Err(_) => Err(AppError::NotFound("the person")),
        },
        _ => Err(AppError::field("do", "choose what to do")),
    }
}

/// Invites (`do` of `invite`, with `email`), takes an invitation back (`revoke`), or takes a place away (`remove`).
pub(super) async fn act(
    site: Data<Site>,
    request: HttpRequest,
    letters: Data<PartnerLetters>,
    staff: Coordinator,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Partners);
    Scope::of(&desk.signed).check_whole()?;
    let (by, now) = (desk.signed.user(), desk.now());
    let slug = slug(&path.0)?;
    let wanted = slug.clone();
    let partner = site
        .db
        .read(move |c| model::partner_by_slug(c, &wanted))
        .await?
        .id;
    let done = match parse(&form.0, partner, by) {
        Err(error) => Err(error),
        Ok(act) => {
            site.db
                .tx(move |c| match &act {
                    Act::Invite(new) => staff::invite(c, &letters, new, now).map(|()| "invited"),
                    Act::Revoke(id) => {
                        staff::revoke(c, (partner, *id), by, now).map(|()| "invitation-off")
                    }
                    Act::Remove(user) => {
                        staff::remove(c, partner, *user, by, now).map(|()| "left-desk")
                    }
                })
                .await
        }
    };
    match done {
        Ok(word) => Ok(see(&format!("/console/partners/{slug}?done={word}"))),
        Err(error) => draw(&desk, slug, &form.0, Mend::of(error)?).await,
    }
}
