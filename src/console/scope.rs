//! Which seasons a member of staff may see: tenants are kept apart (S9).

use serde::Serialize;

use crate::auth::{Role, Signed};
use crate::campaigns::{Campaign, CampaignId, CampaignStatus, model};
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::kernel::Slug;

/// The seasons that somebody may run; `None`: all of them.
#[derive(Debug, Clone)]
pub struct Scope(Option<Vec<CampaignId>>);

const ELSEWHERE: AppError = AppError::Forbidden("you do not run this season");

impl Scope {
    /// What `signed` may see: as a coordinator, or else as finance.
    pub fn of(signed: &Signed) -> Self {
        let role = if signed.is(Role::Coordinator) {
            Role::Coordinator
        } else {
            Role::Finance
        };
        Self(signed.campaigns(role))
    }

    /// What `signed` may see as finance.
    pub fn as_finance(signed: &Signed) -> Self {
        Self(signed.campaigns(Role::Finance))
    }

    /// Whether it holds for every season.
    pub fn is_whole(&self) -> bool {
        self.0.is_none()
    }

    /// Whether it holds for this season.
    pub fn holds(&self, campaign: CampaignId) -> bool {
        match &self.0 {
            None => true,
            Some(all) => all.contains(&campaign),
        }
    }

    /// That it holds for this season.
    ///
    /// # Errors
    /// [`AppError::Forbidden`].
    pub fn check(&self, campaign: CampaignId) -> AppResult<()> {
        if self.holds(campaign) {
            Ok(())
        } else {
            Err(ELSEWHERE)
        }
    }

    /// That it holds for every season: for what concerns none, or makes a new one.
    ///
    /// # Errors
    /// [`AppError::Forbidden`].
    pub fn check_whole(&self) -> AppResult<()> {
        if self.is_whole() {
            Ok(())
        } else {
            Err(AppError::Forbidden(
                "your role holds for single seasons only",
            ))
        }
    }

    /// The ids, where it does not hold for all.
    pub fn ids(&self) -> Option<&[CampaignId]> {
        self.0.as_deref()
    }
}

/// One of the seasons to choose from.
#[derive(Debug, Clone, Serialize)]
pub struct SeasonChoice {
    /// Its slug.
    pub slug: String,
    /// Its title.
    pub title: String,
    /// Whether it is being looked at.
    pub is_current: bool,
}

/// A season being looked at, and those that can be chosen instead.
pub struct Chosen {
    /// The season.
    pub campaign: Campaign,
    /// All that may be looked at.
    pub choices: Vec<SeasonChoice>,
}

/// The season of a slug in a query; of an empty one the newest live season, or the newest.
///
/// # Errors
/// [`AppError::NotFound`] without such a season, [`AppError::Forbidden`] for one of somebody else.
pub fn chosen(conn: &mut Conn, scope: &Scope, slug: &str) -> AppResult<Chosen> {
    let all = model::all(conn)?;
    let campaign = if slug.is_empty() {
        let mine = || all.iter().filter(|one| scope.holds(one.id));
        mine()
            .find(|one| one.status == CampaignStatus::Live)
            .or_else(|| mine().next())
    } else {
        all.iter().find(|one| one.slug.as_str() == slug)
    };
    let campaign = campaign.cloned().ok_or(AppError::NotFound("the season"))?;
    scope.check(campaign.id)?;
    let choices = all
        .iter()
        .filter(|one| scope.holds(one.id))
        .map(|one| SeasonChoice {
            slug: one.slug.to_string(),
            title: one.title.clone(),
            is_current: one.id == campaign.id,
        })
        .collect();
    Ok(Chosen { campaign, choices })
}

/// The season of a path.
///
/// # Errors
/// As [`chosen`].
pub fn season(conn: &mut Conn, scope: &Scope, slug: &str) -> AppResult<Campaign> {
    let slug: Slug = slug.parse().map_err(|_| AppError::NotFound("the season"))?;
    let found = model::any_by_slug(conn, &slug)?.ok_or(AppError::NotFound("the season"))?;
    scope.check(found.id)?;
    Ok(found)
}
