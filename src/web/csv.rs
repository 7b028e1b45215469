//! CSV that a spreadsheet reads as text and numbers, never as formulas (S13; RFC 4180).
//!
//! Every cell is quoted. A cell that a spreadsheet would take for a formula, also behind white space or quotes, gets an
//! apostrophe in front.

use actix_web::HttpResponse;
use actix_web::http::header;

/// A table being written.
#[derive(Debug, Clone)]
pub struct Csv {
    text: String,
}

impl Csv {
    /// A table with these columns.
    pub fn new(columns: &[&str]) -> Self {
        // Spreadsheets take UTF-8 for the machine's own code page unless the mark stands in front.
        let mut csv = Self {
            text: "\u{feff}".to_owned(),
        };
        csv.row(columns);
        csv
    }

    /// One more row.
    pub fn row<S: AsRef<str>>(&mut self, cells: &[S]) {
        for (at, cell) in cells.iter().enumerate() {
            if at > 0 {
                self.text.push(',');
            }
            self.cell(cell.as_ref());
        }
        self.text.push_str("\r\n");
    }

    fn cell(&mut self, text: &str) {
        self.text.push('"');
        if is_formula(text) {
            self.text.push('\'');
        }
        for symbol in text.chars() {
            if symbol == '"' {
                self.text.push('"');
            }
            self.text.push(symbol);
        }
        self.text.push('"');
    }

    /// What was written since the last time, for a table that is sent in pieces.
    pub fn take(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    /// A table in pieces ([`Csv::take`]) as a file to be kept, under `name`.
    pub fn stream<S, E>(name: &str, pieces: S) -> HttpResponse
    where
        S: futures_util::Stream<Item = Result<actix_web::web::Bytes, E>> + 'static,
        E: Into<Box<dyn std::error::Error>> + 'static,
    {
        Self::answer(name).streaming(pieces)
    }

    /// The table's text.
    pub fn into_string(self) -> String {
        self.text
    }

    /// The table as a file to be kept, under `name` (ASCII letters, digits, hyphens and dots).
    pub fn respond(self, name: &str) -> HttpResponse {
        Self::answer(name).body(self.text)
    }

    fn answer(name: &str) -> actix_web::HttpResponseBuilder {
        let name: String = name
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'))
            .collect();
        let mut answer = HttpResponse::Ok();
        answer
            .insert_header((header::CONTENT_TYPE, "text/csv; charset=utf-8"))
            .insert_header((
                header::CONTENT_DISPOSITION,
                format!("attachment; filename=\"{name}\""),
            ))
            .insert_header((header::CACHE_CONTROL, "no-store"));
        answer
    }
}

/// Whether a spreadsheet might calculate the cell. Full-width signs count as their ASCII ones in some of them.
fn is_formula(text: &str) -> bool {
    const SIGNS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
    let starts = |text: &str| text.starts_with(['\t', '\r', '\n']) || text.starts_with(SIGNS);
    starts(text)
        || starts(text.trim_start_matches(|c: char| {
            c == '"' || c == '\'' || c == ' ' || c == '\u{a0}' || c == '\u{feff}'
        }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        let payloads = [
            "=1+1",
            "+1",
            "-2+3",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "\n=1",
            "\"=1",
            "  =cmd|' /C calc'!A0",
            "＝1+1",
            "'=1",
            "\u{feff}=1",
        ];
        for payload in payloads {
            let mut csv = Csv::new(&["a"]);
            csv.row(&[payload]);
            let text = csv.into_string();
            let cell = text.strip_prefix("\u{feff}\"a\"\r\n\"").unwrap_or_default();
            assert!(cell.starts_with('\''), "{payload:?} became {cell:?}");
        }
    }

    #[test]
    fn ordinary_text_stays_as_it_is_and_quotes_are_doubled() {
        let mut csv = Csv::new(&["name", "words"]);
        csv.row(&["মায়া রায়", "She said \"yes\",\nthen - no"]);
        assert_eq!(
            csv.into_string(),
            "\u{feff}\"name\",\"words\"\r\n\"মায়া রায়\",\"She said \"\"yes\"\",\nthen - no\"\r\n"
        );
    }
}
