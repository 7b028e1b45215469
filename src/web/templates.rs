//! Stand-in for the page templates: the `error` template alone.

use std::path::Path;

use serde::Serialize;

/// Why templates could not be loaded or rendered.
#[derive(Debug, thiserror::Error)]
#[error("template: {0}")]
pub struct TemplateError(String);

/// The page templates.
pub struct Templates(handlebars::Handlebars<'static>);

const ERROR: &str = "<!doctype html><html lang=\"en\"><title>{{title}}</title><style nonce=\"{{nonce}}\">body{font-family:serif}</style>\
<h1>{{title}}</h1><p>{{detail}}</p>{{#each errors}}<p>{{field}}: {{message}}</p>{{/each}}</html>";

impl Templates {
    /// Loads the templates.
    ///
    /// # Errors
    /// When one does not parse.
    pub fn load(_override_dir: Option<&Path>) -> Result<Self, TemplateError> {
        let mut registry = handlebars::Handlebars::new();
        registry
            .register_template_string("error", ERROR)
            .map_err(|error| TemplateError(error.to_string()))?;
        Ok(Self(registry))
    }

    /// Renders the template `name` over `context`.
    ///
    /// # Errors
    /// When there is none such, or the context does not fit.
    pub fn render(&self, name: &str, context: &impl Serialize) -> Result<String, TemplateError> {
        self.0
            .render(name, context)
            .map_err(|error| TemplateError(error.to_string()))
    }
}
