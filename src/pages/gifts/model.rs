//! Reading gifts as the owner of their page may see them.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::db::Conn;
use crate::db::schema::{donations, gift_thanks};
use crate::each;
use crate::error::AppResult;
use crate::ids::PageId;
use crate::kernel::{Currency, Limit, Listed, Money, Timestamp};
use crate::walls::model::GONE;

/// Where the list goes on: after this gift.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    paid_at: i64,
    id: String,
}

/// A gift as the page's owner may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedGift {
    /// Its id.
    pub id: String,
    /// The giver; `None` when the gift is anonymous.
    pub donor: Option<String>,
    /// What the card was charged; `None` when the giver hides it.
    pub amount: Option<Money>,
    /// The giver's words.
    pub comment: Option<String>,
    /// "In honour of Ruth Abara".
    pub tribute: Option<String>,
    /// When the money arrived.
    pub paid_at: Timestamp,
    /// When the owner thanked for it.
    pub thanked_at: Option<Timestamp>,
}

#[derive(Queryable)]
struct Row {
    id: String,
    donor_name: String,
    anonymous: bool,
    hide_amount: bool,
    charged: i64,
    currency: Currency,
    comment: Option<String>,
    tribute_kind: Option<String>,
    tribute_name: Option<String>,
    paid_at: Timestamp,
    thanked_at: Option<Timestamp>,
}

impl From<Row> for OwnedGift {
    fn from(row: Row) -> Self {
        let tribute = match (row.tribute_kind.as_deref(), row.tribute_name) {
            (Some("memory"), Some(name)) => Some(format!("In memory of {name}")),
            (Some(_), Some(name)) => Some(format!("In honour of {name}")),
            _ => None,
        };
        Self {
            donor: (!row.anonymous).then_some(row.donor_name),
            amount: (!row.hide_amount).then(|| Money::new(row.charged, row.currency)),
            comment: row.comment,
            tribute,
            paid_at: row.paid_at,
            thanked_at: row.thanked_at,
            id: row.id,
        }
    }
}

impl OwnedGift {
    fn place(&self) -> Place {
        Place {
            paid_at: self.paid_at.micros(),
            id: self.id.clone(),
        }
    }
}

macro_rules! load {
    ($conn:expr, $page:expr, $most:expr $(, $condition:expr)*) => {
        each!($conn, c => donations::table
            .left_join(gift_thanks::table.on(gift_thanks::donation_id.eq(donations::id)))
            .filter(donations::page_id.eq($page))
            .filter(donations::paid_at.is_not_null())
            .filter(donations::status.ne(GONE))
            $(.filter($condition))*
            .order((donations::paid_at.desc(), donations::id.desc()))
            .limit($most)
            .select((
                donations::id,
                donations::donor_name,
                donations::anonymous,
                donations::hide_amount,
                donations::charged,
                donations::currency,
                donations::comment,
                donations::tribute_kind,
                donations::tribute_name,
                donations::paid_at.assume_not_null(),
                gift_thanks::thanked_at.nullable(),
            ))
            .load::<Row>(c))
    };
}

/// A page's gifts of which something is left, newest first, going on after a place.
///
/// # Errors
/// The database's.
pub fn of_page(
    conn: &mut Conn,
    page: PageId,
    after: Option<&Place>,
    limit: Limit,
) -> AppResult<Listed<OwnedGift>> {
    let place = after.and_then(|place| Some((Timestamp::from_micros(place.paid_at)?, &place.id)));
    let rows = match place {
        None => load!(conn, page, limit.and_one()),
        // As on walls: so the index finds the place, which an OR alone would not.
        Some((at, id)) => load!(
            conn,
            page,
            limit.and_one(),
            donations::paid_at.le(at),
            donations::paid_at.lt(at).or(donations::id.lt(id))
        ),
    }?;
    let gifts = rows.into_iter().map(OwnedGift::from).collect();
    Ok(Listed::cut(gifts, limit, OwnedGift::place))
}

/// A page's newest gifts for its table, at most `most`.
///
/// # Errors
/// The database's.
pub fn table(conn: &mut Conn, page: PageId, most: i64) -> AppResult<Vec<OwnedGift>> {
    let rows = load!(conn, page, most)?;
    Ok(rows.into_iter().map(OwnedGift::from).collect())
}

/// Gifts that were not thanked for, the longest waiting first, at most `most`.
///
/// # Errors
/// The database's.
pub fn unthanked(conn: &mut Conn, page: PageId, most: i64) -> AppResult<Vec<String>> {
    let query = donations::table
        .left_join(gift_thanks::table.on(gift_thanks::donation_id.eq(donations::id)))
        .filter(donations::page_id.eq(page))
        .filter(donations::paid_at.is_not_null())
        .filter(donations::status.ne(GONE))
        .filter(gift_thanks::donation_id.nullable().is_null())
        .order((donations::paid_at.asc(), donations::id.asc()))
        .limit(most)
        .select(donations::id);
    Ok(each!(conn, c => query.load(c))?)
}
