//! The woven band: a campaign's thermometer, in which every gift is a thread.
//!
//! Bare warp runs the whole way to the goal; each gift is woven across it, as wide as its share of
//! the goal, shaded by its program. An anonymous gift stays undyed, the match pool is woven in twill,
//! and a dashed selvedge runs along the stretch whose money is verified. A pure function of its input:
//! the same gifts always give the same cloth. Layout is integer arithmetic in thousandths of a pixel,
//! so the threads fill the raised width exactly; nothing here is a float.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::views::palette::{Palette, SHADES};

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
        let listed: i128 = self.threads.iter().map(|t| i128::from(t.minor.max(0))).sum();
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
                out.push(Stretch { from, to, dye, own, verified });
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

    /// The band as an SVG picture. `title` is its text for those who do not see it: it should say raised and goal.
    ///
    /// Colours are presentation attributes from `palette` with classes beside them, so a page's stylesheet
    /// can follow the reader's light or dark scheme while a mail or a PNG needs no stylesheet at all.
    pub fn svg(&self, size: Size, palette: &Palette, title: &str) -> String {
        let (width, height, margin) = (size.width(), size.height(), size.margin());
        let cloth = height - 2 * margin;
        let (raised_end, woven_end) = self.ends(size);
        let stretches = self.stretches(size);
        let id = self.id(title);
        let aspect = match size {
            Size::Wide => " preserveAspectRatio=\"none\"",
            Size::Small => "",
        };
        let mut out = format!(
            "<svg class=\"band-svg\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\"{aspect} role=\"img\"><title>{}</title>",
            handlebars::html_escape(title)
        );
        patterns(&mut out, &id, palette);
        put(&mut out, format_args!(
            "<rect width=\"{width}\" y=\"{margin}\" height=\"{cloth}\" fill=\"url(#{id}p)\"/>"
        ));
        for (dye, path) in paths(&stretches, margin, cloth) {
            let (class, fill) = dye_paint(dye, palette);
            put(&mut out, format_args!("<path class=\"{class}\" fill=\"{fill}\" d=\"{path}\"/>"));
        }
        if woven_end > raised_end {
            let (from, wide) = (tenths(raised_end), tenths_between(raised_end, woven_end));
            put(&mut out, format_args!(
                "<rect class=\"dye-0\" fill=\"{}\" x=\"{from}\" y=\"{margin}\" width=\"{wide}\" height=\"{cloth}\" opacity=\".45\"/><rect x=\"{from}\" y=\"{margin}\" width=\"{wide}\" height=\"{cloth}\" fill=\"url(#{id}t)\"/>",
                palette.accent
            ));
        }
        put(&mut out, format_args!(
            "<rect width=\"{}\" y=\"{margin}\" height=\"{cloth}\" fill=\"url(#{id}w)\"/>",
            tenths(woven_end)
        ));
        self.marks(&mut out, size, &stretches, palette);
        out.push_str("</svg>");
        out
    }

    /// Selvedge, seams between large gifts, the goal line and the needle at one's own thread.
    fn marks(&self, out: &mut String, size: Size, stretches: &[Stretch], palette: &Palette) {
        let (height, margin) = (size.height(), size.margin());
        let cloth = height - 2 * margin;
        let seams: String = stretches
            .iter()
            .filter(|s| s.to - s.from >= 5_000 && s.from > 0)
            .map(|s| format!("M{} {margin}v{cloth}", tenths(s.from)))
            .collect();
        if !seams.is_empty() {
            put(out, format_args!(
                "<path class=\"seam\" d=\"{seams}\" stroke=\"{}\" stroke-width=\"1.5\" fill=\"none\" vector-effect=\"non-scaling-stroke\"/>",
                palette.paper
            ));
        }
        let (above, below) = (margin / 2, height - margin / 2);
        let edges: String = verified_runs(stretches)
            .iter()
            .map(|(from, to)| {
                let (from, to) = (tenths(*from), tenths(*to));
                format!("M{from} {above}H{to}M{from} {below}H{to}")
            })
            .collect();
        if !edges.is_empty() {
            put(out, format_args!(
                "<path class=\"edge\" d=\"{edges}\" stroke=\"{}\" stroke-width=\"2\" stroke-dasharray=\"7 4\" fill=\"none\" vector-effect=\"non-scaling-stroke\"/>",
                palette.ink
            ));
        }
        if self.goal > 0 {
            let goal = part(self.goal, self.scale(), size.width() * 1000);
            let x = tenths((goal - 1_000).max(0));
            put(out, format_args!(
                "<path class=\"goal\" d=\"M{x} {}V{}\" stroke=\"{}\" stroke-width=\"2\" fill=\"none\" vector-effect=\"non-scaling-stroke\"/>",
                margin / 3, height - margin / 3, palette.ink
            ));
        }
        for own in stretches.iter().filter(|s| s.own) {
            let middle = i64::midpoint(own.from, own.to).clamp(2_000, size.width() * 1000 - 2_000);
            put(out, format_args!(
                "<path class=\"needle\" d=\"M{} 0V{height}\" stroke=\"{}\" stroke-width=\"4\" fill=\"none\" vector-effect=\"non-scaling-stroke\"/>",
                tenths(middle), palette.own
            ));
        }
    }

    /// A name for this drawing's patterns, so that several bands can stand on one page.
    fn id(&self, title: &str) -> String {
        let seed = title
            .bytes()
            .map(u64::from)
            .chain([self.raised.unsigned_abs(), self.goal.unsigned_abs(), self.threads.len() as u64])
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, part| {
                (hash ^ part).wrapping_mul(0x0100_0000_01b3)
            });
        format!("b{:08x}", seed >> 32)
    }
}

/// Bare warp (p), the weave's relief (w) and the match pool's twill (t).
fn patterns(out: &mut String, id: &str, palette: &Palette) {
    let Palette { paper, ink, warp, .. } = palette;
    put(out, format_args!(
        "<defs><pattern id=\"{id}p\" width=\"8\" height=\"4\" patternUnits=\"userSpaceOnUse\"><path class=\"warp\" d=\"M0 2h8\" stroke=\"{warp}\" stroke-width=\"1.3\"/></pattern><pattern id=\"{id}w\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\"><path d=\"M0 1h4v2H0zM4 5h4v2H4z\" fill=\"{paper}\" opacity=\".34\"/><path d=\"M0 3h4v1H0zM4 7h4v1H4z\" fill=\"{ink}\" opacity=\".2\"/><path d=\"M0 0v8M4 0v8\" stroke=\"{ink}\" stroke-width=\".7\" opacity=\".16\"/></pattern><pattern id=\"{id}t\" width=\"10\" height=\"10\" patternUnits=\"userSpaceOnUse\"><path d=\"M-3 3l6-6M-3 13L13-3M7 13l6-6\" stroke=\"{paper}\" stroke-width=\"2.4\" opacity=\".75\"/></pattern></defs>"
    ));
}

/// One path per dye: far smaller than one element per thread.
fn paths(stretches: &[Stretch], top: i64, cloth: i64) -> BTreeMap<Dye, String> {
    let mut paths: BTreeMap<Dye, String> = BTreeMap::new();
    for stretch in stretches {
        let (from, to) = (stretch.from / 100, stretch.to / 100);
        if to > from {
            let dye = if stretch.own { Dye::Own } else { stretch.dye };
            let path = paths.entry(dye).or_default();
            let (x, wide) = (tenths(stretch.from), tenths_between(stretch.from, stretch.to));
            put(path, format_args!("M{x} {top}h{wide}v{cloth}h-{wide}z"));
        }
    }
    paths
}

/// Neighbouring verified stretches joined, so that the dashes run on.
fn verified_runs(stretches: &[Stretch]) -> Vec<(i64, i64)> {
    let mut runs: Vec<(i64, i64)> = Vec::new();
    for stretch in stretches.iter().filter(|s| s.verified && s.to > s.from) {
        match runs.last_mut() {
            Some(last) if last.1 == stretch.from => last.1 = stretch.to,
            _ => runs.push((stretch.from, stretch.to)),
        }
    }
    runs
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

fn dye_paint(dye: Dye, palette: &Palette) -> (String, &str) {
    match dye {
        Dye::Shade(n) => {
            let fill = palette.dyes.get(usize::from(n)).unwrap_or(&palette.accent);
            (format!("dye-{n}"), fill)
        }
        Dye::Undyed => ("undyed".to_owned(), &palette.undyed),
        Dye::Own => ("own".to_owned(), &palette.own),
    }
}

/// `minor` of `whole` as a share of `length`, rounded down.
fn part(minor: i64, whole: i64, length: i64) -> i64 {
    clamp(i128::from(minor) * i128::from(length) / i128::from(whole.max(1)))
}

fn clamp(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Thousandths of a pixel as a decimal with one digit; trailing zero dropped.
fn tenths(milli: i64) -> String {
    decimal(milli / 100)
}

/// The width between two positions after each was rounded: neighbours touch exactly.
fn tenths_between(from: i64, to: i64) -> String {
    decimal(to / 100 - from / 100)
}

fn decimal(tenths: i64) -> String {
    match tenths % 10 {
        0 => format!("{}", tenths / 10),
        digit => format!("{}.{digit}", tenths / 10),
    }
}

/// Appends; writing to a `String` cannot fail.
fn put(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    out.write_fmt(arguments).unwrap_or_default();
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::super::views::palette::Accent;
    use super::*;
    use proptest::prelude::*;

    fn thread() -> impl Strategy<Value = Thread> {
        (0..5_000_000_i64, any::<u8>(), any::<bool>(), any::<bool>()).prop_map(
            |(minor, shade, anonymous, verified)| Thread { minor, shade, anonymous, own: false, verified },
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
        Band { threads, raised, matched: raised / 10, goal: raised * 2 }
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
        assert!(!svg.contains("style="), "inline styles would be blocked by the page's CSP");
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
