//! `cargo bench`: the program's speed against ceilings measured in the same run, as a table and as JSON.
//!
//! `cargo bench -- WORD…` runs the groups whose rows' names begin with or contain a word; `--scale small` makes a quick
//! run; `--gifts N` sets the season's size; `--json FILE` names the document (`target/bench.json`). Rows over PostgreSQL
//! are added where `SELVEDGE_TEST_DATABASE_URL` names a server. The run fails when a cost grows with the season.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]

mod bare_rows;
mod books;
mod doors;
mod load;
mod pages;
mod place;
mod row;
mod season;
mod settle;
mod start;
mod webhook;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

/// How much is measured.
pub struct Bench {
    pub runtime: tokio::runtime::Runtime,
    /// Gifts of the large season.
    pub gifts: u64,
    /// Pages of the rankings.
    pub boards: [u64; 3],
    small: bool,
}

impl Bench {
    /// How often each thing is measured; the middle counts.
    pub fn rounds(&self) -> u32 {
        if self.small { 3 } else { 7 }
    }

    /// Milliseconds of one measurement.
    pub fn slice_millis(&self) -> u64 {
        if self.small { 500 } else { 1_500 }
    }

    /// Requests that find their view out of date, a season.
    pub fn cold_requests(&self) -> u32 {
        if self.small { 60 } else { 400 }
    }

    /// Gifts settled in one measurement: whole batches.
    pub fn gifts_a_round(&self, batch: usize) -> usize {
        batch * if self.small { 5 } else { 20 }
    }
}

/// A group's name, the names that its rows may have, and what measures it.
type Group = (&'static [&'static str], fn(&Bench) -> Vec<row::Row>);

const GROUPS: &[Group] = &[
    (&["page", "page.tail"], pages::page),
    (&["webhook.sqlite", "webhook.postgres"], webhook::webhook),
    (&["settle.sqlite", "settle.postgres"], settle::settle),
    (
        &[
            "start.sqlite",
            "start.postgres",
            "memory.sqlite",
            "memory.postgres",
            "start.binary",
        ],
        start::start,
    ),
    (
        &[
            "season.page.warm",
            "season.page.cold",
            "season.page.cold.same",
            "season.page.cold.10x",
            "season.page.cold.100x",
        ],
        pages::season,
    ),
    (
        &["leaderboard", "leaderboard.10x", "leaderboard.100x"],
        pages::leaderboard,
    ),
    (&["diary.10x", "diary.100x"], pages::diary),
    (
        &[
            "books.page.10000",
            "books.page.100000",
            "books.page.1000000",
            "books.api.10000",
            "books.api.100000",
            "books.api.1000000",
            "trace.10000",
            "trace.100000",
            "trace.1000000",
            "finance.10000",
            "finance.100000",
            "finance.1000000",
            "grants.10000",
            "grants.100000",
            "grants.1000000",
        ],
        books::books,
    ),
    (
        &[
            "doors.login",
            "doors.reset",
            "doors.signup",
            "doors.memory",
            "doors.others",
        ],
        doors::doors,
    ),
];

struct Asked {
    words: Vec<String>,
    json: PathBuf,
    small: bool,
    gifts: Option<u64>,
}

fn asked() -> Result<Asked, String> {
    let target = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target");
    let mut asked = Asked {
        words: Vec::new(),
        json: target.join("bench.json"),
        small: false,
        gifts: None,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--json" => asked.json = value()?.into(),
            "--scale" => asked.small = value()? == "small",
            "--gifts" => {
                asked.gifts = Some(
                    value()?
                        .parse()
                        .map_err(|error| format!("--gifts: {error}"))?,
                )
            }
            // cargo says so to every bench.
            "--bench" => {}
            flag if flag.starts_with('-') => return Err(format!("{flag} is not known")),
            word => asked.words.push(word.to_owned()),
        }
    }
    Ok(asked)
}

fn main() -> ExitCode {
    let first: Vec<String> = std::env::args().skip(1).take(2).collect();
    if let [flag, order] = first.as_slice()
        && flag == "--load"
    {
        load::child(order);
        return ExitCode::SUCCESS;
    }
    let asked = match asked() {
        Ok(asked) => asked,
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::from(2);
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let gifts = asked
        .gifts
        .unwrap_or(if asked.small { 100_000 } else { 1_000_000 });
    let boards = if asked.small {
        [520, 5_200, 52_000]
    } else {
        [5_200, 52_000, 520_000]
    };
    let bench = Bench {
        runtime,
        gifts,
        boards,
        small: asked.small,
    };
    let machine = row::machine_load();
    let is_asked = |name: &str| {
        asked.words.is_empty() || asked.words.iter().any(|word| name.contains(word.as_str()))
    };
    let mut rows = Vec::new();
    for (names, measure) in GROUPS
        .iter()
        .filter(|(names, _)| names.iter().any(|name| is_asked(name)))
    {
        let start = Instant::now();
        eprintln!("{} …", names[0]);
        rows.extend(
            measure(&bench)
                .into_iter()
                .filter(|row| is_asked(&row.name)),
        );
        eprintln!("{} took {:.0} s", names[0], start.elapsed().as_secs_f64());
    }
    println!("{}", row::table(&rows));
    let scale = if asked.small { "small" } else { "default" };
    let document = row::document(&rows, scale, &format!("{machine} at the start"));
    std::fs::write(
        &asked.json,
        serde_json::to_string_pretty(&document).unwrap(),
    )
    .unwrap();
    println!("written to {}", asked.json.display());
    let broken: Vec<&str> = rows
        .iter()
        .filter(|row| row.breaks_bound())
        .map(|row| row.name.as_str())
        .collect();
    if broken.is_empty() {
        return ExitCode::SUCCESS;
    }
    println!("cost grows with the season: {}", broken.join(", "));
    ExitCode::FAILURE
}
