//! Everything that the rules need to know about pages, their owners and teams, read for many at once.
//!
//! A dozen statements for some hundred pages, each by an index and none that grows with the gifts of a page: sums and
//! numbers come from the counters that settlement keeps, and whether anybody is left to thank ends at the first one.

use std::collections::{BTreeMap, BTreeSet};

use diesel::dsl::{count_star, exists, max};
use diesel::prelude::*;

use super::model::{self, OwnMilestone, Told};
use super::rules::badges::{Badge, TeamBadge};
use crate::auth::UserId;
use crate::auth::mutes::MailKind;
use crate::campaigns::{Campaign, CampaignId, CampaignStatus};
use crate::db::Conn;
use crate::db::schema::{
    campaigns, conversations, deliveries, diary_entries, donations, gift_thanks, mail_mutes,
    page_asks, page_updates, pages, subscribers, supporters, tallies, teams, totals, users,
};
use crate::donations::model::DonationStatus;
use crate::each;
use crate::error::AppResult;
use crate::ids::TeamId;
use crate::kernel::{Day, Email, Slug, Timestamp};
use crate::pages::{PageId, PageStatus};
use crate::totals::TotalScope;

/// Gifts whose money is not there, or went back. Asked as "none of these", so that no engine goes by the status, of which
/// most gifts have the same, instead of by the page or the donor.
pub(super) const NOT_GIVEN: [DonationStatus; 5] = [
    DonationStatus::Pending,
    DonationStatus::Failed,
    DonationStatus::Expired,
    DonationStatus::Refunded,
    DonationStatus::Disputed,
];

/// What the rules know of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The page.
    pub page: PageId,
    /// Its season.
    pub campaign: CampaignId,
    /// Its team.
    pub team: Option<TeamId>,
    /// Whose it is.
    pub owner: UserId,
    /// Its place in URLs.
    pub slug: Slug,
    /// Its title.
    pub title: String,
    /// How the participant is called in public.
    pub participant: String,
    /// Its state.
    pub status: PageStatus,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was first shown.
    pub published_at: Option<Timestamp>,
    /// The owner's page of an earlier season.
    pub previous: Option<PageId>,
    /// It has a photo.
    pub has_photo: bool,
    /// It has a story, and not the one that the season gave it.
    pub has_story: bool,
    /// Minor units; 0: none.
    pub goal: i64,
    /// Minor units.
    pub raised: i64,
    /// Paid gifts.
    pub donations: i64,
    /// Who gave them.
    pub donors: i64,
    /// When what it raised last changed, once there was a gift.
    pub newest_gift: Option<Timestamp>,
    /// Somebody gave and was not thanked.
    pub has_unthanked: bool,
    /// The owner gave.
    pub gave_self: bool,
    /// People of earlier seasons who were asked again.
    pub asks: i64,
    /// The last of them at.
    pub last_ask: Option<Timestamp>,
    /// Days in the diary.
    pub days: i64,
    /// The last of them.
    pub last_day: Option<Day>,
    /// Updates on the page.
    pub updates: i64,
    /// The last of them at.
    pub last_update: Option<Timestamp>,
    /// Conversations noted.
    pub talks: i64,
    /// The last of them at.
    pub last_talk: Option<Timestamp>,
}

impl Facts {
    /// How many people were asked for a gift, as far as one can know: those who are noted, or those who gave.
    pub fn asked(&self) -> i64 {
        self.asks.max(self.donors - i64::from(self.gave_self))
    }

    /// When the participant, or a donor, last did something here.
    pub fn last_stir(&self) -> Timestamp {
        let all = [
            self.published_at,
            self.newest_gift,
            self.last_ask,
            self.last_update,
            self.last_talk,
        ];
        all.into_iter()
            .flatten()
            .fold(self.created_at, Timestamp::max)
    }
}

/// Whom mail goes to.
#[derive(Debug, Clone)]
pub struct Person {
    /// Who.
    pub id: UserId,
    /// Where mail goes.
    pub email: Email,
    /// How the person is called.
    pub name: String,
    /// The address is verified and the account is in use.
    pub may_be_mailed: bool,
    /// Kinds that are switched off.
    pub muted: BTreeSet<MailKind>,
    /// What was said or passed over before, on all pages.
    pub told: Vec<Told>,
    /// When they last got a newsletter or a step of a sequence, or had one put on its way, in the last sixty days.
    pub last_bulk: Option<Timestamp>,
}

/// A page with what was earned and promised on it.
#[derive(Debug, Clone)]
pub struct Case {
    /// The page.
    pub facts: Facts,
    /// Badges on record, with the time at which each was earned.
    pub earned: Vec<(Badge, Timestamp)>,
    /// Own milestones, by amount.
    pub own: Vec<OwnMilestone>,
}

/// What the rules know of a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamFacts {
    /// The team.
    pub team: TeamId,
    /// Minor units; 0: none.
    pub goal: i64,
    /// Minor units.
    pub raised: i64,
    /// Pages that are shown.
    pub pages: i64,
    /// Days in their diaries.
    pub days: i64,
    /// Badges on record.
    pub earned: Vec<TeamBadge>,
}

/// The seasons that are live, by id. There are few.
///
/// # Errors
/// The database's.
pub fn seasons(conn: &mut Conn) -> AppResult<BTreeMap<CampaignId, Campaign>> {
    let query = campaigns::table.filter(campaigns::status.eq(CampaignStatus::Live));
    let rows: Vec<Campaign> = each!(conn, c => query.select(Campaign::as_select()).load(c))?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

/// Pages of a season in one state that belong to somebody, going on after a page, by id.
///
/// # Errors
/// The database's.
pub fn pages_after(
    conn: &mut Conn,
    campaign: CampaignId,
    status: PageStatus,
    after: Option<PageId>,
    most: i64,
) -> AppResult<Vec<PageId>> {
    macro_rules! load {
        ($($condition:expr)?) => {
            each!(conn, c => pages::table
                .filter(pages::campaign_id.eq(campaign))
                .filter(pages::status.eq(status))
                .filter(pages::owner_id.is_not_null())
                $(.filter($condition))?
                .order(pages::id)
                .limit(most)
                .select(pages::id)
                .load(c))
        };
    }
    Ok(match after {
        None => load!(),
        Some(id) => load!(pages::id.gt(id)),
    }?)
}

/// These pages, and the other pages of their owners in the same seasons that a mail could be about: whether a person
/// gets a mail is decided over all of them.
///
/// # Errors
/// The database's.
pub fn with_sisters(
    conn: &mut Conn,
    ids: &[PageId],
    seasons: &BTreeMap<CampaignId, Campaign>,
) -> AppResult<Vec<PageId>> {
    let owners = pages::table
        .filter(pages::id.eq_any(ids))
        .select(pages::owner_id.assume_not_null());
    let owners: Vec<UserId> = each!(conn, c => owners.load(c))?;
    // By the owner alone: one person's pages are few, and any other condition would tempt an engine to go through the
    // season's.
    let query = pages::table
        .filter(pages::owner_id.eq_any(owners))
        .order((pages::owner_id, pages::id))
        .select((pages::id, pages::status, pages::campaign_id));
    let theirs: Vec<(PageId, PageStatus, CampaignId)> = each!(conn, c => query.load(c))?;
    Ok(theirs
        .into_iter()
        .filter(|(_, status, season)| {
            matches!(status, PageStatus::Live | PageStatus::Draft) && seasons.contains_key(season)
        })
        .map(|(page, ..)| page)
        .collect())
}

type PageRow = (
    (
        PageId,
        CampaignId,
        Option<TeamId>,
        Slug,
        String,
        String,
        PageStatus,
    ),
    (
        Timestamp,
        Option<Timestamp>,
        Option<PageId>,
        bool,
        bool,
        i64,
    ),
    (UserId, Email, String, String, bool, bool),
    Option<(i64, i64, i64, Timestamp)>,
);

/// Number and last instant of something, by page.
type Counts = BTreeMap<PageId, (i64, Option<Timestamp>)>;

macro_rules! counts {
    ($conn:expr, $table:ident, $at:ident, $ids:expr $(, $condition:expr)?) => {{
        let query = $table::table
            .filter($table::page_id.eq_any($ids))
            $(.filter($condition))?
            .group_by($table::page_id)
            .select(($table::page_id, count_star(), max($table::$at)));
        let rows: Vec<(PageId, i64, Option<Timestamp>)> = each!($conn, c => query.load(c))?;
        rows.into_iter().map(|(id, count, last)| (id, (count, last))).collect::<Counts>()
    }};
}

/// What is known of these pages and their owners, pages by id. `seasons` must hold theirs. Pages without an owner are
/// left out.
///
/// # Errors
/// The database's.
pub fn of_pages(
    conn: &mut Conn,
    ids: &[PageId],
    seasons: &BTreeMap<CampaignId, Campaign>,
    now: Timestamp,
) -> AppResult<(Vec<Case>, BTreeMap<UserId, Person>)> {
    let rows = page_rows(conn, ids, seasons)?;
    let unthanked = unthanked(conn, ids)?;
    let selves = own_gifts(conn, &rows)?;
    let asks = counts!(conn, page_asks, asked_at, ids);
    let updates = counts!(
        conn,
        page_updates,
        created_at,
        ids,
        page_updates::removed_at.is_null()
    );
    let talks = counts!(conn, conversations, created_at, ids);
    let days = diary_days(conn, ids)?;
    let mut earned = model::badges_of(conn, ids)?;
    let mut own = model::own_of(conn, ids)?;
    let people = people(conn, &rows, now)?;
    let cases = rows.into_iter().map(|(about, more, who, total)| {
        let (page, campaign, team, slug, title, participant, status) = about;
        let (created_at, published_at, previous, has_photo, has_story, goal) = more;
        let (raised, donations, donors, reached_at) = total.unwrap_or((0, 0, 0, created_at));
        let of = |counts: &Counts| counts.get(&page).copied().unwrap_or_default();
        let ((asks, last_ask), (talks, last_talk)) = (of(&asks), of(&talks));
        let (updates, last_update) = of(&updates);
        let (days, last_day) = days.get(&page).copied().unwrap_or_default();
        let facts = Facts {
            page,
            campaign,
            team,
            owner: who.0,
            slug,
            title,
            participant,
            status,
            created_at,
            published_at,
            previous,
            has_photo,
            has_story,
            goal,
            raised,
            donations,
            donors,
            newest_gift: (donations > 0).then_some(reached_at),
            has_unthanked: unthanked.contains(&page),
            gave_self: selves.contains(&(page, who.0)),
            asks,
            last_ask,
            days,
            last_day,
            updates,
            last_update,
            talks,
            last_talk,
        };
        Case {
            facts,
            earned: earned.remove(&page).unwrap_or_default(),
            own: own.remove(&page).unwrap_or_default(),
        }
    });
    Ok((cases.collect(), people))
}

fn page_rows(
    conn: &mut Conn,
    ids: &[PageId],
    seasons: &BTreeMap<CampaignId, Campaign>,
) -> AppResult<Vec<PageRow>> {
    // A story that is empty, or as the season handed it out, is not the participant's own.
    let mut given: BTreeSet<String> = seasons
        .values()
        .map(|season| season.rules.0.page_story.clone())
        .collect();
    given.insert(String::new());
    let query = pages::table
        .inner_join(users::table.on(users::id.nullable().eq(pages::owner_id)))
        // A page that was never shown has no total yet.
        .left_join(
            totals::table.on(totals::scope
                .eq(TotalScope::Page)
                .and(totals::scope_id.eq(pages::id))),
        )
        .filter(pages::id.eq_any(ids))
        .order(pages::id)
        .select((
            (
                pages::id,
                pages::campaign_id,
                pages::team_id,
                pages::slug,
                pages::title,
                pages::participant,
                pages::status,
            ),
            (
                pages::created_at,
                pages::published_at,
                pages::previous_id,
                pages::photo.is_not_null(),
                pages::story.ne_all(given),
                pages::goal,
            ),
            (
                users::id,
                users::email,
                users::name,
                users::email_folded,
                users::verified_at.is_not_null(),
                users::disabled_at
                    .is_null()
                    .and(users::deleted_at.is_null()),
            ),
            (
                totals::raised,
                totals::donations,
                totals::donors,
                totals::reached_at,
            )
                .nullable(),
        ));
    Ok(each!(conn, c => query.load(c))?)
}

/// The pages on which a gift waits for a word of thanks. Each ends at its first.
fn unthanked(conn: &mut Conn, ids: &[PageId]) -> AppResult<BTreeSet<PageId>> {
    let waiting = donations::table
        .left_join(gift_thanks::table.on(gift_thanks::donation_id.eq(donations::id)))
        .filter(donations::page_id.eq(pages::id.nullable()))
        .filter(donations::status.ne_all(NOT_GIVEN))
        .filter(gift_thanks::donation_id.nullable().is_null());
    let query = pages::table
        .filter(pages::id.eq_any(ids))
        .filter(exists(waiting))
        .select(pages::id);
    let found: Vec<PageId> = each!(conn, c => query.load(c))?;
    Ok(found.into_iter().collect())
}

/// On which of their pages the owners gave. Two statements by the donor, so that a page's many gifts are not looked at.
fn own_gifts(conn: &mut Conn, rows: &[PageRow]) -> AppResult<BTreeSet<(PageId, UserId)>> {
    let owners: BTreeMap<&str, UserId> = rows
        .iter()
        .map(|(_, _, who, _)| (who.3.as_str(), who.0))
        .collect();
    let query = supporters::table
        .filter(supporters::email_folded.eq_any(owners.keys().copied()))
        .select((supporters::id, supporters::email_folded));
    let found: Vec<(crate::donations::model::SupporterId, String)> =
        each!(conn, c => query.load(c))?;
    let who: BTreeMap<_, UserId> = found
        .iter()
        .filter_map(|(id, folded)| Some((*id, *owners.get(folded.as_str())?)))
        .collect();
    let query = donations::table
        .filter(donations::supporter_id.eq_any(who.keys().copied()))
        .filter(donations::status.ne_all(NOT_GIVEN))
        .filter(donations::page_id.is_not_null())
        .select((
            donations::page_id.assume_not_null(),
            donations::supporter_id,
        ))
        .distinct();
    let gifts: Vec<(PageId, crate::donations::model::SupporterId)> =
        each!(conn, c => query.load(c))?;
    Ok(gifts
        .into_iter()
        .filter_map(|(page, supporter)| Some((page, *who.get(&supporter)?)))
        .collect())
}

fn diary_days(conn: &mut Conn, ids: &[PageId]) -> AppResult<BTreeMap<PageId, (i64, Option<Day>)>> {
    let query = diary_entries::table
        .filter(diary_entries::page_id.eq_any(ids))
        .group_by(diary_entries::page_id)
        .select((
            diary_entries::page_id,
            count_star(),
            max(diary_entries::day),
        ));
    let rows: Vec<(PageId, i64, Option<Day>)> = each!(conn, c => query.load(c))?;
    Ok(rows
        .into_iter()
        .map(|(id, days, last)| (id, (days, last)))
        .collect())
}

fn people(
    conn: &mut Conn,
    rows: &[PageRow],
    now: Timestamp,
) -> AppResult<BTreeMap<UserId, Person>> {
    let mut people: BTreeMap<UserId, Person> = BTreeMap::new();
    for (_, _, (id, email, name, _, verified, in_use), _) in rows {
        people.entry(*id).or_insert_with(|| Person {
            id: *id,
            email: email.clone(),
            name: name.clone(),
            may_be_mailed: *verified && *in_use,
            muted: BTreeSet::new(),
            told: Vec::new(),
            last_bulk: None,
        });
    }
    let ids: Vec<UserId> = people.keys().copied().collect();
    let query = mail_mutes::table
        .filter(mail_mutes::user_id.eq_any(&ids))
        .select((mail_mutes::user_id, mail_mutes::kind));
    let muted: Vec<(UserId, MailKind)> = each!(conn, c => query.load(c))?;
    for (id, kind) in muted {
        if let Some(person) = people.get_mut(&id) {
            person.muted.insert(kind);
        }
    }
    for (id, at) in bulk_mails(conn, &ids, now)? {
        if let Some(person) = people.get_mut(&id) {
            person.last_bulk = person.last_bulk.max(at);
        }
    }
    for told in model::told_to(conn, &ids, now)? {
        if let Some(person) = people.get_mut(&told.user_id) {
            person.told.push(told);
        }
    }
    Ok(people)
}

/// When these people last got bulk mail that is not the coach's.
fn bulk_mails(
    conn: &mut Conn,
    ids: &[UserId],
    now: Timestamp,
) -> AppResult<Vec<(UserId, Option<Timestamp>)>> {
    // What waits counts from when it was put on its way; what failed or was skipped did not come.
    let query = deliveries::table
        .inner_join(subscribers::table.on(subscribers::id.eq(deliveries::subscriber_id)))
        .filter(subscribers::user_id.eq_any(ids))
        .filter(deliveries::state.ne_all(["failed", "skipped"]))
        .filter(deliveries::changed_at.gt(now.minus(chrono::Duration::days(60))))
        .group_by(subscribers::user_id)
        .select((
            subscribers::user_id.assume_not_null(),
            max(deliveries::changed_at),
        ));
    Ok(each!(conn, c => query.load(c))?)
}

/// Teams of a season, going on after a team, by id, with what is known of them: five statements.
///
/// # Errors
/// The database's.
pub fn teams_after(
    conn: &mut Conn,
    campaign: CampaignId,
    after: Option<TeamId>,
    most: i64,
) -> AppResult<Vec<TeamFacts>> {
    macro_rules! ids {
        ($($condition:expr)?) => {
            each!(conn, c => teams::table
                .filter(teams::campaign_id.eq(campaign))
                $(.filter($condition))?
                .order(teams::id)
                .limit(most)
                .select(teams::id)
                .load(c))
        };
    }
    let ids: Vec<TeamId> = match after {
        None => ids!(),
        Some(id) => ids!(teams::id.gt(id)),
    }?;
    of_teams(conn, &ids)
}

/// What is known of these teams, by id.
///
/// # Errors
/// The database's.
pub fn of_teams(conn: &mut Conn, ids: &[TeamId]) -> AppResult<Vec<TeamFacts>> {
    let query = teams::table
        .inner_join(
            totals::table.on(totals::scope
                .eq(TotalScope::Team)
                .and(totals::scope_id.eq(teams::id))),
        )
        .filter(teams::id.eq_any(ids))
        .order(teams::id)
        .select((teams::id, teams::goal, totals::raised));
    let rows: Vec<(TeamId, i64, i64)> = each!(conn, c => query.load(c))?;
    let query = pages::table
        .filter(pages::team_id.eq_any(ids))
        .filter(pages::status.eq(PageStatus::Live))
        .group_by(pages::team_id)
        .select((pages::team_id, count_star()));
    let members: Vec<(Option<TeamId>, i64)> = each!(conn, c => query.load(c))?;
    let members: BTreeMap<TeamId, i64> = members
        .into_iter()
        .filter_map(|(team, count)| team.map(|team| (team, count)))
        .collect();
    let days = team_days(conn, ids)?;
    let mut earned = model::team_badges_of(conn, ids)?;
    Ok(rows
        .into_iter()
        .map(|(team, goal, raised)| TeamFacts {
            team,
            goal,
            raised,
            pages: members.get(&team).copied().unwrap_or_default(),
            days: days.get(&team).copied().unwrap_or_default(),
            earned: earned.remove(&team).unwrap_or_default(),
        })
        .collect())
}

/// Days in the diaries of each team's pages that are shown: one counter a page.
fn team_days(conn: &mut Conn, ids: &[TeamId]) -> AppResult<BTreeMap<TeamId, i64>> {
    let query = pages::table
        .inner_join(
            tallies::table.on(tallies::scope
                .eq("page")
                .and(tallies::scope_id.eq(pages::id))),
        )
        .filter(pages::team_id.eq_any(ids))
        .filter(pages::status.eq(PageStatus::Live))
        .select((pages::team_id.assume_not_null(), tallies::days));
    let rows: Vec<(TeamId, i64)> = each!(conn, c => query.load(c))?;
    let mut days = BTreeMap::new();
    for (team, of_page) in rows {
        *days.entry(team).or_default() += of_page;
    }
    Ok(days)
}
