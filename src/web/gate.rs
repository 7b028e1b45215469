//! The one middleware: what happens to every request before a handler sees it, and to every answer after.
//!
//! In: size of the head (F11), rate limit (S5), who may post (S2). Around: a panic becomes a 500 of this request alone
//! (F20). Out: errors drawn for people, security headers (S8), a request id, numbers, and a log line where one is due.
//! It is one layer and not ten because a hot view passes it tens of thousands of times a second (quality 2).

use std::fmt::Write as _;
use std::future::{Ready, ready};
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{ConnectionType, Method, StatusCode};
use actix_web::web::Data;
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;

use super::error_pages::{self, HttpProblem};
use super::metrics::HttpMeters;
use super::site::Site;
use crate::error::{AppError, Problem};

/// Among a request's extensions where only the head of an answer was asked for: nobody looks at it.
#[derive(Debug, Clone, Copy)]
pub struct HeadAlone;

/// A request's head at most (F11); actix itself would take 128 KiB.
const HEAD_MAX: usize = 16 * 1024;

/// A request that takes longer is worth a line.
const SLOW: Duration = Duration::from_secs(1);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The middleware.
pub struct Gate {
    site: Data<Site>,
}

impl Gate {
    /// The gate of `site`.
    pub fn new(site: Data<Site>) -> Self {
        Self { site }
    }
}

impl<S, B> Transform<S, ServiceRequest> for Gate
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type InitError = ();
    type Transform = Door<S>;
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(Door(Rc::new(Keeper {
            service,
            site: self.site.clone(),
            meters: HttpMeters::new(),
        }))))
    }
}

/// The gate in front of one worker's handlers.
pub struct Door<S>(Rc<Keeper<S>>);

struct Keeper<S> {
    service: S,
    site: Data<Site>,
    meters: HttpMeters,
}

/// What the answer needs to know of the request, which the handler takes away.
struct Asked {
    method: Method,
    for_people: bool,
    start: Instant,
}

impl<S, B> Service<ServiceRequest> for Door<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Error>>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.0.service.poll_ready(context)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let keeper = Rc::clone(&self.0);
        Box::pin(async move { keeper.serve(request).await })
    }
}

impl<S, B> Keeper<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody + 'static,
{
    async fn serve(&self, mut request: ServiceRequest) -> Result<ServiceResponse<BoxBody>, Error> {
        let asked = Asked {
            method: request.method().clone(),
            for_people: error_pages::is_for_people(request.path(), request.headers()),
            start: Instant::now(),
        };
        if let Err(error) = self.admit(&mut request).await {
            let mut response = error.error_response();
            // What was not read of the body would be taken for the next request.
            response
                .head_mut()
                .set_connection_type(ConnectionType::Close);
            let response = self.dress(response, &asked, None);
            self.note(&asked, &response, || None);
            return Ok(request.into_response(response));
        }
        if asked.method == Method::HEAD {
            // Handlers know GET; the HTTP layer leaves the body away, as it remembers what was asked (RFC 9110, 9.3.2).
            request.head_mut().method = Method::GET;
            request.extensions_mut().insert(HeadAlone);
        }
        let handled = AssertUnwindSafe(async { self.service.call(request).await })
            .catch_unwind()
            .await;
        let error = match handled {
            Ok(Ok(response)) => {
                let (request, response) = response.map_into_boxed_body().into_parts();
                let response = self.dress(response, &asked, Some(&request));
                self.note(&asked, &response, || request.match_pattern());
                return Ok(ServiceResponse::new(request, response));
            }
            Ok(Err(error)) => error,
            Err(_panic) => {
                metrics::counter!("selvedge_panics_total").increment(1);
                AppError::internal("a handler panicked").into()
            }
        };
        // The request went with the handler, so the answer travels as an error that holds it ready.
        let response = self.dress(error.error_response(), &asked, None);
        self.note(&asked, &response, || None);
        Err(InternalError::from_response("answered by the gate", response).into())
    }

    async fn admit(&self, request: &mut ServiceRequest) -> Result<(), Error> {
        if head_size(request) > HEAD_MAX {
            return Err(HttpProblem::new(
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "head_too_large",
                "The request's address and headers are larger than 16 KiB.",
            )
            .into());
        }
        let peer = request.peer_addr().map(|peer| peer.ip());
        self.site
            .limits
            .count(peer, request.method(), request.path(), request.headers())?;
        self.site.csrf.admit(request, self.site.pace).await?;
        Ok(())
    }

    /// Makes an answer fit to be sent.
    fn dress(
        &self,
        mut response: HttpResponse,
        asked: &Asked,
        request: Option<&HttpRequest>,
    ) -> HttpResponse {
        let status = response.status();
        if status.is_client_error() || status.is_server_error() {
            let method = asked.method.as_str();
            response = error_pages::shaped(&self.site, response, asked.for_people, method, request);
            if matches!(
                status,
                StatusCode::REQUEST_TIMEOUT | StatusCode::PAYLOAD_TOO_LARGE
            ) {
                response
                    .head_mut()
                    .set_connection_type(ConnectionType::Close);
            }
        }
        if asked.method == Method::HEAD && is_endless(&response) {
            response = response.set_body(BoxBody::new(()));
        }
        self.site.headers.complete(response.headers_mut());
        response.headers_mut().insert(REQUEST_ID, next_request_id());
        response
    }

    /// Counts the request; a quick GET that went well is worth no line.
    fn note(&self, asked: &Asked, response: &HttpResponse, route: impl Fn() -> Option<String>) {
        let took = asked.start.elapsed();
        let status = response.status();
        self.meters.count(&asked.method, status.as_u16(), took);
        let reads = matches!(asked.method, Method::GET | Method::HEAD);
        if reads && status.as_u16() < 400 && took < SLOW {
            return;
        }
        let extensions = response.extensions();
        let problem = extensions.get::<Problem>();
        let error_id = problem.and_then(|problem| problem.error_id.as_deref());
        let id = response.headers().get(REQUEST_ID);
        let id = id.and_then(|id| id.to_str().ok());
        let route = route().unwrap_or_else(|| "(none)".to_owned());
        let (method, status) = (asked.method.as_str(), status.as_u16());
        let ms = took.as_millis();
        if status >= 500 {
            tracing::warn!(
                method,
                route,
                status,
                ms,
                request_id = id,
                error_id,
                "request failed"
            );
        } else if status < 400
            && (route.starts_with("/webhooks/") || route.starts_with("/sandbox/"))
        {
            // Machines talk much: what went well is for whoever asks for it.
            tracing::debug!(method, route, status, ms, request_id = id, "request");
        } else {
            tracing::info!(method, route, status, ms, request_id = id, "request");
        }
    }
}

fn head_size(request: &ServiceRequest) -> usize {
    let headers = request.headers().iter();
    let lines: usize = headers
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    let uri = request.uri();
    lines + uri.path_and_query().map_or(0, |text| text.as_str().len())
}

fn is_endless(response: &HttpResponse) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"))
}

/// Ids that tell the requests of all processes apart, and nothing else: a random beginning and a count.
fn next_request_id() -> HeaderValue {
    static BEGINNING: LazyLock<String> = LazyLock::new(|| {
        let mut bytes = [0u8; 5];
        if getrandom::fill(&mut bytes).is_err() {
            tracing::warn!("no randomness for request ids");
        }
        hex::encode(bytes)
    });
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut text = String::with_capacity(24);
    text.push_str(&BEGINNING);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    match write!(text, "-{count:x}") {
        Ok(()) => HeaderValue::from_maybe_shared(actix_web::web::Bytes::from(text))
            .unwrap_or(HeaderValue::from_static("0")),
        Err(_) => HeaderValue::from_static("0"),
    }
}
