//! `/console/audit`: the record of deeds, filtered, in pieces (S15). Nobody can change it here.

use std::collections::HashMap;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use chrono::{Duration, NaiveTime};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::desk::{Desk, Room};
use super::listing::{self, ROWS};
use super::scope::{Scope, SeasonChoice};
use crate::audit::Recorded;
use crate::auth::{Coordinator, Role, Signed, UserId};
use crate::campaigns::{self, CampaignId};
use crate::db::Conn;
use crate::db::schema::{audit_log, campaigns as campaigns_table, users};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::{Day, Listed, Timestamp};
use crate::web::query::{after, value};
use crate::web::{Query, Site};

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    pub(super) campaign: String,
    actor: String,
    action: String,
    subject: String,
    day: String,
    pub(super) after: String,
}

/// What is listed of the record.
#[derive(Debug, Clone)]
pub(super) struct DeedFilter {
    campaign: Option<CampaignId>,
    /// Where the reader's role holds for single seasons, their deeds alone.
    mine: Option<Vec<CampaignId>>,
    /// Deeds that belong to no season: owners alone see them.
    with_others: bool,
    actor: Option<UserId>,
    action: String,
    subject: String,
    day: Option<(Timestamp, Timestamp)>,
}

impl Asked {
    /// What `signed` may list of it.
    pub(super) fn filter(&self, conn: &mut Conn, signed: &Signed) -> AppResult<DeedFilter> {
        let scope = Scope::of(signed);
        let given = |text: &'_ str| (!text.is_empty()).then(|| text.to_owned());
        let campaign = match self.campaign.as_str() {
            "" => None,
            slug => Some(super::scope::season(conn, &scope, slug)?.id),
        };
        let day: Option<Day> = value("day", given(&self.day).as_deref())?;
        Ok(DeedFilter {
            campaign,
            mine: scope.ids().map(<[_]>::to_vec),
            with_others: signed.is(Role::Owner),
            actor: value("actor", given(&self.actor).as_deref())?,
            action: self.action.trim().chars().take(60).collect(),
            subject: self.subject.trim().chars().take(80).collect(),
            day: day.map(|day| {
                let from: Timestamp = day.date().and_time(NaiveTime::MIN).and_utc().into();
                (from, from.plus(Duration::days(1)))
            }),
        })
    }
}

/// Up to `most` deeds before a place in the record, newest first.
///
/// # Errors
/// The database's.
pub(super) fn deeds(
    conn: &mut Conn,
    filter: &DeedFilter,
    before: Option<i64>,
    most: i64,
) -> AppResult<Vec<Recorded>> {
    Ok(each!(conn, c: Db => {
        let mut query = audit_log::table
            .select(Recorded::as_select())
            .order(audit_log::id.desc())
            .limit(most)
            .into_boxed::<Db>();
        if let Some(before) = before {
            query = query.filter(audit_log::id.lt(before));
        }
        if let Some(campaign) = filter.campaign {
            query = query.filter(audit_log::campaign_id.eq(campaign));
        }
        if let Some(mine) = &filter.mine {
            query = query.filter(audit_log::campaign_id.eq_any(mine.iter().copied().map(Some)));
        } else if !filter.with_others {
            query = query.filter(audit_log::campaign_id.is_not_null());
        }
        if let Some(actor) = filter.actor {
            query = query.filter(audit_log::actor_id.eq(actor));
        }
        if !filter.action.is_empty() {
            query = query.filter(audit_log::action.eq(&filter.action));
        }
        match filter.subject.split_once(' ') {
            Some((kind, id)) => {
                query = query
                    .filter(audit_log::subject_kind.eq(kind))
                    .filter(audit_log::subject_id.eq(id));
            }
            None if filter.subject.contains('_') => {
                query = query.filter(audit_log::subject_id.eq(&filter.subject));
            }
            None if !filter.subject.is_empty() => {
                query = query.filter(audit_log::subject_kind.eq(&filter.subject));
            }
            None => {}
        }
        if let Some((from, to)) = filter.day {
            query = query.filter(audit_log::at.ge(from)).filter(audit_log::at.lt(to));
        }
        query.load(c)
    })?)
}

/// How whoever did these deeds is called.
///
/// # Errors
/// The database's.
pub(super) fn names(conn: &mut Conn, deeds: &[Recorded]) -> AppResult<HashMap<UserId, String>> {
    let ids: Vec<UserId> = deeds.iter().filter_map(|deed| deed.actor_id).collect();
    let query = users::table
        .filter(users::id.eq_any(ids))
        .select((users::id, users::name));
    let rows: Vec<(UserId, String)> = each!(conn, c => query.load(c))?;
    Ok(rows.into_iter().collect())
}

#[derive(Serialize)]
pub(super) struct DeedView {
    at: String,
    actor: String,
    actor_url: Option<String>,
    via: &'static str,
    action: String,
    subject: String,
    subject_url: String,
    detail: String,
    hashes: Option<String>,
}

/// A deed as tables show it.
pub(super) fn view(deed: &Recorded, names: &HashMap<UserId, String>) -> DeedView {
    let actor = deed.actor_id;
    let short = |hash: &Option<String>| {
        let hash = hash.as_deref().unwrap_or("–");
        hash.get(..12).unwrap_or(hash).to_owned()
    };
    DeedView {
        at: deed.at.rfc3339(),
        actor: match actor {
            None => "the program".to_owned(),
            Some(id) => names.get(&id).cloned().unwrap_or_else(|| id.to_string()),
        },
        actor_url: actor.map(|id| format!("/console/audit?actor={id}")),
        via: deed.via.as_str(),
        action: deed.action.clone(),
        subject: format!("{} {}", deed.subject_kind, deed.subject_id),
        subject_url: format!(
            "/console/audit?subject={}+{}",
            deed.subject_kind, deed.subject_id
        ),
        detail: deed.detail.clone(),
        hashes: (deed.before_hash.is_some() || deed.after_hash.is_some())
            .then(|| format!("{} → {}", short(&deed.before_hash), short(&deed.after_hash))),
    }
}

/// Context of `console/audit`.
#[derive(Serialize)]
struct AuditView {
    seasons: Vec<SeasonChoice>,
    actor: String,
    action: String,
    subject: String,
    day: String,
    rows: Vec<DeedView>,
    next_url: Option<String>,
    export_url: String,
}

pub(super) async fn list(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Audit);
    let asked = query.0;
    let place: Option<i64> = after(Some(asked.after.as_str()).filter(|text| !text.is_empty()))?;
    let (wanted, signed) = (asked.clone(), desk.signed.clone());
    let (seasons, listed, names) = site
        .db
        .read(move |c| {
            let filter = wanted.filter(c, &signed)?;
            let rows = deeds(c, &filter, place, ROWS.and_one())?;
            let listed = Listed::cut(rows, ROWS, |deed| deed.id);
            let names = names(c, &listed.items)?;
            let scope = Scope::of(&signed);
            let seasons: Vec<SeasonChoice> = campaigns::model::all(c)?
                .into_iter()
                .filter(|one| scope.holds(one.id))
                .map(|one| SeasonChoice {
                    is_current: one.slug.as_str() == wanted.campaign,
                    slug: one.slug.to_string(),
                    title: one.title,
                })
                .collect();
            Ok((seasons, listed, names))
        })
        .await?;
    let view = AuditView {
        seasons,
        actor: asked.actor,
        action: asked.action,
        subject: asked.subject,
        day: asked.day,
        rows: listed.items.iter().map(|deed| view(deed, &names)).collect(),
        next_url: listing::next(&request, &listed),
        export_url: listing::with_path("/console/audit.csv", &request, &[]),
    };
    desk.page("audit", "Audit", view)
}

/// The slugs of seasons, for an export.
///
/// # Errors
/// The database's.
pub(super) fn slugs(conn: &mut Conn) -> AppResult<HashMap<CampaignId, String>> {
    let query = campaigns_table::table.select((campaigns_table::id, campaigns_table::slug));
    let rows: Vec<(CampaignId, String)> =
        each!(conn, c => query.load(c)).map_err(AppError::from)?;
    Ok(rows.into_iter().collect())
}
