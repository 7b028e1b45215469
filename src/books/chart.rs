//! What came in and what went on, day by day, drawn as two steps: raised behind, granted in front.

use std::fmt::Write as _;

use serde::Serialize;

use super::{Entry, Line};
use crate::error::{AppError, AppResult};
use crate::kernel::{Currency, Day, Money};
use crate::web::views::money::MoneyView;

const WIDTH: i128 = 720;
const HEIGHT: i128 = 200;
/// Room above the highest step.
const HEAD: i128 = 8;

/// One day's sums, from the first day on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Step {
    pub(super) day: String,
    /// Raised and matched by then, less what went back.
    pub(super) came: MoneyView,
    /// Paid to partners by then.
    pub(super) granted: MoneyView,
}

/// The drawing with its numbers.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Chart {
    pub(super) steps_svg: String,
    pub(super) steps: Vec<Step>,
    pub(super) first: String,
    pub(super) last: String,
    pub(super) most: MoneyView,
}

impl Chart {
    /// The chart of `entries` up to `today`; `None` while there is one day or none: that would be a box.
    pub(super) fn of(
        entries: &[Entry],
        currency: Currency,
        today: Option<Day>,
    ) -> AppResult<Option<Self>> {
        let sums = sums(entries);
        let (Some(first), Some(end)) = (sums.first(), sums.last()) else {
            return Ok(None);
        };
        let last = today.unwrap_or(end.0).max(end.0);
        if first.0 == last {
            return Ok(None);
        }
        let money = |minor| MoneyView::from(Money::new(minor, currency));
        let most = sums.iter().map(|(_, came, _)| *came).max().unwrap_or(0);
        let svg = draw(&sums, first.0, last, most).map_err(AppError::internal)?;
        Ok(Some(Self {
            steps_svg: svg,
            first: first.0.to_string(),
            last: last.to_string(),
            most: money(most),
            steps: sums
                .iter()
                .map(|(day, came, granted)| Step {
                    day: day.to_string(),
                    came: money(*came),
                    granted: money(*granted),
                })
                .collect(),
        }))
    }
}

/// One bar: what was paid, and what lies there.
pub(super) fn bar(paid: i64, held: i64) -> String {
    let (paid, held) = (i128::from(paid.max(0)), i128::from(held.max(0)));
    let part = match paid + held {
        0 => 0,
        whole => WIDTH * paid / whole,
    };
    format!(
        "<svg class=\"fund-bar\" viewBox=\"0 0 {WIDTH} 12\" preserveAspectRatio=\"none\" aria-hidden=\"true\" focusable=\"false\"><rect class=\"laid\" width=\"{WIDTH}\" height=\"12\"/><rect class=\"paid\" width=\"{part}\" height=\"12\"/></svg>"
    )
}

/// Day, what had come by its end, what had been granted by then.
fn sums(entries: &[Entry]) -> Vec<(Day, i64, i64)> {
    let (mut came, mut granted) = (0, 0);
    let mut steps: Vec<(Day, i64, i64)> = Vec::new();
    // Entries stand in the order of their days.
    for entry in entries.iter().filter(|entry| entry.line.is_flow()) {
        match entry.line {
            Line::Raised | Line::Matched => came += entry.amount,
            Line::Refunded | Line::Disputed => came -= entry.amount,
            Line::Granted => granted += entry.amount,
            _ => continue,
        }
        match steps.last_mut() {
            Some(last) if last.0 == entry.day => *last = (entry.day, came, granted),
            _ => steps.push((entry.day, came, granted)),
        }
    }
    steps
}

fn draw(
    sums: &[(Day, i64, i64)],
    first: Day,
    last: Day,
    most: i64,
) -> Result<String, std::fmt::Error> {
    let days = i128::from(first.days_to(last).max(0)) + 1;
    let x = |day: Day| i128::from(first.days_to(day)) * WIDTH / days;
    let y =
        |minor: i64| HEIGHT - (HEIGHT - HEAD) * i128::from(minor.max(0)) / i128::from(most.max(1));
    let area = |value: fn(&(Day, i64, i64)) -> i64| -> Result<String, std::fmt::Error> {
        let mut path = format!("M0 {HEIGHT}");
        for step in sums {
            write!(path, "H{}V{}", x(step.0), y(value(step)))?;
        }
        write!(path, "H{WIDTH}V{HEIGHT}Z")?;
        Ok(path)
    };
    Ok(format!(
        "<svg class=\"steps\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"What came and what was granted by day; the table below has the numbers.\"><path class=\"steps-came\" d=\"{}\"/><path class=\"steps-granted\" d=\"{}\"/><path class=\"steps-floor\" d=\"M0 {HEIGHT}H{WIDTH}\"/></svg>",
        area(|step| step.1)?,
        area(|step| step.2)?
    ))
}
