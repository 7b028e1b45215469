//! Reading gifts as others may see them.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::db::Conn;
use crate::db::schema::donations;
use crate::each;
use crate::error::AppResult;
use crate::ids::{CampaignId, PageId, ProgramId, TeamId};
use crate::kernel::{Currency, Limit, Listed, Money, Timestamp};
use crate::web::views::rows::GiftRow;

/// The state in which nothing of a gift is left. Donations stand above walls; a test there holds the two equal.
pub const GONE: &str = "refunded";

/// Whose gifts are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wall {
    /// A page's.
    Page(PageId),
    /// A team's: to the team itself and to its members' pages.
    Team(TeamId),
    /// A campaign's: all.
    Campaign(CampaignId),
}

/// Where a wall goes on: after this gift.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    paid_at: i64,
    id: String,
}

/// A gift as everybody may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WallGift {
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
    id: String,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = donations)]
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
    #[diesel(select_expression = donations::paid_at.assume_not_null())]
    paid_at: Timestamp,
}

impl From<Row> for WallGift {
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
            id: row.id,
        }
    }
}

impl WallGift {
    /// The place after this gift.
    pub fn place(&self) -> Place {
        Place {
            paid_at: self.paid_at.micros(),
            id: self.id.clone(),
        }
    }

    /// As a page shows it.
    pub fn row(&self) -> GiftRow {
        GiftRow {
            donor: self.donor.clone(),
            amount: self.amount.map(Into::into),
            paid_at: self.paid_at.rfc3339(),
            comment: self.comment.clone(),
            tribute: self.tribute.clone(),
        }
    }
}

/// The gifts of one wall of which something is left, newest first. Each arm is one statement whose plan is a range.
macro_rules! shown {
    ($conn:expr, $of:expr, $select:expr, $limit:expr $(, $condition:expr)*) => {
        match $of {
            Wall::Page(id) => shown!(@ $conn, donations::page_id.eq(id), $select, $limit $(, $condition)*),
            Wall::Team(id) => shown!(@ $conn, donations::team_id.eq(id), $select, $limit $(, $condition)*),
            Wall::Campaign(id) => shown!(@ $conn, donations::campaign_id.eq(id), $select, $limit $(, $condition)*),
        }
    };
    (@ $conn:expr, $whose:expr, $select:expr, $limit:expr $(, $condition:expr)*) => {
        each!($conn, c => donations::table
            .filter($whose)
            .filter(donations::paid_at.is_not_null())
            .filter(donations::status.ne(GONE))
            $(.filter($condition))*
            .order((donations::paid_at.desc(), donations::id.desc()))
            .limit($limit)
            .select($select)
            .load(c))
    };
}

/// The newest gifts, going on after a place.
///
/// # Errors
/// The database's.
pub fn newest(
    conn: &mut Conn,
    of: Wall,
    after: Option<&Place>,
    limit: Limit,
) -> AppResult<Listed<WallGift>> {
    let place = after.and_then(|place| Some((Timestamp::from_micros(place.paid_at)?, &place.id)));
    let rows: Vec<Row> = match place {
        None => shown!(conn, of, Row::as_select(), limit.and_one()),
        // "at or before, and not this one or after it": so the index finds the place, which an OR alone would not.
        Some((at, id)) => shown!(
            conn,
            of,
            Row::as_select(),
            limit.and_one(),
            donations::paid_at.le(at),
            donations::paid_at.lt(at).or(donations::id.lt(id))
        ),
    }?;
    let gifts = rows.into_iter().map(WallGift::from).collect();
    Ok(Listed::cut(gifts, limit, WallGift::place))
}

/// A gift as a thread needs it.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = donations)]
pub(super) struct ThreadRow {
    pub id: String,
    pub charged: i64,
    pub refunded: i64,
    /// Known once the processor's own books named it.
    pub fee: Option<i64>,
    pub program_id: Option<ProgramId>,
    pub anonymous: bool,
    pub hide_amount: bool,
}

/// The newest `most` gifts for the band, newest first.
pub(super) fn threads(conn: &mut Conn, of: Wall, most: i64) -> AppResult<Vec<ThreadRow>> {
    Ok(shown!(conn, of, ThreadRow::as_select(), most)?)
}

/// One gift for the band, wherever it stands.
pub(super) fn thread(conn: &mut Conn, id: &str) -> AppResult<Option<ThreadRow>> {
    let query = donations::table.find(id);
    Ok(each!(conn, c => query.select(ThreadRow::as_select()).first(c).optional())?)
}
