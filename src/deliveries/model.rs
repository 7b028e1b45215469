//! Rows, and how they are found.

use std::collections::BTreeMap;

use diesel::prelude::*;

use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::{deliveries, sendings, subscribers};
use crate::each;
use crate::error::AppResult;
use crate::kernel::{Email, Limit, Listed, Timestamp};
use crate::newsletters::NewsletterId;
use crate::subscribers::SubscriberId;

crate::id!(
    /// One newsletter's way to one recipient.
    pub DeliveryId,
    "del"
);

crate::words! {
    /// How a delivery stands.
    pub enum DeliveryState {
        /// Waits for its turn.
        Queued = "queued",
        /// A worker holds its lease.
        Sending = "sending",
        /// The server took it.
        Sent = "sent",
        /// It will not be tried again; `code` and `detail` say why.
        Failed = "failed",
        /// The server took it, and a report came back that it did not arrive.
        Bounced = "bounced",
        /// Not written to; `detail` says why ([`crate::subscribers::Why`], or `cancelled`).
        Skipped = "skipped",
        /// In doubt: handed over, perhaps, when a process died or a line broke (N2). Never sent again by itself.
        Unknown = "unknown",
    }
}

crate::words! {
    /// Why a newsletter halts.
    pub enum PauseWhy {
        /// Somebody of the staff said so.
        Staff = "staff",
        /// The server could not be reached, or did not let us in (N13).
        Connection = "connection",
        /// Too many recipients were refused.
        Failures = "failures",
        /// Too many readers called it spam (N8).
        Complaints = "complaints",
        /// Nothing ran for more than an hour in its midst (N18).
        Downtime = "downtime",
        /// The database came out of a backup: what was sent since is not known here (N18).
        Restored = "restored",
        /// It could not be worked on, several times in a row.
        Broken = "broken",
    }
}

/// How a newsletter is sent.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = sendings)]
pub struct Sending {
    /// Which.
    pub newsletter_id: NewsletterId,
    /// Who planned it.
    pub planned_by: UserId,
    /// Whether its hour is that of each reader's own time zone.
    pub reader_time: bool,
    /// Up to whom its recipients are frozen.
    pub frozen_to: Option<SubscriberId>,
    /// When all were.
    pub frozen_at: Option<Timestamp>,
    /// How many there are.
    pub recipients: i64,
    /// Why it halts.
    pub paused_why: Option<PauseWhy>,
    /// In words.
    pub paused_detail: Option<String>,
    /// Of a hundred readers, how many get one of two subjects as a test; 0: no test.
    pub test_percent: i32,
    /// For how many minutes the test is waited for.
    pub test_minutes: i32,
    /// Which subject won.
    pub test_winner: Option<String>,
    /// When it was planned.
    pub created_at: Timestamp,
}

/// How a newsletter is sent, if that was ever planned.
///
/// # Errors
/// The database's.
pub fn sending(conn: &mut Conn, id: NewsletterId) -> AppResult<Option<Sending>> {
    Ok(each!(conn, c => sendings::table
        .find(id)
        .select(Sending::as_select())
        .first(c)
        .optional())?)
}

/// How many recipients of a newsletter stand how: counted from the rows, over an index alone.
///
/// # Errors
/// The database's.
pub fn counts(conn: &mut Conn, id: NewsletterId) -> AppResult<BTreeMap<DeliveryState, i64>> {
    let query = deliveries::table
        .filter(deliveries::newsletter_id.eq(id))
        .group_by(deliveries::state)
        .select((deliveries::state, diesel::dsl::count_star()));
    let rows: Vec<(DeliveryState, i64)> = each!(conn, c => query.load(c))?;
    Ok(rows.into_iter().collect())
}

/// How many are in doubt, and nobody has decided yet (N2).
///
/// # Errors
/// The database's.
pub fn in_doubt(conn: &mut Conn, id: NewsletterId) -> AppResult<i64> {
    Ok(each!(conn, c => deliveries::table
        .filter(deliveries::newsletter_id.eq(id))
        .filter(deliveries::state.eq(DeliveryState::Unknown))
        .filter(deliveries::lease_token.is_not_null())
        .count()
        .get_result(c))?)
}

/// A recipient in the log.
#[derive(Debug, Clone, Queryable)]
pub struct Logged {
    /// The delivery.
    pub id: DeliveryId,
    /// Whom.
    pub subscriber: SubscriberId,
    /// Where they are written to.
    pub email: Email,
    /// How it stands.
    pub state: DeliveryState,
    /// Which of two subjects.
    pub variant: String,
    /// Tries made.
    pub attempts: i32,
    /// The server's code.
    pub code: Option<i32>,
    /// Why.
    pub detail: Option<String>,
    /// When it may go, where it waits.
    pub run_at: Timestamp,
    /// When a server took it.
    pub sent_at: Option<Timestamp>,
    /// Set while nobody has decided what becomes of one in doubt.
    pub lease_token: Option<String>,
}

impl Logged {
    /// Whether somebody has to decide (N2).
    pub fn is_open_doubt(&self) -> bool {
        self.state == DeliveryState::Unknown && self.lease_token.is_some()
    }
}

/// A place in the log: of one state by time and id, of all by recipient, as their indexes go.
pub type LogPlace = (i64, String);

/// A newsletter's recipients, of one state or of all, from a place on (N23).
///
/// # Errors
/// The database's.
pub fn log(
    conn: &mut Conn,
    id: NewsletterId,
    state: Option<DeliveryState>,
    after: Option<&LogPlace>,
    most: i64,
) -> AppResult<Vec<Logged>> {
    each!(conn, c: Db => {
        let mut query = deliveries::table
            .inner_join(subscribers::table.on(subscribers::id.eq(deliveries::subscriber_id)))
            .filter(deliveries::newsletter_id.eq(id))
            .select((
                deliveries::id, deliveries::subscriber_id, subscribers::email, deliveries::state,
                deliveries::variant, deliveries::attempts, deliveries::code, deliveries::detail,
                deliveries::run_at, deliveries::sent_at, deliveries::lease_token,
            ))
            .limit(most)
            .into_boxed::<Db>();
        if let Some(state) = state {
            query = query
                .filter(deliveries::state.eq(state))
                .order((deliveries::run_at, deliveries::id));
            if let Some((micros, row)) = after
                && let Some(at) = Timestamp::from_micros(*micros)
            {
                query = query.filter(
                    deliveries::run_at.gt(at).or(deliveries::run_at.eq(at)
                        .and(deliveries::id.gt(row.clone()))),
                );
            }
        } else {
            query = query.order(deliveries::subscriber_id);
            if let Some((_, row)) = after {
                query = query.filter(deliveries::subscriber_id.gt(row.clone()));
            }
        }
        Ok(query.load(c)?)
    })
}

/// Where the log goes on behind `row`.
pub fn log_place(row: &Logged, state: Option<DeliveryState>) -> LogPlace {
    match state {
        Some(_) => (row.run_at.micros(), row.id.to_string()),
        None => (0, row.subscriber.to_string()),
    }
}

/// One page of the log.
///
/// # Errors
/// The database's.
pub fn log_page(
    conn: &mut Conn,
    id: NewsletterId,
    state: Option<DeliveryState>,
    after: Option<&LogPlace>,
    limit: Limit,
) -> AppResult<Listed<Logged>> {
    let rows = log(conn, id, state, after, limit.and_one())?;
    Ok(Listed::cut(rows, limit, |row| log_place(row, state)))
}
