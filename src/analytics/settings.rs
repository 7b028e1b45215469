//! Whether openings and clicks are counted: a switch of the installation, settled with each newsletter as it starts.

use diesel::prelude::*;
use serde::Serialize;

use crate::audit::{self, Deed};
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::{newsletter_settings, sendings};
use crate::each;
use crate::error::AppResult;
use crate::kernel::Timestamp;
use crate::newsletters::NewsletterId;

const OPENS: &str = "count_opens";
const CLICKS: &str = "count_clicks";

/// What is counted. Nothing, unless somebody says so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counting {
    /// Openings, of readers who agreed.
    pub opens: bool,
    /// Clicks: of everybody without a name, of readers who agreed with it.
    pub clicks: bool,
}

impl Counting {
    /// Whether anything is.
    pub fn is_on(self) -> bool {
        self.opens || self.clicks
    }
}

/// What the installation counts now.
///
/// # Errors
/// The database's.
pub fn now(conn: &mut Conn) -> AppResult<Counting> {
    let query = newsletter_settings::table
        .filter(newsletter_settings::name.eq_any([OPENS, CLICKS]))
        .filter(newsletter_settings::value.eq(1))
        .select(newsletter_settings::name);
    let on: Vec<String> = each!(conn, c => query.load(c))?;
    Ok(Counting {
        opens: on.iter().any(|name| name == OPENS),
        clicks: on.iter().any(|name| name == CLICKS),
    })
}

/// Switches counting on or off. Mails that are out keep their addresses; what comes by them is not counted while it is off.
///
/// # Errors
/// The database's.
pub fn set(conn: &mut Conn, wanted: Counting, by: UserId, now: Timestamp) -> AppResult<()> {
    for (name, value) in [(OPENS, wanted.opens), (CLICKS, wanted.clicks)] {
        let value = i64::from(value);
        let row = (
            newsletter_settings::name.eq(name),
            newsletter_settings::value.eq(value),
        );
        each!(conn, c => diesel::insert_into(newsletter_settings::table)
            .values(row)
            .on_conflict(newsletter_settings::name)
            .do_update()
            .set(newsletter_settings::value.eq(value))
            .execute(c))?;
    }
    let word = |on| if on { "on" } else { "off" };
    let said = format!(
        "openings {}, clicks {}",
        word(wanted.opens),
        word(wanted.clicks)
    );
    let subject = ("installation", "newsletter_counting".to_owned());
    let deed = Deed::new(by, "newsletter.counting", subject).saying(said);
    audit::record(conn, &deed, now)
}

/// Settles what is counted of a newsletter that starts now: what is switched on later does not reach back into it.
///
/// # Errors
/// The database's.
pub fn settle(conn: &mut Conn, ids: &[NewsletterId]) -> AppResult<()> {
    let counting = now(conn)?;
    let rows = sendings::table.filter(sendings::newsletter_id.eq_any(ids));
    each!(conn, c => diesel::update(rows)
        .set((
            sendings::counts_opens.eq(counting.opens),
            sendings::counts_clicks.eq(counting.clicks),
        ))
        .execute(c))?;
    Ok(())
}

/// What was settled for a newsletter; nothing before it starts.
///
/// # Errors
/// The database's.
pub fn of(conn: &mut Conn, id: NewsletterId) -> AppResult<Counting> {
    let query = sendings::table
        .find(id)
        .select((sendings::counts_opens, sendings::counts_clicks));
    let found: Option<(bool, bool)> = each!(conn, c => query.first(c).optional())?;
    Ok(
        found.map_or_else(Counting::default, |(opens, clicks)| Counting {
            opens,
            clicks,
        }),
    )
}
