//! Lists and topics, made and changed by staff; topics, switched off and on by readers.

use diesel::prelude::*;

use super::model::{List, ListId, SubscriberId, list_by_id};
use crate::audit::{self, Deed};
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::{lists, topic_mutes, topics};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::CampaignId;
use crate::kernel::{Line, Slug, Timestamp};

/// A list as a form says it.
#[derive(Debug, Clone)]
pub struct ListForm {
    /// The season it belongs to.
    pub campaign: Option<CampaignId>,
    /// In addresses; does not change later.
    pub slug: Slug,
    /// What it is called.
    pub name: Line,
    /// What comes, how often.
    pub about: String,
    /// Whether anybody may join.
    pub is_public: bool,
    /// Whether a donor's tick joins it.
    pub takes_gifts: bool,
}

/// Makes a list.
///
/// # Errors
/// A field's, when the slug is taken.
pub fn make_list(
    conn: &mut Conn,
    id: ListId,
    form: &ListForm,
    by: UserId,
    now: Timestamp,
) -> AppResult<()> {
    let row = (
        lists::id.eq(id),
        lists::campaign_id.eq(form.campaign),
        lists::slug.eq(&form.slug),
        lists::name.eq(form.name.as_str()),
        lists::about.eq(&form.about),
        lists::is_public.eq(form.is_public),
        lists::takes_gifts.eq(false),
        lists::created_at.eq(now),
    );
    let new = each!(conn, c => diesel::insert_into(lists::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    if new == 0 {
        return Err(AppError::field("slug", "another list has this address"));
    }
    take_gifts(conn, id, form.campaign, form.takes_gifts)?;
    note(conn, (by, "list.make"), id, form.campaign, now)
}

/// Changes a list; its address stays.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn change_list(
    conn: &mut Conn,
    id: ListId,
    form: &ListForm,
    by: UserId,
    now: Timestamp,
) -> AppResult<()> {
    let list = list_by_id(conn, id)?;
    each!(conn, c => diesel::update(lists::table.find(id))
        .set((
            lists::name.eq(form.name.as_str()),
            lists::about.eq(&form.about),
            lists::is_public.eq(form.is_public),
        ))
        .execute(c))?;
    take_gifts(conn, id, list.campaign_id, form.takes_gifts)?;
    note(conn, (by, "list.change"), id, list.campaign_id, now)
}

/// One list of a season (or of none) takes donors' ticks: the last that was said to.
fn take_gifts(
    conn: &mut Conn,
    id: ListId,
    campaign: Option<CampaignId>,
    takes: bool,
) -> AppResult<()> {
    if takes {
        let others = lists::table.filter(lists::takes_gifts.eq(true));
        match campaign {
            Some(campaign) => {
                let others = others.filter(lists::campaign_id.eq(campaign));
                each!(conn, c => diesel::update(others).set(lists::takes_gifts.eq(false)).execute(c))?
            }
            None => {
                let others = others.filter(lists::campaign_id.is_null());
                each!(conn, c => diesel::update(others).set(lists::takes_gifts.eq(false)).execute(c))?
            }
        };
    }
    each!(conn, c => diesel::update(lists::table.find(id))
        .set(lists::takes_gifts.eq(takes))
        .execute(c))?;
    Ok(())
}

/// Puts a list away, or takes it out again: it cannot be joined or chosen any more, and nobody on it is lost.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn archive_list(
    conn: &mut Conn,
    id: ListId,
    away: bool,
    by: UserId,
    now: Timestamp,
) -> AppResult<()> {
    let list: List = list_by_id(conn, id)?;
    let at = away.then_some(now);
    each!(conn, c => diesel::update(lists::table.find(id))
        .set(lists::archived_at.eq(at))
        .execute(c))?;
    let action = if away { "list.archive" } else { "list.restore" };
    note(conn, (by, action), id, list.campaign_id, now)
}

fn note(
    conn: &mut Conn,
    (by, action): (UserId, &'static str),
    id: ListId,
    campaign: Option<CampaignId>,
    now: Timestamp,
) -> AppResult<()> {
    let mut deed = Deed::new(by, action, ("list", id.to_string()));
    deed.campaign = campaign;
    audit::record(conn, &deed, now)
}

/// Writes a topic down, or changes its words, or puts it away.
///
/// # Errors
/// The database's.
pub fn save_topic(
    conn: &mut Conn,
    slug: &Slug,
    (name, about): (&Line, &str),
    away: bool,
    by: UserId,
    now: Timestamp,
) -> AppResult<()> {
    let row = (
        topics::slug.eq(slug.as_str()),
        topics::name.eq(name.as_str()),
        topics::about.eq(about),
        topics::created_at.eq(now),
        topics::archived_at.eq(away.then_some(now)),
    );
    each!(conn, c => diesel::insert_into(topics::table)
        .values(row)
        .on_conflict(topics::slug)
        .do_update()
        .set((
            topics::name.eq(name.as_str()),
            topics::about.eq(about),
            topics::archived_at.eq(away.then_some(now)),
        ))
        .execute(c))?;
    let deed = Deed::new(by, "topic.save", ("topic", slug.to_string()));
    audit::record(conn, &deed, now)
}

/// A reader switches a topic off; nothing changes when it was off.
///
/// # Errors
/// The database's.
pub fn switch_off(
    conn: &mut Conn,
    reader: SubscriberId,
    topic: &str,
    now: Timestamp,
) -> AppResult<()> {
    let row = (
        topic_mutes::subscriber_id.eq(reader),
        topic_mutes::topic.eq(topic),
        topic_mutes::muted_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(topic_mutes::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(())
}

/// A reader switches a topic on again; nothing changes when it was on.
///
/// # Errors
/// The database's.
pub fn switch_on(conn: &mut Conn, reader: SubscriberId, topic: &str) -> AppResult<()> {
    let target = topic_mutes::table.find((reader, topic));
    each!(conn, c => diesel::delete(target).execute(c))?;
    Ok(())
}
