//! A row of bars by day or by hour, drawn as SVG, with its numbers for the table beside it.

use std::fmt::Write as _;

use serde::Serialize;

use crate::kernel::{Day, Timestamp};

/// The drawing's size in its own units.
const WIDTH: i64 = 720;
const HEIGHT: i64 = 120;

/// What a bar stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(super) enum When {
    /// A day.
    Day(Day),
    /// The hour that begins then.
    Hour(Timestamp),
}

impl std::fmt::Display for When {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Day(day) => day.fmt(out),
            Self::Hour(at) => out.write_str(&at.rfc3339()),
        }
    }
}

/// One bar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Bar {
    /// The day or the hour.
    pub(super) at: When,
    /// How tall.
    pub(super) value: i64,
    /// The value in words.
    pub(super) said: String,
}

/// A chart as `console/chart` draws it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Chart {
    title: &'static str,
    /// In one sentence, for whoever does not see it.
    summary: String,
    bars_svg: String,
    bars: Vec<Bar>,
    is_hours: bool,
    first: Option<When>,
    last: Option<When>,
    most: Option<String>,
}

impl Chart {
    pub(super) fn new(title: &'static str, bars: Vec<Bar>) -> Self {
        let most = bars
            .iter()
            .filter(|bar| bar.value > 0)
            .max_by_key(|bar| bar.value);
        let summary = match most {
            Some(bar) => format!("{title}: most on {}, {}.", bar.at, bar.said),
            None => format!("{title}: none yet."),
        };
        Self {
            title,
            bars_svg: svg(&bars, &summary),
            summary,
            is_hours: bars.iter().any(|bar| matches!(bar.at, When::Hour(_))),
            first: bars.first().map(|bar| bar.at),
            last: bars.last().map(|bar| bar.at),
            most: most.map(|bar| bar.said.clone()),
            bars,
        }
    }
}

fn svg(bars: &[Bar], summary: &str) -> String {
    let count = i64::try_from(bars.len()).unwrap_or(1).max(1);
    let most = bars.iter().map(|bar| bar.value).max().unwrap_or(0).max(1);
    let step = WIDTH / count.max(1);
    let wide = (step - 2).clamp(1, 24);
    let mut drawn = format!(
        "<svg class=\"bars\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{}\">",
        escape(summary)
    );
    for (place, bar) in (0..).zip(bars) {
        let tall = bar.value.saturating_mul(HEIGHT - 4) / most;
        let tall = if bar.value > 0 { tall.max(2) } else { 0 };
        // Writing to a String cannot fail.
        let written = write!(
            drawn,
            "<rect x=\"{}\" y=\"{}\" width=\"{wide}\" height=\"{tall}\"/>",
            place * step,
            HEIGHT - tall - 1
        );
        if written.is_err() {
            break;
        }
    }
    drawn.push_str("<path d=\"M0 119.5H720\"/></svg>");
    drawn
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}
