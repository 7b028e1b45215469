//! Taking stories down: by staff, by a consent that was revoked, by one that came to its end (S17).
//!
//! The rows change in one transaction; from its commit no page, list, feed or answer holds the story, on any instance, as
//! each asks the rows anew within a second ([`crate::web::view_cache`]) and a story's views never stand in for a database
//! that is away. Pictures follow the story's state, in all sizes.

use diesel::prelude::*;

use super::model::{self, Because, Status, Story, StoryId};
use super::ops::{deed, wrong_state};
use super::pictures;
use crate::audit::{self, Deed, Via};
use crate::auth::UserId;
use crate::campaigns::CampaignId;
use crate::consent_vault::ops::{Revocation, mark_revoked, today};
use crate::consent_vault::{ConsentId, Shows};
use crate::db::Conn;
use crate::db::schema::{stories, story_consents, story_programs, vault_consents};
use crate::each;
use crate::error::AppResult;
use crate::kernel::{Line, Timestamp};
use crate::media::{self, MediaId};
use crate::partners::ProgramId;
use crate::web::Site;

/// Where a story shows: what must be made anew when it changes.
#[must_use = "views of a changed story must be made anew"]
#[derive(Debug, Clone)]
pub struct Reach {
    /// Which story.
    pub story: StoryId,
    /// The campaigns that list it.
    pub campaigns: Vec<CampaignId>,
    /// The programs that it is about.
    pub programs: Vec<ProgramId>,
    /// Its pictures.
    pub pictures: Vec<MediaId>,
}

/// The scope of lists and feeds of stories.
pub(super) const LISTS: (&str, &str) = ("stories", "all");

impl Reach {
    pub(super) fn of(conn: &mut Conn, story: &Story) -> AppResult<Self> {
        let query = story_programs::table
            .filter(story_programs::story_id.eq(story.id))
            .select(story_programs::program_id);
        let shown = pictures::of(conn, &[story.id])?;
        Ok(Self {
            story: story.id,
            campaigns: model::campaigns_of(conn, story.id)?,
            programs: each!(conn, c => query.load(c))?,
            pictures: shown.iter().map(|one| one.picture.media_id).collect(),
        })
    }

    /// Both.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.campaigns.extend(other.campaigns);
        self.programs.extend(other.programs);
        self.pictures.extend(other.pictures);
        self
    }

    fn scopes(&self) -> Vec<(&'static str, String)> {
        let mut all = vec![
            (LISTS.0, LISTS.1.to_owned()),
            ("story", self.story.to_string()),
        ];
        let campaigns = self.campaigns.iter();
        all.extend(campaigns.map(|id| ("campaign", id.to_string())));
        all.extend(self.programs.iter().map(|id| ("program", id.to_string())));
        all.extend(self.pictures.iter().map(|id| ("media", id.to_string())));
        all
    }

    /// After the commit of a change.
    pub fn changed(&self, site: &Site) {
        for (kind, id) in self.scopes() {
            site.views.changed(kind, &id);
        }
    }

    /// After the commit that took the story down: nothing that showed it stands in, even while the database is away.
    pub fn withdrawn(&self, site: &Site) {
        for (kind, id) in self.scopes() {
            site.views.withdrawn(kind, &id);
        }
    }
}

/// Takes a story down, by staff.
///
/// # Errors
/// [`AppError::Conflict`](crate::error::AppError::Conflict) `wrong_state`.
pub fn withdraw(
    conn: &mut Conn,
    id: StoryId,
    reason: &Line,
    by: UserId,
    now: Timestamp,
) -> AppResult<Reach> {
    let story = model::by_id(conn, id)?;
    if !take(conn, id, Because::Staff, reason.as_str(), now)? {
        return Err(wrong_state(story.status, Status::Withdrawn));
    }
    let deed = deed(by, "story.withdraw", id).saying(reason.as_str());
    audit::record(conn, &deed, now)?;
    Reach::of(conn, &story)
}

/// The guarded statement; answers whether the story was public.
fn take(
    conn: &mut Conn,
    id: StoryId,
    because: Because,
    note: &str,
    now: Timestamp,
) -> AppResult<bool> {
    let target = stories::table
        .filter(stories::id.eq(id))
        .filter(stories::status.eq_any(Status::Withdrawn.comes_from()));
    let row = (
        stories::status.eq(Status::Withdrawn),
        stories::withdrawn_at.eq(now),
        stories::withdrawn_because.eq(because),
        stories::withdrawn_note.eq(note),
        stories::updated_at.eq(now),
    );
    Ok(each!(conn, c => diesel::update(target).set(row).execute(c))? == 1)
}

/// Revokes a consent and takes down everything that stands on it. Pictures of people in those stories are removed for good,
/// their files within minutes: nobody agrees to them any more. Call [`Reach::withdrawn`] of each after the commit.
///
/// # Errors
/// Those of [`mark_revoked`].
pub fn revoke_consent(
    conn: &mut Conn,
    asked: &Revocation,
    now: Timestamp,
) -> AppResult<Vec<Reach>> {
    mark_revoked(conn, asked, now)?;
    let mut all = Vec::new();
    for story in standing_on(conn, asked.consent)? {
        let reach = Reach::of(conn, &story)?;
        if take(conn, story.id, Because::ConsentRevoked, "", now)? {
            let deed = deed(asked.by, "story.withdraw", story.id).saying("a consent was revoked");
            audit::record(conn, &deed, now)?;
        }
        for shown in pictures::of(conn, &[story.id])? {
            if shown.picture.shows > Shows::Nobody {
                media::remove(conn, shown.picture.media_id, now)?;
            }
        }
        all.push(reach);
    }
    Ok(all)
}

/// The stories that name a consent, in whatever state.
///
/// # Errors
/// The database's.
pub fn standing_on(conn: &mut Conn, consent: ConsentId) -> AppResult<Vec<Story>> {
    let query = stories::table
        .inner_join(story_consents::table.on(story_consents::story_id.eq(stories::id)))
        .filter(story_consents::consent_id.eq(consent))
        .order(stories::id);
    Ok(each!(conn, c => query.select(Story::as_select()).load(c))?)
}

/// Stories taken down by one run at most; the next run takes the rest.
const MOST: i64 = 200;

/// Takes down what stands on a consent that has come to its end. Nobody sees it from the first second of that day anyway:
/// this makes the rows, the record and other instances' memories say so.
///
/// # Errors
/// The database's.
pub fn end_due(conn: &mut Conn, now: Timestamp) -> AppResult<Vec<Reach>> {
    let today = today(now)?;
    let query = stories::table
        .inner_join(story_consents::table.on(story_consents::story_id.eq(stories::id)))
        .inner_join(vault_consents::table.on(vault_consents::id.eq(story_consents::consent_id)))
        .filter(stories::status.eq(Status::Published))
        .filter(
            vault_consents::expires_on
                .lt(today)
                .or(vault_consents::revoked_at.is_not_null()),
        )
        .distinct()
        .limit(MOST)
        .select(stories::id);
    let due: Vec<StoryId> = each!(conn, c => query.load(c))?;
    let mut all = Vec::new();
    for id in due {
        let story = model::by_id(conn, id)?;
        if take(conn, id, Because::ConsentEnded, "", now)? {
            let deed = Deed {
                actor: None::<UserId>,
                via: Via::Program,
                action: "story.withdraw",
                subject: ("story", id.to_string()),
                campaign: None,
                detail: "a consent came to its end".to_owned(),
                edit: None,
            };
            audit::record(conn, &deed, now)?;
            all.push(Reach::of(conn, &story)?);
        }
    }
    Ok(all)
}
