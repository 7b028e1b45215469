//! The shapes of typed text, as the API document states them: what a shape allows, the parser beside it takes.
//!
//! Each pattern says in regular form what a parser of this storey does, length and white space around the text included,
//! so that a client may trust the document (S19). They keep to what ECMA-262, Python and Rust read alike.

use std::borrow::Cow;

use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{KnownFormat, RefOr, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

use super::{Currency, Day, Slug};

/// White space as `str::trim` knows it, inside a class.
const SPACE: &str = r"\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000";
/// What [`super::Line`] refuses beside the C0 controls, inside a class.
const HOSTILE: &str = r"\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff";

/// A client's own key of a request, in a header: 1 to 255 visible ASCII characters.
pub struct RequestKey;

/// What [`super::Line::parse`] takes with the same bound: something, of at most `MOST` characters, on one line.
pub struct OneLine<const MOST: usize>;

/// As [`OneLine`], or nothing but white space.
pub struct LineOrNothing<const MOST: usize>;

/// What [`super::line::parse_lines`] takes with the same bound, or nothing but white space. 0 is no bound.
pub struct Lines<const MOST: usize>;

/// As [`Lines`], without the signs of markup.
pub struct PlainLines<const MOST: usize>;

/// A password's form: 12 to 128 characters, none of them NUL.
pub struct PasswordText;

/// A mail address's form.
pub struct EmailText;

/// A day's form.
pub struct DayText;

/// Money of a request: `LEAST` to `MOST` minor units.
pub struct Amount<const LEAST: i64, const MOST: i64>;

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::Type(Type::String))
}

fn like(pattern: impl Into<String>) -> RefOr<Schema> {
    text().pattern(Some(pattern)).into()
}

/// White space, `inner` with something at both its ends, white space.
fn trimmed(solid: &str, inner: &str, most: usize) -> String {
    let middle = match most {
        0 => "*".to_owned(),
        most => format!("{{0,{}}}", most.saturating_sub(2)),
    };
    format!("[{SPACE}]*{solid}(?:{inner}{middle}{solid})?[{SPACE}]*")
}

fn one_line(most: usize) -> String {
    let solid = format!(r"[^\u0000-\u0020{HOSTILE}\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]");
    trimmed(&solid, &format!(r"[^\u0000-\u001f{HOSTILE}]"), most)
}

fn lines(most: usize, without: &str) -> String {
    let solid =
        format!(r"[^\u0000-\u0020{HOSTILE}\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000{without}]");
    let inner = format!(r"(?:[^\u0000-\u0008\u000b-\u001f{HOSTILE}{without}]|\r\n)");
    format!("^(?:{}|[{SPACE}]*)$", trimmed(&solid, &inner, most))
}

impl<const MOST: usize> PartialSchema for OneLine<MOST> {
    fn schema() -> RefOr<Schema> {
        like(format!("^{}$", one_line(MOST)))
    }
}

impl<const MOST: usize> PartialSchema for LineOrNothing<MOST> {
    fn schema() -> RefOr<Schema> {
        like(format!("^(?:{}|[{SPACE}]*)$", one_line(MOST)))
    }
}

impl<const MOST: usize> PartialSchema for Lines<MOST> {
    fn schema() -> RefOr<Schema> {
        like(lines(MOST, ""))
    }
}

impl<const MOST: usize> PartialSchema for PlainLines<MOST> {
    fn schema() -> RefOr<Schema> {
        like(lines(MOST, "<>"))
    }
}

impl PartialSchema for RequestKey {
    fn schema() -> RefOr<Schema> {
        like("^[!-~]{1,255}$")
    }
}

impl PartialSchema for PasswordText {
    fn schema() -> RefOr<Schema> {
        like(r"^[^\u0000]{12,128}$")
    }
}

impl PartialSchema for EmailText {
    fn schema() -> RefOr<Schema> {
        let format = SchemaFormat::Custom("email".to_owned());
        text().format(Some(format)).into()
    }
}

impl PartialSchema for DayText {
    fn schema() -> RefOr<Schema> {
        let format = SchemaFormat::KnownFormat(KnownFormat::Date);
        text()
            .format(Some(format))
            .pattern(Some(Day::PATTERN))
            .examples(["2026-12-04"])
            .into()
    }
}

impl PartialSchema for Slug {
    fn schema() -> RefOr<Schema> {
        text()
            .pattern(Some(Slug::PATTERN))
            .max_length(Some(Slug::MOST))
            .into()
    }
}

impl<const LEAST: i64, const MOST: i64> PartialSchema for Amount<LEAST, MOST> {
    fn schema() -> RefOr<Schema> {
        let minor = ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::Integer))
            .description(Some("Whole minor units: cents, for dollars."))
            .minimum(Some(LEAST))
            .maximum(Some(MOST))
            .examples([5000.clamp(LEAST, MOST)]);
        let codes = Currency::all().map(Currency::code);
        let currency = text()
            .description(Some("ISO 4217, three capital letters."))
            .enum_values(Some(codes))
            .examples(["USD"]);
        ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::Object))
            .property("minor", minor)
            .property("currency", currency)
            .required("minor")
            .required("currency")
            .additional_properties(Some(
                utoipa::openapi::schema::AdditionalProperties::<Schema>::FreeForm(false),
            ))
            .into()
    }
}

/// Gives shapes their names in the document, by their bounds.
macro_rules! named {
    ($($kind:ident),+) => {
        $(impl<const MOST: usize> ToSchema for $kind<MOST> {
            fn name() -> Cow<'static, str> {
                match MOST {
                    0 => stringify!($kind).into(),
                    most => format!("{}{most}", stringify!($kind)).into(),
                }
            }
        })+
    };
}

named!(OneLine, LineOrNothing, Lines, PlainLines);

impl ToSchema for RequestKey {}
impl ToSchema for PasswordText {}
impl ToSchema for EmailText {}
impl ToSchema for DayText {}
impl ToSchema for Slug {}

impl<const LEAST: i64, const MOST: i64> ToSchema for Amount<LEAST, MOST> {
    fn name() -> Cow<'static, str> {
        format!("Amount{LEAST}To{MOST}").into()
    }
}
