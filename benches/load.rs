//! The load generator: keep-alive connections in a process of their own, so that its work is never the server's.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What a generator is asked to do.
#[derive(Clone, Serialize, Deserialize)]
pub struct Order {
    pub address: SocketAddr,
    pub path: String,
    pub connections: usize,
    pub millis: u64,
    /// Posts signed events instead of getting `path`.
    pub events: Option<Events>,
}

/// Signed events, each with an id of its own.
#[derive(Clone, Serialize, Deserialize)]
pub struct Events {
    pub secret: String,
    /// Begins every id of this order.
    pub tag: String,
}

/// What it saw.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Load {
    pub requests: u64,
    pub seconds: f64,
    pub p50_us: f64,
    pub p99_us: f64,
    /// Answers other than 200.
    pub bad: u64,
    /// CPU of the process that served, a request.
    #[serde(default)]
    pub server_us: f64,
}

impl Load {
    pub fn rate(&self) -> f64 {
        self.requests as f64 / self.seconds
    }
}

/// Runs `order` in a child process.
pub fn run(order: &Order) -> Load {
    let text = serde_json::to_string(order).unwrap();
    let before = cpu_micros();
    let out = Command::new(std::env::current_exe().unwrap())
        .args(["--load", &text])
        .output()
        .unwrap();
    let spent = cpu_micros() - before;
    assert!(
        out.status.success(),
        "load generator: {}",
        String::from_utf8_lossy(&out.stderr)
    );
    let mut load: Load = serde_json::from_slice(&out.stdout).unwrap();
    assert!(
        load.requests > 0 && load.bad == 0,
        "{}: {} of {} answers were not 200",
        order.path,
        load.bad,
        load.requests
    );
    load.server_us = spent / load.requests as f64;
    load
}

/// CPU that this process has used, user and system.
pub fn cpu_micros() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    // utime and stime, in ticks of 10 ms (proc(5)).
    let ticks: f64 = [11, 12]
        .iter()
        .map(|place| fields[*place].parse::<f64>().unwrap())
        .sum();
    ticks * 10_000.0
}

/// The child's part: does what the argument says and prints what it saw.
pub fn child(text: &str) {
    let order: Order = serde_json::from_str(text).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let load = runtime.block_on(generate(order));
    println!("{}", serde_json::to_string(&load).unwrap());
}

async fn generate(order: Order) -> Load {
    let order = Arc::new(order);
    let count = Arc::new(AtomicU64::new(0));
    let start = Instant::now();
    let until = start + Duration::from_millis(order.millis);
    let clients: Vec<_> = (0..order.connections)
        .map(|_| tokio::spawn(client(Arc::clone(&order), Arc::clone(&count), until)))
        .collect();
    let mut times = Vec::new();
    let mut bad = 0;
    for client in clients {
        let (own, wrong) = client.await.unwrap();
        times.extend(own);
        bad += wrong;
    }
    let seconds = start.elapsed().as_secs_f64();
    times.sort_unstable();
    let at = |part: f64| {
        times
            .get((times.len() as f64 * part) as usize)
            .copied()
            .map_or(0.0, f64::from)
    };
    Load {
        requests: times.len() as u64,
        seconds,
        p50_us: at(0.5),
        p99_us: at(0.99),
        bad,
        server_us: 0.0,
    }
}

async fn client(order: Arc<Order>, count: Arc<AtomicU64>, until: Instant) -> (Vec<u32>, u64) {
    let mut wire = Wire::to(order.address).await;
    let (mut times, mut bad) = (Vec::new(), 0);
    let get = get(&order.path, order.address);
    while Instant::now() < until {
        let post = order.events.as_ref().map(|events| {
            let number = count.fetch_add(1, Ordering::Relaxed);
            event(&order, events, number)
        });
        let start = Instant::now();
        let status = wire.ask(post.as_deref().unwrap_or(get.as_slice())).await;
        times.push(u32::try_from(start.elapsed().as_micros()).unwrap_or(u32::MAX));
        bad += u64::from(status != 200);
    }
    (times, bad)
}

/// A request as a browser makes it.
pub fn get(path: &str, address: SocketAddr) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: {address}\r\naccept: text/html,*/*\r\naccept-encoding: gzip, deflate, br\r\n\r\n")
        .into_bytes()
}

/// The body of an event of the usual size.
pub fn event_body(id: &str) -> String {
    static LINES: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| {
        let line = r#"{"amount":5000,"currency":"usd","name":"A gift to the season","quantity":1,"metadata":{"kind":"gift"}}"#;
        vec![line; 20].join(",")
    });
    let lines = LINES.as_str();
    let now = unix_now();
    format!(
        r#"{{"id":"{id}","object":"event","api_version":"2026-01-28","created":{now},"livemode":false,"type":"checkout.session.completed","data":{{"object":{{"id":"cs_{id}","object":"checkout.session","payment_intent":"pi_{id}","lines":[{lines}]}}}}}}"#
    )
}

fn unix_now() -> u64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

fn event(order: &Order, events: &Events, number: u64) -> Vec<u8> {
    let body = event_body(&format!("evt_{}_{number:08}", events.tag));
    let time = unix_now().to_string();
    let parts = [time.as_bytes(), b".", body.as_bytes()];
    let signature = selvedge::kernel::secret::hmac_sha256_hex(events.secret.as_bytes(), &parts);
    format!(
        "POST {} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nstripe-signature: t={time},v1={signature}\r\n\r\n{body}",
        order.path,
        order.address,
        body.len()
    )
    .into_bytes()
}

/// One keep-alive connection.
pub struct Wire {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Wire {
    pub async fn to(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            buffer: vec![0; 256 * 1024],
        }
    }

    /// Sends a request and reads its answer to the end; answers the status.
    pub async fn ask(&mut self, request: &[u8]) -> u16 {
        self.stream.write_all(request).await.unwrap();
        let (mut filled, mut whole) = (0, None);
        loop {
            let more = self.stream.read(&mut self.buffer[filled..]).await.unwrap();
            assert!(more > 0, "the server closed the connection");
            filled += more;
            if whole.is_none()
                && let Some(end) = self.buffer[..filled]
                    .windows(4)
                    .position(|four| four == b"\r\n\r\n")
            {
                let head = std::str::from_utf8(&self.buffer[..end]).unwrap();
                whole = Some(end + 4 + content_length(head));
            }
            let whole = whole.unwrap_or(usize::MAX);
            if whole != usize::MAX && whole > self.buffer.len() {
                self.buffer.resize(whole, 0);
            }
            if filled >= whole {
                return std::str::from_utf8(&self.buffer[9..12])
                    .unwrap()
                    .parse()
                    .unwrap();
            }
        }
    }

    /// The body of the last answer.
    pub fn body(&self) -> Vec<u8> {
        let end = self
            .buffer
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap();
        let head = std::str::from_utf8(&self.buffer[..end]).unwrap();
        self.buffer[end + 4..end + 4 + content_length(head)].to_vec()
    }
}

fn content_length(head: &str) -> usize {
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(0, |(_, value)| value.trim().parse().unwrap())
}
