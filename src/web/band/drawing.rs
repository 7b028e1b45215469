//! How the band is drawn: the SVG around the layout.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::super::views::palette::Palette;
use super::{Band, Dye, Size, Stretch, part};

impl Band {
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
        put(
            &mut out,
            format_args!(
                "<rect width=\"{width}\" y=\"{margin}\" height=\"{cloth}\" fill=\"url(#{id}p)\"/>"
            ),
        );
        for (dye, path) in paths(&stretches, margin, cloth) {
            let (class, fill) = dye_paint(dye, palette);
            put(
                &mut out,
                format_args!("<path class=\"{class}\" fill=\"{fill}\" d=\"{path}\"/>"),
            );
        }
        if woven_end > raised_end {
            let (from, wide) = (tenths(raised_end), tenths_between(raised_end, woven_end));
            put(
                &mut out,
                format_args!(
                    "<rect class=\"dye-0\" fill=\"{}\" x=\"{from}\" y=\"{margin}\" width=\"{wide}\" height=\"{cloth}\" opacity=\".45\"/><rect x=\"{from}\" y=\"{margin}\" width=\"{wide}\" height=\"{cloth}\" fill=\"url(#{id}t)\"/>",
                    palette.accent
                ),
            );
        }
        put(
            &mut out,
            format_args!(
                "<rect width=\"{}\" y=\"{margin}\" height=\"{cloth}\" fill=\"url(#{id}w)\"/>",
                tenths(woven_end)
            ),
        );
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
            put(
                out,
                format_args!(
                    "<path class=\"seam\" d=\"{seams}\" stroke=\"{}\" stroke-width=\"1.5\" fill=\"none\" vector-effect=\"non-scaling-stroke\"/>",
                    palette.paper
                ),
            );
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
            put(
                out,
                format_args!(
                    "<path class=\"edge\" d=\"{edges}\" stroke=\"{}\" stroke-width=\"2\" stroke-dasharray=\"7 4\" fill=\"none\" vector-effect=\"non-scaling-stroke\"/>",
                    palette.ink
                ),
            );
        }
        if self.goal > 0 {
            let goal = part(self.goal, self.scale(), size.width() * 1000);
            let x = tenths((goal - 1_000).max(0));
            put(
                out,
                format_args!(
                    "<path class=\"goal\" d=\"M{x} {}V{}\" stroke=\"{}\" stroke-width=\"2\" fill=\"none\" vector-effect=\"non-scaling-stroke\"/>",
                    margin / 3,
                    height - margin / 3,
                    palette.ink
                ),
            );
        }
        for own in stretches.iter().filter(|s| s.own) {
            let middle = i64::midpoint(own.from, own.to).clamp(2_000, size.width() * 1000 - 2_000);
            put(
                out,
                format_args!(
                    "<path class=\"needle\" d=\"M{} 0V{height}\" stroke=\"{}\" stroke-width=\"4\" fill=\"none\" vector-effect=\"non-scaling-stroke\"/>",
                    tenths(middle),
                    palette.own
                ),
            );
        }
    }

    /// A name for this drawing's patterns, so that several bands can stand on one page.
    fn id(&self, title: &str) -> String {
        let seed = title
            .bytes()
            .map(u64::from)
            .chain([
                self.raised.unsigned_abs(),
                self.goal.unsigned_abs(),
                self.threads.len() as u64,
            ])
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, part| {
                (hash ^ part).wrapping_mul(0x0100_0000_01b3)
            });
        format!("b{:08x}", seed >> 32)
    }
}

/// Bare warp (p), the weave's relief (w) and the match pool's twill (t).
fn patterns(out: &mut String, id: &str, palette: &Palette) {
    let Palette {
        paper, ink, warp, ..
    } = palette;
    put(
        out,
        format_args!(
            "<defs><pattern id=\"{id}p\" width=\"8\" height=\"4\" patternUnits=\"userSpaceOnUse\"><path class=\"warp\" d=\"M0 2h8\" stroke=\"{warp}\" stroke-width=\"1.3\"/></pattern><pattern id=\"{id}w\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\"><path d=\"M0 1h4v2H0zM4 5h4v2H4z\" fill=\"{paper}\" opacity=\".34\"/><path d=\"M0 3h4v1H0zM4 7h4v1H4z\" fill=\"{ink}\" opacity=\".2\"/><path d=\"M0 0v8M4 0v8\" stroke=\"{ink}\" stroke-width=\".7\" opacity=\".16\"/></pattern><pattern id=\"{id}t\" width=\"10\" height=\"10\" patternUnits=\"userSpaceOnUse\"><path d=\"M-3 3l6-6M-3 13L13-3M7 13l6-6\" stroke=\"{paper}\" stroke-width=\"2.4\" opacity=\".75\"/></pattern></defs>"
        ),
    );
}

/// One path per dye: far smaller than one element per thread.
fn paths(stretches: &[Stretch], top: i64, cloth: i64) -> BTreeMap<Dye, String> {
    let mut paths: BTreeMap<Dye, String> = BTreeMap::new();
    for stretch in stretches {
        let (from, to) = (stretch.from / 100, stretch.to / 100);
        if to > from {
            let dye = if stretch.own { Dye::Own } else { stretch.dye };
            let path = paths.entry(dye).or_default();
            let (x, wide) = (
                tenths(stretch.from),
                tenths_between(stretch.from, stretch.to),
            );
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
