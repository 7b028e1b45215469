//! What templates may do with a value: `money`, `date`, `colour`.

use handlebars::{
    Context, Handlebars, Helper, HelperResult, Output, RenderContext, RenderError,
    RenderErrorReason,
};
use serde_json::Value;

use crate::kernel::Money;

/// Makes the formats known to `registry`.
pub(super) fn register(registry: &mut Handlebars<'static>) {
    registry.register_helper("money", Box::new(money));
    registry.register_helper("date", Box::new(date));
    registry.register_helper("colour", Box::new(colour));
}

fn value<'a>(helper: &'a Helper<'_>) -> Result<&'a Value, RenderError> {
    helper
        .param(0)
        .filter(|param| !param.is_value_missing())
        .map(|param| param.value())
        .ok_or_else(|| RenderErrorReason::ParamNotFoundForIndex("money, date or colour", 0).into())
}

fn refuse(what: &str) -> RenderError {
    RenderErrorReason::Other(what.to_owned()).into()
}

/// `{{money amount}}`: `{ "minor": 5000, "currency": "USD" }` as people read it.
fn money(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    let amount: Money = serde_json::from_value(value(helper)?.clone())
        .map_err(|_| refuse("money: not an amount with minor and currency"))?;
    out.write(&amount.to_string())?;
    Ok(())
}

/// `{{date day}}`: `2026-12-01`, or an instant whose UTC day counts, as `1 December 2026`.
fn date(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    let text = value(helper)?.as_str().unwrap_or_default();
    let day = text
        .get(..10)
        .and_then(|day| day.parse::<chrono::NaiveDate>().ok())
        .ok_or_else(|| refuse("date: not a day like 2026-12-01"))?;
    out.write(&day.format("%-d %B %Y").to_string())?;
    Ok(())
}

/// `{{colour accent}}`: `#rrggbb` and nothing else, since it stands inside a style.
fn colour(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    let text = value(helper)?.as_str().unwrap_or_default();
    let digits = text.strip_prefix('#').unwrap_or_default();
    if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(refuse("colour: not #rrggbb"));
    }
    out.write(text)?;
    Ok(())
}
