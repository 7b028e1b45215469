//! Permissions as extractor types: a handler that takes a [`Coordinator`] cannot be reached by anybody else (S9).
//!
//! Deny by default: a handler says what it needs by the type of its argument, and a request that does not have it is
//! answered before the handler runs. Whose page or team it is, the nouns' own guards say.

use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use chrono::Duration;
use futures_util::future::LocalBoxFuture;
use secrecy::{ExposeSecret, SecretString};

use super::model::{Role, UserId};
use super::sessions::{self, Held, SessionId};
use crate::error::{AppError, AppResult};
use crate::ids::CampaignId;
use crate::kernel::{Email, Timestamp};
use crate::web::Site;

/// How long after showing a password or a factor delicate changes may be made (S6).
const PROOF_HOLDS: Duration = Duration::minutes(15);

/// A person who is signed in, second factor shown where the account has one.
#[derive(Debug, Clone)]
pub struct Signed(Held);

/// A person who is signed in and may still owe the second factor: for the pages that ask for it, and for signing out.
#[derive(Debug, Clone)]
pub struct HalfSigned(pub Held);

/// Whoever it is.
#[derive(Debug, Clone)]
pub struct MaybeSigned(pub Option<Signed>);

impl Signed {
    /// The person.
    pub fn user(&self) -> UserId {
        self.0.user.id
    }

    /// How the person is called.
    pub fn name(&self) -> &str {
        &self.0.user.name
    }

    /// Where mail goes.
    pub fn email(&self) -> &Email {
        &self.0.user.email
    }

    /// The session.
    pub fn session(&self) -> SessionId {
        self.0.session.id
    }

    /// Whether the address has been shown to be the person's own.
    pub fn is_verified(&self) -> bool {
        self.0.user.verified_at.is_some()
    }

    /// The whole record.
    pub fn held(&self) -> &Held {
        &self.0
    }

    /// Whether the person has this role; the owner of the installation has those of all staff.
    pub fn is(&self, role: Role) -> bool {
        self.0.roles.contains(&role) || (role.is_staff() && self.0.roles.contains(&Role::Owner))
    }

    /// Whether the person may run this campaign as `role`: tenants are kept apart (S9).
    pub fn may_run(&self, role: Role, campaign: CampaignId) -> bool {
        if self.0.roles.contains(&Role::Owner) {
            return true;
        }
        let mut narrowed = self
            .0
            .narrowed
            .iter()
            .filter(|(of, _)| *of == role)
            .peekable();
        self.0.roles.contains(&role)
            && (narrowed.peek().is_none() || narrowed.any(|(_, one)| *one == campaign))
    }

    /// The campaigns that `role` is narrowed to; `None` when it holds for all.
    pub fn campaigns(&self, role: Role) -> Option<Vec<CampaignId>> {
        if self.0.roles.contains(&Role::Owner) {
            return None;
        }
        let all = self.0.narrowed.iter().filter(|(of, _)| *of == role);
        let all: Vec<CampaignId> = all.map(|(_, campaign)| *campaign).collect();
        (!all.is_empty()).then_some(all)
    }

    /// That the person proved lately who they are: asked before address, password, factors, export, deletion (S6).
    ///
    /// # Errors
    /// [`AppError::ProveAgain`].
    pub fn proved_lately(&self, now: Timestamp) -> AppResult<()> {
        if now <= self.0.session.proved_at.plus(PROOF_HOLDS) {
            Ok(())
        } else {
            Err(AppError::ProveAgain)
        }
    }
}

impl FromRequest for HalfSigned {
    type Error = AppError;
    type Future = LocalBoxFuture<'static, AppResult<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let site = request.app_data::<Data<Site>>().cloned();
        let secret = site
            .as_ref()
            .and_then(|site| cookie_of(request.headers(), site.config.is_https()));
        Box::pin(async move {
            let (Some(site), Some(secret)) = (site, secret) else {
                return Err(AppError::Unauthorized);
            };
            let now = site.clock.now();
            let held = site
                .db
                .read(move |c| sessions::held(c, &secret, now))
                .await?
                .ok_or(AppError::Unauthorized)?;
            if sessions::is_stale(&held.session, now) {
                let id = held.session.id;
                site.db.tx(move |c| sessions::touch(c, id, now)).await?;
            }
            Ok(Self(held))
        })
    }
}

impl FromRequest for Signed {
    type Error = AppError;
    type Future = LocalBoxFuture<'static, AppResult<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let half = HalfSigned::from_request(request, payload);
        Box::pin(async move {
            let HalfSigned(held) = half.await?;
            if held.has_second_factor && held.session.second_factor_at.is_none() {
                return Err(AppError::SecondFactor);
            }
            Ok(Self(held))
        })
    }
}

impl FromRequest for MaybeSigned {
    type Error = AppError;
    type Future = LocalBoxFuture<'static, AppResult<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let signed = Signed::from_request(request, payload);
        Box::pin(async move {
            match signed.await {
                Ok(signed) => Ok(Self(Some(signed))),
                Err(AppError::Unauthorized | AppError::SecondFactor) => Ok(Self(None)),
                Err(error) => Err(error),
            }
        })
    }
}

/// Declares the extractor of a role.
macro_rules! role_guard {
    ($(#[$meta:meta])* $name:ident, [$($role:ident),+]) => {
        $(#[$meta])*
        #[derive(Debug, Clone)]
        pub struct $name(pub Signed);

        impl FromRequest for $name {
            type Error = AppError;
            type Future = LocalBoxFuture<'static, AppResult<Self>>;

            fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
                let needs_factor = request
                    .app_data::<Data<Site>>()
                    .is_none_or(|site| site.config.auth.staff_second_factor);
                let signed = Signed::from_request(request, payload);
                Box::pin(async move {
                    let signed = signed.await?;
                    if ![$(Role::$role),+].into_iter().any(|role| signed.is(role)) {
                        return Err(AppError::Forbidden("your account may not see this"));
                    }
                    if needs_factor && signed.0.session.second_factor_at.is_none() {
                        return Err(AppError::SecondFactor);
                    }
                    Ok(Self(signed))
                })
            }
        }
    };
}

role_guard!(
    /// Runs the installation.
    Owner, [Owner]
);
role_guard!(
    /// Runs seasons. Ask [`Signed::may_run`] for the campaign.
    Coordinator, [Coordinator]
);
role_guard!(
    /// Keeps the books.
    Finance, [Finance]
);
role_guard!(
    /// Anybody who works here.
    Staff, [Coordinator, Finance]
);

fn cookie_name(is_https: bool) -> &'static str {
    if is_https {
        "__Host-selvedge"
    } else {
        "selvedge-session"
    }
}

fn cookie_of(headers: &HeaderMap, is_https: bool) -> Option<String> {
    let name = cookie_name(is_https);
    headers
        .get_all(header::COOKIE)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, value)| *key == name && value.len() == 43)
        .map(|(_, value)| value.to_owned())
}

/// Hands the session's secret to the browser; it forgets it when it is closed or after the longest life of a session.
///
/// # Errors
/// When the cookie cannot be written.
pub fn set_cookie(
    response: &mut HttpResponse,
    secret: &SecretString,
    is_https: bool,
) -> AppResult<()> {
    let cookie = Cookie::build(cookie_name(is_https), secret.expose_secret().to_owned())
        .path("/")
        .http_only(true)
        .secure(is_https)
        .same_site(SameSite::Lax)
        .max_age(actix_web::cookie::time::Duration::days(30))
        .finish();
    response.add_cookie(&cookie).map_err(AppError::internal)
}

/// Takes the secret from the browser.
///
/// # Errors
/// When the cookie cannot be written.
pub fn clear_cookie(response: &mut HttpResponse, is_https: bool) -> AppResult<()> {
    let mut cookie = Cookie::build(cookie_name(is_https), "")
        .path("/")
        .http_only(true)
        .secure(is_https)
        .same_site(SameSite::Lax)
        .finish();
    cookie.make_removal();
    response.add_cookie(&cookie).map_err(AppError::internal)
}
