//! `/console/deposits`: cash and cheques in hand, what went to the bank, and the bank's lines.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use super::desk::{Desk, Mend, Room};
use super::fields::{Draw, Field, Typed};
use super::listing::{self, ROWS};
use super::scope::{self, Scope, SeasonChoice};
use crate::audit::Deed;
use crate::auth::Staff;
use crate::donations::DonationId;
use crate::donations::deposits::{
    self, BankLine, Deposit, DepositId, DepositState, InHand, NewDeposit,
};
use crate::error::{AppError, AppResult, FieldError};
use crate::kernel::line::{BadText, parse_lines};
use crate::kernel::{Line, Money};
use crate::web::query::after;
use crate::web::site::see;
use crate::web::views::money::MoneyView;
use crate::web::{CsrfForm, Path, Query, Site};

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    campaign: String,
    after: String,
}

#[derive(Serialize)]
struct HeldView {
    id: String,
    kind: &'static str,
    donor: String,
    received_on: String,
    reference: String,
    amount: MoneyView,
    is_ticked: bool,
}

#[derive(Serialize)]
struct DepositView {
    id: String,
    made_at: String,
    amount: MoneyView,
    note: String,
    is_taken: bool,
    banked_on: Option<String>,
    reference: Option<String>,
    banked: Option<MoneyView>,
    difference: Option<MoneyView>,
    fields: Vec<Field>,
    action: String,
}

/// Context of `console/deposits`.
#[derive(Serialize)]
struct DepositsView {
    id: String,
    campaign: String,
    seasons: Vec<SeasonChoice>,
    held: Vec<HeldView>,
    held_sum: MoneyView,
    note: String,
    gift_error: Option<String>,
    rows: Vec<DepositView>,
    next_url: Option<String>,
    errors: Vec<FieldError>,
    notice: Option<String>,
}

pub(super) async fn list(
    site: Data<Site>,
    request: HttpRequest,
    staff: Staff,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Deposits);
    draw(&desk, query.0, None, &Typed::default(), Mend::none()).await
}

async fn draw(
    desk: &Desk,
    asked: Asked,
    at: Option<DepositId>,
    typed: &Typed,
    mend: Mend,
) -> AppResult<HttpResponse> {
    let scope = Scope::of(&desk.signed);
    let place = after(Some(asked.after.as_str()).filter(|text| !text.is_empty()))?;
    let (chosen, held, listed) = desk
        .site
        .db
        .read(move |c| {
            let chosen = scope::chosen(c, &scope, &asked.campaign)?;
            let held = deposits::in_hand(c, chosen.campaign.id)?;
            let listed = deposits::of_campaign(c, chosen.campaign.id, place, ROWS)?;
            Ok((chosen, held, listed))
        })
        .await?;
    let campaign = &chosen.campaign;
    if !held.is_empty() {
        let season = ("season", campaign.id.to_string());
        let deed = Deed::new(desk.signed.user(), "deposit.view", season).of(campaign.id);
        desk.note(deed).await?;
    }
    let sum: i64 = held.iter().map(|one| one.held().minor()).sum();
    let ticked: Vec<&str> = typed.all("gift").collect();
    let view = DepositsView {
        id: DepositId::new().to_string(),
        campaign: campaign.slug.to_string(),
        held: held
            .iter()
            .map(|one| held_view(one, &ticked, typed))
            .collect(),
        held_sum: Money::new(sum, campaign.currency).into(),
        note: typed.text("note").to_owned(),
        gift_error: mend.at("gift"),
        rows: listed
            .items
            .iter()
            .map(|one| row(one, at, typed, &mend))
            .collect(),
        next_url: listing::next(&desk.request, &listed),
        seasons: chosen.choices,
        errors: mend.faults,
        notice: mend.notice,
    };
    desk.show("deposits", "Deposits", mend.status, view)
}

fn held_view(one: &InHand, ticked: &[&str], typed: &Typed) -> HeldView {
    let id = one.donation.to_string();
    HeldView {
        // Whoever goes to the bank takes everything, unless they say otherwise.
        is_ticked: typed.text("campaign").is_empty() || ticked.contains(&id.as_str()),
        id,
        kind: one.kind.words(),
        donor: one.donor_name.clone(),
        received_on: one.received_on.to_string(),
        reference: one.reference.clone(),
        amount: one.held().into(),
    }
}

fn row(one: &Deposit, at: Option<DepositId>, typed: &Typed, mend: &Mend) -> DepositView {
    let money = |minor| MoneyView::from(Money::new(minor, one.currency));
    let (none, empty) = (Mend::none(), Typed::default());
    let mine = at == Some(one.id);
    let draw = Draw {
        typed: if mine { typed } else { &empty },
        mend: if mine { mend } else { &none },
    };
    DepositView {
        id: one.id.to_string(),
        made_at: one.created_at.rfc3339(),
        amount: money(one.amount),
        note: one.note.clone(),
        is_taken: one.state == DepositState::Taken,
        banked_on: one.banked_on.map(|day| day.to_string()),
        reference: one.bank_reference.clone(),
        banked: one.banked.map(money),
        difference: one
            .banked
            .map(|banked| banked - one.amount)
            .filter(|off| *off != 0)
            .map(money),
        fields: vec![
            draw.date("banked_on", "Day of the bank’s line"),
            draw.text("reference", "Its words"),
            draw.text("amount", "Its amount"),
        ],
        action: format!("/console/deposits/{}", one.id),
    }
}

/// Puts the ticked gifts into a deposit.
pub(super) async fn make(
    site: Data<Site>,
    request: HttpRequest,
    staff: Staff,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Deposits);
    let typed = form.0;
    let (scope, slug) = (
        Scope::of(&desk.signed),
        typed.text("campaign").trim().to_owned(),
    );
    let campaign = site
        .db
        .read(move |c| scope::season(c, &scope, &slug))
        .await?;
    let note = match parse_lines(typed.text("note"), 300) {
        Err(BadText::Empty) => Ok(String::new()),
        other => other.map_err(|bad| AppError::field("note", bad)),
    };
    let donations: Vec<DonationId> = typed
        .all("gift")
        .filter_map(|text| text.parse().ok())
        .collect();
    let (by, now) = (desk.signed.user(), desk.now());
    let done = match note {
        Err(error) => Err(error),
        Ok(note) => {
            let new = NewDeposit {
                id: typed
                    .text("id")
                    .parse()
                    .unwrap_or_else(|_| DepositId::new()),
                campaign: campaign.id,
                donations,
                note,
                by,
            };
            site.db.tx(move |c| deposits::make(c, &new, now)).await
        }
    };
    let slug = campaign.slug.to_string();
    match done {
        Ok(()) => Ok(see(&format!(
            "/console/deposits?campaign={slug}&done=taken"
        ))),
        Err(error) => {
            let asked = Asked {
                campaign: slug,
                ..Asked::default()
            };
            draw(&desk, asked, None, &typed, Mend::of(error)?).await
        }
    }
}

/// Matches a deposit with the bank's line.
pub(super) async fn bank(
    site: Data<Site>,
    request: HttpRequest,
    staff: Staff,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Deposits);
    let id: DepositId = path
        .0
        .parse()
        .map_err(|_| AppError::NotFound("this deposit"))?;
    let (scope, typed) = (Scope::of(&desk.signed), form.0);
    let (deposit, campaign) = site
        .db
        .read(move |c| {
            let deposit = deposits::by_id(c, id)?;
            scope.check(deposit.campaign_id)?;
            let campaign = crate::campaigns::model::by_id(c, deposit.campaign_id)?;
            Ok((deposit, campaign))
        })
        .await?;
    let (by, now) = (desk.signed.user(), desk.now());
    let mut faults = Vec::new();
    let mut note = |field: &str, word: String| faults.push(FieldError::new(field, word));
    let on = typed.text("banked_on").trim().parse();
    let on = on.map_err(|bad: crate::kernel::day::BadDay| note("banked_on", bad.to_string()));
    let reference = Line::parse(typed.text("reference"), 140);
    let reference = reference.map_err(|bad| note("reference", bad.to_string()));
    let amount = Money::parse_typed(typed.text("amount").trim(), deposit.currency);
    let amount = amount.map_err(|bad| note("amount", bad.to_string()));
    let done = match (on, reference, amount) {
        (Ok(on), Ok(reference), Ok(amount)) => {
            let line = BankLine {
                on,
                reference,
                amount,
                by,
            };
            site.db.tx(move |c| deposits::bank(c, id, &line, now)).await
        }
        _ => Err(AppError::Invalid(faults)),
    };
    let slug = campaign.slug.to_string();
    match done {
        Ok(None) => Ok(see(&format!(
            "/console/deposits?campaign={slug}&done=banked"
        ))),
        Ok(Some(_)) => Ok(see(&format!(
            "/console/deposits?campaign={slug}&done=differs"
        ))),
        Err(error) => {
            let asked = Asked {
                campaign: slug,
                ..Asked::default()
            };
            draw(&desk, asked, Some(id), &typed, Mend::of(error)?).await
        }
    }
}
