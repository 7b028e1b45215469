//! A copy of a campaign's books that can be kept, and proved without this program's database.
//!
//! The file has one form: JSON of fixed order, two spaces deep. Proving it reads it strictly, follows the chain from day to
//! day, adds the days up, and at last writes it anew: whatever differs in a single byte is named.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::close::ClosedDay;
use super::days::{Closing, DayLine, GENESIS, days_of, lines_of};
use super::model::Books;
use crate::campaigns::Campaign;
use crate::error::{AppError, AppResult};
use crate::kernel::Timestamp;

/// What stands first in such a file.
const FORMAT: &str = "selvedge-books/1";

/// A copy of the books.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BooksFile {
    format: String,
    campaign: Named,
    currency: String,
    /// When the copy was made (RFC 3339).
    made_at: String,
    /// How far into the ledger the books reach.
    position: Position,
    /// The funds that the lines name.
    funds: Vec<Named>,
    /// The closed days, each under a hash that covers the one before.
    days: Vec<Day>,
    /// Days that were not closed when the copy was made.
    open: Vec<OpenDay>,
    /// The sum of each line and fund over all days.
    sums: Vec<DayLine>,
    /// SHA-256 over all of the above.
    hash: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    id: String,
    name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Position {
    transfer: i64,
    seal: i64,
    seal_hash: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Day {
    number: i32,
    day: String,
    lines: Vec<DayLine>,
    seal: i64,
    seal_hash: String,
    previous: String,
    hash: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenDay {
    day: String,
    lines: Vec<DayLine>,
}

/// What a proved copy says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proved {
    /// The campaign's title.
    pub campaign: String,
    /// Closed days in it.
    pub days: usize,
    /// The last closed day's hash; compare it with what the campaign's page shows.
    pub last_hash: String,
    /// The last transfer of the ledger that it holds.
    pub transfer: i64,
}

impl BooksFile {
    /// A copy of `books` as they stand.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn of(
        campaign: &Campaign,
        books: &Books,
        closed: &[ClosedDay],
        now: Timestamp,
    ) -> AppResult<Self> {
        let days = closed.iter().map(|day| Day {
            number: day.number,
            day: day.day.to_string(),
            lines: lines_of(&books.entries, day.day),
            seal: day.seal,
            seal_hash: day.seal_hash.clone(),
            previous: day.previous_hash.clone(),
            hash: day.hash.clone(),
        });
        let last = closed.last().map(|day| day.day);
        let open = days_of(&books.entries)
            .into_iter()
            .filter(|day| last.is_none_or(|last| *day > last))
            .map(|day| OpenDay {
                day: day.to_string(),
                lines: lines_of(&books.entries, day),
            });
        let (days, open): (Vec<Day>, Vec<OpenDay>) = (days.collect(), open.collect());
        let (seal, seal_hash) = match &books.seal {
            Some(seal) => (seal.id, seal.hash.clone()),
            None => (0, GENESIS.to_owned()),
        };
        let mut file = Self {
            format: FORMAT.to_owned(),
            campaign: Named {
                id: campaign.id.to_string(),
                name: campaign.title.clone(),
            },
            currency: books.currency.to_string(),
            made_at: now.rfc3339(),
            position: Position {
                transfer: books.transfer,
                seal,
                seal_hash,
            },
            funds: books
                .funds
                .iter()
                .map(|fund| Named {
                    id: fund.fund.to_string(),
                    name: fund.name.clone(),
                })
                .collect(),
            sums: sums(&days, &open),
            days,
            open,
            hash: String::new(),
        };
        file.hash = file.digest().map_err(AppError::internal)?;
        Ok(file)
    }

    /// The file's text.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn text(&self) -> AppResult<String> {
        self.written().map_err(AppError::internal)
    }

    fn written(&self) -> Result<String, serde_json::Error> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        Ok(text)
    }

    /// The hash over everything but itself.
    fn digest(&self) -> Result<String, serde_json::Error> {
        let mut bare = self.clone();
        bare.hash = String::new();
        Ok(hex::encode(Sha256::digest(bare.written()?.as_bytes())))
    }
}

fn sums(days: &[Day], open: &[OpenDay]) -> Vec<DayLine> {
    let mut sums = std::collections::BTreeMap::new();
    let closed = days.iter().flat_map(|day| &day.lines);
    for line in closed.chain(open.iter().flat_map(|day| &day.lines)) {
        *sums
            .entry((line.line.clone(), line.fund.clone()))
            .or_insert(0i64) += line.amount;
    }
    sums.into_iter()
        .filter(|(_, amount)| *amount != 0)
        .map(|((line, fund), amount)| DayLine { line, fund, amount })
        .collect()
}

/// Proves a copy: answers what it says of itself, or the first thing that does not hold, naming the day or the place.
///
/// # Errors
/// The first thing that does not hold, in words.
pub fn prove(text: &str) -> Result<Proved, String> {
    let file: BooksFile = serde_json::from_str(text).map_err(|error| {
        format!(
            "line {}, column {}: this is no copy of the books as they are written ({error})",
            error.line(),
            error.column()
        )
    })?;
    if file.format != FORMAT {
        return Err(format!("the format is {:?}, not {FORMAT:?}", file.format));
    }
    let mut previous = GENESIS;
    for (expected, day) in (1..).zip(&file.days) {
        prove_day(&file, day, expected, previous)?;
        previous = &day.hash;
    }
    let in_order = |a: &str, b: &str| a < b;
    let mut last = file.days.last().map_or("", |day| day.day.as_str());
    for open in &file.open {
        if !in_order(last, &open.day) {
            return Err(format!("open day {} is out of order", open.day));
        }
        last = &open.day;
    }
    for (kept, counted) in file.sums.iter().zip(&sums(&file.days, &file.open)) {
        if kept != counted {
            return Err(format!(
                "the sum of {} {} is {}, its days add up to {}",
                kept.line, kept.fund, kept.amount, counted.amount
            ));
        }
    }
    if file.sums != sums(&file.days, &file.open) {
        return Err("the sums leave out a line of the days, or have one more".to_owned());
    }
    prove_text(&file, text)?;
    Ok(Proved {
        campaign: file.campaign.name.clone(),
        days: file.days.len(),
        last_hash: previous.to_owned(),
        transfer: file.position.transfer,
    })
}

fn prove_day(file: &BooksFile, day: &Day, expected: i32, previous: &str) -> Result<(), String> {
    let name = format!("day {} (number {})", day.day, day.number);
    if day.number != expected {
        return Err(format!("{name} stands where number {expected} should"));
    }
    if day.previous != previous {
        return Err(format!("{name} does not follow the day before it"));
    }
    if let Some(line) = day.lines.iter().find(|line| !line.is_known()) {
        return Err(format!(
            "{name} has a line {:?} that there is not",
            line.line
        ));
    }
    let closing = Closing {
        campaign: &file.campaign.id,
        number: day.number,
        day: &day.day,
        lines: &day.lines,
        seal: day.seal,
        seal_hash: &day.seal_hash,
        previous: &day.previous,
    };
    if closing.hash() == day.hash {
        Ok(())
    } else {
        Err(format!("{name} is not what its hash was made of"))
    }
}

/// That not a byte differs from what the copy was when it was made.
fn prove_text(file: &BooksFile, text: &str) -> Result<(), String> {
    let digest = file.digest().map_err(|error| error.to_string())?;
    if digest != file.hash {
        return Err(
            "the days hold, but something else in the file (its names, its position, an open day or its hash) was changed"
                .to_owned(),
        );
    }
    let written = file.written().map_err(|error| error.to_string())?;
    if written == text {
        return Ok(());
    }
    let place = written
        .lines()
        .zip(text.lines())
        .position(|(ours, theirs)| ours != theirs)
        .map_or_else(|| written.lines().count(), |place| place + 1);
    Err(format!("line {place} is not written as the copy was"))
}
