//! What every handler holds: settings, database, clock, templates and the parts of the web platform.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentType, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::body::Pace;
use super::csrf::Csrf;
use super::error_pages::ErrorContext;
use super::headers::{Nonce, SecurityHeaders};
use super::health::{Heartbeat, Readiness};
use super::limits::RateLimits;
use super::live::Live;
use super::stop::{Stop, StopSwitch};
use super::templates::Templates;
use super::view_cache::ViewCache;
use crate::config::Config;
use crate::db::Db;
use crate::error::{AppError, AppResult};
use crate::kernel::Clock;

/// The running site, handed to handlers as `actix_web::web::Data<Site>`.
pub struct Site {
    /// The settings in force.
    pub config: Arc<Config>,
    /// The records.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// The page templates.
    pub templates: Templates,
    /// Pages kept for a moment.
    pub views: ViewCache,
    /// What watching browsers are told.
    pub live: Live,
    /// Who may post a form.
    pub csrf: Csrf,
    /// How often one address may ask.
    pub limits: RateLimits,
    /// Whether this process can serve.
    pub readiness: Readiness,
    /// When the workers of this process last showed a sign of life.
    pub heartbeat: Heartbeat,
    /// How slowly a body may arrive.
    pub pace: Pace,
    /// Headers of every answer.
    pub headers: SecurityHeaders,
    /// What the `error` template is given.
    pub error_context: ErrorContext,
    /// Hears when serving ends; background work and streams end with it.
    pub stopping: Stop,
    pub(super) stop_serving: StopSwitch,
}

impl Site {
    /// Makes the site over a migrated database; a first start writes the key of the forms' seals.
    ///
    /// # Errors
    /// When the database fails or a setting cannot be read.
    pub async fn open(
        config: Arc<Config>,
        db: Db,
        clock: Clock,
        templates: Templates,
    ) -> AppResult<Self> {
        let csrf = Csrf::load(&db, &config).await?;
        let (stop_serving, stopping) = Stop::by_hand();
        let headers = SecurityHeaders::new(config.is_https());
        Ok(Self {
            views: ViewCache::new(headers.clone()),
            live: Live::new(stopping.clone()),
            limits: RateLimits::new(&config)?,
            readiness: Readiness::default(),
            heartbeat: Heartbeat::default(),
            pace: Pace::default(),
            error_context: ErrorContext::default(),
            config,
            db,
            clock,
            templates,
            csrf,
            headers,
            stopping,
            stop_serving,
        })
    }

    /// Renders the template `name` as a page that is made for one reader and kept by nobody else.
    ///
    /// `context` must have been given the text of `nonce`.
    ///
    /// # Errors
    /// When the template does not fit the context.
    pub fn page(
        &self,
        name: &str,
        context: &impl Serialize,
        nonce: &Nonce,
    ) -> AppResult<HttpResponse> {
        let html = self.render(name, context)?;
        let mut response = HttpResponse::Ok()
            .insert_header(ContentType::html())
            .body(html);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_SECURITY_POLICY, nonce.policy());
        headers.insert(
            header::CACHE_CONTROL,
            HeaderValue::from_static("private, no-cache"),
        );
        Ok(response)
    }

    /// Renders the template `name` with forms on it: a page made for one reader, kept by nobody, its seal in the context
    /// that `make` builds from nonce and seal.
    ///
    /// # Errors
    /// Those of `make`; when the template does not fit the context.
    pub fn form_page<C, F>(
        &self,
        request: &HttpRequest,
        name: &str,
        status: StatusCode,
        make: F,
    ) -> AppResult<HttpResponse>
    where
        C: Serialize,
        F: FnOnce(&Nonce, String) -> AppResult<C>,
    {
        let (nonce, seal) = (Nonce::fresh()?, self.csrf.token(request)?);
        let context = make(&nonce, seal.value)?;
        let mut response = self.page(name, &context, &nonce)?;
        *response.status_mut() = status;
        response
            .headers_mut()
            .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(cookie) = seal.cookie {
            response.add_cookie(&cookie).map_err(AppError::internal)?;
        }
        Ok(response)
    }

    /// Renders the template `name` to text.
    ///
    /// # Errors
    /// When the template does not fit the context.
    pub fn render(&self, name: &str, context: &impl Serialize) -> AppResult<String> {
        self.templates
            .render(name, context)
            .map_err(AppError::internal)
    }

    /// Adds a condition to `/readyz`: see [`Readiness::add`].
    pub fn add_readiness<F>(&self, name: &'static str, check: F)
    where
        F: Fn() -> futures_util::future::BoxFuture<'static, Result<(), String>>
            + Send
            + Sync
            + 'static,
    {
        self.readiness.add(name, check);
    }
}

/// 303: the deed is done, go there with GET. Nobody keeps the answer, and no other site learns where it came from.
pub fn see(place: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, place))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .finish()
}
