//! A file, judged whole and cut into pieces. What comes in is hostile until shown otherwise: binary files, wrong encodings,
//! quotes that never close, thousands of columns. Nothing is guessed that could turn a name into another.

use std::borrow::Cow;

use crate::error::AppError;

/// Columns at most.
pub const COLUMNS: usize = 60;
/// Rows at most.
pub const ROWS: usize = 250_000;
/// Bytes of one row at most.
const ROW_BYTES: usize = 16 * 1024;
/// Rows of one piece.
const PIECE: usize = 500;
/// Closes the file for the reader; a quote that is open swallows it, and shows by that.
const END: &str = "\n\u{1}end\u{1}";

/// Some hundred rows of a file, as they came.
#[derive(Debug, Clone)]
pub struct Piece {
    /// The line of the file at which it begins, from 1.
    pub first_line: i64,
    /// How many rows.
    pub records: i64,
    /// CSV.
    pub text: String,
}

/// A file that can be read.
#[derive(Debug, Clone)]
pub struct Sheet {
    /// What stands between cells.
    pub delimiter: char,
    /// Whether its first row names the columns.
    pub has_header: bool,
    /// The columns' names; `Column 1` … where it has none.
    pub columns: Vec<String>,
    /// Its rows, without the one that names columns.
    pub pieces: Vec<Piece>,
    /// How many rows.
    pub rows: usize,
}

fn refused(why: impl std::fmt::Display) -> AppError {
    AppError::field("file", why)
}

/// Reads a file.
///
/// # Errors
/// [`AppError::Invalid`] of `file`, in words that say what to do and where.
pub fn sheet(bytes: &[u8]) -> Result<Sheet, AppError> {
    let text = decode(bytes)?;
    let first = text.lines().find(|line| !line.trim().is_empty());
    let first = first.ok_or_else(|| refused("the file is empty"))?;
    let delimiter = delimiter(first);
    let whole = format!("{text}{END}");
    let mut reader = reader(&whole, delimiter);
    let (mut cut, mut lines) = (Cut::default(), Lines::default());
    let mut record = csv::StringRecord::new();
    let mut head: Option<Vec<String>> = None;
    loop {
        let more = reader
            .read_record(&mut record)
            .map_err(|bad| broken(&bad))?;
        let (start, line) = lines.begin(&whole, &record);
        if !more {
            return Err(open_quote(line));
        }
        let end = usize::try_from(reader.position().byte()).unwrap_or(whole.len());
        let is_end = record.len() == 1 && record.get(0) == Some(END.trim());
        if is_end {
            break;
        }
        if record.iter().any(|cell| cell.contains(END.trim())) {
            return Err(open_quote(line));
        }
        check_size(&record, line)?;
        if head.is_none() {
            let names: Vec<String> = record.iter().map(str::trim).map(str::to_owned).collect();
            let is_header = !names.iter().any(|name| name.contains('@'));
            head = Some(names);
            if is_header {
                cut.has_header = true;
                continue;
            }
        }
        cut.take(&whole, (line, start), end);
        if cut.rows > ROWS {
            return Err(refused(format!(
                "the file has more than {ROWS} rows; cut it into several"
            )));
        }
    }
    finish(cut, &whole, delimiter, head.unwrap_or_default())
}

fn finish(
    mut cut: Cut,
    whole: &str,
    delimiter: char,
    names: Vec<String>,
) -> Result<Sheet, AppError> {
    cut.close(whole);
    if cut.rows == 0 {
        return Err(refused("the file names columns and holds nobody"));
    }
    let numbered = |at: usize| format!("Column {}", at + 1);
    let columns = names
        .into_iter()
        .enumerate()
        .map(|(at, name)| match name.as_str() {
            text if cut.has_header && !text.is_empty() => text.chars().take(80).collect(),
            _ => numbered(at),
        })
        .collect();
    Ok(Sheet {
        delimiter,
        has_header: cut.has_header,
        columns,
        rows: cut.rows,
        pieces: cut.pieces,
    })
}

/// The rows of a piece, as they are read everywhere.
pub fn reader(text: &str, delimiter: char) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new()
        .delimiter(u8::try_from(delimiter).unwrap_or(b','))
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes())
}

/// Counts lines as an editor does. The reader's own count stops between `\r` and `\n`, and before empty lines.
pub struct Lines {
    at: usize,
    line: i64,
}

impl Default for Lines {
    fn default() -> Self {
        Self { at: 0, line: 1 }
    }
}

impl Lines {
    /// Where in `text` a record begins, and at which line; records must come in their order.
    pub fn begin(&mut self, text: &str, record: &csv::StringRecord) -> (usize, i64) {
        let after = record.position().map_or(0, csv::Position::byte);
        let after = usize::try_from(after).unwrap_or(text.len());
        let empty = text.get(after..).unwrap_or_default();
        let empty = empty.len() - empty.trim_start_matches(['\r', '\n']).len();
        let begin = after + empty;
        let passed = text.get(self.at..begin).unwrap_or_default().as_bytes();
        let ends = passed.iter().zip(passed.iter().skip(1).chain(&[0]));
        let ends = ends.filter(|(one, next)| **one == b'\n' || (**one == b'\r' && **next != b'\n'));
        self.line += i64::try_from(ends.count()).unwrap_or(0);
        self.at = begin;
        (begin, self.line)
    }
}

#[derive(Default)]
struct Cut {
    has_header: bool,
    from: usize,
    to: usize,
    line: i64,
    records: i64,
    rows: usize,
    pieces: Vec<Piece>,
}

impl Cut {
    fn take(&mut self, whole: &str, (line, start): (i64, usize), end: usize) {
        if self.records == 0 {
            (self.line, self.from) = (line, start);
        }
        self.records += 1;
        self.rows += 1;
        self.to = end;
        if self.records >= i64::try_from(PIECE).unwrap_or(i64::MAX) {
            self.close(whole);
        }
    }

    fn close(&mut self, whole: &str) {
        if self.records > 0 {
            self.pieces.push(Piece {
                first_line: self.line,
                records: self.records,
                text: whole.get(self.from..self.to).unwrap_or_default().to_owned(),
            });
        }
        self.records = 0;
    }
}

fn check_size(record: &csv::StringRecord, line: i64) -> Result<(), AppError> {
    if record.len() > COLUMNS {
        return Err(refused(format!(
            "line {line} has {} columns, and {COLUMNS} are the most; keep those that are needed",
            record.len()
        )));
    }
    if record.as_slice().len() > ROW_BYTES {
        return Err(refused(format!(
            "line {line} is longer than any address and name; perhaps a quotation mark was opened there and not closed"
        )));
    }
    Ok(())
}

fn open_quote(line: i64) -> AppError {
    refused(format!(
        "a quotation mark is opened at line {line} or soon after, and never closed"
    ))
}

fn broken(bad: &csv::Error) -> AppError {
    let line = bad.position().map_or(0, csv::Position::line);
    refused(format!("line {line} cannot be read"))
}

/// The sign that the first line has most of.
fn delimiter(first: &str) -> char {
    [',', ';', '\t']
        .into_iter()
        .max_by_key(|sign| (first.matches(*sign).count(), *sign == ','))
        .unwrap_or(',')
}

/// UTF-8 with or without its mark, or UTF-16 with its mark. Any other encoding is refused and not guessed: a wrong guess makes
/// other people of `Zoë` and `Šimić` without a sound.
fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, AppError> {
    const ARCHIVES: [&[u8]; 5] = [b"PK", &[0x1f, 0x8b], b"BZh", &[0xfd, b'7', b'z'], b"%PDF"];
    if ARCHIVES.iter().any(|mark| bytes.starts_with(mark)) || bytes.starts_with(&[0xd0, 0xcf]) {
        return Err(refused(
            "this is a spreadsheet or an archive, not CSV; open it and save it as “CSV UTF-8”",
        ));
    }
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => Cow::Owned(utf16(rest, u16::from_le_bytes)?),
        [0xfe, 0xff, rest @ ..] => Cow::Owned(utf16(rest, u16::from_be_bytes)?),
        [0xef, 0xbb, 0xbf, rest @ ..] => Cow::Borrowed(utf8(rest)?),
        _ => Cow::Borrowed(utf8(bytes)?),
    };
    // NUL is no text, and END must be ours.
    let control = |c: char| matches!(c, '\0' | '\u{1}');
    if let Some(at) = text.find(control) {
        let line = line_of(text.get(..at).unwrap_or_default().as_bytes());
        return Err(refused(format!(
            "line {line} holds a NUL or another sign that is no text; save the file as “CSV UTF-8”"
        )));
    }
    Ok(text)
}

fn utf8(bytes: &[u8]) -> Result<&str, AppError> {
    std::str::from_utf8(bytes).map_err(|bad| {
        let line = line_of(bytes.get(..bad.valid_up_to()).unwrap_or_default());
        let why = if bytes.contains(&0) {
            "holds NUL bytes; perhaps it is UTF-16 without its mark"
        } else {
            "is not UTF-8; perhaps it is Latin-1 or Windows-1252"
        };
        refused(format!("line {line} {why}. Save the file as “CSV UTF-8”"))
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, AppError> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units = pairs.iter().copied().map(unit);
    let text: Result<String, _> = char::decode_utf16(units).collect();
    match text {
        Ok(text) if rest.is_empty() => Ok(text),
        _ => Err(refused(
            "the file says that it is UTF-16 and is broken; save it as “CSV UTF-8”",
        )),
    }
}

fn line_of(before: &[u8]) -> usize {
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn why(bytes: &[u8]) -> String {
        match sheet(bytes) {
            Err(AppError::Invalid(faults)) => faults[0].message.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn rows_are_cut_where_they_end_and_nowhere_else() {
        let mut text = String::from("email,name\r\n");
        for n in 0..1_201 {
            text.push_str(&format!(
                "p{n}@example.org,\"Somebody\nof two lines, {n}\"\r\n"
            ));
        }
        let sheet = sheet(text.as_bytes()).unwrap();
        assert_eq!(
            (sheet.rows, sheet.has_header, sheet.delimiter),
            (1_201, true, ',')
        );
        assert_eq!(sheet.columns, ["email", "name"]);
        let sizes: Vec<i64> = sheet.pieces.iter().map(|one| one.records).collect();
        assert_eq!(sizes, [500, 500, 201]);
        let lines: Vec<i64> = sheet.pieces.iter().map(|one| one.first_line).collect();
        assert_eq!(lines, [2, 1_002, 2_002], "a row of two lines is two lines");
        let mut seen = 0;
        for piece in &sheet.pieces {
            for record in reader(&piece.text, ',').records() {
                let record = record.unwrap();
                assert_eq!(record.get(0).unwrap(), format!("p{seen}@example.org"));
                assert_eq!(
                    record.get(1).unwrap(),
                    format!("Somebody\nof two lines, {seen}")
                );
                seen += 1;
            }
        }
        assert_eq!(seen, 1_201);
    }

    #[test]
    fn a_first_row_with_an_address_is_a_person() {
        let sheet = sheet("maya@example.org;মায়া রায়".as_bytes()).unwrap();
        assert_eq!(
            (sheet.has_header, sheet.delimiter, sheet.rows),
            (false, ';', 1)
        );
        assert_eq!(sheet.columns, ["Column 1", "Column 2"]);
        assert_eq!(sheet.pieces[0].first_line, 1);
    }

    #[test]
    fn utf_16_is_read_and_other_encodings_are_refused_by_line() {
        let text = "email,name\nzoe@example.org,Zoë\n";
        for big in [false, true] {
            let mut bytes = if big {
                vec![0xfe, 0xff]
            } else {
                vec![0xff, 0xfe]
            };
            for unit in text.encode_utf16() {
                bytes.extend(if big {
                    unit.to_be_bytes()
                } else {
                    unit.to_le_bytes()
                });
            }
            let sheet = sheet(&bytes).unwrap();
            assert!(sheet.pieces[0].text.contains("Zoë"));
            bytes.pop();
            assert!(why(&bytes).contains("UTF-16"));
        }
        let latin = b"email,name\nzoe@example.org,Zo\xeb\n";
        assert!(why(latin).starts_with("line 2 is not UTF-8"));
        let bare: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(why(&bare).contains("NUL"));
    }

    #[test]
    fn what_is_no_table_is_refused_with_its_place() {
        assert!(why(b"").contains("empty"));
        assert!(why(b" \r\n\r\n").contains("empty"));
        assert!(why(b"email,name\n").contains("nobody"));
        assert!(why(b"PK\x03\x04rest").contains("spreadsheet"));
        assert!(why(&[0x1f, 0x8b, 8, 0]).contains("archive"));
        assert!(why(b"email\na@b.org\n\0\n").contains("line 3"));
        assert!(why(b"email,name\na@b.org,\"Maya\nb@b.org,Ravi\n").contains("line 2"));
        let long = format!("email\n\"{}", "a@b.org\n".repeat(5_000));
        assert!(why(long.as_bytes()).contains("quotation mark"));
        let wide = format!("email{}\na@b.org\n", ",x".repeat(9_999));
        assert!(why(wide.as_bytes()).contains("10000 columns"));
        let tall = format!("email\n{}", "a@b.org\n".repeat(ROWS + 1));
        assert!(why(tall.as_bytes()).contains("rows"));
    }
}
