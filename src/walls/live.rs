//! What the browsers that watch a band are told: the whole state, as `live.js` reads it.

use chrono::Duration;
use serde::Serialize;

use super::band::{Weave, said};
use super::model::WallGift;
use crate::error::AppResult;
use crate::kernel::Timestamp;
use crate::kernel::money::thousands;
use crate::web::views::palette::Palette;

/// How long a gift is news, in seconds: a message that only takes a refund off announces nobody.
const NEWS: i64 = 30;

/// One message: texts come formatted, names and amounts only as far as the giver allows.
#[derive(Debug, Serialize)]
struct Message {
    raised: String,
    donors: String,
    gifts: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    say: Option<String>,
    band: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    wall: Vec<Line>,
}

/// A gift on the live screen.
#[derive(Debug, Serialize)]
struct Line {
    who: String,
    what: String,
    words: String,
}

/// The state of a band at `now`; `newest` are the gifts, newest first, of which the first may be announced and all listed.
///
/// # Errors
/// When an amount cannot be written.
pub fn message(
    weave: &Weave,
    palette: &Palette,
    newest: &[WallGift],
    (announce, list_them): (bool, bool),
    now: Timestamp,
) -> AppResult<String> {
    let total = weave.total();
    let news = newest
        .first()
        .filter(|gift| announce && gift.paid_at > now.minus(Duration::seconds(NEWS)));
    let count = |number: i64| thousands(u64::try_from(number).unwrap_or_default());
    let mut wall = Vec::new();
    for gift in newest.iter().filter(|_| list_them) {
        wall.push(Line {
            who: who(gift).to_owned(),
            what: what(gift)?,
            words: gift.comment.clone().unwrap_or_default(),
        });
    }
    let message = Message {
        raised: said(total.raised())?,
        donors: count(total.donors),
        gifts: count(total.donations),
        say: news
            .map(|gift| {
                Ok::<_, crate::error::AppError>(format!("{} gave {}.", who(gift), what(gift)?))
            })
            .transpose()?,
        band: weave.svg(palette)?,
        wall,
    };
    Ok(serde_json::to_string(&message)?)
}

fn who(gift: &WallGift) -> &str {
    gift.donor.as_deref().unwrap_or("Anonymous")
}

fn what(gift: &WallGift) -> AppResult<String> {
    gift.amount.map_or_else(|| Ok("a gift".to_owned()), said)
}
