//! One row of a file as a person, or why it is none.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::read::{Lines, reader};
use crate::kernel::line::BadText;
use crate::kernel::{Email, Line, Zone};
use crate::subscribers::choices::is_language;
use crate::subscribers::joining::NAME_MOST;

crate::words! {
    /// What a column is taken for.
    pub enum Field {
        /// Left out.
        Nothing = "nothing",
        /// The address.
        Email = "email",
        /// The whole name.
        Name = "name",
        /// The given name.
        Given = "given_name",
        /// The family name.
        Family = "family_name",
        /// The language, as a tag.
        Language = "language",
        /// The country, in two letters.
        Country = "country",
        /// The time zone, as IANA calls it.
        TimeZone = "time_zone",
    }
}

impl Field {
    /// What it is called.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Nothing => "leave out",
            Self::Email => "address",
            Self::Name => "name",
            Self::Given => "given name",
            Self::Family => "family name",
            Self::Language => "language (en, bn …)",
            Self::Country => "country (US, IN …)",
            Self::TimeZone => "time zone (Asia/Kolkata …)",
        }
    }

    /// What a column of this name most likely is.
    pub fn guess(column: &str) -> Self {
        let folded: String = column
            .to_lowercase()
            .chars()
            .filter(|c| c.is_alphanumeric())
            .collect();
        match folded.as_str() {
            "email" | "mail" | "emailaddress" | "mailaddress" | "address" | "correo" => Self::Email,
            "name" | "fullname" | "nombre" => Self::Name,
            "givenname" | "firstname" | "first" => Self::Given,
            "familyname" | "lastname" | "surname" | "last" => Self::Family,
            "language" | "lang" | "locale" => Self::Language,
            "country" | "countrycode" => Self::Country,
            "timezone" | "zone" | "tz" => Self::TimeZone,
            _ => Self::Nothing,
        }
    }
}

/// A column: how the file calls it, and what it is taken for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it is.
    pub field: Field,
}

/// A row that is a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Where they are written to.
    pub email: Email,
    /// Their name, or nothing.
    pub name: String,
    /// Their language, or nothing.
    pub language: String,
    /// Their country, or nothing.
    pub country: String,
    /// Their time zone.
    pub time_zone: Option<String>,
}

/// Why a row is no person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It has another number of cells than the file has columns.
    Cells(usize, usize),
    /// Its cell of the address is empty.
    NoAddress,
    /// That is no address.
    Address,
    /// The name is too long, or holds signs that no name has.
    Name(BadText),
    /// That is no language tag.
    Language,
    /// That is not a country in two letters.
    Country,
    /// There is no such time zone.
    TimeZone,
    /// The address stood in the file before, at this line.
    Repeated(i64),
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cells(has, wants) => {
                write!(out, "the row has {has} cells, and the file {wants} columns")
            }
            Self::NoAddress => out.write_str("there is no address"),
            Self::Address => out.write_str("this is no mail address"),
            Self::Name(bad) => write!(out, "the name: {bad}"),
            Self::Language => out.write_str("write the language as a tag: en, bn, es-MX"),
            Self::Country => out.write_str("write the country in two letters: US, IN"),
            Self::TimeZone => out.write_str("there is no such time zone; write Asia/Kolkata"),
            Self::Repeated(line) => write!(out, "the address stands at line {line} already"),
        }
    }
}

/// A row with its line, its cells, and what it is.
#[derive(Debug, Clone)]
pub struct Read {
    /// The line at which it begins in the file.
    pub line: i64,
    /// Its cells.
    pub cells: Vec<String>,
    /// A person, or why not.
    pub person: Result<Person, Fault>,
}

/// The rows of a piece; empty ones are none.
pub fn rows(text: &str, first_line: i64, delimiter: char, columns: &[Column]) -> Vec<Read> {
    let (mut all, mut lines) = (Vec::new(), Lines::default());
    for record in reader(text, delimiter).into_records().map_while(Result::ok) {
        let (_, line) = lines.begin(text, &record);
        let cells: Vec<String> = record.iter().map(str::to_owned).collect();
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        all.push(Read {
            line: first_line + line - 1,
            person: person(&cells, columns),
            cells,
        });
    }
    all
}

fn person(cells: &[String], columns: &[Column]) -> Result<Person, Fault> {
    if cells.len() != columns.len() {
        return Err(Fault::Cells(cells.len(), columns.len()));
    }
    let cell = |field: Field| {
        let at = columns.iter().position(|column| column.field == field);
        at.and_then(|at| cells.get(at))
            .map_or("", |text| text.trim())
    };
    let email = match cell(Field::Email) {
        "" => return Err(Fault::NoAddress),
        text => text.parse::<Email>().map_err(|_| Fault::Address)?,
    };
    if !email.is_reachable() {
        return Err(Fault::Address);
    }
    let name = match cell(Field::Name) {
        "" => format!("{} {}", cell(Field::Given), cell(Field::Family)),
        whole => whole.to_owned(),
    };
    let name = match name.trim() {
        "" => String::new(),
        text => Line::parse(text, NAME_MOST)
            .map_err(Fault::Name)?
            .into_string(),
    };
    let language = cell(Field::Language);
    if !is_language(language) {
        return Err(Fault::Language);
    }
    let country = cell(Field::Country);
    let is_code = country.len() == 2 && country.bytes().all(|b| b.is_ascii_alphabetic());
    if !country.is_empty() && !is_code {
        return Err(Fault::Country);
    }
    let time_zone = match cell(Field::TimeZone) {
        "" => None,
        text => Some(
            text.parse::<Zone>()
                .map_err(|_| Fault::TimeZone)?
                .to_string(),
        ),
    };
    Ok(Person {
        email,
        name,
        language: language.to_owned(),
        country: country.to_ascii_uppercase(),
        time_zone,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn columns(fields: &[Field]) -> Vec<Column> {
        let column = |field: &Field| Column {
            name: field.to_string(),
            field: *field,
        };
        fields.iter().map(column).collect()
    }

    #[test]
    fn a_row_is_a_person_with_what_its_columns_say() {
        let columns = columns(&[
            Field::Given,
            Field::Email,
            Field::Family,
            Field::Nothing,
            Field::Country,
            Field::TimeZone,
        ]);
        let text = "মায়া, Maya@Example.ORG ,রায়,=cmd|' /C calc'!A0,in,Asia/Kolkata\n";
        let read = rows(text, 7, ',', &columns).remove(0);
        let person = read.person.unwrap();
        assert_eq!(read.line, 7);
        assert_eq!(person.email.as_str(), "Maya@example.org");
        assert_eq!(person.name, "মায়া রায়");
        assert_eq!(
            (person.country.as_str(), person.time_zone.as_deref()),
            ("IN", Some("Asia/Kolkata"))
        );
    }

    #[test]
    fn formulas_are_names_and_what_cannot_be_read_is_said() {
        let columns = columns(&[Field::Email, Field::Name, Field::Country]);
        let text = "a@example.org,=1+1,US\n\nb@example.org,\"x\u{202e}y\",US\nnobody,N,US\n,N,US\nc@example.org,N\nd@example.org,N,Narnia\n";
        let found: Vec<(i64, Result<String, Fault>)> = rows(text, 2, ',', &columns)
            .into_iter()
            .map(|read| (read.line, read.person.map(|person| person.name)))
            .collect();
        assert_eq!(
            found,
            [
                (2, Ok("=1+1".to_owned())),
                (4, Err(Fault::Name(BadText::Control))),
                (5, Err(Fault::Address)),
                (6, Err(Fault::NoAddress)),
                (7, Err(Fault::Cells(2, 3))),
                (8, Err(Fault::Country)),
            ]
        );
    }
}
