//! What every step needs from the records.

use super::Step;
use crate::auth::{Role, Signed};
use crate::campaigns::frame::Destinations;
use crate::campaigns::{self, Campaign};
use crate::db::Conn;
use crate::error::AppResult;
use crate::impact::UnitCost;
use crate::kernel::{Money, Slug, Timestamp};
use crate::pages::model::{self, Page};
use crate::pages::{ops, returning};

/// The person's way into one season.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    pub campaign: Campaign,
    /// The draft, if one was begun.
    pub draft: Option<Page>,
    /// The person's other pages of this season.
    pub pages: Vec<Page>,
    /// The smallest thing that money does, for the words of a story.
    pub cost: Option<UnitCost>,
    /// Last season's page and what it raised, while none was begun in this one.
    pub last: Option<(Page, i64)>,
}

impl Setting {
    pub(super) fn read(
        conn: &mut Conn,
        campaign: &Slug,
        signed: &Signed,
        now: Timestamp,
    ) -> AppResult<Self> {
        let campaign = campaigns::model::by_slug(conn, campaign)?.campaign;
        let mut pages = model::of_owner_in(conn, signed.user(), campaign.id)?;
        pages.retain(|page| page.status != model::PageStatus::Draft);
        let draft = model::draft_of(conn, signed.user(), campaign.id)?;
        let last = match (&draft, pages.is_empty()) {
            (None, true) => returning::last_page(conn, signed.user(), &campaign)?,
            _ => None,
        };
        let to = Destinations::of(conn, &campaign, now)?;
        let cost = to.unit_costs(conn, &campaign, now)?.into_iter().next();
        Ok(Self {
            campaign,
            draft,
            pages,
            cost,
            last,
        })
    }

    /// That the season takes a new page from this person.
    pub(super) fn is_open_to(&self, signed: &Signed) -> AppResult<()> {
        let staff = signed.may_run(Role::Coordinator, self.campaign.id);
        ops::takes_pages(&self.campaign, staff)
    }

    /// Where the guided start is, at a step.
    pub(super) fn path(&self, step: Step) -> String {
        format!("/start/{}/{step}", self.campaign.slug)
    }

    /// The step at which the draft was left.
    pub(super) fn left_at(&self) -> Step {
        let draft = self.draft.as_ref();
        draft
            .and_then(|draft| draft.draft_step.as_deref())
            .and_then(|step| step.parse().ok())
            .unwrap_or(Step::Why)
    }

    /// The title of a page that gets none of its own.
    pub(super) fn default_title(&self, participant: &str) -> String {
        let rule = self.campaign.rules.0.page_title.trim();
        if rule.is_empty() {
            format!("{participant} takes part in {}", self.campaign.title)
        } else {
            rule.replace("{name}", participant)
        }
    }

    /// Goals to choose from: the season's own, half of it, and twice as much.
    pub(super) fn goals(&self) -> Vec<Money> {
        let currency = self.campaign.currency;
        let usual = match self.campaign.rules.0.page_goal {
            goal if goal > 0 => goal,
            _ => currency.scale().saturating_mul(500),
        };
        let whole = |minor: i64| minor - minor % currency.scale();
        let mut goals = vec![whole(usual / 2), usual, usual.saturating_mul(2)];
        goals.retain(|goal| *goal > 0);
        goals.dedup();
        goals
            .into_iter()
            .map(|minor| Money::new(minor, currency))
            .collect()
    }
}
