//! Whom a gift is for: a page, a team or the campaign itself.

use crate::campaigns::frame::{self, Destinations};
use crate::campaigns::model::CampaignTotal;
use crate::campaigns::{self, Campaign};
use crate::config::Config;
use crate::db::Conn;
use crate::donations::model::Donation;
use crate::error::{AppError, AppResult};
use crate::kernel::{Slug, Timestamp};
use crate::pages::{self, model::PageOverview};
use crate::teams::{self, model::TeamOverview};
use crate::walls::Weave;
use crate::web::views::rows::ShareView;
use crate::web::views::shell::Link;

/// Whom a gift is for, as far as it is shown.
#[derive(Debug, Clone)]
pub(super) struct Aim {
    pub row: CampaignTotal,
    pub page: Option<PageOverview>,
    pub team: Option<TeamOverview>,
}

impl Aim {
    /// What an address asks for. A page or team of another campaign is not found,
    /// nor is a team that has been archived.
    pub(super) fn asked(
        conn: &mut Conn,
        campaign: &Slug,
        page: Option<&Slug>,
        team: Option<&Slug>,
    ) -> AppResult<Self> {
        let row = campaigns::model::by_slug(conn, campaign)?;
        let page = page.map(|slug| pages::by_slug(conn, slug)).transpose()?;
        if page
            .as_ref()
            .is_some_and(|page| page.campaign.id != row.campaign.id)
        {
            return Err(AppError::NotFound("the page"));
        }
        // A gift to a page is its team's too; only one of the two is shown as the recipient.
        let team = team.filter(|_| page.is_none());
        let team = team
            .map(|slug| teams::model::by_slug(conn, slug))
            .transpose()?;
        if team
            .as_ref()
            .is_some_and(|of| of.campaign.id != row.campaign.id || !of.team.is_open())
        {
            return Err(AppError::NotFound("the team"));
        }
        Ok(Self { row, page, team })
    }

    /// Whom `gift` was for; a page that is hidden by now is not named any more.
    pub(super) fn of(conn: &mut Conn, gift: &Donation) -> AppResult<Self> {
        let row = campaigns::model::shown_by_id(conn, gift.campaign_id)?;
        let row = row.ok_or(AppError::NotFound("the campaign"))?;
        let page = match gift.page_id {
            Some(id) => pages::model::shown_by_id(conn, id)?,
            None => None,
        };
        let team = match gift.team_id.filter(|_| gift.page_id.is_none()) {
            Some(id) => teams::model::shown_by_id(conn, id)?,
            None => None,
        };
        Ok(Self { row, page, team })
    }

    pub(super) fn campaign(&self) -> &Campaign {
        &self.row.campaign
    }

    /// Its name and where it is shown.
    pub(super) fn link(&self) -> Link {
        match (&self.page, &self.team) {
            (Some(of), _) => Link::new(&of.page.participant, &format!("/pages/{}", of.page.slug)),
            (None, Some(of)) => Link::new(&of.team.name, &format!("/teams/{}", of.team.slug)),
            (None, None) => Link::new(&self.campaign().title, &frame::path(self.campaign())),
        }
    }

    /// Its cloth, with the gift `own` highlighted.
    pub(super) fn weave(
        &self,
        conn: &mut Conn,
        own: Option<&str>,
        now: Timestamp,
    ) -> AppResult<Weave> {
        let to = Destinations::of(conn, self.campaign(), now)?;
        match (&self.page, &self.team) {
            (Some(of), _) => pages::public::weave(conn, of, &to, own),
            (None, Some(of)) => teams::public::weave(conn, of, &to, own),
            (None, None) => campaigns::public::weave(conn, &self.row, &to, own),
        }
    }

    /// Ways to share it.
    pub(super) fn share(&self, config: &Config, now: Timestamp) -> ShareView {
        match (&self.page, &self.team) {
            (Some(of), _) => pages::public::share(config, of, now),
            (None, Some(of)) => teams::public::share(config, of),
            (None, None) => {
                let url = format!("{}{}", config.public_url(), frame::path(self.campaign()));
                ShareView::new(&url, &self.campaign().title, None)
            }
        }
    }
}
