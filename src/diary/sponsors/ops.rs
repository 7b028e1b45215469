//! Promising, confirming, taking back, and asking once the season is over.

use std::collections::BTreeMap;

use diesel::dsl::count_star;
use diesel::prelude::*;

use super::mails::{self, Letterhead};
use super::model::{self, Promise, SponsorId, SponsorState, by_secret};
use super::rules::{
    self, ASKS_MOST, ASKS_REST_DAYS, OPEN_DAYS, OPEN_MOST, PAGE_MOST, PAGE_OPEN_MOST, owed,
};
use crate::auth::mailed::{self, MailedId, Purpose};
use crate::campaigns::Campaign;
use crate::db::Conn;
use crate::db::schema::{campaigns, day_sponsors, diary_entries, pages, users};
use crate::diary::rules::Season;
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::{CampaignId, PageId};
use crate::kernel::secret::sha256_hex;
use crate::kernel::{Email, Line, Money, Timestamp};
use crate::pages::model::PageOverview;
use crate::pages::{Page, PageStatus};

/// A promise as it is typed.
#[derive(Debug, Clone)]
pub struct NewPromise {
    /// The id, made by the caller.
    pub id: SponsorId,
    /// The sponsor's name.
    pub name: Line,
    /// Where mail goes.
    pub email: Email,
    /// For each logged day, in the campaign's currency.
    pub per_day: Money,
    /// At most.
    pub cap: Money,
    /// Whether the name is shown.
    pub is_named: bool,
    /// The secret of the mailed link, made by the caller; its SHA-256 alone is kept.
    pub secret: String,
    /// Under which an earlier link is kept, made by the caller.
    pub earlier: MailedId,
}

/// Writes a promise down and mails its address a link to confirm it. Whoever asks learns nothing about promises that are
/// there: the limits are the same for every address, one that is confirmed stays as it is, and nobody is mailed more than a few
/// times.
///
/// # Errors
/// [`AppError::Conflict`] when the season takes no sponsors or the page has too many; [`AppError::TooMany`] when the address has
/// too many promises to confirm; [`AppError::Invalid`] of `cap` below one day.
pub fn promise(
    conn: &mut Conn,
    of: &PageOverview,
    new: &NewPromise,
    with: &Letterhead,
    now: Timestamp,
) -> AppResult<()> {
    let season = Season::of(&of.campaign);
    rules::is_open(&season, season.today(now)).map_err(|why| AppError::Conflict {
        code: "no_sponsors",
        detail: why.to_string(),
    })?;
    if new.per_day.minor() <= 0 {
        return Err(AppError::field("per_day", "promise something for each day"));
    }
    if new.cap.currency() != new.per_day.currency() || new.cap.minor() < new.per_day.minor() {
        return Err(AppError::field(
            "cap",
            "name at least the amount of one day",
        ));
    }
    // Before the look-up: a refusal must not tell who has promised here (S4).
    admit(conn, of.page.id, &new.email)?;
    let asks = match model::of_address(conn, of.page.id, &new.email)? {
        None => {
            make_room(conn, of.page.id)?;
            insert(conn, of.page.id, new, now)?
        }
        Some(there) => again(conn, &there, new, now)?,
    };
    match asks {
        Some((id, asks)) => with.confirm(conn, of, new, (id, asks), now),
        None => Ok(()),
    }
}

/// Whether one more promise may be written down.
fn admit(conn: &mut Conn, page: PageId, email: &Email) -> AppResult<()> {
    if model::open_of(conn, email)? >= OPEN_MOST {
        return Err(AppError::TooMany {
            retry_after: 86_400,
        });
    }
    has_room(conn, page)
}

/// Whether one more promise may hold.
fn has_room(conn: &mut Conn, page: PageId) -> AppResult<()> {
    if model::many_on(conn, page)? >= PAGE_MOST {
        return Err(AppError::Conflict {
            code: "sponsors_full",
            detail: "this page has as many sponsors as it can take; a gift is as welcome".into(),
        });
    }
    Ok(())
}

/// Forgets the oldest promises of a page that nobody confirmed, as many as stand in the way of one more.
fn make_room(conn: &mut Conn, page: PageId) -> AppResult<()> {
    let query = day_sponsors::table
        .filter(day_sponsors::page_id.eq(page))
        .filter(day_sponsors::state.eq(SponsorState::Open))
        .order((day_sponsors::created_at.desc(), day_sponsors::id.desc()))
        .offset(PAGE_OPEN_MOST - 1)
        .limit(1_000)
        .select(day_sponsors::id);
    let oldest: Vec<SponsorId> = each!(conn, c => query.load(c))?;
    if oldest.is_empty() {
        return Ok(());
    }
    let target = day_sponsors::table.filter(day_sponsors::id.eq_any(oldest));
    each!(conn, c => diesel::delete(target).execute(c))?;
    Ok(())
}

/// Which promise is mailed about, and the how-manieth time.
type Asked = Option<(SponsorId, i32)>;

fn insert(conn: &mut Conn, page: PageId, new: &NewPromise, now: Timestamp) -> AppResult<Asked> {
    let row = (
        day_sponsors::id.eq(new.id),
        day_sponsors::page_id.eq(page),
        day_sponsors::name.eq(new.name.as_str()),
        day_sponsors::email.eq(&new.email),
        day_sponsors::email_folded.eq(new.email.folded()),
        day_sponsors::currency.eq(new.per_day.currency()),
        day_sponsors::per_day.eq(new.per_day.minor()),
        day_sponsors::cap.eq(new.cap.minor()),
        day_sponsors::is_named.eq(new.is_named),
        day_sponsors::state.eq(SponsorState::Open),
        day_sponsors::token_hash.eq(sha256_hex(&new.secret)),
        day_sponsors::created_at.eq(now),
        day_sponsors::asks.eq(1),
    );
    let new_rows = each!(conn, c => diesel::insert_into(day_sponsors::table)
        .values(row)
        .on_conflict((day_sponsors::page_id, day_sponsors::email_folded))
        .do_nothing()
        .execute(c))?;
    // Whoever was first at the same moment has sent the mail.
    Ok((new_rows == 1).then_some((new.id, 1)))
}

/// A promise that is not confirmed, or was taken back, is promised anew under a new link. Of one that waits, the links before hold
/// on: whoever asks again takes nothing from its address.
fn again(conn: &mut Conn, there: &Promise, new: &NewPromise, now: Timestamp) -> AppResult<Asked> {
    let target =
        day_sponsors::table
            .find(there.id)
            .filter(day_sponsors::state.eq_any([SponsorState::Open, SponsorState::Cancelled]))
            .filter(day_sponsors::token_hash.eq(&there.token_hash))
            .filter(day_sponsors::asks.lt(ASKS_MOST).or(
                day_sponsors::created_at.le(now.minus(chrono::Duration::days(ASKS_REST_DAYS))),
            ));
    let changed = each!(conn, c => diesel::update(target)
        .set((
            day_sponsors::name.eq(new.name.as_str()),
            day_sponsors::per_day.eq(new.per_day.minor()),
            day_sponsors::cap.eq(new.cap.minor()),
            day_sponsors::is_named.eq(new.is_named),
            day_sponsors::state.eq(SponsorState::Open),
            day_sponsors::token_hash.eq(sha256_hex(&new.secret)),
            day_sponsors::created_at.eq(now),
            day_sponsors::cancelled_at.eq(None::<Timestamp>),
            day_sponsors::asks.eq(day_sponsors::asks + 1),
        ))
        .execute(c))?;
    if changed == 0 {
        return Ok(None);
    }
    if there.state == SponsorState::Open {
        let link = (new.earlier, Purpose::Sponsor);
        mailed::keep(conn, link, &there.token_hash, &there.id.to_string(), now)?;
    }
    Ok(Some((there.id, there.asks + 1)))
}

fn moved(promise: &Promise) -> AppError {
    AppError::Conflict {
        code: "no_such_move",
        detail: format!("this promise is {} by now", promise.state),
    }
}

/// Confirms the promise that a mailed link names, and tells the page's owner; no other link of it is good for anything then. A
/// second time changes nothing.
///
/// # Errors
/// [`AppError::NotFound`]; [`AppError::Conflict`] for a promise that was taken back or is done with, or of a page that takes none
/// any more.
pub fn confirm(
    conn: &mut Conn,
    secret: &str,
    with: &Letterhead,
    now: Timestamp,
) -> AppResult<Promise> {
    let promise = by_secret(conn, secret, now)?;
    if promise.state == SponsorState::Confirmed {
        return Ok(promise);
    }
    let of = crate::pages::model::shown_by_id(conn, promise.page_id)?;
    let of = of.ok_or(AppError::NotFound("the page"))?;
    let season = Season::of(&of.campaign);
    rules::is_open(&season, season.today(now)).map_err(|why| AppError::Conflict {
        code: "no_sponsors",
        detail: why.to_string(),
    })?;
    has_room(conn, promise.page_id)?;
    let target = day_sponsors::table
        .find(promise.id)
        .filter(day_sponsors::state.eq(SponsorState::Open));
    let done = each!(conn, c => diesel::update(target)
        .set((
            day_sponsors::state.eq(SponsorState::Confirmed),
            day_sponsors::confirmed_at.eq(now),
            day_sponsors::token_hash.eq(sha256_hex(secret)),
        ))
        .execute(c))?;
    if done == 0 {
        return Err(moved(&promise));
    }
    let owner = users::table
        .inner_join(pages::table.on(pages::owner_id.eq(users::id.nullable())))
        .filter(pages::id.eq(promise.page_id))
        .select(users::email);
    let owner: Option<Email> = each!(conn, c => owner.first(c).optional())?;
    if let Some(owner) = owner {
        with.told(conn, &of, &promise, owner, now)?;
    }
    Ok(promise)
}

/// Takes a promise back. A second time changes nothing.
///
/// # Errors
/// [`AppError::NotFound`]; [`AppError::Conflict`] for one that was asked for already.
pub fn cancel(conn: &mut Conn, secret: &str, now: Timestamp) -> AppResult<Promise> {
    let promise = by_secret(conn, secret, now)?;
    if promise.state == SponsorState::Cancelled {
        return Ok(promise);
    }
    let target = day_sponsors::table
        .find(promise.id)
        .filter(day_sponsors::state.eq_any([SponsorState::Open, SponsorState::Confirmed]));
    let done = each!(conn, c => diesel::update(target)
        .set((
            day_sponsors::state.eq(SponsorState::Cancelled),
            day_sponsors::cancelled_at.eq(now),
            day_sponsors::token_hash.eq(sha256_hex(secret)),
        ))
        .execute(c))?;
    if done == 0 {
        return Err(moved(&promise));
    }
    Ok(promise)
}

/// The campaigns whose sponsors are to be asked now.
///
/// # Errors
/// The database's.
pub fn due(conn: &mut Conn, now: Timestamp) -> AppResult<Vec<Campaign>> {
    let waiting = day_sponsors::table
        .inner_join(pages::table.on(pages::id.eq(day_sponsors::page_id)))
        .filter(day_sponsors::state.eq(SponsorState::Confirmed))
        .select(pages::campaign_id);
    let query = campaigns::table.filter(campaigns::id.eq_any(waiting));
    let mut all: Vec<Campaign> = each!(conn, c => query.select(Campaign::as_select()).load(c))?;
    all.retain(|campaign| {
        let season = Season::of(campaign);
        let due = rules::due_on(&season);
        season
            .today(now)
            .zip(due)
            .is_some_and(|(today, due)| today >= due)
    });
    Ok(all)
}

/// The pages whose sponsors are asked.
const ASKED: [PageStatus; 2] = [PageStatus::Live, PageStatus::Archived];

/// Asks up to `most` sponsors of a campaign; answers how many promises were settled. Each is settled by the one statement
/// that takes it out of `confirmed`, so a job that runs twice asks once.
///
/// Sponsors of a page that its owner put away are asked like others: what was logged was logged. Those of a page that is hidden
/// wait while something can be given; then their promises lapse without a word.
///
/// # Errors
/// The database's, and templates that do not render.
pub fn ask(
    conn: &mut Conn,
    campaign: &Campaign,
    most: i64,
    with: &Letterhead,
    now: Timestamp,
) -> AppResult<usize> {
    let query = day_sponsors::table
        .inner_join(pages::table.on(pages::id.eq(day_sponsors::page_id)))
        .filter(day_sponsors::state.eq(SponsorState::Confirmed))
        .filter(pages::campaign_id.eq(campaign.id))
        .filter(pages::status.eq_any(ASKED))
        .order(day_sponsors::id)
        .limit(most);
    let rows: Vec<(Promise, Page)> = each!(conn, c => query
        .select((Promise::as_select(), Page::as_select()))
        .load(c))?;
    if rows.is_empty() {
        return match campaign.is_giving_open(now) {
            true => Ok(0),
            false => lapse(conn, campaign.id, now),
        };
    }
    let days = logged(conn, rows.iter().map(|(_, page)| page.id))?;
    let mut letters = Vec::with_capacity(rows.len());
    for (promise, page) in &rows {
        let days = days.get(&page.id).copied().unwrap_or_default();
        let sum = owed(promise.per_day(), promise.cap(), days);
        let can_give = campaign.is_giving_open(now) && sum.minor() > 0;
        let (state, requested) = if can_give {
            (SponsorState::Requested, Some(sum.minor()))
        } else {
            (SponsorState::Thanked, None)
        };
        let target = day_sponsors::table
            .find(promise.id)
            .filter(day_sponsors::state.eq(SponsorState::Confirmed));
        let settled = each!(conn, c => diesel::update(target)
            .set((
                day_sponsors::state.eq(state),
                day_sponsors::requested_at.eq(now),
                day_sponsors::requested.eq(requested),
                day_sponsors::days.eq(days),
            ))
            .execute(c))?;
        if settled == 1 {
            let of = mails::Ended {
                campaign,
                page,
                promise,
                days,
            };
            letters.push(if can_give {
                with.request(&of, sum)
            } else {
                with.thanks(&of)
            });
        }
    }
    with.mails.queue(conn, &letters, now)?;
    Ok(rows.len())
}

fn lapse(conn: &mut Conn, campaign: CampaignId, now: Timestamp) -> AppResult<usize> {
    let hidden = pages::table
        .filter(pages::campaign_id.eq(campaign))
        .filter(pages::status.ne_all(ASKED))
        .select(pages::id);
    let target = day_sponsors::table
        .filter(day_sponsors::state.eq(SponsorState::Confirmed))
        .filter(day_sponsors::page_id.eq_any(hidden));
    Ok(each!(conn, c => diesel::update(target)
        .set((
            day_sponsors::state.eq(SponsorState::Cancelled),
            day_sponsors::cancelled_at.eq(now),
        ))
        .execute(c))?)
}

/// How many days each of these pages logged.
fn logged(
    conn: &mut Conn,
    pages: impl Iterator<Item = PageId>,
) -> AppResult<BTreeMap<PageId, i64>> {
    let pages: Vec<PageId> = pages.collect();
    let query = diary_entries::table
        .filter(diary_entries::page_id.eq_any(pages))
        .group_by(diary_entries::page_id)
        .select((diary_entries::page_id, count_star()));
    let rows: Vec<(PageId, i64)> = each!(conn, c => query.load(c))?;
    Ok(rows.into_iter().collect())
}

/// Forgets promises that nobody confirmed.
///
/// # Errors
/// The database's.
pub fn forget_open(conn: &mut Conn, now: Timestamp) -> AppResult<usize> {
    let old = day_sponsors::table
        .filter(day_sponsors::state.eq(SponsorState::Open))
        .filter(day_sponsors::created_at.lt(now.minus(chrono::Duration::days(OPEN_DAYS))));
    Ok(each!(conn, c => diesel::delete(old).execute(c))?)
}
