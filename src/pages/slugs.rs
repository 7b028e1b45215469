//! The addresses of pages: which are free, which are offered, and what becomes of old ones.

use diesel::prelude::*;

use super::PageId;
use crate::db::Conn;
use crate::db::schema::{page_aliases, pages};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::{Slug, Timestamp};

/// Words that stand where a page's slug would, in addresses of the program's own.
const RESERVED: [&str; 5] = ["transfer", "new", "start", "api", "pages"];

/// The letters behind a season's slug where a name has none of its own: without vowels, so that they spell no word.
const LETTERS: &[u8; 20] = b"bcdfghjklmnpqrstvwxz";

/// The conflict of a slug that is somebody else's.
pub(super) fn taken(slug: &Slug) -> AppError {
    AppError::Conflict {
        code: "slug_taken",
        detail: format!("the address “{slug}” is taken; choose another"),
    }
}

/// That a slug is neither a word of the program's own nor one that a page other than `own` had before.
pub(super) fn not_kept(conn: &mut Conn, slug: &Slug, own: Option<PageId>) -> AppResult<()> {
    if RESERVED.contains(&slug.as_str()) {
        return Err(taken(slug));
    }
    let query = page_aliases::table.find(slug).select(page_aliases::page_id);
    let kept: Option<PageId> = each!(conn, c => query.first(c).optional())?;
    if kept.is_some() && kept != own {
        return Err(taken(slug));
    }
    Ok(())
}

/// Whether a page (other than `own`) may have this slug.
///
/// # Errors
/// The database's.
pub fn is_free(conn: &mut Conn, slug: &Slug, own: Option<PageId>) -> AppResult<bool> {
    let query = pages::table.filter(pages::slug.eq(slug)).select(pages::id);
    let holder: Option<PageId> = each!(conn, c => query.first(c).optional())?;
    if holder.is_some() && holder != own {
        return Ok(false);
    }
    match not_kept(conn, slug, own) {
        Ok(()) => Ok(true),
        Err(AppError::Conflict { .. }) => Ok(false),
        Err(other) => Err(other),
    }
}

/// The `attempt`th slug to try for a participant of this name: the name itself, then numbered, and from the fourth on
/// numbered by chance (`draw`), so that many who are called alike do not queue behind one another. A name that has no letter
/// of a slug (in Bengali or Arabic, or an emoji) gets its season's slug and four letters by chance.
pub fn candidate(participant: &str, season: &Slug, attempt: u32, draw: u32) -> Slug {
    let Some(base) = Slug::from_title(participant) else {
        return by_season(season, draw);
    };
    let base = base.as_str();
    let text = match attempt {
        0 => base.to_owned(),
        1 | 2 => format!("{base}-{}", attempt + 1),
        3..=5 => format!("{base}-{}", 4 + draw % 996),
        _ => format!("{base}-{}", 1_000 + draw % 999_999_000),
    };
    // A base is at most 56 letters long, so a number fits behind it; the fallback cannot be needed.
    text.parse().unwrap_or_else(|_| by_season(season, draw))
}

/// `dressember-2026-kqvt`; 160,000 a season.
fn by_season(season: &Slug, draw: u32) -> Slug {
    let mut rest = draw as usize;
    let mut letters = String::new();
    for _ in 0..4 {
        let letter = LETTERS.get(rest % LETTERS.len()).copied();
        letters.push(char::from(letter.unwrap_or(b'x')));
        rest /= LETTERS.len();
    }
    let stem: String = season.as_str().chars().take(Slug::MOST - 5).collect();
    let text = format!("{}-{letters}", stem.trim_end_matches('-'));
    text.parse().unwrap_or_else(|_| season.clone())
}

/// How often a made slug is tried before giving up: the last ones are drawn from a thousand million.
pub const ATTEMPTS: u32 = 16;

/// Chance enough for [`candidate`]; nothing secret hangs on it.
pub fn draw() -> u32 {
    let bytes = uuid::Uuid::new_v4().into_bytes();
    let [a, b, c, d, ..] = bytes;
    u32::from_be_bytes([a, b, c, d])
}

/// Moves a page to another slug; the old one goes on leading to it.
///
/// # Errors
/// [`AppError::Conflict`] `slug_taken`.
pub fn change(conn: &mut Conn, page: PageId, to: &Slug, now: Timestamp) -> AppResult<()> {
    let query = pages::table
        .find(page)
        .select((pages::slug, pages::published_at));
    let (old, published): (Slug, Option<Timestamp>) =
        each!(conn, c => query.first(c).optional())?.ok_or(AppError::NotFound("the page"))?;
    if old == *to {
        return Ok(());
    }
    if !is_free(conn, to, Some(page))? {
        return Err(taken(to));
    }
    // Back to an address that it had before.
    let kept = page_aliases::table.find(to);
    each!(conn, c => diesel::delete(kept).execute(c))?;
    let target = pages::table.find(page);
    each!(conn, c => diesel::update(target)
        .set(pages::slug.eq(to))
        .execute(c))?;
    if published.is_none() {
        // Nobody can know an address that was never shown.
        return Ok(());
    }
    let row = (
        page_aliases::slug.eq(&old),
        page_aliases::page_id.eq(page),
        page_aliases::created_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(page_aliases::table).values(row).execute(c))?;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_latin_letters_is_offered_its_season_and_letters_of_its_own() {
        let season: Slug = "dressember-2026".parse().unwrap();
        for name in ["মায়া সেন", "فاطمة", "🎀👗"] {
            let [one, other] = [7, 8].map(|draw| candidate(name, &season, 0, draw).to_string());
            assert!(
                one.starts_with("dressember-2026-") && one.len() == 20,
                "{one}"
            );
            assert_ne!(one, other);
        }
        assert_eq!(candidate("Maya Roy", &season, 0, 7).as_str(), "maya-roy");
        let long: Slug = "a".repeat(64).parse().unwrap();
        assert_eq!(candidate("মায়া", &long, 3, u32::MAX).as_str().len(), 64);
    }
}
