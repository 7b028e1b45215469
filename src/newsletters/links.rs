//! The links of a newsletter, numbered: what clicks are counted by.

use super::merge::{Cond, Piece};
use super::shape::unescaped;

/// Links of the HTML, numbered in their order; the same address has one number.
#[derive(Default)]
pub(super) struct Links {
    pub(super) all: Vec<String>,
}

const HREF: &str = "href=\"";

impl Links {
    pub(super) fn number(&mut self, pieces: Vec<Piece>) -> Vec<Piece> {
        let mut out = Vec::with_capacity(pieces.len());
        for piece in pieces {
            match piece {
                Piece::Text(text) => self.cut(&text, &mut out),
                // What stands in the archive alone is nobody's click.
                Piece::If {
                    cond: Cond::Mail,
                    then,
                    otherwise,
                } => out.push(Piece::If {
                    cond: Cond::Mail,
                    then: self.number(then),
                    otherwise,
                }),
                Piece::If {
                    cond,
                    then,
                    otherwise,
                } => out.push(Piece::If {
                    cond,
                    then: self.number(then),
                    otherwise: self.number(otherwise),
                }),
                other => out.push(other),
            }
        }
        out
    }

    fn cut(&mut self, text: &str, out: &mut Vec<Piece>) {
        let mut kept = 0;
        let mut from = 0;
        while let Some(at) = text.get(from..).and_then(|rest| rest.find(HREF)) {
            let start = from + at + HREF.len();
            let Some(length) = text.get(start..).and_then(|rest| rest.find('"')) else {
                // The address is a reader's own, in the next piece.
                break;
            };
            let end = start + length;
            from = end;
            let url = unescaped(text.get(start..end).unwrap_or_default());
            if url.is_empty() {
                continue;
            }
            let known = self.all.iter().position(|one| *one == url);
            let number = known.unwrap_or_else(|| {
                self.all.push(url);
                self.all.len() - 1
            });
            out.push(Piece::Text(
                text.get(kept..start).unwrap_or_default().to_owned(),
            ));
            out.push(Piece::Link(number));
            kept = end;
        }
        let rest = text.get(kept..).unwrap_or_default();
        if !rest.is_empty() {
            out.push(Piece::Text(rest.to_owned()));
        }
    }
}
