//! The page templates: handlebars in strict mode, embedded, overridable by a folder.
//!
//! Every template is parsed when the program starts, so a mistake in one is a failed start that names
//! the file, never a broken page. Output is escaped; raw markup passes only through `{{{…}}}` from
//! fields whose names end in `_svg` (drawn by this program) or `_html` (sanitised on the way in).

use std::path::{Path, PathBuf};

use handlebars::{
    Context, Handlebars, Helper, HelperResult, Output, RenderContext, RenderError,
    RenderErrorReason,
};
use rust_embed::RustEmbed;
use serde::Serialize;
use serde_json::Value;

use super::assets;
use super::views::wording;

#[derive(RustEmbed)]
#[folder = "templates/web/"]
struct Embedded;

/// Why templates could not be loaded or a page not be rendered.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// A template does not parse.
    #[error("template {file}: {cause}")]
    Parse {
        /// Its path under the template folder, or the override's own path.
        file: String,
        /// What the parser says, with line and column.
        cause: String,
    },
    /// An embedded template is not UTF-8, or an override could not be read.
    #[error("template {file} cannot be read: {cause}")]
    Read {
        /// Its path.
        file: String,
        /// What the system says.
        cause: String,
    },
    /// A template met a context that does not fit it.
    #[error("template {name}: {cause}")]
    Render {
        /// The template's name.
        name: String,
        /// What handlebars says; names fields, never their values.
        cause: String,
    },
}

/// All page templates, parsed.
pub struct Templates {
    registry: Handlebars<'static>,
}

impl Templates {
    /// Parses every embedded template, and in its place the file of the same path under
    /// `override_dir` (which mirrors `templates/web/`) where there is one. Files that only the
    /// override has are added under their own names.
    pub fn load(override_dir: Option<&Path>) -> Result<Self, TemplateError> {
        let mut registry = Handlebars::new();
        registry.set_strict_mode(true);
        register_helpers(&mut registry);
        for path in Embedded::iter() {
            let read = |cause: String| TemplateError::Read {
                file: path.to_string(),
                cause,
            };
            let file = Embedded::get(&path).ok_or_else(|| read("not embedded".to_owned()))?;
            let text = std::str::from_utf8(&file.data).map_err(|error| read(error.to_string()))?;
            add(&mut registry, &path, text, &path)?;
        }
        if let Some(folder) = override_dir {
            for file in hbs_files(folder)? {
                let shown = file.display().to_string();
                let text = std::fs::read_to_string(&file).map_err(|error| TemplateError::Read {
                    file: shown.clone(),
                    cause: error.to_string(),
                })?;
                let path = file.strip_prefix(folder).unwrap_or(&file);
                add(&mut registry, &path.to_string_lossy(), &text, &shown)?;
            }
        }
        Ok(Self { registry })
    }

    /// Renders the template `name` (its path without `.hbs`). A field that the template names and
    /// `context` lacks is an error, not an empty string.
    pub fn render(&self, name: &str, context: &impl Serialize) -> Result<String, TemplateError> {
        self.registry
            .render(name, context)
            .map_err(|error| TemplateError::Render {
                name: name.to_owned(),
                cause: error.to_string(),
            })
    }

    /// The names of all templates, partials included.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.registry.get_templates().keys().map(String::as_str)
    }
}

fn add(
    registry: &mut Handlebars<'static>,
    path: &str,
    text: &str,
    shown: &str,
) -> Result<(), TemplateError> {
    let name = path.strip_suffix(".hbs").unwrap_or(path).replace('\\', "/");
    registry
        .register_template_string(&name, text)
        .map_err(|error| TemplateError::Parse {
            file: shown.to_owned(),
            cause: error.to_string(),
        })
}

/// Every `.hbs` file under `folder`, in a fixed order. A folder that does not exist is an error:
/// a mistyped setting must not silently give the built-in pages.
fn hbs_files(folder: &Path) -> Result<Vec<PathBuf>, TemplateError> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let failed = |error: std::io::Error| TemplateError::Read {
            file: folder.display().to_string(),
            cause: error.to_string(),
        };
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "hbs") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn register_helpers(registry: &mut Handlebars<'static>) {
    registry.register_helper("money", Box::new(helper(|p| wording::money(arg(p, 0)?))));
    registry.register_helper("cents", Box::new(helper(|p| wording::cents(arg(p, 0)?))));
    registry.register_helper("number", Box::new(helper(|p| wording::number(arg(p, 0)?))));
    registry.register_helper(
        "date",
        Box::new(helper(|p| {
            let style = p.get(1).and_then(|v| v.as_str()).unwrap_or("long");
            wording::date(arg(p, 0)?, style)
        })),
    );
    registry.register_helper(
        "percent_width",
        Box::new(helper(|p| wording::percent_width(arg(p, 0)?, arg(p, 1)?))),
    );
    registry.register_helper(
        "plural",
        Box::new(helper(|p| {
            wording::plural(arg(p, 0)?, text(p, 1)?, text(p, 2)?)
        })),
    );
    registry.register_helper(
        "asset",
        Box::new(helper(|p| {
            let name = text(p, 0)?;
            assets::url(name).ok_or_else(|| format!("no asset is named {name}"))
        })),
    );
    // `eq` and `any` answer with a value, so that they can stand inside {{#if …}}.
    handlebars::handlebars_helper!(eq: |a: Json, b: Json| a == b);
    registry.register_helper("eq", Box::new(eq));
}

fn arg<'v>(params: &[&'v Value], at: usize) -> Result<&'v Value, String> {
    params
        .get(at)
        .copied()
        .ok_or_else(|| format!("parameter {at} is missing"))
}

fn text<'v>(params: &[&'v Value], at: usize) -> Result<&'v str, String> {
    arg(params, at)?
        .as_str()
        .ok_or_else(|| format!("parameter {at} is not text"))
}

/// Makes a helper that writes escaped text from plain JSON parameters.
fn helper<F>(
    write: F,
) -> impl for<'reg, 'rc> Fn(
    &Helper<'rc>,
    &'reg Handlebars<'reg>,
    &'rc Context,
    &mut RenderContext<'reg, 'rc>,
    &mut dyn Output,
) -> HelperResult
+ Send
+ Sync
+ 'static
where
    F: Fn(&[&Value]) -> Result<String, String> + Send + Sync + 'static,
{
    move |h: &Helper<'_>,
          _: &Handlebars<'_>,
          _: &Context,
          _: &mut RenderContext<'_, '_>,
          out: &mut dyn Output| {
        if let Some(missing) = h.params().iter().find(|p| p.is_value_missing()) {
            let path = missing
                .relative_path()
                .map_or("a parameter", String::as_str);
            return Err(wrong(h.name(), &format!("{path} is missing")));
        }
        let params: Vec<&Value> = h.params().iter().map(|p| p.value()).collect();
        let written = write(&params).map_err(|cause| wrong(h.name(), &cause))?;
        out.write(&handlebars::html_escape(&written))?;
        Ok(())
    }
}

fn wrong(helper: &str, cause: &str) -> RenderError {
    RenderErrorReason::Other(format!("{helper}: {cause}")).into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use serde_json::json;

    fn with(text: &str) -> Templates {
        let mut templates = Templates::load(None).unwrap();
        templates
            .registry
            .register_template_string("t", text)
            .unwrap();
        templates
    }

    #[test]
    fn output_is_escaped_and_missing_fields_are_errors() {
        let templates = with("{{a}}|{{money m}}|{{#if (eq a \"x\")}}x{{else}}-{{/if}}");
        let context = json!({"a": "<script>", "m": {"minor": 123_456_700, "currency": "USD"}});
        assert_eq!(
            templates.render("t", &context).unwrap(),
            "&lt;script&gt;|$1,234,567|-"
        );
        assert!(matches!(
            templates.render("t", &json!({})),
            Err(TemplateError::Render { .. })
        ));
        let templates = with("{{money gone}}");
        assert!(templates.render("t", &json!({})).is_err());
    }

    #[test]
    fn an_override_replaces_a_template_and_a_broken_one_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("error.hbs"), "mine").unwrap();
        let templates = Templates::load(Some(folder.path())).unwrap();
        assert_eq!(templates.render("error", &json!({})).unwrap(), "mine");
        std::fs::write(folder.path().join("home.hbs"), "{{#if").unwrap();
        let failed = Templates::load(Some(folder.path()))
            .err()
            .unwrap()
            .to_string();
        assert!(failed.contains("home.hbs"), "{failed}");
        assert!(Templates::load(Some(&folder.path().join("nowhere"))).is_err());
    }

    #[test]
    fn every_raw_field_is_drawn_or_sanitised() {
        for path in Embedded::iter() {
            let file = Embedded::get(&path).unwrap();
            let text = std::str::from_utf8(&file.data).unwrap();
            for raw in text.split("{{{").skip(1) {
                let field = raw.split("}}}").next().unwrap().trim();
                assert!(
                    field.ends_with("_svg") || field.ends_with("_html"),
                    "{path}: {{{{{{{field}}}}}}}"
                );
            }
            assert!(
                !text.contains(" style=\""),
                "{path}: an inline style would be blocked by the CSP"
            );
            assert!(!text.contains(" onclick"), "{path}: inline handler");
        }
    }
}
