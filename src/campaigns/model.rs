//! Rows of campaigns, their rules of time, and how they are found.

use std::fmt;
use std::str::FromStr;

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::prelude::*;
use diesel::sql_types::Text;
use serde::{Deserialize, Serialize};

use super::CampaignId;
use super::rules::SeasonRules;
use crate::db::Conn;
use crate::db::schema::{campaign_programs, campaigns, totals};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::ProgramId;
use crate::kernel::{Currency, Day, Json, Limit, Listed, Money, Slug, Timestamp, Zone};
use crate::totals::{Total, TotalScope};

crate::words! {
    /// The state of a campaign.
    pub enum CampaignStatus {
        /// Being prepared; staff alone see it.
        Draft = "draft",
        /// Shown, and taking gifts until its last day of giving.
        Live = "live",
        /// Shown as it ended.
        Closed = "closed",
    }
}

impl CampaignStatus {
    /// The states from which a campaign may come into this one.
    pub fn comes_from(self) -> &'static [Self] {
        match self {
            Self::Draft => &[],
            Self::Live => &[Self::Draft],
            Self::Closed => &[Self::Live],
        }
    }
}

/// A colour as `#rrggbb`, in small letters.
#[derive(Debug, Clone, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct Accent(String);

/// The text is no such colour.
#[derive(Debug, thiserror::Error)]
#[error("write a colour like #9b2335")]
pub struct BadAccent;

impl Accent {
    /// The colour.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Accent {
    type Err = BadAccent;

    fn from_str(text: &str) -> Result<Self, BadAccent> {
        let digits = text.strip_prefix('#').ok_or(BadAccent)?;
        if digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(BadAccent)
        }
    }
}

impl fmt::Display for Accent {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

crate::text_column!(Accent);

/// A question that givers ask, and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The question.
    pub question: String,
    /// The answer, as Markdown.
    pub answer: String,
}

/// A season.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = campaigns)]
pub struct Campaign {
    /// The id.
    pub id: CampaignId,
    /// Its place in URLs.
    pub slug: Slug,
    /// Its title.
    pub title: String,
    /// What it asks for, in one or two sentences.
    pub appeal: String,
    /// Markdown; pages without a story of their own show it.
    pub story: String,
    /// Its state.
    pub status: CampaignStatus,
    /// The only currency it takes.
    pub currency: Currency,
    /// Where its days begin and end.
    pub time_zone: Zone,
    /// First day of the challenge.
    pub starts_on: Day,
    /// Last day of the challenge.
    pub ends_on: Day,
    /// Last day of giving.
    pub giving_until: Day,
    goal: i64,
    minimum: i64,
    suggested: Json<Vec<i64>>,
    /// The colour of its cloth.
    pub accent: Accent,
    /// Questions and answers.
    pub faq: Json<Vec<Question>>,
    /// The season before.
    pub previous_id: Option<CampaignId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// How it is run.
    pub rules: Json<SeasonRules>,
    /// Counts its edits.
    pub version: i32,
}

impl Campaign {
    /// How much it wants to raise.
    pub fn goal(&self) -> Money {
        Money::new(self.goal, self.currency)
    }

    /// The smallest gift it takes.
    pub fn minimum(&self) -> Money {
        Money::new(self.minimum, self.currency)
    }

    /// The amounts it suggests, ascending.
    pub fn suggested(&self) -> Vec<Money> {
        self.suggested
            .0
            .iter()
            .map(|minor| Money::new(*minor, self.currency))
            .collect()
    }

    /// Whether a gift is taken `now`: it is live, and `giving_until` has not ended in its time zone.
    pub fn is_giving_open(&self, now: Timestamp) -> bool {
        self.status == CampaignStatus::Live
            && self
                .time_zone
                .day_of(now)
                .is_some_and(|today| today <= self.giving_until)
    }

    /// Days of giving after today, 0 on the last one; `None` when no gift is taken.
    pub fn days_left(&self, now: Timestamp) -> Option<i64> {
        let today = self.time_zone.day_of(now)?;
        self.is_giving_open(now)
            .then(|| today.days_to(self.giving_until))
    }

    /// Which day of the challenge it is, the first being 1; `None` before and after it.
    pub fn challenge_day(&self, now: Timestamp) -> Option<i64> {
        let today = self.time_zone.day_of(now)?;
        (self.starts_on..=self.ends_on)
            .contains(&today)
            .then(|| self.starts_on.days_to(today) + 1)
    }
}

/// A campaign and what it raised.
#[derive(Debug, Clone, Queryable)]
pub struct CampaignTotal {
    /// The campaign.
    pub campaign: Campaign,
    /// What it raised.
    pub total: Total,
}

macro_rules! with_total {
    () => {
        campaigns::table.inner_join(
            totals::table.on(totals::scope
                .eq(TotalScope::Campaign)
                .and(totals::scope_id.eq(campaigns::id))),
        )
    };
}

/// The campaign at a slug and what it raised; a draft is not found.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn by_slug(conn: &mut Conn, slug: &Slug) -> AppResult<CampaignTotal> {
    let query = with_total!()
        .filter(campaigns::slug.eq(slug))
        .filter(campaigns::status.ne(CampaignStatus::Draft));
    each!(conn, c => query
        .select((Campaign::as_select(), Total::as_select()))
        .first(c)
        .optional())?
    .ok_or(AppError::NotFound("the campaign"))
}

/// The campaign of an id as [`by_slug`] answers it; `None` for a draft.
///
/// # Errors
/// The database's.
pub fn shown_by_id(conn: &mut Conn, id: CampaignId) -> AppResult<Option<CampaignTotal>> {
    let query = with_total!()
        .filter(campaigns::id.eq(id))
        .filter(campaigns::status.ne(CampaignStatus::Draft));
    Ok(each!(conn, c => query
        .select((Campaign::as_select(), Total::as_select()))
        .first(c)
        .optional())?)
}

/// A campaign by its id, in whatever state.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn by_id(conn: &mut Conn, id: CampaignId) -> AppResult<Campaign> {
    let query = campaigns::table.filter(campaigns::id.eq(id));
    each!(conn, c => query.select(Campaign::as_select()).first(c).optional())?
        .ok_or(AppError::NotFound("the campaign"))
}

/// The campaign at a slug in whatever state, for staff.
///
/// # Errors
/// The database's.
pub fn any_by_slug(conn: &mut Conn, slug: &Slug) -> AppResult<Option<Campaign>> {
    let query = campaigns::table.filter(campaigns::slug.eq(slug));
    Ok(each!(conn, c => query.select(Campaign::as_select()).first(c).optional())?)
}

/// Every campaign in whatever state, newest season first, for staff. There are few: one a season.
///
/// # Errors
/// The database's.
pub fn all(conn: &mut Conn) -> AppResult<Vec<Campaign>> {
    let query = campaigns::table
        .order((campaigns::starts_on.desc(), campaigns::id.desc()))
        .limit(200);
    Ok(each!(conn, c => query.select(Campaign::as_select()).load(c))?)
}

/// Where the list of campaigns goes on.
pub type ListPlace = (Day, CampaignId);

/// The campaigns that are or were live, newest season first. There are few: one a season.
///
/// # Errors
/// The database's.
pub fn list(
    conn: &mut Conn,
    after: Option<ListPlace>,
    limit: Limit,
) -> AppResult<Listed<CampaignTotal>> {
    macro_rules! page {
        ($($condition:expr)?) => {
            each!(conn, c => with_total!()
                .filter(campaigns::status.ne(CampaignStatus::Draft))
                $(.filter($condition))?
                .order((campaigns::starts_on.desc(), campaigns::id.desc()))
                .limit(limit.and_one())
                .select((Campaign::as_select(), Total::as_select()))
                .load(c))
        };
    }
    let rows: Vec<CampaignTotal> = match after {
        None => page!(),
        Some((day, id)) => page!(
            campaigns::starts_on
                .lt(day)
                .or(campaigns::starts_on.eq(day).and(campaigns::id.lt(id)))
        ),
    }?;
    Ok(Listed::cut(rows, limit, |row| {
        (row.campaign.starts_on, row.campaign.id)
    }))
}

/// The live campaigns that pay for a program, newest season first.
///
/// # Errors
/// The database's.
pub fn live_for(conn: &mut Conn, program: ProgramId) -> AppResult<Vec<Campaign>> {
    let query = campaigns::table
        .inner_join(campaign_programs::table.on(campaign_programs::campaign_id.eq(campaigns::id)))
        .filter(campaign_programs::program_id.eq(program))
        .filter(campaigns::status.eq(CampaignStatus::Live))
        .order((campaigns::starts_on.desc(), campaigns::id.desc()));
    Ok(each!(conn, c => query.select(Campaign::as_select()).load(c))?)
}
