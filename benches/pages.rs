//! Public pages under load: one page against a bare handler, and pages and rankings of seasons of different size.

use std::time::Instant;

use super::load::{self, Load, Order, Wire};
use super::place::{self, CAMPAIGN, PAGE, Place, Served};
use super::row::{Goal, Row, machine_load, median};
use super::{Bench, season};

/// Gifts of the smallest season: a tenth of them is as many as a cloth shows.
const FULL_CLOTH: u64 = 10_000;

/// Connections of the page row.
const CONNECTIONS: usize = 32;

fn order(served: std::net::SocketAddr, path: &str, connections: usize, millis: u64) -> Order {
    Order {
        address: served,
        path: path.to_owned(),
        connections,
        millis,
        events: None,
    }
}

/// The same load on several servers in turn, so that a busy moment of the machine meets all alike.
fn in_turn(rounds: u32, orders: &[Order]) -> Vec<Vec<Load>> {
    let mut all = vec![Vec::new(); orders.len()];
    for _ in 0..rounds {
        for (order, loads) in orders.iter().zip(&mut all) {
            loads.push(load::run(order));
        }
    }
    all
}

fn middle(loads: &[Load], of: impl Fn(&Load) -> f64) -> f64 {
    median(loads.iter().map(of).collect())
}

/// The measured rate and the ceiling such that their ratio is the middle one of the rounds'.
fn rates(measured: &[Load], ceiling: &[Load]) -> (f64, f64) {
    let ratio = median(
        measured
            .iter()
            .zip(ceiling)
            .map(|(own, other)| own.rate() / other.rate())
            .collect(),
    );
    let ceiling = middle(ceiling, Load::rate);
    (ceiling * ratio, ceiling)
}

/// `page`: throughput and tail of the HTML page, warm.
pub fn page(bench: &Bench) -> Vec<Row> {
    let (place, served) = bench.runtime.block_on(async {
        let place = Place::sqlite().await;
        let served = Served::over(&place).await;
        (place, served)
    });
    let path = format!("/pages/{PAGE}");
    let body = bench.runtime.block_on(async {
        let mut wire = Wire::to(served.address).await;
        let ask = load::get(&path, served.address);
        // A view is compressed once it is asked for again.
        for _ in 0..20 {
            assert_eq!(wire.ask(&ask).await, 200, "{path}");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        wire.body()
    });
    let bytes = body.len();
    let bare = place::bare(body, "text/html; charset=utf-8");
    let millis = bench.slice_millis();
    let orders = [
        order(served.address, &path, CONNECTIONS, millis),
        order(bare, "/", CONNECTIONS, millis),
    ];
    in_turn(1, &orders);
    let loads = in_turn(bench.rounds(), &orders);
    let (own, ceiling) = (&loads[0], &loads[1]);
    let (rate, bare_rate) = rates(own, ceiling);
    let note = format!(
        "{bytes} bytes; p50 {:.0} against {:.0} us; server CPU {:.0} against {:.0} us a request; {}",
        middle(own, |l| l.p50_us),
        middle(ceiling, |l| l.p50_us),
        middle(own, |l| l.server_us),
        middle(ceiling, |l| l.server_us),
        machine_load(),
    );
    let (tail, bare_tail) = (middle(own, |l| l.p99_us), middle(ceiling, |l| l.p99_us));
    drop(served);
    drop(place);
    vec![
        Row {
            name: "page".into(),
            what: format!(
                "GET {path} (HTML as a browser asks for it, brotli, warm, {CONNECTIONS} connections); ceiling: a bare actix-web handler, same bytes"
            ),
            measured: rate,
            unit: "requests/s",
            ceiling: Some(bare_rate),
            goal: Goal::Part(0.7),
            note,
        },
        Row {
            name: "page.tail".into(),
            what: "the same: p99 as a multiple of the bare handler's p99".into(),
            measured: tail / bare_tail,
            unit: "times",
            ceiling: None,
            goal: Goal::AtMost(4.0),
            note: format!(
                "p99 {tail:.0} against {bare_tail:.0} us; {}",
                machine_load()
            ),
        },
    ]
}

/// `season`: one page in seasons of different size, warm and made anew.
pub fn season(bench: &Bench) -> Vec<Row> {
    let gifts = bench.gifts;
    // From the size on that fills the page's cloth, so that every season draws as much.
    let sizes: Vec<u64> = [0, FULL_CLOTH, FULL_CLOTH * 10, FULL_CLOTH * 100]
        .into_iter()
        .filter(|size| *size <= gifts)
        .collect();
    let last = sizes.len() - 1;
    let gifts = sizes[last];
    let seasons: Vec<(Place, Served)> = sizes
        .iter()
        .map(|size| {
            let place = bench.runtime.block_on(Place::sqlite());
            if *size > 0 {
                eprintln!(
                    "season of {size} gifts, {} on the page",
                    size / season::PAGE_SHARE
                );
                season::with_gifts(&place, *size);
            }
            let served = bench.runtime.block_on(Served::over(&place));
            (place, served)
        })
        .collect();
    let path = format!("/pages/{PAGE}");
    let warm: Vec<Order> = seasons
        .iter()
        .map(|(_, served)| order(served.address, &path, CONNECTIONS, bench.slice_millis()))
        .collect();
    let (empty, full) = (warm[0].clone(), warm[last].clone());
    in_turn(1, &warm);
    let loads = in_turn(bench.rounds(), &[full, empty]);
    let (rate, empty_rate) = rates(&loads[0], &loads[1]);
    let cold = bench.runtime.block_on(cold(bench, &seasons, &path));
    let bytes: Vec<String> = cold.iter().map(|one| one.bytes.to_string()).collect();
    let mut rows = vec![Row {
        name: "season.page.warm".into(),
        what: format!(
            "GET {path}, warm, {CONNECTIONS} connections, {gifts} gifts, a tenth on the page; ceiling: the empty season"
        ),
        measured: rate,
        unit: "requests/s",
        ceiling: Some(empty_rate),
        goal: Goal::Part(0.9),
        note: format!(
            "made of {} against {} bytes; server CPU {:.0} against {:.0} us a request; {}",
            cold[last].bytes,
            cold[0].bytes,
            middle(&loads[0], |l| l.server_us),
            middle(&loads[1], |l| l.server_us),
            machine_load()
        ),
    }];
    let row = |name: &str, what: String, own: &Cold, other: &Cold, goal| Row {
        name: name.into(),
        what,
        measured: 1e6 / own.micros,
        unit: "pages/s",
        ceiling: Some(1e6 / other.micros),
        goal,
        note: format!(
            "{:.0} against {:.0} us; bytes at each size {}; {}",
            own.micros,
            other.micros,
            bytes.join(" "),
            machine_load()
        ),
    };
    let small = sizes[1];
    rows.push(row(
        "season.page.cold",
        format!("the page made anew at each request, {gifts} gifts; ceiling: the empty season, which draws no gift"),
        &cold[last],
        &cold[0],
        Goal::Part(0.9),
    ));
    rows.push(row(
        "season.page.cold.same",
        format!("the same; ceiling: {small} gifts, which draws as many"),
        &cold[last],
        &cold[1],
        Goal::Part(0.9),
    ));
    for (place, name) in [(2, "season.page.cold.10x"), (3, "season.page.cold.100x")] {
        if let (Some(own), Some(size)) = (cold.get(place), sizes.get(place)) {
            let what = format!("the page made anew, {size} gifts; ceiling: {small} gifts");
            rows.push(row(name, what, own, &cold[1], Goal::Bound(0.5)));
        }
    }
    rows
}

/// `diary`: a page's diary, made anew, in seasons with more and more entries on other pages.
pub fn diary(bench: &Bench) -> Vec<Row> {
    let sizes = bench.boards;
    let seasons: Vec<(Place, Served)> = sizes
        .iter()
        .map(|size| {
            let place = bench.runtime.block_on(Place::sqlite());
            eprintln!("season of {size} diary entries");
            season::with_days(&place, *size);
            let served = bench.runtime.block_on(Served::over(&place));
            (place, served)
        })
        .collect();
    let path = format!("/pages/{PAGE}/diary");
    let cold = bench.runtime.block_on(cold(bench, &seasons, &path));
    let row = |place: usize, name: &str| Row {
        name: name.into(),
        what: format!(
            "GET {path} made anew, 31 entries of {}; ceiling: of {}",
            sizes[place], sizes[0]
        ),
        measured: 1e6 / cold[place].micros,
        unit: "pages/s",
        ceiling: Some(1e6 / cold[0].micros),
        goal: Goal::Bound(0.5),
        note: format!(
            "{:.0} against {:.0} us; {} bytes; {}",
            cold[place].micros,
            cold[0].micros,
            cold[place].bytes,
            machine_load()
        ),
    };
    vec![row(1, "diary.10x"), row(2, "diary.100x")]
}

struct Cold {
    micros: f64,
    bytes: usize,
}

/// The middle time of a request that finds its view out of date, for each season in turn.
async fn cold(bench: &Bench, seasons: &[(Place, Served)], path: &str) -> Vec<Cold> {
    // Plain: a page made anew is never asked for often enough to be compressed.
    let ask = format!("GET {path} HTTP/1.1\r\nhost: bench\r\n\r\n");
    let mut wires = Vec::new();
    let mut ids = Vec::new();
    for (_, served) in seasons {
        let slug = PAGE.parse().unwrap();
        let page = served
            .app
            .site
            .db
            .read(move |c| selvedge::pages::by_slug(c, &slug))
            .await
            .unwrap();
        ids.push(page.page.id.to_string());
        wires.push(Wire::to(served.address).await);
    }
    let mut times = vec![Vec::new(); seasons.len()];
    for _ in 0..bench.cold_requests() {
        for (place, (_, served)) in seasons.iter().enumerate() {
            served.app.site.views.changed("page", &ids[place]);
            let start = Instant::now();
            assert_eq!(wires[place].ask(ask.as_bytes()).await, 200);
            times[place].push(start.elapsed().as_secs_f64() * 1e6);
        }
    }
    times
        .into_iter()
        .zip(&wires)
        .map(|(own, wire)| Cold {
            micros: median(own),
            bytes: wire.body().len(),
        })
        .collect()
}

/// `leaderboard`: the first page of rankings of different length.
pub fn leaderboard(bench: &Bench) -> Vec<Row> {
    let sizes = bench.boards;
    let boards: Vec<(Place, Served)> = sizes
        .iter()
        .map(|size| {
            let place = bench.runtime.block_on(Place::sqlite());
            eprintln!("ranking of {size} pages");
            season::with_pages(&place, *size);
            let served = bench.runtime.block_on(Served::over(&place));
            (place, served)
        })
        .collect();
    let path = format!("/api/v1/campaigns/{CAMPAIGN}/leaderboard");
    let orders: Vec<Order> = boards
        .iter()
        .map(|(_, served)| order(served.address, &path, 8, bench.slice_millis()))
        .collect();
    in_turn(1, &orders);
    let loads = in_turn(bench.rounds(), &orders);
    let row = |place: usize, name: &str, goal| {
        let (rate, other) = rates(&loads[place], &loads[0]);
        Row {
            name: name.into(),
            what: format!(
                "GET {path}, {} pages, 8 connections; ceiling: {} pages",
                sizes[place], sizes[0]
            ),
            measured: rate,
            unit: "requests/s",
            ceiling: Some(other),
            goal,
            note: format!(
                "p50 {:.0} against {:.0} us; server CPU {:.0} against {:.0} us a request; {}",
                middle(&loads[place], |l| l.p50_us),
                middle(&loads[0], |l| l.p50_us),
                middle(&loads[place], |l| l.server_us),
                middle(&loads[0], |l| l.server_us),
                machine_load()
            ),
        }
    };
    vec![
        row(2, "leaderboard", Goal::Part(0.8)),
        row(1, "leaderboard.10x", Goal::Bound(0.5)),
        row(2, "leaderboard.100x", Goal::Bound(0.5)),
    ]
}
