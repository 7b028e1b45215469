//! The woven band: a campaign's thermometer, in which every gift is a thread.
//!
//! Bare warp runs the whole way to the goal; each gift is woven across it, as wide as its share of
//! the goal, shaded by its program. An anonymous gift stays undyed, the match pool is woven in twill,
//! and a dashed selvedge runs along the stretch whose money is verified. A pure function of its input:
//! the same gifts always give the same cloth. Layout is integer arithmetic in thousandths of a pixel,
//! so the threads fill the raised width exactly; nothing here is a float.

mod drawing;

use std::collections::BTreeMap;

use super::views::palette::SHADES;

/// Above this many gifts, neighbours are merged into stripes, so that cost and size stay flat.
pub const MOST_THREADS: usize = 1_000;
/// Into how many runs a merged band is cut; within a run each dye becomes one stripe.
const RUNS: usize = 100;

/// One gift in the band.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread {
    /// What the gift counts for, in minor units of the band's currency; below zero counts as zero.
    pub minor: i64,
    /// The index of the program that it mostly goes to; taken modulo the number of shades.
    pub shade: u8,
    /// The giver's name is not shown: the thread is undyed.
    pub anonymous: bool,
    /// The gift that is being looked at (thank-you and trace pages): highlighted.
    pub own: bool,
    /// Its money was matched with the processor's books: it has a selvedge.
    pub verified: bool,
}

/// What is woven: gifts oldest first, and the three amounts that give the scale.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Band {
    /// The gifts, oldest first. They need not be all: what they lack of `raised` is woven plain before them.
    pub threads: Vec<Thread>,
    /// Raised by gifts, in minor units, without the match.
    pub raised: i64,
    /// Added by the match pool, in minor units.
    pub matched: i64,
    /// The goal, in minor units; zero if there is none.
    pub goal: i64,
}

/// Where the band stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// The head of a page: 1200 by 104, stretched to its place.
    Wide,
    /// Cards, mails, receipts: 320 by 40.
    Small,
}

impl Size {
    fn width(self) -> i64 {
        match self {
            Self::Wide => 1200,
            Self::Small => 320,
        }
    }
    fn height(self) -> i64 {
        match self {
            Self::Wide => 104,
            Self::Small => 40,
        }
    }
    /// The margin above and below the cloth, which holds the selvedge and the needle.
    fn margin(self) -> i64 {
        match self {
            Self::Wide => 12,
            Self::Small => 6,
        }
    }
}

/// A stretch of cloth between two positions, in thousandths of a pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stretch {
    from: i64,
    to: i64,
    dye: Dye,
    own: bool,
    verified: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Dye {
    Shade(u8),
    Undyed,
    Own,
}

impl Band {
    /// The whole length that the picture stands for: the goal, or more when the goal is passed.
    fn scale(&self) -> i64 {
        let woven = self.raised.max(0).saturating_add(self.matched.max(0));
        self.goal.max(woven).max(1)
    }

    /// Where the gifts end and where the match ends, in thousandths of a pixel.
    fn ends(&self, size: Size) -> (i64, i64) {
        let raised = self.raised.max(0);
        let woven = raised.saturating_add(self.matched.max(0));
        let at = |minor: i64| part(minor, self.scale(), size.width() * 1000);
        (at(raised), at(woven))
    }

    /// The gifts laid side by side; they fill exactly the raised width. When they add up to more
    /// than is raised (refunds since), each is narrowed alike; when to less, plain cloth comes first.
    fn stretches(&self, size: Size) -> Vec<Stretch> {
        let (raised_end, _) = self.ends(size);
        let listed: i128 = self
            .threads
            .iter()
            .map(|t| i128::from(t.minor.max(0)))
            .sum();
        let raised = i128::from(self.raised.max(0));
        let whole = listed.max(raised);
        if whole == 0 {
            return Vec::new();
        }
        let mut woven = whole - listed;
        let position = |woven: i128| clamp(woven * i128::from(raised_end) / whole);
        let mut out = Vec::with_capacity(self.threads.len().min(MOST_THREADS) + 1);
        if woven > 0 {
            out.push(Stretch {
                from: 0,
                to: position(woven),
                dye: Dye::Shade(0),
                own: false,
                verified: false,
            });
        }
        for group in self.groups() {
            let own = group.iter().any(|t| t.own);
            let verified = group.iter().all(|t| t.verified);
            for (dye, weight) in weights(group) {
                let from = position(woven);
                woven += weight;
                let to = position(woven);
                out.push(Stretch {
                    from,
                    to,
                    dye,
                    own,
                    verified,
                });
            }
        }
        out
    }

    /// Single gifts, or runs of neighbours when there are too many; one's own gift is never merged.
    fn groups(&self) -> Vec<&[Thread]> {
        let run = if self.threads.len() > MOST_THREADS {
            self.threads.len().div_ceil(RUNS)
        } else {
            1
        };
        let mut groups = Vec::new();
        for piece in self.threads.split_inclusive(|t| t.own) {
            let (own, before) = match piece.split_last() {
                Some((last, before)) if last.own => (Some(last), before),
                _ => (None, piece),
            };
            groups.extend(before.chunks(run));
            groups.extend(own.map(std::slice::from_ref));
        }
        groups
    }
}

/// How much of a run's money has each dye. A single gift has one.
fn weights(group: &[Thread]) -> BTreeMap<Dye, i128> {
    let mut weights: BTreeMap<Dye, i128> = BTreeMap::new();
    for thread in group {
        let dye = if thread.anonymous {
            Dye::Undyed
        } else {
            Dye::Shade(thread.shade % SHADES as u8)
        };
        *weights.entry(dye).or_default() += i128::from(thread.minor.max(0));
    }
    weights
}

/// `minor` of `whole` as a share of `length`, rounded down.
fn part(minor: i64, whole: i64, length: i64) -> i64 {
    clamp(i128::from(minor) * i128::from(length) / i128::from(whole.max(1)))
}

fn clamp(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::super::views::palette::Accent;
    use super::*;
    use proptest::prelude::*;

    fn thread() -> impl Strategy<Value = Thread> {
        (0..5_000_000_i64, any::<u8>(), any::<bool>(), any::<bool>()).prop_map(
            |(minor, shade, anonymous, verified)| Thread {
                minor,
                shade,
                anonymous,
                own: false,
                verified,
            },
        )
    }

    proptest! {
        /// Threads, merged or not, listed in full or in part, fill exactly the raised width.
        #[test]
        fn thread_widths_sum_to_the_raised_width(
            threads in prop::collection::vec(thread(), 1..2_500),
            raised in 0..9_000_000_000_i64,
            matched in 0..9_000_000_i64,
            goal in 0..9_000_000_000_i64,
        ) {
            let band = Band { threads, raised, matched, goal };
            let stretches = band.stretches(Size::Wide);
            let (raised_end, woven_end) = band.ends(Size::Wide);
            let sum: i64 = stretches.iter().map(|s| s.to - s.from).sum();
            prop_assert_eq!(sum, raised_end);
            prop_assert!(woven_end >= raised_end && woven_end <= 1_200_000);
            prop_assert!(stretches.windows(2).all(|w| w[0].to == w[1].from));
        }
    }

    fn season(gifts: usize) -> Band {
        let threads: Vec<Thread> = (0..gifts)
            .map(|n| Thread {
                minor: 1_000 + (n as i64 * 7_919) % 20_000,
                shade: (n % 3) as u8,
                anonymous: n % 7 == 0,
                own: n == gifts / 2,
                verified: n % 5 != 0,
            })
            .collect();
        let raised = threads.iter().map(|t| t.minor).sum();
        Band {
            threads,
            raised,
            matched: raised / 10,
            goal: raised * 2,
        }
    }

    #[test]
    fn the_picture_stays_small_however_many_gifts() {
        let palette = Accent::new("#9c2a3c").light;
        for gifts in [0, 1, 40, 999, 1_000, 1_001, 30_000, 300_000] {
            for size in [Size::Wide, Size::Small] {
                let svg = season(gifts).svg(size, &palette, "Raised");
                assert!(svg.len() <= 30_000, "{gifts} gifts: {} bytes", svg.len());
            }
        }
    }

    #[test]
    fn ones_own_thread_is_never_merged_away() {
        let svg = season(30_000).svg(Size::Wide, &Accent::new("").light, "Raised");
        assert_eq!(svg.matches("class=\"needle\"").count(), 1);
    }

    #[test]
    fn the_title_is_escaped_and_the_role_is_an_image() {
        let svg = Band::default().svg(Size::Small, &Accent::new("").light, "<b>&\"");
        assert!(svg.contains("role=\"img\"><title>&lt;b&gt;&amp;&quot;</title>"));
        assert!(
            !svg.contains("style="),
            "inline styles would be blocked by the page's CSP"
        );
    }

    #[test]
    fn a_stale_sum_narrows_every_thread_alike() {
        let mut band = season(10);
        band.raised /= 2;
        let stretches = band.stretches(Size::Wide);
        assert_eq!(stretches.len(), 10);
        assert_eq!(stretches[9].to, band.ends(Size::Wide).0);
    }
}
