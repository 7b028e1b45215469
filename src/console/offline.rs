//! `/console/offline`: gifts outside the processor, until staff confirm or decline them. Confirming stands beside it, in
//! `offline_entry`.

use std::collections::HashMap;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::desk::{Desk, Mend, Room};
use super::fields::Typed;
use super::listing::{self, ROWS};
use super::scope::{self, Scope, SeasonChoice};
use crate::audit::Deed;
use crate::auth::Coordinator;
use crate::db::Conn;
use crate::db::schema::pages;
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::PageId;
use crate::kernel::{Line, Slug};
use crate::offline::model::{OfflineGift, OfflineGiftId, OfflineState, by_id, of_campaign};
use crate::offline::ops::decline;
use crate::web::query::{after, value};
use crate::web::site::see;
use crate::web::views::money::MoneyView;
use crate::web::views::shell::Link;
use crate::web::{CsrfForm, Path, Query, Site};

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    campaign: String,
    state: String,
    after: String,
}

#[derive(Serialize)]
struct RowView {
    id: String,
    page: Option<Link>,
    url: String,
    amount: MoneyView,
    kind: &'static str,
    donor: String,
    address: Option<String>,
    is_anonymous: bool,
    received_on: String,
    note: String,
    entered_at: String,
    is_pending: bool,
    reason: String,
    error: Option<String>,
}

/// Context of `console/offline`.
#[derive(Serialize)]
struct OfflineView {
    seasons: Vec<SeasonChoice>,
    states: Vec<listing::Choice>,
    rows: Vec<RowView>,
    new_url: String,
    next_url: Option<String>,
    notice: Option<String>,
}

pub(super) async fn list(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Offline);
    draw(&desk, query.0, None, Mend::none()).await
}

fn titles(conn: &mut Conn, ids: &[PageId]) -> AppResult<HashMap<PageId, (Slug, String)>> {
    let query =
        pages::table
            .filter(pages::id.eq_any(ids))
            .select((pages::id, pages::slug, pages::title));
    let rows: Vec<(PageId, Slug, String)> = each!(conn, c => query.load(c))?;
    Ok(rows
        .into_iter()
        .map(|(id, slug, title)| (id, (slug, title)))
        .collect())
}

async fn draw(
    desk: &Desk,
    asked: Asked,
    typed: Option<(OfflineGiftId, &Typed)>,
    mend: Mend,
) -> AppResult<HttpResponse> {
    let scope = Scope::of(&desk.signed);
    let given = Some(asked.state.as_str()).filter(|text| !text.is_empty());
    let state = value("state", given)?.unwrap_or(OfflineState::Pending);
    let place = after(Some(asked.after.as_str()).filter(|text| !text.is_empty()))?;
    let (chosen, listed, titles) = desk
        .site
        .db
        .read(move |c| {
            let chosen = scope::chosen(c, &scope, &asked.campaign)?;
            let listed = of_campaign(c, chosen.campaign.id, state, place, ROWS)?;
            let ids: Vec<PageId> = listed
                .items
                .iter()
                .filter_map(|gift| gift.page_id)
                .collect();
            let titles = titles(c, &ids)?;
            Ok((chosen, listed, titles))
        })
        .await?;
    // Entries hold names and addresses of givers.
    let season = chosen.campaign.id;
    let deed = Deed::new(
        desk.signed.user(),
        "offline.view",
        ("season", season.to_string()),
    )
    .of(season)
    .saying(format!("{} entries", listed.items.len()));
    desk.note(deed).await?;
    let rows = listed
        .items
        .iter()
        .map(|gift| row(gift, &titles, typed, &mend));
    let view = OfflineView {
        seasons: chosen.choices,
        states: listing::choices(OfflineState::ALL, state.as_str()),
        rows: rows.collect(),
        new_url: format!("/console/offline/new?campaign={}", chosen.campaign.slug),
        next_url: listing::next(&desk.request, &listed),
        notice: mend.notice.clone(),
    };
    desk.show("offline", "Offline gifts", mend.status, view)
}

fn row(
    gift: &OfflineGift,
    titles: &HashMap<PageId, (Slug, String)>,
    typed: Option<(OfflineGiftId, &Typed)>,
    mend: &Mend,
) -> RowView {
    let page = gift.page_id.and_then(|id| titles.get(&id));
    let typed = typed.filter(|(id, _)| *id == gift.id);
    RowView {
        id: gift.id.to_string(),
        page: page.map(|(slug, title)| Link::new(title, &format!("/console/pages/{slug}"))),
        url: format!("/console/offline/{}", gift.id),
        amount: gift.amount().into(),
        kind: gift.kind.words(),
        donor: gift.donor_name.clone(),
        address: gift.donor_email.as_ref().map(ToString::to_string),
        is_anonymous: gift.anonymous,
        received_on: gift.received_on.to_string(),
        note: gift.note.clone(),
        entered_at: gift.created_at.rfc3339(),
        is_pending: gift.state == OfflineState::Pending,
        reason: match typed {
            Some((_, typed)) => typed.text("reason").to_owned(),
            None => gift.reason.clone(),
        },
        error: typed.and_then(|_| mend.at("reason")),
    }
}

/// Declines an entry: field `reason`, which its owner reads.
pub(super) async fn refuse(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Offline);
    let id: OfflineGiftId = path
        .0
        .parse()
        .map_err(|_| AppError::NotFound("this entry"))?;
    let (scope, by, now) = (Scope::of(&desk.signed), desk.signed.user(), desk.now());
    let (gift, season) = site
        .db
        .read(move |c| {
            let gift = by_id(c, id)?;
            scope.check(gift.campaign_id)?;
            let season = crate::campaigns::model::by_id(c, gift.campaign_id)?;
            Ok((gift, season))
        })
        .await?;
    let reason = Line::parse(form.0.text("reason"), 400);
    let done = match reason {
        Err(error) => Err(AppError::field("reason", error)),
        Ok(reason) => site.db.tx(move |c| decline(c, id, by, &reason, now)).await,
    };
    let slug = season.slug.to_string();
    match done {
        Ok(page) => {
            if let Some(page) = page {
                site.views.changed("page", &page.to_string());
            }
            Ok(see(&format!(
                "/console/offline?campaign={slug}&done=declined"
            )))
        }
        Err(error) => {
            let asked = Asked {
                campaign: slug,
                ..Asked::default()
            };
            draw(&desk, asked, Some((gift.id, &form.0)), Mend::of(error)?).await
        }
    }
}
