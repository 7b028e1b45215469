//! `/console/pages`: the table of pages, and approving several at once.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use super::desk::{Desk, Room};
use super::listing::{self, Choice, ROWS};
use super::needle::Needle;
use super::pages_table::{self, PageFilter, PageLine, PageSort};
use super::scope::{self, Scope, SeasonChoice};
use crate::auth::Coordinator;
use crate::error::{AppError, AppResult};
use crate::kernel::Listed;
use crate::pages::model::PageStatus;
use crate::web::query::value;
use crate::web::views::money::MoneyView;
use crate::web::{Query, Site};

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    pub(super) campaign: String,
    status: String,
    q: String,
    sort: String,
    after: String,
}

impl Asked {
    /// What the table lists, in `campaign`.
    pub(super) fn filter(&self, campaign: crate::campaigns::CampaignId) -> AppResult<PageFilter> {
        let given = |text: &'_ str| (!text.is_empty()).then(|| text.to_owned());
        let status: Option<PageStatus> = value("status", given(&self.status).as_deref())?;
        let sort = value("sort", given(&self.sort).as_deref())?.unwrap_or(PageSort::Newest);
        Ok(PageFilter {
            campaign,
            status,
            needle: Needle::parse(&self.q),
            sort,
        })
    }
}

#[derive(Serialize)]
struct RowView {
    id: String,
    href: String,
    title: String,
    participant: String,
    team: Option<String>,
    status: String,
    waits: bool,
    made_at: String,
    raised: MoneyView,
    goal: MoneyView,
}

/// Context of `console/pages`.
#[derive(Serialize)]
struct PagesView {
    seasons: Vec<SeasonChoice>,
    statuses: Vec<Choice>,
    sorts: Vec<Choice>,
    q: String,
    rows: Vec<RowView>,
    can_approve: bool,
    next_url: Option<String>,
    export_url: String,
    here: String,
}

pub(super) async fn list(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Pages);
    let (scope, asked) = (Scope::of(&desk.signed), query.0);
    let wanted = asked.clone();
    let (chosen, sort, rows) = site
        .db
        .read(move |c| {
            let chosen = scope::chosen(c, &scope, &wanted.campaign)?;
            let filter = wanted.filter(chosen.campaign.id)?;
            let after = pages_table::place(filter.sort, &wanted.after);
            if after.is_none() && !wanted.after.is_empty() {
                return Err(AppError::field(
                    "after",
                    "not a cursor that this list gave out",
                ));
            }
            let rows = pages_table::pages(c, &filter, after.as_ref(), ROWS.and_one())?;
            Ok((chosen, filter.sort, rows))
        })
        .await?;
    let listed = Listed::cut(rows, ROWS, |row| row.place(sort));
    let rows: Vec<RowView> = listed.items.iter().map(row).collect();
    let view = PagesView {
        seasons: chosen.choices,
        statuses: listing::choices(PageStatus::ALL, &asked.status),
        sorts: listing::choices(PageSort::ALL, sort.as_str()),
        q: asked.q,
        can_approve: rows.iter().any(|row| row.waits),
        rows,
        next_url: listing::next(&request, &listed),
        export_url: listing::with_path("/console/pages.csv", &request, &[]),
        here: listing::href(&request, &[]),
    };
    desk.page("pages", "Pages", view)
}

fn row(line: &PageLine) -> RowView {
    let page = &line.page;
    let raised = line.total.raised();
    RowView {
        id: page.id.to_string(),
        href: format!("/console/pages/{}", page.slug),
        title: page.title.clone(),
        participant: page.participant.clone(),
        team: line.team.clone(),
        status: page.status.to_string().replace('_', " "),
        waits: page.status == PageStatus::Submitted,
        made_at: page.created_at.rfc3339(),
        raised: raised.into(),
        goal: page.goal(raised.currency()).into(),
    }
}
