//! Webhooks accepted: checked, stored and answered, against bare commits of one row of that size.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Bench;
use super::bare_rows::BareRows;
use super::load::{self, Events, Load, Order};
use super::place::{self, SECRET, Served};
use super::row::{Goal, Row, machine_load, median};

/// Connections of the processor, and commits asked for at the same time.
const CONNECTIONS: usize = 32;

/// `webhook`: one row an engine.
pub fn webhook(bench: &Bench) -> Vec<Row> {
    let engines = bench.runtime.block_on(place::engines());
    let mut rows = Vec::new();
    for (engine, place) in engines {
        let served = bench.runtime.block_on(Served::over(&place));
        let body = load::event_body("evt_size");
        let bytes = body.len();
        let bodies = Arc::new(vec![body]);
        let bare = bench
            .runtime
            .block_on(BareRows::begin(served.app.site.db.clone()));
        let mut loads: Vec<Load> = Vec::new();
        let mut commits: Vec<f64> = Vec::new();
        for round in 0..=bench.rounds() {
            let events = Events {
                secret: SECRET.into(),
                tag: format!("r{round}"),
            };
            let order = Order {
                address: served.address,
                path: "/webhooks/stripe".into(),
                connections: CONNECTIONS,
                millis: bench.slice_millis(),
                events: Some(events),
            };
            let load = load::run(&order);
            let rate = bench
                .runtime
                .block_on(commit(&bare, &bodies, bench.slice_millis()));
            if round > 0 {
                loads.push(load);
                commits.push(rate);
            }
        }
        let ratio = median(
            loads
                .iter()
                .zip(&commits)
                .map(|(load, rate)| load.rate() / rate)
                .collect(),
        );
        let ceiling = median(commits);
        let middle = |of: fn(&Load) -> f64| median(loads.iter().map(of).collect());
        rows.push(Row {
            name: format!("webhook.{engine}"),
            what: format!("POST /webhooks/stripe, signed, durable, {CONNECTIONS} connections; ceiling: {CONNECTIONS} callers committing one row of that size each"),
            measured: ceiling * ratio, unit: "events/s", ceiling: Some(ceiling), goal: Goal::Part(0.5),
            note: format!(
                "{bytes} bytes an event; p50 {:.0}, p99 {:.0} us; server CPU {:.0} us an event; {}",
                middle(|l| l.p50_us), middle(|l| l.p99_us), middle(|l| l.server_us), machine_load()
            ),
        });
    }
    rows
}

async fn commit(bare: &BareRows, bodies: &Arc<Vec<String>>, millis: u64) -> f64 {
    let start = Instant::now();
    let until = start + Duration::from_millis(millis);
    let callers: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let (bare, bodies) = (bare.clone(), Arc::clone(bodies));
            tokio::spawn(async move {
                let mut done = 0u64;
                while Instant::now() < until {
                    bare.write(&bodies).await;
                    done += 1;
                }
                done
            })
        })
        .collect();
    let mut all = 0;
    for caller in callers {
        all += caller.await.unwrap();
    }
    all as f64 / start.elapsed().as_secs_f64()
}
