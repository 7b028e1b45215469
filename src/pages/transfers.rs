//! A page offered to another person by a mailed link, and accepted by whoever holds that address.
//!
//! ```text
//! offered ──> accepted | declined | withdrawn
//! ```
//!
//! An offer holds for seven days; a new one withdraws the one before, and there are [`IN_A_DAY`] a day at most. The link is
//! kept as its SHA-256.
//!
//! What everybody sees goes along with the page: its photographs, those of its news and of its public days. What was the
//! giver's alone does not: private days lose note and photograph, conversations their notes, and the page its link to earlier
//! ones, whose givers the new owner did not know. The participant's name is the new owner's to change.

use chrono::Duration;
use diesel::prelude::*;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::PageId;
use super::mails::{About, PageMails};
use super::model::PageStatus;
use crate::audit::{self, Deed};
use crate::auth::model::grant_role;
use crate::auth::{Role, UserId};
use crate::db::Conn;
use crate::db::schema::{
    conversations, diary_entries, media, page_transfers, page_updates, pages, users,
};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::secret::{random_token, sha256_hex};
use crate::kernel::{Email, Timestamp};
use crate::media::{self as photographs, MediaId};

crate::id!(
    /// A page offered to somebody.
    pub TransferId,
    "trf"
);

crate::words! {
    /// How an offer stands.
    pub enum TransferState {
        /// Waits for an answer.
        Offered = "offered",
        /// The page is theirs.
        Accepted = "accepted",
        /// They did not want it.
        Declined = "declined",
        /// The owner took it back, or made another.
        Withdrawn = "withdrawn",
    }
}

/// How long an offer holds.
const HOLDS: Duration = Duration::days(7);

/// Offers of one page in a day at most: each is a mail to somebody who may never have asked for it.
const IN_A_DAY: i64 = 5;

/// An offer to be made; its secret exists here and in the mail.
#[derive(Debug, Clone)]
pub struct NewTransfer {
    /// The id.
    pub id: TransferId,
    /// To whom.
    pub to: Email,
    secret: SecretString,
}

impl NewTransfer {
    /// A new offer.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn make(to: Email) -> AppResult<Self> {
        Ok(Self {
            id: TransferId::new(),
            to,
            secret: SecretString::from(random_token()?),
        })
    }
}

/// An offer that waits.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = page_transfers)]
pub struct Transfer {
    /// The id.
    pub id: TransferId,
    /// Which page.
    pub page_id: PageId,
    /// From whom.
    pub from_user: UserId,
    /// To whom.
    pub to_email: Email,
    to_email_folded: String,
}

impl Transfer {
    /// Whether it was made to this address.
    pub fn is_to(&self, email: &Email) -> bool {
        self.to_email_folded == email.folded()
    }
}

/// Offers a page to an address; the owner's earlier offers of it end.
///
/// # Errors
/// [`AppError::Conflict`] `not_yours_to_give` for a page that has no owner, or is a draft; `too_many_offers` after [`IN_A_DAY`].
pub fn offer(
    conn: &mut Conn,
    mails: &PageMails,
    page: PageId,
    new: &NewTransfer,
    now: Timestamp,
) -> AppResult<()> {
    let query = pages::table
        .find(page)
        .filter(pages::status.ne(PageStatus::Draft))
        .select(pages::owner_id);
    let owner: Option<Option<UserId>> = each!(conn, c => query.first(c).optional())?;
    let Some(owner) = owner.flatten() else {
        return Err(AppError::Conflict {
            code: "not_yours_to_give",
            detail: "a draft cannot be handed on; show the page first".into(),
        });
    };
    let today = page_transfers::table
        .filter(page_transfers::page_id.eq(page))
        .filter(page_transfers::created_at.gt(now.minus(Duration::days(1))))
        .count();
    if each!(conn, c => today.get_result::<i64>(c))? >= IN_A_DAY {
        return Err(AppError::Conflict {
            code: "too_many_offers",
            detail: "this page was offered five times in a day; offer it again tomorrow".into(),
        });
    }
    withdraw(conn, page, now)?;
    let row = (
        page_transfers::id.eq(new.id),
        page_transfers::page_id.eq(page),
        page_transfers::from_user.eq(owner),
        page_transfers::to_email.eq(&new.to),
        page_transfers::to_email_folded.eq(new.to.folded()),
        page_transfers::token_hash.eq(sha256_hex(new.secret.expose_secret())),
        page_transfers::state.eq(TransferState::Offered),
        page_transfers::created_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(page_transfers::table).values(row).execute(c))?;
    let about = About::of(conn, page)?;
    let from = about.owner.as_ref().map(|(_, name)| name.clone());
    let context = json!({
        "from": from,
        "url": mails.url(&format!("/pages/transfer/{}", new.secret.expose_secret())),
    });
    let source = ("page_transfer", new.id.to_string());
    mails.queue(conn, source, (new.to.clone(), None), &about, context, now)
}

/// Ends the open offers of a page.
///
/// # Errors
/// The database's.
pub fn withdraw(conn: &mut Conn, page: PageId, now: Timestamp) -> AppResult<()> {
    let open = page_transfers::table
        .filter(page_transfers::page_id.eq(page))
        .filter(page_transfers::state.eq(TransferState::Offered));
    each!(conn, c => diesel::update(open)
        .set((
            page_transfers::state.eq(TransferState::Withdrawn),
            page_transfers::decided_at.eq(now),
        ))
        .execute(c))?;
    Ok(())
}

/// To whom a page is offered at the moment.
///
/// # Errors
/// The database's.
pub fn open_of(conn: &mut Conn, page: PageId, now: Timestamp) -> AppResult<Option<Email>> {
    let query = page_transfers::table
        .filter(page_transfers::page_id.eq(page))
        .filter(page_transfers::state.eq(TransferState::Offered))
        .filter(page_transfers::created_at.gt(now.minus(HOLDS)))
        .select(page_transfers::to_email);
    Ok(each!(conn, c => query.first(c).optional())?)
}

/// The offer of a mailed link that holds.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn by_token(conn: &mut Conn, token: &str, now: Timestamp) -> AppResult<Transfer> {
    let missing = || AppError::NotFound("this offer (it may have ended; ask for a new one)");
    if token.len() > 64 {
        return Err(missing());
    }
    let query = page_transfers::table
        .filter(page_transfers::token_hash.eq(sha256_hex(token)))
        .filter(page_transfers::state.eq(TransferState::Offered))
        .filter(page_transfers::created_at.gt(now.minus(HOLDS)));
    each!(conn, c => query.select(Transfer::as_select()).first(c).optional())?.ok_or_else(missing)
}

/// Answers an offer; with `yes` the page is `by`'s from now on.
///
/// # Errors
/// [`AppError::Forbidden`] for an address that it was not made to, or that was not confirmed; [`AppError::NotFound`] when it
/// has ended; [`AppError::Conflict`] when the page changed hands meanwhile.
pub fn answer(
    conn: &mut Conn,
    token: &str,
    by: UserId,
    yes: bool,
    now: Timestamp,
) -> AppResult<PageId> {
    let found = by_token(conn, token, now)?;
    let query = users::table
        .find(by)
        .filter(users::email_folded.eq(&found.to_email_folded))
        .filter(users::verified_at.is_not_null());
    if each!(conn, c => query.count().get_result::<i64>(c))? == 0 {
        return Err(AppError::Forbidden(
            "this page was offered to another address, or yours is not confirmed yet",
        ));
    }
    let target = page_transfers::table
        .find(found.id)
        .filter(page_transfers::state.eq(TransferState::Offered));
    let state = if yes {
        TransferState::Accepted
    } else {
        TransferState::Declined
    };
    each!(conn, c => diesel::update(target)
        .set((page_transfers::state.eq(state), page_transfers::decided_at.eq(now)))
        .execute(c))?;
    if !yes {
        return Ok(found.page_id);
    }
    let target = pages::table
        .find(found.page_id)
        .filter(pages::owner_id.eq(found.from_user));
    let moved = each!(conn, c => diesel::update(target)
        .set((
            pages::owner_id.eq(by),
            pages::previous_id.eq(None::<PageId>),
            pages::updated_at.eq(now),
        ))
        .execute(c))?;
    if moved == 0 {
        return Err(AppError::Conflict {
            code: "no_such_move",
            detail: "this page belongs to somebody else by now".into(),
        });
    }
    leave_private(conn, found.page_id, now)?;
    move_photographs(conn, found.page_id, by)?;
    grant_role(conn, by, Role::Participant, now)?;
    let deed = Deed::new(by, "page.take_over", ("page", found.page_id.to_string()));
    audit::record(conn, &deed, now)?;
    Ok(found.page_id)
}

/// Takes out of a page what its giver kept private: notes and photographs of private days, notes of conversations. The days and
/// conversations themselves stay, since the page's counts hold them.
fn leave_private(conn: &mut Conn, page: PageId, now: Timestamp) -> AppResult<()> {
    let query = pages::table.find(page).select(pages::is_diary_public);
    let is_diary_public: bool = each!(conn, c => query.first(c))?;
    // In a private diary every day is private, however it is marked.
    let private: &[bool] = if is_diary_public {
        &[false]
    } else {
        &[false, true]
    };
    let query = diary_entries::table
        .filter(diary_entries::page_id.eq(page))
        .filter(diary_entries::is_public.eq_any(private))
        .select((diary_entries::id, diary_entries::photo));
    let days: Vec<(String, Option<String>)> = each!(conn, c => query.load(c))?;
    for (day, photo) in days {
        each!(conn, c => diesel::update(diary_entries::table.find(&day))
            .set((
                diary_entries::note.eq(""),
                diary_entries::photo.eq(None::<String>),
                diary_entries::photo_alt.eq(""),
                diary_entries::updated_at.eq(now),
            ))
            .execute(c))?;
        if let Some(photo) = photographs::named(photo.as_deref()) {
            photographs::remove(conn, photo, now)?;
        }
    }
    let talks = conversations::table.filter(conversations::page_id.eq(page));
    each!(conn, c => diesel::update(talks).set(conversations::note.eq("")).execute(c))?;
    Ok(())
}

/// The photographs that a page, its news and its diary show are the new owner's from now on: they stay when the old one
/// deletes the account, and the new one sees them while they are hidden.
fn move_photographs(conn: &mut Conn, page: PageId, to: UserId) -> AppResult<()> {
    let query = pages::table.find(page).select(pages::photo);
    let own: Option<String> = each!(conn, c => query.first(c))?;
    let query = page_updates::table
        .filter(page_updates::page_id.eq(page))
        .filter(page_updates::photo.is_not_null())
        .select(page_updates::photo.assume_not_null());
    let news: Vec<String> = each!(conn, c => query.load(c))?;
    let query = diary_entries::table
        .filter(diary_entries::page_id.eq(page))
        .filter(diary_entries::photo.is_not_null())
        .select(diary_entries::photo.assume_not_null());
    let days: Vec<String> = each!(conn, c => query.load(c))?;
    let all: Vec<MediaId> = own
        .into_iter()
        .chain(news)
        .chain(days)
        .filter_map(|name| photographs::named(Some(&name)))
        .collect();
    for chunk in all.chunks(1_000) {
        let target = media::table.filter(media::id.eq_any(chunk));
        each!(conn, c => diesel::update(target).set(media::owner_id.eq(to)).execute(c))?;
    }
    Ok(())
}
