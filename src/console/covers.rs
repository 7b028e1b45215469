//! Covering a reserve: one of finance writes it down, a second one books it.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::desk::{Desk, Mend, Room};
use super::fields::Typed;
use super::finance::draw;
use super::scope::{self, Scope};
use crate::audit::{self, Deed};
use crate::auth::Finance;
use crate::campaigns::Campaign;
use crate::error::{AppError, AppResult, FieldError};
use crate::funds::covers::{
    Cover, CoverId, PlanCover, approve_cover, cover, discard_cover, plan_cover,
};
use crate::kernel::{Day, Line, Money};
use crate::web::site::see;
use crate::web::{CsrfForm, Path, Site};

/// Writes a cover down: fields `campaign`, `amount`, `paid_on`, `bank_reference`, `reason`.
pub(super) async fn plan(
    site: Data<Site>,
    request: HttpRequest,
    staff: Finance,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Finance);
    let (scope, slug) = (
        Scope::as_finance(&desk.signed),
        form.0.text("campaign").to_owned(),
    );
    let season = site
        .db
        .read(move |c| scope::season(c, &scope, &slug))
        .await?;
    match written(&desk, &season, &form.0).await {
        Ok(()) => Ok(see("/console/finance?done=cover-planned#reserve")),
        Err(error) => draw(&desk, Some((season.id, &form.0)), Mend::of(error)?).await,
    }
}

async fn written(desk: &Desk, season: &Campaign, typed: &Typed) -> AppResult<()> {
    let mut faults = Vec::new();
    let amount = Money::parse_typed(typed.text("amount"), season.currency)
        .map_err(|error| faults.push(FieldError::new("amount", error)));
    let paid_on = typed
        .text("paid_on")
        .parse::<Day>()
        .map_err(|error| faults.push(FieldError::new("paid_on", error)));
    let bank_reference = Line::parse(typed.text("bank_reference"), 120)
        .map_err(|error| faults.push(FieldError::new("bank_reference", error)));
    let reason = Line::parse(typed.text("reason"), 400)
        .map_err(|error| faults.push(FieldError::new("reason", error)));
    let now = desk.now();
    if let (Ok(day), Some(today)) = (paid_on, season.time_zone.day_of(now))
        && day > today
    {
        faults.push(FieldError::new("paid_on", "that day has not come yet"));
    }
    let (Ok(amount), Ok(paid_on), Ok(bank_reference), Ok(reason), true) =
        (amount, paid_on, bank_reference, reason, faults.is_empty())
    else {
        return Err(AppError::Invalid(faults));
    };
    let new = PlanCover {
        id: CoverId::new(),
        campaign: season.id,
        amount,
        reason,
        paid_on,
        bank_reference,
        by: desk.signed.user(),
    };
    let db = &desk.site.db;
    db.tx(move |c| {
        plan_cover(c, &new, now)?;
        let deed = Deed::new(new.by, "reserve.plan_cover", ("cover", new.id.to_string()))
            .of(new.campaign)
            .saying(new.amount.to_string());
        audit::record(c, &deed, now)
    })
    .await
}

/// Books or discards a cover: field `deed`, `book` or `discard`.
pub(super) async fn decide(
    site: Data<Site>,
    request: HttpRequest,
    staff: Finance,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Finance);
    let id: CoverId = path
        .0
        .parse()
        .map_err(|_| AppError::NotFound("this cover"))?;
    let (scope, by, now) = (
        Scope::as_finance(&desk.signed),
        desk.signed.user(),
        desk.now(),
    );
    let books = form.0.text("deed") == "book";
    let decided = site
        .db
        .tx(move |c| {
            let found: Cover = cover(c, id)?;
            scope.check(found.campaign_id)?;
            let action = if books {
                approve_cover(c, id, by, now)?;
                "reserve.cover"
            } else {
                discard_cover(c, id, by, now)?;
                "reserve.discard_cover"
            };
            let deed = Deed::new(by, action, ("cover", id.to_string()))
                .of(found.campaign_id)
                .saying(found.money().to_string());
            audit::record(c, &deed, now)
        })
        .await;
    match decided {
        Ok(()) => Ok(see("/console/finance?done=cover-decided#reserve")),
        Err(error) => draw(&desk, None, Mend::of(error)?).await,
    }
}
