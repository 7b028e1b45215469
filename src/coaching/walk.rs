//! The walk: every quarter of an hour past all pages of the live seasons, in batches. Badges are written down when their
//! condition is first seen to hold; what the rules decide to say is written down and put into the outbox in one
//! transaction.
//!
//! A batch is looked at by a reader first; only where something is to be written is it looked at again inside a short
//! transaction, so that the pages of which there is nothing to say, nearly all of them, take no writer's time. A replay
//! finds everything written down and says nothing.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::web::Data;

use super::facts::{self, Case, Person, TeamFacts};
use super::mails::{self, Stationery};
use super::model::{MilestoneId, Told};
use super::ops;
use super::rules::badges::{Badge, TeamBadge};
use super::rules::coached_day;
use super::rules::post::{self, Letter};
use crate::auth::UserId;
use crate::auth::mutes::OffLinks;
use crate::campaigns::{Campaign, CampaignId};
use crate::db::Conn;
use crate::error::AppResult;
use crate::ids::TeamId;
use crate::kernel::Timestamp;
use crate::mail::Mails;
use crate::pages::{PageId, PageStatus};
use crate::web::Site;

/// Pages of one batch.
const PAGES: i64 = 250;
/// Teams of one batch.
const TEAMS: i64 = 100;

type Seasons = BTreeMap<CampaignId, Campaign>;

/// Walks. Clones share the parts.
#[derive(Clone)]
pub struct Coach {
    site: Data<Site>,
    mails: Mails,
    with: Stationery,
}

/// What a walk did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Walked {
    /// Pages that were looked at.
    pub pages: usize,
    /// Badges written down, those of teams among them.
    pub badges: usize,
    /// Mails put into the outbox.
    pub letters: usize,
}

/// What is to be written for one person's pages.
#[derive(Debug, Default)]
struct Plan {
    earned: Vec<(PageId, Badge)>,
    reached: Vec<(PageId, MilestoneId)>,
    told: Vec<Told>,
    letters: Vec<(Person, Case, Letter)>,
}

impl Plan {
    fn pages(&self) -> BTreeSet<PageId> {
        let earned = self.earned.iter().map(|(page, _)| *page);
        let reached = self.reached.iter().map(|(page, _)| *page);
        earned
            .chain(reached)
            .chain(self.told.iter().map(|told| told.page_id))
            .collect()
    }

    /// Pages that look otherwise to the public once this is written.
    fn changed(&self) -> BTreeSet<PageId> {
        let earned = self.earned.iter().map(|(page, _)| *page);
        earned
            .chain(self.reached.iter().map(|(page, _)| *page))
            .collect()
    }
}

impl Coach {
    /// A coach that writes through `mails`.
    pub fn new(site: Data<Site>, mails: Mails, off: OffLinks) -> Self {
        let with = Stationery {
            off,
            public_url: site.config.public_url(),
            organisation: site.config.site.name.clone(),
        };
        Self { site, mails, with }
    }

    /// The links that switch kinds of mail off.
    pub(super) fn off_links(&self) -> &OffLinks {
        &self.with.off
    }

    /// One walk past everything.
    ///
    /// # Errors
    /// The database's; what was written before stays, and the next walk goes on from there.
    pub async fn walk(&self) -> AppResult<Walked> {
        let now = self.site.clock.now();
        let mut seasons = self.site.db.read(facts::seasons).await?;
        seasons.retain(|_, season| coached_day(season, now).is_some());
        let seasons = std::sync::Arc::new(seasons);
        let mut walked = Walked::default();
        for season in seasons.keys().copied() {
            for status in [PageStatus::Live, PageStatus::Draft] {
                let mut after = None;
                loop {
                    let list =
                        move |c: &mut Conn| facts::pages_after(c, season, status, after, PAGES);
                    let ids = self.site.db.read(list).await?;
                    let Some(last) = ids.last().copied() else {
                        break;
                    };
                    after = Some(last);
                    walked.pages += ids.len();
                    self.batch(ids, std::sync::Arc::clone(&seasons), now, &mut walked)
                        .await?;
                }
            }
            self.teams(season, std::sync::Arc::clone(&seasons), now, &mut walked)
                .await?;
        }
        Ok(walked)
    }

    async fn batch(
        &self,
        ids: Vec<PageId>,
        seasons: std::sync::Arc<Seasons>,
        now: Timestamp,
        walked: &mut Walked,
    ) -> AppResult<()> {
        let looking = std::sync::Arc::clone(&seasons);
        let found = self
            .site
            .db
            .read(move |c| Ok(consider(c, &ids, &looking, now)?.pages()))
            .await?;
        if found.is_empty() {
            return Ok(());
        }
        let coach = self.clone();
        let (plan, letters) = self
            .site
            .db
            .tx(move |c| {
                let ids: Vec<PageId> = found.iter().copied().collect();
                let plan = consider(c, &ids, &seasons, now)?;
                let letters = coach.write(c, &plan, &seasons, now)?;
                Ok((plan, letters))
            })
            .await?;
        walked.badges += plan.earned.len();
        walked.letters += letters;
        for page in plan.changed() {
            self.site.views.changed("page", &page.to_string());
        }
        Ok(())
    }

    fn write(
        &self,
        conn: &mut Conn,
        plan: &Plan,
        seasons: &Seasons,
        now: Timestamp,
    ) -> AppResult<usize> {
        ops::earn(conn, &plan.earned, now)?;
        let reached: Vec<MilestoneId> = plan.reached.iter().map(|(_, id)| *id).collect();
        ops::reach(conn, &reached, now)?;
        ops::tell(conn, &plan.told)?;
        let batch: Vec<_> = plan
            .letters
            .iter()
            .filter_map(|(person, case, letter)| {
                let season = seasons.get(&case.facts.campaign)?;
                Some(mails::compose(
                    &self.with, person, case, season, letter, now,
                ))
            })
            .collect();
        self.mails.queue(conn, &batch, now)
    }

    async fn teams(
        &self,
        season: CampaignId,
        seasons: std::sync::Arc<Seasons>,
        now: Timestamp,
        walked: &mut Walked,
    ) -> AppResult<()> {
        let mut after = None;
        loop {
            let list = move |c: &mut Conn| facts::teams_after(c, season, after, TEAMS);
            let teams = self.site.db.read(list).await?;
            let Some(last) = teams.last().map(|team| team.team) else {
                return Ok(());
            };
            after = Some(last);
            let earned: Vec<(TeamId, TeamBadge)> = match seasons.get(&season) {
                Some(campaign) => teams
                    .iter()
                    .flat_map(|team| new_team_badges(team, campaign))
                    .collect(),
                None => Vec::new(),
            };
            if earned.is_empty() {
                continue;
            }
            walked.badges += earned.len();
            let rows = earned.clone();
            let writing = move |c: &mut Conn| ops::earn_together(c, &rows, now);
            self.site.db.tx(writing).await?;
            for (team, _) in earned {
                self.site.views.changed("team", &team.to_string());
            }
        }
    }
}

/// The badges that a team has earned and that are not on record.
fn new_team_badges<'a>(
    team: &'a TeamFacts,
    campaign: &'a Campaign,
) -> impl Iterator<Item = (TeamId, TeamBadge)> + 'a {
    TeamBadge::of(campaign)
        .filter(|badge| badge.is_earned(team) && !team.earned.contains(badge))
        .map(|badge| (team.team, badge))
}

/// What is to be written for these pages and their owners, by the rules.
fn consider(conn: &mut Conn, ids: &[PageId], seasons: &Seasons, now: Timestamp) -> AppResult<Plan> {
    let ids = facts::with_sisters(conn, ids, seasons)?;
    let (cases, people) = facts::of_pages(conn, &ids, seasons, now)?;
    let mut plan = Plan::default();
    let mut by_owner: BTreeMap<UserId, Vec<Case>> = BTreeMap::new();
    for mut case in cases {
        if let Some(season) = seasons.get(&case.facts.campaign) {
            see(&mut plan, &mut case, season, now);
        }
        by_owner.entry(case.facts.owner).or_default().push(case);
    }
    for (owner, cases) in by_owner {
        let Some(person) = people.get(&owner) else {
            continue;
        };
        let decision = post::decide(person, &cases, seasons, now);
        plan.told.extend(decision.told);
        let Some(letter) = decision.letter else {
            continue;
        };
        let about = cases
            .into_iter()
            .find(|case| case.facts.page == letter.page);
        if let Some(case) = about {
            plan.letters.push((person.clone(), case, letter));
        }
    }
    Ok(plan)
}

/// Notes what a page has newly earned and reached, in the plan and in the case, so that a mail can tell of it at once.
fn see(plan: &mut Plan, case: &mut Case, season: &Campaign, now: Timestamp) {
    if case.facts.status != PageStatus::Live {
        return;
    }
    for badge in Badge::of(season) {
        let is_new = case.earned.iter().all(|(known, _)| *known != badge);
        if is_new && badge.is_earned(&case.facts, season) {
            plan.earned.push((case.facts.page, badge));
            case.earned.push((badge, now));
        }
    }
    for id in ops::newly_reached(&case.own, case.facts.raised) {
        plan.reached.push((case.facts.page, id));
    }
}
