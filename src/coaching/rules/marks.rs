//! Marks: amounts, shares of the goal, numbers of donors and own promises that a page reaches, each once.

use super::counted;
use crate::coaching::facts::Facts;
use crate::coaching::model::OwnMilestone;
use crate::kernel::{Currency, Money};

/// Amounts worth a word, in whole units of the currency.
const AMOUNTS: [i64; 8] = [100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000];
/// Shares of the goal worth a word, per cent.
const PERCENTS: [i64; 5] = [25, 50, 75, 100, 150];
/// Numbers of donors worth a word.
const DONORS: [i64; 6] = [1, 5, 10, 25, 50, 100];

/// Something that a page reached or will reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// So much, minor units.
    Amount(i64),
    /// Such a share of the goal, per cent.
    Percent(i64),
    /// So many donors.
    Donors(i64),
    /// The participant's own: its id, minor units, and what was promised.
    Own(String, i64, String),
}

impl Mark {
    /// Its name in `coaching_mails`.
    pub fn key(&self) -> String {
        match self {
            Self::Amount(minor) => format!("amount:{minor}"),
            Self::Percent(percent) => format!("percent:{percent}"),
            Self::Donors(donors) => format!("donors:{donors}"),
            Self::Own(id, ..) => format!("own:{id}"),
        }
    }

    /// In words: `$500`, `25% of your goal`, `5 donors`.
    pub fn words(&self, currency: Currency) -> String {
        match self {
            Self::Amount(minor) | Self::Own(_, minor, _) => {
                Money::new(*minor, currency).to_string()
            }
            Self::Percent(100) => "your goal".to_owned(),
            Self::Percent(percent) => format!("{percent}% of your goal"),
            Self::Donors(donors) => counted(*donors, "donor", "donors"),
        }
    }
}

/// The ladder of amounts in minor units; a currency without decimals counts in hundreds of its unit, which is about as
/// large as a unit of the others.
fn amounts(currency: Currency) -> impl Iterator<Item = i64> {
    let unit = currency.scale().max(100);
    AMOUNTS.into_iter().map(move |amount| amount * unit)
}

/// Whether `raised` is `percent` of `goal` or more; there is no share of no goal.
fn is_share(raised: i64, goal: i64, percent: i64) -> bool {
    goal > 0 && i128::from(raised) * 100 >= i128::from(goal) * i128::from(percent)
}

/// Everything that a page has reached, the weightiest of each sort last.
pub fn reached(facts: &Facts, currency: Currency, own: &[OwnMilestone]) -> Vec<Mark> {
    let donors = DONORS.iter().filter(|donors| facts.donors >= **donors);
    let percents = PERCENTS
        .iter()
        .filter(|percent| is_share(facts.raised, facts.goal, **percent));
    let mut marks: Vec<Mark> = donors.map(|donors| Mark::Donors(*donors)).collect();
    marks.extend(
        amounts(currency)
            .filter(|amount| facts.raised >= *amount)
            .map(Mark::Amount),
    );
    marks.extend(percents.map(|percent| Mark::Percent(*percent)));
    marks.extend(
        own.iter()
            .filter(|own| facts.raised >= own.amount)
            .map(|own| Mark::Own(own.id.to_string(), own.amount, own.promise.clone())),
    );
    marks
}

/// The next amount to reach, in minor units, with what it is: the nearest of ladder, shares of the goal and own promises.
pub fn next(facts: &Facts, currency: Currency, own: &[OwnMilestone]) -> Option<(i64, Mark)> {
    let share = |percent: i64| {
        // Rounded up: the first whole minor unit at which the share is reached.
        let minor = (i128::from(facts.goal) * i128::from(percent) + 99) / 100;
        i64::try_from(minor)
            .ok()
            .map(|minor| (minor, Mark::Percent(percent)))
    };
    let shares = PERCENTS.iter().filter(|_| facts.goal > 0);
    let all = amounts(currency)
        .map(|amount| (amount, Mark::Amount(amount)))
        .chain(shares.filter_map(|percent| share(*percent)))
        .chain(own.iter().map(|own| {
            let mark = Mark::Own(own.id.to_string(), own.amount, own.promise.clone());
            (own.amount, mark)
        }));
    // Of equal amounts the later sort says more.
    all.filter(|(amount, _)| *amount > facts.raised)
        .min_by(|(a, mark_a), (b, mark_b)| a.cmp(b).then(weight(mark_b).cmp(&weight(mark_a))))
}

fn weight(mark: &Mark) -> u8 {
    match mark {
        Mark::Donors(_) => 0,
        Mark::Amount(_) => 1,
        Mark::Percent(_) => 2,
        Mark::Own(..) => 3,
    }
}
