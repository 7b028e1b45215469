//! Rows, and how they are found.

use diesel::prelude::*;

use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::{lists, subscribers, subscriptions, topic_mutes, topics};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::{CampaignId, SupporterId};
use crate::kernel::{Email, Slug, Timestamp};

crate::id!(
    /// Somebody whom newsletters may reach.
    pub SubscriberId,
    "sub"
);
crate::id!(
    /// A mailing list.
    pub ListId,
    "lst"
);

crate::words! {
    /// How a subscriber stands to a list. Moves: pending → confirmed → left, left → pending.
    pub enum SubscriptionState {
        /// Asked for; the mailed link has not been followed yet.
        Pending = "pending",
        /// Agreed, and the proof is kept.
        Confirmed = "confirmed",
        /// Left.
        Left = "left",
    }
}

crate::words! {
    /// Why an address gets no bulk mail.
    pub enum SuppressionReason {
        /// It does not exist (5.1.1), N14.
        HardBounce = "hard_bounce",
        /// Three soft bounces within 30 days, N14.
        SoftBounces = "soft_bounces",
        /// Its owner called a mail spam, N14.
        Complaint = "complaint",
        /// Staff said so.
        Staff = "staff",
        /// Its owner had everything erased.
        Erased = "erased",
    }
}

/// Somebody whom newsletters may reach.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = subscribers)]
pub struct Subscriber {
    /// The id.
    pub id: SubscriberId,
    /// Where they are written to.
    pub email: Email,
    /// How addresses are compared (N19).
    pub email_folded: String,
    /// Their name, or nothing.
    pub name: String,
    /// The language they read (BCP 47), or nothing.
    pub language: String,
    /// Their country (ISO 3166, two letters), or nothing.
    pub country: String,
    /// Their time zone (IANA), if known.
    pub time_zone: Option<String>,
    /// The donor of this address.
    pub supporter_id: Option<SupporterId>,
    /// The account of this address.
    pub user_id: Option<UserId>,
    /// What opens their preferences: 256 random bits.
    pub token: String,
    /// Since when they want nothing at all.
    pub left_all_at: Option<Timestamp>,
    /// When they were first known.
    pub created_at: Timestamp,
    /// The subscriber that this one turned out to be: it is written to in this one's stead.
    pub merged_into: Option<SubscriberId>,
    /// When its owner had it erased: what is left counts and names nobody.
    pub erased_at: Option<Timestamp>,
    /// Since when they agree that their openings and clicks are counted by name.
    pub counted_since: Option<Timestamp>,
}

/// A mailing list.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = lists)]
pub struct List {
    /// The id.
    pub id: ListId,
    /// The season it belongs to, if to one.
    pub campaign_id: Option<CampaignId>,
    /// In addresses.
    pub slug: Slug,
    /// What it is called.
    pub name: String,
    /// What comes, how often.
    pub about: String,
    /// Whether anybody may join.
    pub is_public: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was put away.
    pub archived_at: Option<Timestamp>,
    /// Whether a donor's tick joins it: of gifts to its season; a list of no season takes those that no season's list takes.
    pub takes_gifts: bool,
}

/// Something that newsletters are about, which a reader may switch off and stay on the list.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = topics)]
pub struct Topic {
    /// The word in newsletters and addresses.
    pub slug: String,
    /// What it is called.
    pub name: String,
    /// What comes under it.
    pub about: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was put away.
    pub archived_at: Option<Timestamp>,
}

/// How somebody stands to a list.
#[derive(Debug, Clone, Queryable)]
pub struct Standing {
    /// The list.
    pub list: List,
    /// How.
    pub state: SubscriptionState,
    /// Since when.
    pub since: Timestamp,
}

/// One subscriber.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn by_id(conn: &mut Conn, id: SubscriberId) -> AppResult<Subscriber> {
    let query = subscribers::table.find(id);
    each!(conn, c => query.select(Subscriber::as_select()).first(c).optional())?
        .ok_or(AppError::NotFound("this subscriber"))
}

/// Whoever is written to in the place of `id`: itself, or whom it was merged into.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn standing_for(conn: &mut Conn, id: SubscriberId) -> AppResult<Subscriber> {
    let mut found = by_id(conn, id)?;
    // A merge leads to somebody who was merged into nobody, so this ends; the bound is for a row that somebody edited.
    for _ in 0..8 {
        match found.merged_into {
            Some(next) => found = by_id(conn, next)?,
            None => break,
        }
    }
    Ok(found)
}

/// The subscriber of an address, also one that was merged into another.
///
/// # Errors
/// The database's.
pub fn by_email(conn: &mut Conn, email: &Email) -> AppResult<Option<Subscriber>> {
    let query = subscribers::table.filter(subscribers::email_folded.eq(email.folded()));
    Ok(each!(conn, c => query.select(Subscriber::as_select()).first(c).optional())?)
}

/// Whose preferences a token opens; nobody's who was erased or merged.
///
/// # Errors
/// The database's.
pub fn by_token(conn: &mut Conn, token: &str) -> AppResult<Option<Subscriber>> {
    let query = subscribers::table
        .filter(subscribers::token.eq(token))
        .filter(subscribers::erased_at.is_null())
        .filter(subscribers::merged_into.is_null());
    Ok(each!(conn, c => query.select(Subscriber::as_select()).first(c).optional())?)
}

/// What opens the preferences of an account's owner, if they are known as a reader.
///
/// # Errors
/// The database's.
pub fn token_of(conn: &mut Conn, account: UserId) -> AppResult<Option<String>> {
    let query = subscribers::table
        .filter(subscribers::user_id.eq(account))
        .filter(subscribers::erased_at.is_null())
        .filter(subscribers::merged_into.is_null())
        .select(subscribers::token);
    Ok(each!(conn, c => query.first(c).optional())?)
}

/// Every list, by name; those that were put away only `with_archived`.
///
/// # Errors
/// The database's.
pub fn all_lists(conn: &mut Conn, with_archived: bool) -> AppResult<Vec<List>> {
    Ok(each!(conn, c: Db => {
        let mut query = lists::table
            .select(List::as_select())
            .order(lists::name)
            .into_boxed::<Db>();
        if !with_archived {
            query = query.filter(lists::archived_at.is_null());
        }
        query.load(c)
    })?)
}

/// One list.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn list_by_id(conn: &mut Conn, id: ListId) -> AppResult<List> {
    let query = lists::table.find(id);
    each!(conn, c => query.select(List::as_select()).first(c).optional())?
        .ok_or(AppError::NotFound("this list"))
}

/// The lists that somebody has to do with, by name.
///
/// # Errors
/// The database's.
pub fn standings(conn: &mut Conn, id: SubscriberId) -> AppResult<Vec<Standing>> {
    let query = subscriptions::table
        .inner_join(lists::table.on(lists::id.eq(subscriptions::list_id)))
        .filter(subscriptions::subscriber_id.eq(id))
        .order(lists::name);
    Ok(each!(conn, c => query
        .select((
            List::as_select(),
            subscriptions::state,
            subscriptions::changed_at,
        ))
        .load(c))?)
}

/// Every topic, by name; those that were put away only `with_archived`.
///
/// # Errors
/// The database's.
pub fn all_topics(conn: &mut Conn, with_archived: bool) -> AppResult<Vec<Topic>> {
    Ok(each!(conn, c: Db => {
        let mut query = topics::table
            .select(Topic::as_select())
            .order(topics::name)
            .into_boxed::<Db>();
        if !with_archived {
            query = query.filter(topics::archived_at.is_null());
        }
        query.load(c)
    })?)
}

/// The topics that somebody switched off.
///
/// # Errors
/// The database's.
pub fn topics_off(conn: &mut Conn, id: SubscriberId) -> AppResult<Vec<String>> {
    let query = topic_mutes::table
        .filter(topic_mutes::subscriber_id.eq(id))
        .order(topic_mutes::topic)
        .select(topic_mutes::topic);
    Ok(each!(conn, c => query.load(c))?)
}
