//! Who sits at a partner's desk: the role `partner`, a place among the staff of a partner, and the second factor where staff
//! need one. Finders take it, so that nobody reads what is another partner's (S9).

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;

use super::{PartnerId, staff};
use crate::auth::{Role, Signed, UserId};
use crate::error::{AppError, AppResult};
use crate::web::Site;

/// Somebody of a partner's staff.
#[derive(Debug, Clone)]
pub struct PartnerStaff {
    signed: Signed,
    partners: Vec<PartnerId>,
}

impl PartnerStaff {
    /// The person's session.
    pub fn signed(&self) -> &Signed {
        &self.signed
    }

    /// The person.
    pub fn user(&self) -> UserId {
        self.signed.user()
    }

    /// The partners at whose desks the person sits; never empty.
    pub fn partners(&self) -> &[PartnerId] {
        &self.partners
    }

    /// Whether the person is of this partner's staff.
    pub fn is_of(&self, partner: PartnerId) -> bool {
        self.partners.contains(&partner)
    }

    /// That the person is of this partner's staff.
    ///
    /// # Errors
    /// [`AppError::NotFound`]: that another partner has such a thing is nobody's business.
    pub fn check(&self, partner: PartnerId, what: &'static str) -> AppResult<()> {
        if self.is_of(partner) {
            Ok(())
        } else {
            Err(AppError::NotFound(what))
        }
    }
}

impl FromRequest for PartnerStaff {
    type Error = AppError;
    type Future = LocalBoxFuture<'static, AppResult<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let site = request.app_data::<Data<Site>>().cloned();
        let signed = Signed::from_request(request, payload);
        Box::pin(async move {
            let signed = signed.await?;
            let Some(site) = site else {
                return Err(AppError::Unauthorized);
            };
            if !signed.is(Role::Partner) {
                return Err(AppError::Forbidden("your account may not see this"));
            }
            let needs_factor = site.config.auth.staff_second_factor;
            if needs_factor && signed.held().session.second_factor_at.is_none() {
                return Err(AppError::SecondFactor);
            }
            let user = signed.user();
            let partners = site.db.read(move |c| staff::partners_of(c, user)).await?;
            if partners.is_empty() {
                return Err(AppError::Forbidden(
                    "your account belongs to no partner; ask the people who run the campaign to invite you",
                ));
            }
            Ok(Self { signed, partners })
        })
    }
}
