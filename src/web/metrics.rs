//! Numbers for operators: the Prometheus recorder, the counters of HTTP, and the admin listener that shows them.

use std::sync::OnceLock;
use std::time::Duration;

use ::metrics::{Counter, Histogram, counter, histogram};
use actix_web::http::Method;
use actix_web::web::{Data, get};
use actix_web::{App, HttpResponse, HttpServer};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

use crate::error::{AppError, AppResult};

/// Upper bounds of time histograms, in seconds.
const SECONDS: [f64; 11] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0,
];

static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();

/// Installs the recorder, once a process; later calls answer the same handle.
///
/// # Errors
/// When another recorder was installed by somebody else.
pub fn install() -> AppResult<PrometheusHandle> {
    if let Some(handle) = RECORDER.get() {
        return Ok(handle.clone());
    }
    let build = || -> Result<_, BuildError> {
        Ok(PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)?
            .build_recorder())
    };
    let recorder = build().map_err(AppError::internal)?;
    let handle = recorder.handle();
    // Two callers at once: the first one's recorder is the process's.
    let mut installed = Ok(());
    let handle = RECORDER.get_or_init(|| {
        installed = ::metrics::set_global_recorder(recorder).map_err(AppError::internal);
        handle
    });
    installed?;
    // Shown from the start, so that an alert on it can be written before the first panic.
    counter!("selvedge_panics_total").increment(0);
    Ok(handle.clone())
}

/// The counters that every request touches, looked up once.
pub(super) struct HttpMeters {
    /// By method (GET, POST, other) and hundreds of the status.
    requests: [[Counter; 5]; 3],
    seconds: Histogram,
}

impl HttpMeters {
    pub(super) fn new() -> Self {
        let of = |method: &'static str| {
            ["1xx", "2xx", "3xx", "4xx", "5xx"].map(
                |status| counter!("selvedge_http_requests_total", "method" => method, "status" => status),
            )
        };
        Self {
            requests: ["GET", "POST", "other"].map(of),
            seconds: histogram!("selvedge_http_request_seconds"),
        }
    }

    pub(super) fn count(&self, method: &Method, status: u16, took: Duration) {
        let row = match *method {
            Method::GET | Method::HEAD => 0,
            Method::POST => 1,
            _ => 2,
        };
        let column = usize::from(status / 100).saturating_sub(1);
        if let Some(counter) = self.requests.get(row).and_then(|row| row.get(column)) {
            counter.increment(1);
        }
        self.seconds.record(took);
    }
}

async fn show(handle: Data<PrometheusHandle>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4")
        .body(handle.render())
}

/// Serves `/metrics` on `listener` until the future is dropped.
pub(super) fn serve(
    listener: std::net::TcpListener,
    handle: PrometheusHandle,
) -> AppResult<actix_web::dev::Server> {
    let handle = Data::new(handle);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(handle.clone())
            .route("/metrics", get().to(show))
    })
    .workers(1)
    .disable_signals()
    .shutdown_timeout(1)
    .listen(listener)
    .map_err(AppError::internal)?;
    Ok(server.run())
}
