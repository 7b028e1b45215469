//! Errors as people see them: a page instead of problem+json, and problems for what no handler answered.

use actix_web::cookie::Cookie;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use serde_json::{Value, json};

use super::headers::Nonce;
use super::site::Site;
use crate::error::{AppError, Problem};

/// A problem outside the domain's own errors: a matter of HTTP alone.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.detail)]
pub struct HttpProblem(pub Problem);

impl HttpProblem {
    /// A problem of `status` with the stable word `code`.
    pub fn new(status: StatusCode, code: &str, detail: &str) -> Self {
        Self(Problem {
            kind: format!("/problems/{code}"),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            code: code.to_owned(),
            detail: detail.to_owned(),
            errors: Vec::new(),
            error_id: None,
        })
    }
}

impl ResponseError for HttpProblem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let body = serde_json::to_string(&self.0).unwrap_or_default();
        let mut response = HttpResponse::build(self.status_code())
            .insert_header((header::CACHE_CONTROL, HeaderValue::from_static("no-store")))
            .content_type("application/problem+json")
            .body(body);
        response.extensions_mut().insert(self.0.clone());
        response
    }
}

/// Where the person was, for the pages that let them go on: signing in, proving again.
#[derive(Debug, Clone, Default)]
pub struct Visit {
    /// What was asked for, from `/` on; empty when it was not to be looked at but done.
    pub place: String,
    /// The seal for a form on the page; only where one is called for.
    pub seal: Option<String>,
}

type MakeContext = dyn Fn(&Problem, &Nonce, &Visit) -> Value + Send + Sync;

/// Makes the context of the `error` template out of a problem, the page's nonce and where the person was.
pub struct ErrorContext(Box<MakeContext>);

impl ErrorContext {
    /// A context made by `make`.
    pub fn new(make: impl Fn(&Problem, &Nonce, &Visit) -> Value + Send + Sync + 'static) -> Self {
        Self(Box::new(make))
    }
}

impl Default for ErrorContext {
    /// The problem's own fields and `nonce`.
    fn default() -> Self {
        Self::new(|problem, nonce, _| {
            json!({
                "status": problem.status,
                "code": problem.code,
                "title": problem.title,
                "detail": problem.detail,
                "errors": problem.errors,
                "error_id": problem.error_id,
                "nonce": nonce.as_str(),
            })
        })
    }
}

/// Whether an answer at `path` goes to a person: programs' own paths always get problem+json.
pub(super) fn is_for_people(path: &str, headers: &HeaderMap) -> bool {
    let of_programs = ["/api/", "/webhooks/", "/sandbox/stripe/"];
    !of_programs.iter().any(|prefix| path.starts_with(prefix))
        && headers
            .get(header::ACCEPT)
            .and_then(|accept| accept.to_str().ok())
            .is_some_and(|accept| accept.contains("text/html"))
}

/// What no handler took: nothing is mounted there, or not for this method.
///
/// Mount with `web::resource("/x").get(…)`: then the router itself answers 405, with `Allow`. `route("/x", …)` falls
/// through to here, where the methods of other routes cannot be known.
pub async fn nothing_here(request: HttpRequest) -> Result<HttpResponse, AppError> {
    if request.resource_map().has_resource(request.path()) {
        return Err(AppError::MethodNotAllowed(request.method().to_string()));
    }
    Err(AppError::NotFound("this address"))
}

/// Gives an error without words (a 405 of the router, say) a problem, and draws a person's problem as a page.
pub(super) fn shaped(
    site: &Site,
    mut response: HttpResponse,
    for_people: bool,
    method: &str,
    request: Option<&HttpRequest>,
) -> HttpResponse {
    if response.extensions().get::<Problem>().is_none() {
        let Some(worded) = worded(&response, method) else {
            return response;
        };
        response = with_headers_of(worded, &response);
    }
    if !for_people {
        return response;
    }
    let problem = response.extensions().get::<Problem>().cloned();
    match problem.and_then(|problem| page(site, &problem, request)) {
        Some(page) => {
            let status = response.status();
            let problem = response.extensions_mut().remove::<Problem>();
            let mut page = with_headers_of(page, &response);
            *page.status_mut() = status;
            page.extensions_mut().extend_with(problem);
            page
        }
        None => response,
    }
}

/// Puts the problem back, for the log line to find its error id.
trait ExtendWith {
    fn extend_with(&mut self, problem: Option<Problem>);
}

impl ExtendWith for actix_web::dev::Extensions {
    fn extend_with(&mut self, problem: Option<Problem>) {
        if let Some(problem) = problem {
            self.insert(problem);
        }
    }
}

fn worded(response: &HttpResponse, method: &str) -> Option<HttpResponse> {
    use actix_web::body::{BodySize, MessageBody};
    if !matches!(response.body().size(), BodySize::None | BodySize::Sized(0)) {
        return None;
    }
    let error = match response.status() {
        StatusCode::NOT_FOUND => AppError::NotFound("this address"),
        StatusCode::METHOD_NOT_ALLOWED => AppError::MethodNotAllowed(method.to_owned()),
        _ => return None,
    };
    Some(error.error_response())
}

/// `to` with what `from` said beside its body (`Allow`, `Retry-After`, cookies …).
fn with_headers_of(mut to: HttpResponse, from: &HttpResponse) -> HttpResponse {
    let connection = from.head().connection_type();
    for (name, value) in from.headers() {
        if !to.headers().contains_key(name) || *name == header::SET_COOKIE {
            to.headers_mut().append(name.clone(), value.clone());
        }
    }
    to.head_mut().set_connection_type(connection);
    to
}

/// Where the person was; with a seal, and its cookie, where the page shows the form that signs in.
fn visit(
    site: &Site,
    problem: &Problem,
    request: Option<&HttpRequest>,
) -> (Visit, Option<Cookie<'static>>) {
    let Some(request) = request.filter(|_| matches!(problem.status, 401 | 403)) else {
        return (Visit::default(), None);
    };
    let place = match (request.method(), request.uri().path_and_query()) {
        (&Method::GET, Some(place)) => place.as_str().to_owned(),
        _ => String::new(),
    };
    match site.csrf.token(request) {
        Ok(seal) if problem.status == 401 => {
            let value = Some(seal.value);
            (Visit { place, seal: value }, seal.cookie)
        }
        _ => (Visit { place, seal: None }, None),
    }
}

fn page(site: &Site, problem: &Problem, request: Option<&HttpRequest>) -> Option<HttpResponse> {
    let nonce = Nonce::fresh().ok()?;
    let (visit, cookie) = visit(site, problem, request);
    let context = (site.error_context.0)(problem, &nonce, &visit);
    match site.page("error", &context, &nonce) {
        Ok(mut page) => {
            if let Some(cookie) = cookie
                && page.add_cookie(&cookie).is_err()
            {
                return None;
            }
            page.headers_mut()
                .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            Some(page)
        }
        Err(error) => {
            tracing::error!(cause = %error, "the error page does not render");
            None
        }
    }
}
