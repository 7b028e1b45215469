//! The lines of one day, and the hash that stands for them: the one rule that closing, checking and a kept copy share.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Entry, Line};
use crate::kernel::Day;

/// The hash before the first day.
pub(super) const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// One line of a day, as it is hashed and handed out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DayLine {
    /// The word of a [`Line`].
    pub line: String,
    /// The id of the fund, or nothing.
    pub fund: String,
    /// Minor units.
    pub amount: i64,
}

/// The flows of `day` in their order; what is held is none of them, as it leaves the day when a grant takes it.
pub(super) fn lines_of(entries: &[Entry], day: Day) -> Vec<DayLine> {
    let mut lines: Vec<DayLine> = entries
        .iter()
        .filter(|entry| entry.day == day && entry.line.is_flow() && entry.amount != 0)
        .map(|entry| DayLine {
            line: entry.line.as_str().to_owned(),
            fund: entry.fund.clone(),
            amount: entry.amount,
        })
        .collect();
    lines.sort_unstable();
    lines
}

/// The days on which something flowed, in order.
pub(super) fn days_of(entries: &[Entry]) -> Vec<Day> {
    let flows = entries.iter().filter(|entry| entry.line.is_flow());
    let mut days: Vec<Day> = flows.map(|entry| entry.day).collect();
    days.sort_unstable();
    days.dedup();
    days
}

/// What a day is closed with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Closing<'a> {
    pub campaign: &'a str,
    pub number: i32,
    pub day: &'a str,
    pub lines: &'a [DayLine],
    pub seal: i64,
    pub seal_hash: &'a str,
    pub previous: &'a str,
}

impl Closing<'_> {
    /// SHA-256 over every field with its length before it, so that no two days read the same.
    pub(super) fn hash(&self) -> String {
        let mut state = Sha256::new();
        let mut put = |field: &str| {
            state.update((field.len() as u64).to_be_bytes());
            state.update(field.as_bytes());
        };
        put(self.previous);
        put(self.campaign);
        put(&self.number.to_string());
        put(self.day);
        put(&self.seal.to_string());
        put(self.seal_hash);
        for line in self.lines {
            put(&line.line);
            put(&line.fund);
            put(&line.amount.to_string());
        }
        hex::encode(state.finalize())
    }
}

impl DayLine {
    /// Whether it names a line that there is.
    pub(super) fn is_known(&self) -> bool {
        Line::ALL.iter().any(|line| line.as_str() == self.line)
    }
}
