//! How soon a started program can serve, what it holds in memory when idle, and how large it is.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::Bench;
use super::place::{self, Place};
use super::row::{Goal, Row, machine_load, median};

const PROGRAM: &str = env!("CARGO_BIN_EXE_selvedge");

/// A running program, ended when this goes.
pub struct Running {
    child: Child,
    pub address: SocketAddr,
}

impl Running {
    /// A figure of the process, in MB, as the kernel tells it: `VmRSS`, `VmHWM`.
    pub fn megabytes(&self, name: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        let kib: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kib * 1024.0 / 1e6
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self
            .child
            .kill()
            .and_then(|()| self.child.wait().map(drop))
            .is_err()
        {
            eprintln!("a started program could not be ended");
        }
    }
}

/// `start`: time to `/readyz`, idle memory, size of the binary.
pub fn start(bench: &Bench) -> Vec<Row> {
    let engines = bench.runtime.block_on(place::engines());
    let mut rows = Vec::new();
    for (engine, place) in engines {
        let mut times = Vec::new();
        let mut last = None;
        for _ in 0..7 {
            drop(last.take());
            let (running, millis) = begin(&place);
            times.push(millis);
            last = Some(running);
        }
        std::thread::sleep(Duration::from_secs(3));
        let memory = last.map_or(f64::NAN, |running: Running| running.megabytes("VmRSS:"));
        let all: Vec<String> = times.iter().map(|millis| format!("{millis:.0}")).collect();
        rows.push(Row {
            name: format!("start.{engine}"),
            what: "`serve` on a migrated database with the demo season, from its start to /readyz 200; the middle of 7".into(),
            measured: median(times), unit: "ms", ceiling: None, goal: Goal::AtMost(300.0),
            note: format!("each: {}; {}", all.join(" "), machine_load()),
        });
        rows.push(Row {
            name: format!("memory.{engine}"),
            what: "resident memory of that process, idle for three seconds".into(),
            measured: memory,
            unit: "MB",
            ceiling: None,
            goal: Goal::AtMost(60.0),
            note: machine_load(),
        });
    }
    rows.push(Row {
        name: "start.binary".into(),
        what: "size of the binary, stripped".into(),
        measured: std::fs::metadata(PROGRAM).unwrap().len() as f64 / 1e6,
        unit: "MB",
        ceiling: None,
        goal: Goal::AtMost(60.0),
        note: machine_load(),
    });
    rows
}

/// Starts the program and waits until it is ready; answers the milliseconds that took.
pub fn begin(place: &Place) -> (Running, f64) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let files = std::env::temp_dir();
    let start = Instant::now();
    let child = Command::new(PROGRAM)
        .arg("serve")
        .env("DATABASE_URL", place.url())
        .env("SELVEDGE__HTTP__PORT", address.port().to_string())
        .env("SELVEDGE__SITE__DATA_DIR", files.join("selvedge-bench"))
        .env("SELVEDGE__PAYMENTS__PROCESSOR", "sandbox")
        .env("SELVEDGE__MAIL__TRANSPORT", "sandbox")
        // Asking every few milliseconds is more than one address may.
        .env("SELVEDGE__LIMITS__ENABLED", "false")
        .env("SELVEDGE__MAIL__FROM", "campaign@selvedge.example")
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let running = Running { child, address };
    while !is_ready(address) {
        assert!(
            start.elapsed() < Duration::from_secs(30),
            "the program did not become ready"
        );
        std::thread::sleep(Duration::from_millis(1));
    }
    (running, start.elapsed().as_secs_f64() * 1e3)
}

fn is_ready(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else {
        return false;
    };
    let mut answer = String::new();
    let asked =
        stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n");
    asked
        .and_then(|()| stream.read_to_string(&mut answer))
        .is_ok()
        && answer.starts_with("HTTP/1.1 200")
}
