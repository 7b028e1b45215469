//! `/console/teams`: the table of teams of a season.

use std::collections::HashMap;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use diesel::dsl::count_star;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::desk::{Desk, Room};
use super::listing::{self, ROWS};
use super::needle::Needle;
use super::scope::{self, Scope, SeasonChoice};
use crate::auth::Coordinator;
use crate::campaigns::CampaignId;
use crate::db::Conn;
use crate::db::schema::{pages, team_groups, teams, totals, users};
use crate::each;
use crate::error::AppResult;
use crate::ids::TeamId;
use crate::kernel::Listed;
use crate::pages::model::PageStatus;
use crate::teams::Team;
use crate::totals::{Total, TotalScope};
use crate::web::query::after;
use crate::web::views::money::MoneyView;
use crate::web::{Query, Site};

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    pub(super) campaign: String,
    pub(super) q: String,
    after: String,
}

/// A team in the table.
#[derive(Debug, Clone, Queryable)]
pub(super) struct TeamLine {
    pub(super) team: Team,
    pub(super) total: Total,
    pub(super) captain: Option<String>,
    pub(super) group: Option<String>,
}

pub(super) fn teams_of(
    conn: &mut Conn,
    campaign: CampaignId,
    needle: Option<&Needle>,
    after: Option<TeamId>,
    most: i64,
) -> AppResult<Vec<TeamLine>> {
    Ok(each!(conn, c: Db => {
        let mut query = teams::table
            .inner_join(totals::table.on(totals::scope
                .eq(TotalScope::Team)
                .and(totals::scope_id.eq(teams::id))))
            .left_join(users::table.on(users::id.nullable().eq(teams::captain_id)))
            .left_join(team_groups::table.on(team_groups::id.nullable().eq(teams::group_id)))
            .filter(teams::campaign_id.eq(campaign))
            .select((
                Team::as_select(),
                Total::as_select(),
                users::name.nullable(),
                team_groups::name.nullable(),
            ))
            .order(teams::id.desc())
            .limit(most)
            .into_boxed::<Db>();
        if let Some(needle) = needle {
            query = query.filter(
                teams::name_key
                    .like(needle.within())
                    .escape('\\')
                    .or(teams::slug.like(needle.prefix()).escape('\\')),
            );
        }
        if let Some(after) = after {
            query = query.filter(teams::id.lt(after));
        }
        query.load(c)
    })?)
}

pub(super) fn members(conn: &mut Conn, teams: &[TeamId]) -> AppResult<HashMap<TeamId, i64>> {
    let query = pages::table
        .filter(pages::team_id.eq_any(teams.iter().copied().map(Some)))
        .filter(pages::status.eq(PageStatus::Live))
        .group_by(pages::team_id)
        .select((pages::team_id, count_star()));
    let rows: Vec<(Option<TeamId>, i64)> = each!(conn, c => query.load(c))?;
    Ok(rows
        .into_iter()
        .filter_map(|(team, count)| team.map(|team| (team, count)))
        .collect())
}

#[derive(Serialize)]
struct RowView {
    name: String,
    href: String,
    manage_url: String,
    captain: Option<String>,
    group: Option<String>,
    pages: i64,
    raised: MoneyView,
    goal: MoneyView,
}

/// Context of `console/teams`.
#[derive(Serialize)]
struct TeamsView {
    seasons: Vec<SeasonChoice>,
    q: String,
    rows: Vec<RowView>,
    next_url: Option<String>,
    export_url: String,
}

pub(super) async fn list(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Teams);
    let (scope, asked) = (Scope::of(&desk.signed), query.0);
    let place: Option<TeamId> = after(Some(asked.after.as_str()).filter(|text| !text.is_empty()))?;
    let wanted = asked.clone();
    let (chosen, listed, members) = site
        .db
        .read(move |c| {
            let chosen = scope::chosen(c, &scope, &wanted.campaign)?;
            let needle = Needle::parse(&wanted.q);
            let id = chosen.campaign.id;
            let rows = teams_of(c, id, needle.as_ref(), place, ROWS.and_one())?;
            let listed = Listed::cut(rows, ROWS, |row| row.team.id);
            let ids: Vec<TeamId> = listed.items.iter().map(|row| row.team.id).collect();
            let members = members(c, &ids)?;
            Ok((chosen, listed, members))
        })
        .await?;
    let rows = listed.items.iter().map(|line| RowView {
        name: line.team.name.clone(),
        href: format!("/teams/{}", line.team.slug),
        manage_url: format!("/teams/{}/manage", line.team.slug),
        captain: line.captain.clone(),
        group: line.group.clone(),
        pages: members.get(&line.team.id).copied().unwrap_or(0),
        raised: line.total.raised().into(),
        goal: line.team.goal(line.total.raised().currency()).into(),
    });
    let view = TeamsView {
        seasons: chosen.choices,
        q: asked.q,
        rows: rows.collect(),
        next_url: listing::next(&request, &listed),
        export_url: listing::with_path("/console/teams.csv", &request, &[]),
    };
    desk.page("teams", "Teams", view)
}
