//! "Your impact": what one reader's money did, in words, as HTML and as text.
//!
//! Everything comes from the ledger's own rows: what was paid, how it was divided (`splits`), which grants took of it
//! (`grant_layers`), and the figures of those programs with period, source and grade. A reader reads of their own money and
//! of nobody else's; what a page has paid for is a sum without names.

use std::fmt::Write as _;
use std::sync::Arc;

use super::shape::escaped;
use crate::ids::ProgramId;
use crate::kernel::Money;

/// Programs, grants and figures of one block at most: a mail is no ledger.
const ROWS_MOST: usize = 12;
/// Figures of one block at most.
const FIGURES_MOST: usize = 3;

/// A figure, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FigureLine {
    /// Of which program.
    pub program: ProgramId,
    /// The program's name.
    pub name: String,
    /// "380".
    pub value: String,
    /// "survivors rescued, since 2006".
    pub what: String,
    /// "Source: …. Grade: ….".
    pub source: String,
}

/// What went to one program (or lies in the campaign's own fund).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The program, unless it is the campaign's own fund.
    pub program: Option<ProgramId>,
    /// Its name.
    pub name: String,
    /// How much of the reader's money, after fees.
    pub net: Money,
    /// Of it, what was paid to the partner: the grant's number and how much.
    pub grants: Vec<(String, Money)>,
}

/// What a reader gave this season.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// What was paid, refunds taken off.
    pub amount: Money,
    /// By how many gifts.
    pub gifts: i64,
    /// Where it went.
    pub parts: Vec<Part>,
    /// The trace of the newest gift.
    pub trace: Option<String>,
}

/// What a reader's page did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnPage {
    /// Its title.
    pub title: String,
    /// What it raised.
    pub raised: Money,
    /// What of it was paid to partners, by program.
    pub paid: Vec<(String, Money)>,
}

/// What is told to one reader.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Impact {
    /// What they gave, if anything.
    pub given: Option<Given>,
    /// Their page, if they have one.
    pub page: Option<OwnPage>,
    /// The newest figure of each program of the season.
    pub figures: Arc<Vec<FigureLine>>,
}

fn gifts(count: i64) -> String {
    match count {
        1 => "one gift".to_owned(),
        more => format!("{more} gifts"),
    }
}

impl Impact {
    /// The figures of the programs that this reader's money went to; of the season's first ones, where there is none.
    fn own_figures(&self) -> impl Iterator<Item = &FigureLine> {
        let own: Vec<ProgramId> = match &self.given {
            Some(given) => given.parts.iter().filter_map(|part| part.program).collect(),
            None => Vec::new(),
        };
        let fits = move |line: &&FigureLine| own.is_empty() || own.contains(&line.program);
        self.figures.iter().filter(fits).take(FIGURES_MOST)
    }

    /// As HTML. `nothing` is what those read who gave nothing.
    pub fn html(&self, nothing: &str) -> String {
        let mut out = String::with_capacity(1_024);
        // Writing to a String cannot fail.
        let _written = self.write_html(nothing, &mut out);
        out
    }

    fn write_html(&self, nothing: &str, out: &mut String) -> std::fmt::Result {
        match &self.given {
            Some(given) => {
                write!(
                    out,
                    "<h2>What your money did</h2><p>You gave <strong>{}</strong> this season, in {}.</p>",
                    escaped(&given.amount.to_string()),
                    gifts(given.gifts)
                )?;
                write_parts(&given.parts, out)?;
            }
            None => write!(out, "<h2>What gifts did</h2><p>{}</p>", escaped(nothing))?,
        }
        if let Some(page) = &self.page {
            let (title, raised) = (escaped(&page.title), page.raised.to_string());
            write!(
                out,
                "<p>Your page “{title}” has raised <strong>{}</strong>",
                escaped(&raised)
            )?;
            if page.paid.is_empty() {
                out.push_str("; grants will be paid out of it.</p>");
            } else {
                out.push_str(". Your page has paid for:</p>");
                out.push_str("<table class=\"parts\" role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\">");
                for (name, amount) in page.paid.iter().take(ROWS_MOST) {
                    write_row(name, *amount, out)?;
                }
                out.push_str("</table>");
            }
        }
        for line in self.own_figures() {
            write!(
                out,
                "<p><strong>{}</strong> {} at {}.<br><small>{}</small></p>",
                escaped(&line.value),
                escaped(&line.what),
                escaped(&line.name),
                escaped(&line.source)
            )?;
        }
        if let Some(trace) = self.given.as_ref().and_then(|given| given.trace.as_deref()) {
            write!(
                out,
                "<p><a class=\"plain\" href=\"{}\">Follow your gift, the whole way</a></p>",
                escaped(trace)
            )?;
        }
        Ok(())
    }

    /// As plain text.
    pub fn text(&self, nothing: &str) -> String {
        let mut out = String::with_capacity(512);
        let _written = self.write_text(nothing, &mut out);
        out.trim_end().to_owned()
    }

    fn write_text(&self, nothing: &str, out: &mut String) -> std::fmt::Result {
        match &self.given {
            Some(given) => {
                writeln!(
                    out,
                    "What your money did\n\nYou gave {} this season, in {}.",
                    given.amount,
                    gifts(given.gifts)
                )?;
                for part in given.parts.iter().take(ROWS_MOST) {
                    writeln!(out, "- {}: {} after fees", part.name, part.net)?;
                    for (number, amount) in part.grants.iter().take(ROWS_MOST) {
                        writeln!(
                            out,
                            "  of it {amount} paid to the partner in grant {number}"
                        )?;
                    }
                }
            }
            None => writeln!(out, "What gifts did\n\n{nothing}")?,
        }
        if let Some(page) = &self.page {
            let tail = if page.paid.is_empty() {
                "; grants will be paid out of it."
            } else {
                ". Your page has paid for:"
            };
            writeln!(
                out,
                "\nYour page \"{}\" has raised {}{tail}",
                page.title, page.raised
            )?;
            for (name, amount) in page.paid.iter().take(ROWS_MOST) {
                writeln!(out, "- {name}: {amount}")?;
            }
        }
        for line in self.own_figures() {
            writeln!(
                out,
                "\n{} {} at {}.\n{}",
                line.value, line.what, line.name, line.source
            )?;
        }
        if let Some(trace) = self.given.as_ref().and_then(|given| given.trace.as_deref()) {
            writeln!(out, "\nFollow your gift, the whole way:\n{trace}")?;
        }
        Ok(())
    }
}

fn write_parts(parts: &[Part], out: &mut String) -> std::fmt::Result {
    if parts.is_empty() {
        return Ok(());
    }
    out.push_str("<p>After fees it went to:</p><table class=\"parts\" role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\">");
    for part in parts.iter().take(ROWS_MOST) {
        write_row(&part.name, part.net, out)?;
        for (number, amount) in part.grants.iter().take(ROWS_MOST) {
            write_row(
                &format!("of it paid to the partner, grant {number}"),
                *amount,
                out,
            )?;
        }
    }
    out.push_str("</table>");
    Ok(())
}

fn write_row(name: &str, amount: Money, out: &mut String) -> std::fmt::Result {
    write!(
        out,
        "<tr><td>{}</td><td class=\"sum\" align=\"right\">{}</td></tr>",
        escaped(name),
        escaped(&amount.to_string())
    )
}
