//! Listening, serving and stopping.

use std::any::Any;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Extensions;
use actix_web::http::KeepAlive;
use actix_web::rt::net::TcpStream;
use actix_web::web::{Data, ServiceConfig, to};
use actix_web::{App, HttpServer};
use parking_lot::Mutex;

use super::gate::Gate;
use super::limits::{TrustedProxies, limit_key};
use super::site::Site;
use super::stop::Stop;
use super::{error_pages, health, metrics};
use crate::config::Config;
use crate::error::{AppError, AppResult};

/// A connection that says nothing is closed after this many seconds.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The head of a request must be here by then (F11).
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// Connections of one worker at most; more wait to be accepted.
const CONNECTIONS: usize = 8_192;

/// Connections that the system may hold before they are accepted.
const BACKLOG: i32 = 1_024;

/// How often rate limits forget addresses and histograms are drained.
const HOUSEKEEPING: Duration = Duration::from_secs(5);

/// Sockets that are bound, so that nothing else need be begun where a port is taken.
pub struct Bound {
    main: TcpListener,
    admin: Option<TcpListener>,
    address: SocketAddr,
}

impl Bound {
    /// Binds the addresses that the settings name.
    ///
    /// # Errors
    /// Says which address cannot be had, and why.
    pub fn new(config: &Config) -> AppResult<Self> {
        let main = listen(&config.http.host, config.http.port, "http.port")?;
        let admin = match config.admin.port {
            0 => None,
            port => Some(listen(&config.admin.host, port, "admin.port")?),
        };
        let address = main.local_addr().map_err(AppError::internal)?;
        Ok(Self {
            main,
            admin,
            address,
        })
    }

    /// Where it listens (port 0 in the settings means any free one).
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves `site` and what `configure` mounts until `stop`: at the first wish `/readyz` says so at once, nothing new
    /// is accepted and what is in flight has `http.shutdown_seconds`; at the second it ends now (F10).
    ///
    /// # Errors
    /// When the server cannot start or breaks.
    pub async fn serve<C>(self, site: Data<Site>, configure: C, stop: Stop) -> AppResult<()>
    where
        C: Fn(&mut ServiceConfig) + Clone + Send + 'static,
    {
        let recorder = metrics::install()?;
        let config = Arc::clone(&site.config);
        let crowd = Crowd::new(&config, site.limits.proxies.clone());
        let app_site = site.clone();
        let server = HttpServer::new(move || {
            App::new()
                .app_data(app_site.clone())
                .configure(health::routes)
                .configure(configure.clone())
                .default_service(to(error_pages::nothing_here))
                .wrap(Gate::new(app_site.clone()))
        })
        .workers(workers(&config))
        .keep_alive(KeepAlive::Timeout(KEEP_ALIVE))
        .client_request_timeout(HEAD_TIMEOUT)
        .max_connections(CONNECTIONS)
        .tcp_nodelay(true)
        .shutdown_timeout(config.http.shutdown_seconds)
        .disable_signals()
        .on_connect(move |io, extensions| crowd.welcome(io, extensions))
        .listen(self.main)
        .map_err(AppError::internal)?
        .run();
        let admin = match self.admin {
            Some(listener) => Some(metrics::serve(listener, recorder.clone())?),
            None => None,
        };
        let admin_handle = admin.as_ref().map(actix_web::dev::Server::handle);
        let admin = admin.map(tokio::spawn);
        let served = tokio::select! {
            served = run_until(server, &site, &stop, config.http.shutdown_seconds) => served,
            () = keep_house(&site, &recorder) => Ok(()),
        };
        if let (Some(handle), Some(admin)) = (admin_handle, admin) {
            handle.stop(false).await;
            admin.abort();
        }
        served
    }
}

async fn run_until(
    server: actix_web::dev::Server,
    site: &Site,
    stop: &Stop,
    seconds: u64,
) -> AppResult<()> {
    let handle = server.handle();
    let mut server = std::pin::pin!(server);
    tokio::select! {
        ended = &mut server => return ended.map_err(AppError::internal),
        () = stop.asked(1) => {}
    }
    tracing::info!("stopping: finishing what is in flight");
    site.stop_serving.ask();
    let graceful = handle.stop(true);
    // actix itself gives up after `shutdown_seconds`; the rest is for a worker that hangs.
    let last = Duration::from_secs(seconds + 2);
    tokio::select! {
        ended = &mut server => ended.map_err(AppError::internal),
        () = async { graceful.await; std::future::pending::<()>().await } => Ok(()),
        () = stop.asked(2) => {
            tracing::warn!("asked again to stop: ending now");
            Ok(())
        }
        () = tokio::time::sleep(last) => {
            tracing::warn!("requests did not end in time");
            Ok(())
        }
    }
}

async fn keep_house(site: &Site, recorder: &metrics_exporter_prometheus::PrometheusHandle) {
    let mut tick = tokio::time::interval(HOUSEKEEPING);
    loop {
        tick.tick().await;
        site.limits.forget_idle();
        recorder.run_upkeep();
    }
}

fn workers(config: &Config) -> usize {
    match config.http.workers {
        0 => std::thread::available_parallelism().map_or(2, std::num::NonZeroUsize::get),
        some => some,
    }
}

fn listen(host: &str, port: u16, setting: &str) -> AppResult<TcpListener> {
    let told = |error: std::io::Error| {
        let why = match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                format!("another program listens there already; stop it, or set {setting}")
            }
            std::io::ErrorKind::PermissionDenied => {
                format!("this user may not; set {setting} to a port above 1023")
            }
            _ => error.to_string(),
        };
        AppError::internal(format!("cannot listen on {host}:{port}: {why}"))
    };
    let listener = TcpListener::bind((host, port)).map_err(told)?;
    // The standard library's backlog of 128 is short for a rush; listening again sets it.
    rustix::net::listen(&listener, BACKLOG).map_err(|error| told(error.into()))?;
    Ok(listener)
}

/// Connections of one address at the same time (F11).
///
/// A connection too many is told so and shut before anything is read from it. Trusted proxies carry everybody's, so they
/// are not counted; nor is anyone where the setting is 0 or the limits are off (load tests come from one address).
#[derive(Clone)]
struct Crowd {
    most: usize,
    proxies: TrustedProxies,
    here: Arc<Mutex<HashMap<u128, usize>>>,
}

const TOO_MANY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 5\r\ncontent-length: 0\r\n\r\n";

impl Crowd {
    fn new(config: &Config, proxies: TrustedProxies) -> Self {
        let most = match config.http.connections_per_ip {
            0 => usize::MAX,
            _ if !config.limits.enabled => usize::MAX,
            most => most,
        };
        Self {
            most,
            proxies,
            here: Arc::default(),
        }
    }

    fn welcome(&self, io: &dyn Any, extensions: &mut Extensions) {
        let Some(stream) = io.downcast_ref::<TcpStream>() else {
            return;
        };
        let Ok(peer) = stream.peer_addr() else {
            return;
        };
        if self.most == usize::MAX || self.proxies.contains(peer.ip()) {
            return;
        }
        let guest = Guest::enter(&self.here, peer.ip());
        if guest.number > self.most {
            ::metrics::counter!("selvedge_connections_refused_total").increment(1);
            turn_away(stream);
        }
        extensions.insert(guest);
    }
}

fn turn_away(stream: &TcpStream) {
    use rustix::net::{SendFlags, Shutdown, send, shutdown};
    let told = send(stream, TOO_MANY, SendFlags::DONTWAIT | SendFlags::NOSIGNAL);
    if told.is_err() || shutdown(stream, Shutdown::Both).is_err() {
        tracing::debug!("a connection too many was gone already");
    }
}

/// One connection, counted for as long as it lives.
struct Guest {
    here: Arc<Mutex<HashMap<u128, usize>>>,
    key: u128,
    number: usize,
}

impl Guest {
    fn enter(here: &Arc<Mutex<HashMap<u128, usize>>>, address: IpAddr) -> Self {
        let key = limit_key(address);
        let mut counts = here.lock();
        let count = counts.entry(key).or_insert(0);
        *count += 1;
        Self {
            here: Arc::clone(here),
            key,
            number: *count,
        }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut counts = self.here.lock();
        if let Some(count) = counts.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.key);
            }
        }
    }
}
