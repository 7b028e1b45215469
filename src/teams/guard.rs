//! Who may lead a team, as an extractor type: its captain, a co-captain, or a coordinator of its campaign on their behalf.

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;
use serde::{Deserialize, Serialize};

use super::captains;
use super::model::{self, TeamOverview};
use crate::audit::{Deed, Via};
use crate::auth::model::Role;
use crate::auth::roles;
use crate::auth::token::{Access, TokenHolder};
use crate::auth::{Coordinator, Signed, UserId};
use crate::campaigns::CampaignStatus;
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::ids::CampaignId;
use crate::kernel::Slug;
use crate::web::Site;

/// As what somebody acts for a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lead {
    /// The captain: may do everything.
    Captain,
    /// A co-captain: everything but the captaincy, the co-captains and the archive.
    CoCaptain,
    /// A coordinator of its campaign on the captain's behalf: everything, and it goes into the record.
    Staff,
}

impl Lead {
    /// Whether captaincy, co-captains and the archive are theirs to decide.
    pub fn decides(self) -> bool {
        self != Self::CoCaptain
    }

    /// That captaincy, co-captains and the archive are theirs to decide.
    ///
    /// # Errors
    /// [`AppError::Forbidden`].
    pub fn must_decide(self) -> AppResult<()> {
        if self.decides() {
            Ok(())
        } else {
            Err(AppError::Forbidden("only the captain may decide this"))
        }
    }
}

/// Somebody who may lead the team that the path names (`{slug}`).
#[derive(Debug, Clone)]
pub struct TeamCaptain {
    /// Who.
    pub signed: Signed,
    /// The team, with campaign and total.
    pub overview: TeamOverview,
    /// As what.
    pub lead: Lead,
}

impl TeamCaptain {
    /// The deed to record when staff act for the captain; `None` when those who lead the team act.
    pub fn deed(&self, action: &'static str) -> Option<Deed> {
        deed(self.lead, self.signed.user(), &self.overview, action)
    }
}

fn deed(lead: Lead, actor: UserId, overview: &TeamOverview, action: &'static str) -> Option<Deed> {
    (lead == Lead::Staff).then(|| {
        let team = &overview.team;
        Deed::new(actor, action, ("team", team.id.to_string())).of(team.campaign_id)
    })
}

const NOT_YOURS: AppError = AppError::Forbidden("this team is led by somebody else");

/// What a stranger is told about a team that is not theirs: nothing, while its campaign is a draft.
fn refusal(overview: &TeamOverview) -> AppError {
    if overview.campaign.status == CampaignStatus::Draft {
        AppError::NotFound("the team")
    } else {
        NOT_YOURS
    }
}

/// As what `user` leads the team without being staff.
///
/// # Errors
/// The database's.
pub fn leads(conn: &mut Conn, overview: &TeamOverview, user: UserId) -> AppResult<Option<Lead>> {
    if overview.team.captain_id == Some(user) {
        return Ok(Some(Lead::Captain));
    }
    let co = captains::is_co_captain(conn, overview.team.id, user)?;
    Ok(co.then_some(Lead::CoCaptain))
}

impl FromRequest for TeamCaptain {
    type Error = AppError;
    type Future = LocalBoxFuture<'static, AppResult<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let slug = request.match_info().get("slug").map(str::parse::<Slug>);
        let site = request.app_data::<Data<Site>>().cloned();
        let signed = Signed::from_request(request, payload);
        let staff = Coordinator::from_request(request, payload);
        Box::pin(async move {
            let signed = signed.await?;
            let (Some(Ok(slug)), Some(site)) = (slug, site) else {
                return Err(AppError::NotFound("the team"));
            };
            let user = signed.user();
            let found = site.db.read(move |c| {
                let found = model::any_by_slug(c, &slug)?;
                let overview = found.ok_or(AppError::NotFound("the team"))?;
                let lead = leads(c, &overview, user)?;
                Ok((overview, lead))
            });
            let (overview, lead) = found.await?;
            if let Some(lead) = lead {
                return Ok(Self {
                    signed,
                    overview,
                    lead,
                });
            }
            match staff.await {
                Ok(Coordinator(staff))
                    if staff.may_run(Role::Coordinator, overview.team.campaign_id) =>
                {
                    Ok(Self {
                        signed: staff,
                        overview,
                        lead: Lead::Staff,
                    })
                }
                Err(AppError::SecondFactor) => Err(AppError::SecondFactor),
                _ => Err(refusal(&overview)),
            }
        })
    }
}

/// Whether a token acts for those who run this campaign: tenants are kept apart (S9).
///
/// # Errors
/// The database's.
pub fn runs(conn: &mut Conn, holder: &TokenHolder, campaign: CampaignId) -> AppResult<bool> {
    if holder.roles.contains(&Role::Owner) {
        return Ok(true);
    }
    if !holder.roles.contains(&Role::Coordinator) {
        return Ok(false);
    }
    let narrowed = roles::narrowed(conn, holder.user)?;
    let mut narrowed = narrowed
        .iter()
        .filter(|(role, _)| *role == Role::Coordinator)
        .peekable();
    Ok(narrowed.peek().is_none() || narrowed.any(|(_, one)| *one == campaign))
}

/// A program that leads a team for its captain, a co-captain or staff.
#[derive(Debug, Clone)]
pub struct LedByToken {
    /// The team.
    pub overview: TeamOverview,
    /// As what.
    pub lead: Lead,
    actor: UserId,
}

impl LedByToken {
    /// As [`TeamCaptain::deed`].
    pub fn deed(&self, action: &'static str) -> Option<Deed> {
        deed(self.lead, self.actor, &self.overview, action).map(|deed| Deed {
            via: Via::Token,
            ..deed
        })
    }
}

/// The team at `slug` for a program that acts for its captain, a co-captain or staff.
///
/// # Errors
/// [`AppError::Forbidden`] without the scope, or for somebody else's team; [`AppError::NotFound`].
pub fn for_token(
    conn: &mut Conn,
    holder: &TokenHolder,
    access: Access,
    slug: &Slug,
) -> AppResult<LedByToken> {
    holder.may("teams", access)?;
    let found = model::any_by_slug(conn, slug)?;
    let overview = found.ok_or(AppError::NotFound("the team"))?;
    let lead = match leads(conn, &overview, holder.user)? {
        None if runs(conn, holder, overview.team.campaign_id)? => Some(Lead::Staff),
        lead => lead,
    };
    match lead {
        Some(lead) => Ok(LedByToken {
            overview,
            lead,
            actor: holder.user,
        }),
        None => Err(refusal(&overview)),
    }
}
