//! Who may change a page, as an extractor type: its owner, or a coordinator of its campaign on the owner's behalf.

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use diesel::prelude::*;
use futures_util::future::LocalBoxFuture;

use super::model::{self, PageOverview, PageStatus};
use crate::audit::Deed;
use crate::auth::model::Role;
use crate::auth::token::{Access, TokenHolder};
use crate::auth::{Coordinator, Signed};
use crate::campaigns::CampaignStatus;
use crate::db::Conn;
use crate::db::schema::role_campaigns;
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::CampaignId;
use crate::kernel::Slug;
use crate::web::Site;

/// Somebody who may change the page that the path names (`{slug}`), in whatever state it is.
#[derive(Debug, Clone)]
pub struct PageOwner {
    /// Who.
    pub signed: Signed,
    /// The page, with campaign, total and team.
    pub overview: PageOverview,
    /// A coordinator acts for the owner: each deed goes into the record ([`PageOwner::deed`]).
    pub on_behalf: bool,
}

impl PageOwner {
    /// The deed to record when staff act for the owner; `None` when the owner acts.
    pub fn deed(&self, action: &'static str) -> Option<Deed> {
        self.on_behalf.then(|| {
            let page = &self.overview.page;
            Deed::new(self.signed.user(), action, ("page", page.id.to_string()))
                .of(page.campaign_id)
        })
    }
}

const NOT_YOURS: AppError = AppError::Forbidden("this page belongs to somebody else");

/// Whether strangers can know that there is such a page.
fn is_public(overview: &PageOverview) -> bool {
    overview.page.status == PageStatus::Live && overview.campaign.status != CampaignStatus::Draft
}

impl FromRequest for PageOwner {
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
                return Err(AppError::NotFound("the page"));
            };
            let found = site.db.read(move |c| model::any_by_slug(c, &slug)).await?;
            let overview = found.ok_or(AppError::NotFound("the page"))?;
            if overview.page.owner_id == Some(signed.user()) {
                return Ok(Self {
                    signed,
                    overview,
                    on_behalf: false,
                });
            }
            match staff.await {
                Ok(Coordinator(staff))
                    if staff.may_run(Role::Coordinator, overview.page.campaign_id) =>
                {
                    Ok(Self {
                        signed: staff,
                        overview,
                        on_behalf: true,
                    })
                }
                Err(AppError::SecondFactor) => Err(AppError::SecondFactor),
                _ if is_public(&overview) => Err(NOT_YOURS),
                _ => Err(AppError::NotFound("the page")),
            }
        })
    }
}

/// The page at `slug` for a program that acts for its owner or for staff.
///
/// # Errors
/// [`AppError::Forbidden`] without the scope, or for somebody else's page; [`AppError::NotFound`].
pub fn for_token(
    conn: &mut Conn,
    holder: &TokenHolder,
    access: Access,
    slug: &Slug,
) -> AppResult<PageOverview> {
    holder.may("pages", access)?;
    let found = model::any_by_slug(conn, slug)?;
    let overview = found.ok_or(AppError::NotFound("the page"))?;
    if overview.page.owner_id == Some(holder.user) || runs(conn, holder, overview.page.campaign_id)?
    {
        return Ok(overview);
    }
    Err(if is_public(&overview) {
        NOT_YOURS
    } else {
        AppError::NotFound("the page")
    })
}

/// Whether a program acts for somebody who runs this campaign: tenants are kept apart (S9).
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
    let query = role_campaigns::table
        .filter(role_campaigns::user_id.eq(holder.user))
        .filter(role_campaigns::role.eq(Role::Coordinator))
        .select(role_campaigns::campaign_id);
    let narrowed: Vec<CampaignId> = each!(conn, c => query.load(c))?;
    Ok(narrowed.is_empty() || narrowed.contains(&campaign))
}
