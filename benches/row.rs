//! A row of the table: what was measured, the ceiling beside it, and the goal.

use std::fmt::Write as _;

use serde_json::{Value, json};

/// One line of the table.
pub struct Row {
    /// `season.page.warm`: what `cargo bench -- WORD` selects by.
    pub name: String,
    /// What was measured, and against what.
    pub what: String,
    pub measured: f64,
    /// The unit of `measured` and `ceiling`.
    pub unit: &'static str,
    /// The same thing at its simplest, measured in the same run; none where the goal is an absolute figure.
    pub ceiling: Option<f64>,
    pub goal: Goal,
    /// Whatever else a reader must know: latencies, CPU, row counts.
    pub note: String,
}

/// What a row wants.
#[derive(Clone, Copy)]
pub enum Goal {
    /// At least this part of the ceiling.
    Part(f64),
    /// At most this many of the row's units.
    AtMost(f64),
    /// As [`Goal::Part`], and missing it fails the run: cost must not grow with the season.
    Bound(f64),
}

impl Row {
    pub fn ratio(&self) -> Option<f64> {
        self.ceiling.map(|ceiling| self.measured / ceiling)
    }

    pub fn is_met(&self) -> bool {
        match self.goal {
            Goal::Part(part) | Goal::Bound(part) => self.ratio().is_some_and(|ratio| ratio >= part),
            Goal::AtMost(most) => self.measured <= most,
        }
    }

    /// Whether the run must fail.
    pub fn breaks_bound(&self) -> bool {
        matches!(self.goal, Goal::Bound(_)) && !self.is_met()
    }

    fn goal_text(&self) -> String {
        match self.goal {
            Goal::Part(part) => format!(">= {part}"),
            Goal::Bound(part) => format!(">= {part} !"),
            Goal::AtMost(most) => format!("<= {most} {}", self.unit),
        }
    }

    fn json(&self) -> Value {
        json!({
            "name": self.name, "what": self.what, "unit": self.unit,
            "measured": rounded(self.measured), "ceiling": self.ceiling.map(rounded),
            "ratio": self.ratio().map(|ratio| (ratio * 1000.0).round() / 1000.0),
            "goal": self.goal_text(), "met": self.is_met(),
            "fails_the_run": matches!(self.goal, Goal::Bound(_)), "note": self.note,
        })
    }
}

fn rounded(value: f64) -> f64 {
    if value.abs() >= 100.0 {
        value.round()
    } else {
        (value * 100.0).round() / 100.0
    }
}

/// The rows as people read them.
pub fn table(rows: &[Row]) -> String {
    let head = ["row", "measured", "ceiling", "unit", "ratio", "goal", "met"].map(str::to_owned);
    let mut cells = vec![head];
    for row in rows {
        cells.push([
            row.name.clone(),
            rounded(row.measured).to_string(),
            row.ceiling
                .map_or("-".into(), |ceiling| rounded(ceiling).to_string()),
            row.unit.to_owned(),
            row.ratio()
                .map_or("-".into(), |ratio| format!("{ratio:.2}")),
            row.goal_text(),
            if row.is_met() {
                "yes".into()
            } else {
                "NO".to_owned()
            },
        ]);
    }
    let widths: [usize; 7] = std::array::from_fn(|column| {
        cells
            .iter()
            .map(|line| line[column].chars().count())
            .max()
            .unwrap_or(0)
    });
    let mut out = String::new();
    for (number, line) in cells.iter().enumerate() {
        for (cell, width) in line.iter().zip(widths) {
            let _written = write!(out, "{cell:<width$}  ");
        }
        out.push('\n');
        if let Some(row) = number.checked_sub(1).and_then(|place| rows.get(place)) {
            let _written = writeln!(out, "    {}\n    {}", row.what, row.note);
        }
    }
    out.push_str("! : cost must not grow; a miss fails the run\n");
    out
}

/// The rows for machines.
pub fn document(rows: &[Row], scale: &str, machine: &str) -> Value {
    json!({ "scale": scale, "machine": machine, "rows": rows.iter().map(Row::json).collect::<Vec<_>>() })
}

/// How busy the machine was, in the kernel's words: 1, 5 and 15 minutes.
pub fn machine_load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: Vec<&str> = text.split(' ').take(3).collect();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    format!("load {} on {cores} cores", load.join(" "))
}

/// The middle one.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
