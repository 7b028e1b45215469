//! The mails' templates: a folder per mail with `subject.txt.hbs`, `body.mjml.hbs`, `body.txt.hbs` and `sample.json`.
//!
//! MJML becomes HTML once, at load, with its expressions left in place; from then on a mail costs three handlebars
//! renderings. Everything is strict and every mail is rendered with its sample at load, so a missing part or a
//! misspelt field keeps the program from starting instead of leaving a hole in somebody's mail.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use handlebars::{Context, Handlebars};
use serde_json::Value;

use super::formats;
use crate::error::{AppError, AppResult};
use crate::kernel::Line;

/// A subject is cut to this many characters (N10: lines stay short, and nobody reads on).
pub const SUBJECT_MOST: usize = 200;

#[derive(rust_embed::RustEmbed)]
#[folder = "templates/mail"]
struct Embedded;

const SUBJECT: &str = "subject.txt.hbs";
const MJML: &str = "body.mjml.hbs";
const TEXT: &str = "body.txt.hbs";
const SAMPLE: &str = "sample.json";

/// A mail's three parts, filled in.
#[derive(Clone, PartialEq, Eq)]
pub struct Rendered {
    /// One line, without controls, at most [`SUBJECT_MOST`] characters.
    pub subject: String,
    /// The HTML part.
    pub html: String,
    /// The text part, which must read well alone.
    pub text: String,
}

/// Every mail of this program, compiled.
pub struct Templates {
    html: Handlebars<'static>,
    plain: Handlebars<'static>,
    /// Each mail's sample: also the list of the fields that a context must have.
    samples: BTreeMap<String, Value>,
}

impl Templates {
    /// Loads the built-in mails; a file `<folder>/<mail>/<part>` takes precedence over the built-in part.
    ///
    /// # Errors
    /// When a part is missing, does not compile, or does not render with its sample.
    pub fn load(folder: Option<&Path>) -> AppResult<Self> {
        let mut names: BTreeSet<String> = Embedded::iter()
            .filter_map(|path| path.split_once('/').map(|(name, _)| name.to_owned()))
            .collect();
        names.extend(folder.map(folders_in).transpose()?.unwrap_or_default());
        let mut templates = Self {
            html: registry(handlebars::html_escape),
            plain: registry(handlebars::no_escape),
            samples: BTreeMap::new(),
        };
        for name in names {
            templates
                .add(&name, folder)
                .map_err(|cause| AppError::internal(format!("mail {name}: {cause}")))?;
        }
        Ok(templates)
    }

    fn add(&mut self, name: &str, folder: Option<&Path>) -> AppResult<()> {
        let subject = part(name, SUBJECT, folder)?;
        let html = html_of(&part(name, MJML, folder)?)?;
        let compile = |error: handlebars::TemplateError| AppError::internal(error);
        self.plain
            .register_template_string(&subject_key(name), subject.trim_end())
            .map_err(compile)?;
        self.plain
            .register_template_string(name, part(name, TEXT, folder)?)
            .map_err(compile)?;
        self.html
            .register_template_string(name, html)
            .map_err(compile)?;
        let sample: Value = serde_json::from_str(&part(name, SAMPLE, folder)?)?;
        self.samples.insert(name.to_owned(), sample.clone());
        self.render(name, &sample).map(|_| ())
    }

    /// The mails there are.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.samples.keys().map(String::as_str)
    }

    /// Fills mail `name` with `context`. A field that is not known is `null`; one that is absent is an error.
    ///
    /// # Errors
    /// When there is no such mail, `context` lacks a field, or the subject would not be one harmless line. The cause
    /// names fields and places, never values, so it may be logged.
    pub fn render(&self, name: &str, context: &Value) -> AppResult<Rendered> {
        let sample = self
            .samples
            .get(name)
            .ok_or_else(|| AppError::internal(format!("there is no mail {name}")))?;
        if let Some(field) = absent(sample, context) {
            return Err(AppError::internal(format!("the context lacks {field}")));
        }
        let context = Context::wraps(context).map_err(AppError::internal)?;
        let fill = |registry: &Handlebars<'static>, key: &str| {
            registry
                .render_with_context(key, &context)
                .map_err(AppError::internal)
        };
        let subject = fill(&self.plain, &subject_key(name))?;
        let subject = Line::parse(&shortened(&subject), SUBJECT_MOST)
            .map_err(|cause| AppError::internal(format!("subject: {cause}")))?;
        Ok(Rendered {
            subject: subject.into_string(),
            html: harmless(fill(&self.html, name)?),
            text: tidy(&harmless(fill(&self.plain, name)?)),
        })
    }

    /// The sample that mail `name` was proved with at load.
    pub fn sample(&self, name: &str) -> Option<&Value> {
        self.samples.get(name)
    }
}

/// A field that `sample` has and `context` has not. Strict mode alone lets `{{#if misspelt}}` pass as false.
fn absent(sample: &Value, context: &Value) -> Option<String> {
    match (sample, context) {
        (Value::Object(fields), Value::Object(given)) => fields.iter().find_map(|(name, inner)| {
            let Some(value) = given.get(name) else {
                return Some(name.clone());
            };
            absent(inner, value).map(|deeper| format!("{name}.{deeper}"))
        }),
        (Value::Array(items), Value::Array(given)) => {
            let first = items.first()?;
            given.iter().find_map(|item| absent(first, item))
        }
        _ => None,
    }
}

fn subject_key(name: &str) -> String {
    format!("{name}/subject")
}

fn registry(escape: fn(&str) -> String) -> Handlebars<'static> {
    let mut registry = Handlebars::new();
    registry.set_strict_mode(true);
    registry.set_prevent_indent(true);
    registry.register_escape_fn(escape);
    formats::register(&mut registry);
    registry
}

/// The names of the mails in an overriding folder.
fn folders_in(folder: &Path) -> AppResult<Vec<String>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(AppError::internal)? {
        let entry = entry.map_err(AppError::internal)?;
        if entry.path().is_dir() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    Ok(names)
}

/// The text of one file of mail `name`.
fn part(name: &str, file: &str, folder: Option<&Path>) -> AppResult<String> {
    if let Some(path) = folder.map(|folder| folder.join(name).join(file))
        && path.is_file()
    {
        return std::fs::read_to_string(&path)
            .map_err(|cause| AppError::internal(format!("{}: {cause}", path.display())));
    }
    let embedded = Embedded::get(&format!("{name}/{file}"))
        .ok_or_else(|| AppError::internal(format!("{file} is missing")))?;
    String::from_utf8(embedded.data.into_owned()).map_err(AppError::internal)
}

/// MJML to HTML. The expressions must come through untouched, and nothing may be fetched: includes are refused and
/// no web font is named.
fn html_of(mjml: &str) -> AppResult<String> {
    if mjml.contains("<mj-include") {
        return Err(AppError::internal(format!(
            "{MJML}: mj-include is not followed; write the part out"
        )));
    }
    let parsed = mrml::parse(mjml).map_err(AppError::internal)?;
    if let Some(warning) = parsed.warnings.first() {
        return Err(AppError::internal(format!("{MJML}: {warning}")));
    }
    let options = mrml::prelude::render::RenderOptions {
        disable_comments: true,
        social_icon_origin: None,
        fonts: std::collections::HashMap::default(),
    };
    let html = parsed
        .element
        .render(&options)
        .map_err(AppError::internal)?;
    for expression in expressions(mjml) {
        if !html.contains(expression) {
            return Err(AppError::internal(format!(
                "{MJML}: {expression} stands where MJML drops text; put it into mj-raw, mj-text or an attribute"
            )));
        }
    }
    Ok(html)
}

/// Every `{{…}}` of a template.
fn expressions(template: &str) -> impl Iterator<Item = &str> {
    template.split("{{").skip(1).filter_map(move |rest| {
        let end = rest.find("}}")?;
        let start = rest.as_ptr() as usize - template.as_ptr() as usize;
        template.get(start - 2..start + end + 2)
    })
}

/// At most [`SUBJECT_MOST`] characters, an ellipsis where something was cut.
fn shortened(subject: &str) -> String {
    if subject.chars().count() <= SUBJECT_MOST {
        return subject.to_owned();
    }
    let kept: String = subject.chars().take(SUBJECT_MOST - 1).collect();
    format!("{}…", kept.trim_end())
}

/// Without controls (PostgreSQL keeps no NUL, mail servers take none) and signs that turn the direction of writing.
fn harmless(text: String) -> String {
    let hostile = |symbol: char| {
        (symbol.is_control() && !matches!(symbol, '\n' | '\t'))
            || matches!(symbol, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    // Nearly every mail is harmless as it is, and thirteen kilobytes are slow to copy letter by letter.
    if text.chars().any(hostile) {
        text.chars().filter(|symbol| !hostile(*symbol)).collect()
    } else {
        text
    }
}

/// No blank at a line's end and never two empty lines together, whichever conditions were left out.
fn tidy(text: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    for line in text.lines().map(str::trim_end) {
        if !(line.is_empty() && lines.last().is_none_or(|last| last.is_empty())) {
            lines.push(line);
        }
    }
    let mut tidied = lines.join("\n").trim_end().to_owned();
    tidied.push('\n');
    tidied
}

#[cfg(test)]
#[path = "templates_tests.rs"]
mod tests;
