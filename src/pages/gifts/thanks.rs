//! Thanking: once a gift, by a mail through the platform. The owner writes the words and never sees the address; the giver
//! cannot answer the mail.

use diesel::prelude::*;
use serde_json::json;

use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::{donations, gift_thanks, supporters};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::PageId;
use crate::kernel::line::{BadText, parse_lines};
use crate::kernel::{Currency, Email, Money, Timestamp};
use crate::pages::PageMails;
use crate::pages::mails::About;
use crate::walls::model::GONE;

/// Characters of thanks at most.
pub const MOST: usize = 1_000;

/// What is said when the owner leaves the words to us.
pub const USUAL: &str =
    "Thank you for your gift, and for standing with me in this. It means more than I can say here.";

/// The owner's words; none typed are the usual ones.
///
/// # Errors
/// [`AppError::Invalid`] naming `words`.
pub fn words(text: &str) -> AppResult<String> {
    match parse_lines(text, MOST) {
        Ok(words) => Ok(words),
        Err(BadText::Empty) => Ok(USUAL.to_owned()),
        Err(bad) => Err(AppError::field("words", bad)),
    }
}

#[derive(Queryable)]
struct Thanked {
    email: Email,
    donor_name: String,
    charged: i64,
    currency: Currency,
    token: String,
}

/// Thanks for a gift on `page`, unless it was thanked for; answers whether it was now. The mail is written in the caller's
/// transaction.
///
/// # Errors
/// [`AppError::NotFound`] for a gift that is not this page's, did not arrive, or went back.
pub fn thank(
    conn: &mut Conn,
    mails: &PageMails,
    page: PageId,
    gift: &str,
    by: UserId,
    words: &str,
    now: Timestamp,
) -> AppResult<bool> {
    let query = donations::table
        .inner_join(supporters::table.on(supporters::id.eq(donations::supporter_id)))
        .filter(donations::id.eq(gift))
        .filter(donations::page_id.eq(page))
        .filter(donations::paid_at.is_not_null())
        .filter(donations::status.ne(GONE))
        .select((
            supporters::email,
            donations::donor_name,
            donations::charged,
            donations::currency,
            donations::token,
        ));
    let found: Option<Thanked> = each!(conn, c => query.first(c).optional())?;
    let found = found.ok_or(AppError::NotFound("this gift"))?;
    let row = (
        gift_thanks::donation_id.eq(gift),
        gift_thanks::page_id.eq(page),
        gift_thanks::user_id.eq(by),
        gift_thanks::words.eq(words),
        gift_thanks::thanked_at.eq(now),
    );
    let new = each!(conn, c => diesel::insert_into(gift_thanks::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    if new == 0 {
        return Ok(false);
    }
    // Nobody knows where to write to whoever put money into a hand; that they were thanked is noted all the same.
    if !found.email.is_reachable() {
        return Ok(true);
    }
    let about = About::of(conn, page)?;
    let context = json!({
        "participant": about.participant,
        "donor_name": found.donor_name,
        "lines": words.lines().collect::<Vec<_>>(),
        "amount": Money::new(found.charged, found.currency),
        "trace_url": mails.url(&format!("/gifts/{}", found.token)),
    });
    let to = (found.email, Some(found.donor_name));
    mails.queue(
        conn,
        ("gift_thanks", gift.to_owned()),
        to,
        &about,
        context,
        now,
    )?;
    Ok(true)
}
