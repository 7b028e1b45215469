//! Open books, a gift's trace and the finance pages: made anew in an empty season and in large ones.

use std::time::Instant;

use selvedge::auth::Role;

use super::load::Wire;
use super::place::{CAMPAIGN, Place, Served};
use super::row::{Goal, Row, machine_load, median};
use super::{Bench, season};

/// Gifts of the seasons beside the empty one.
const SIZES: [u64; 3] = [10_000, 100_000, 1_000_000];

/// `books`: the books' page, their JSON and one gift's trace.
pub fn books(bench: &Bench) -> Vec<Row> {
    let sizes: Vec<u64> = std::iter::once(1)
        .chain(SIZES)
        .filter(|size| *size <= bench.gifts.max(1))
        .collect();
    let seasons: Vec<(Place, Served)> = sizes
        .iter()
        .map(|size| {
            let place = bench.runtime.block_on(Place::sqlite());
            eprintln!("books of {size} gifts");
            season::with_ledger(&place, *size);
            let served = bench.runtime.block_on(Served::over(&place));
            bench.runtime.block_on(sum_up(&served));
            (place, served)
        })
        .collect();
    let mut rows = Vec::new();
    let finance: Vec<String> = seasons
        .iter()
        .map(|(_, served)| bench.runtime.block_on(served.signed_in(Role::Finance)))
        .collect();
    let nobody = vec![String::new(); seasons.len()];
    for (name, path, cookies) in [
        (
            "books.page",
            format!("/campaigns/{CAMPAIGN}/books"),
            &nobody,
        ),
        (
            "books.api",
            format!("/api/v1/campaigns/{CAMPAIGN}/books"),
            &nobody,
        ),
        ("trace", season::TRACE.to_owned(), &nobody),
        ("finance", "/console/finance".to_owned(), &finance),
        ("grants", "/console/grants".to_owned(), &finance),
    ] {
        let times = bench
            .runtime
            .block_on(anew(bench, &seasons, &path, cookies));
        for (place, size) in sizes.iter().enumerate().skip(1) {
            rows.push(Row {
                name: format!("{name}.{size}"),
                what: format!("GET {path} made anew, {size} gifts; ceiling: a season of one gift"),
                measured: 1e6 / times[place],
                unit: "pages/s",
                ceiling: Some(1e6 / times[0]),
                goal: Goal::Bound(0.5),
                note: format!(
                    "{:.0} against {:.0} us; {}",
                    times[place],
                    times[0],
                    machine_load()
                ),
            });
        }
    }
    rows
}

/// What the job does: every transfer is added to the sums.
async fn sum_up(served: &Served) {
    let site = &served.app.site;
    let (start, now, mut all) = (Instant::now(), site.clock.now(), 0);
    loop {
        let some = site
            .db
            .tx(move |c| selvedge::books::advance(c, now))
            .await
            .unwrap();
        if some == 0 {
            break;
        }
        all += some;
    }
    eprintln!(
        "  {all} transfers summed ({:.0} s)",
        start.elapsed().as_secs_f64()
    );
}

/// The middle time of a request that finds its view out of date, microseconds, for each season in turn.
async fn anew(
    bench: &Bench,
    seasons: &[(Place, Served)],
    path: &str,
    cookies: &[String],
) -> Vec<f64> {
    let (mut wires, mut ids) = (Vec::new(), Vec::new());
    for (_, served) in seasons {
        let slug = CAMPAIGN.parse().unwrap();
        let row = served
            .app
            .site
            .db
            .read(move |c| selvedge::campaigns::model::by_slug(c, &slug))
            .await
            .unwrap();
        ids.push(row.campaign.id.to_string());
        wires.push(Wire::to(served.address).await);
    }
    let mut times = vec![Vec::new(); seasons.len()];
    for _ in 0..bench.cold_requests() {
        for (place, (_, served)) in seasons.iter().enumerate() {
            served.app.site.views.changed("campaign", &ids[place]);
            let cookie = &cookies[place];
            let ask = format!("GET {path} HTTP/1.1\r\nhost: bench\r\ncookie: {cookie}\r\n\r\n");
            let start = Instant::now();
            assert_eq!(wires[place].ask(ask.as_bytes()).await, 200, "{path}");
            times[place].push(start.elapsed().as_secs_f64() * 1e6);
        }
    }
    times.into_iter().map(median).collect()
}
