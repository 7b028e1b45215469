//! What the process says about itself: JSON lines for machines, readable lines for a person at a terminal.
//!
//! Nothing typed by a visitor enters a line but through escaping, and addresses, tokens, query strings and paths (whose
//! parts may be tokens) never do: a request is named by its route's pattern (S14).

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format;

use crate::error::{AppError, AppResult};

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lines {
    /// One JSON object a line (`serve`).
    Json,
    /// For a person (`demo`).
    Readable,
}

/// What is said unless `RUST_LOG` asks otherwise.
const DEFAULT: &str = "info,actix_server=warn,selvedge=info";

/// Begins to write log lines to the standard error output. `filter` is the value of `RUST_LOG`, if it is set.
///
/// # Errors
/// When `filter` cannot be read, or logging has begun already.
pub fn begin(lines: Lines, filter: Option<&str>) -> AppResult<()> {
    let filter = EnvFilter::try_new(filter.unwrap_or(DEFAULT))
        .map_err(|error| AppError::internal(format!("RUST_LOG: {error}")))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .with_writer(std::io::stderr);
    match lines {
        // serde_json escapes control characters.
        Lines::Json => builder
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .try_init(),
        Lines::Readable => builder.with_target(false).fmt_fields(readable()).try_init(),
    }
    .map_err(|error| AppError::internal(format!("logging: {error}")))
}

/// Fields as `name=value`, the message bare, control characters escaped.
fn readable() -> impl for<'w> tracing_subscriber::fmt::FormatFields<'w> + Send + Sync + 'static {
    use tracing_subscriber::field::MakeExt;
    format::debug_fn(|writer, field, value| {
        let text = escaped(&format!("{value:?}"));
        match field.name() {
            "message" => write!(writer, "{text}"),
            name => write!(writer, "{name}={text}"),
        }
    })
    .delimited(" ")
}

/// `text` with control characters written as `\u{…}`: no line of a log can be forged, no terminal be steered.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for symbol in text.chars() {
        if symbol.is_control() {
            safe.extend(symbol.escape_unicode());
        } else {
            safe.push(symbol);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_typed_text_can_forge_a_line() {
        assert_eq!(
            escaped("name\nINFO forged\u{1b}[2J"),
            "name\\u{a}INFO forged\\u{1b}[2J"
        );
        assert_eq!(escaped("মায়া ok"), "মায়া ok");
    }
}
