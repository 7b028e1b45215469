//! Objects in the sandbox's file, and the transaction in which all work on them is done.

use diesel::prelude::*;
use serde_json::Value;

use crate::kernel::Timestamp;

use super::refusal::{Fault, Refusal};
use super::schema::{objects, payout_items};
use super::{House, SandboxError};

/// The kinds of object that the sandbox keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Session,
    Intent,
    Charge,
    Balance,
    Refund,
    Dispute,
    Payout,
}

impl Kind {
    const ALL: [Self; 7] = [
        Self::Session,
        Self::Intent,
        Self::Charge,
        Self::Balance,
        Self::Refund,
        Self::Dispute,
        Self::Payout,
    ];

    /// Stripe's word, as in the field `object`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Session => "checkout.session",
            Self::Intent => "payment_intent",
            Self::Charge => "charge",
            Self::Balance => "balance_transaction",
            Self::Refund => "refund",
            Self::Dispute => "dispute",
            Self::Payout => "payout",
        }
    }

    /// What ids of this kind begin with.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Session => "cs_test_",
            Self::Intent => "pi_",
            Self::Charge => "ch_",
            Self::Balance => "txn_",
            Self::Refund => "re_",
            Self::Dispute => "dp_",
            Self::Payout => "po_",
        }
    }

    /// The kind an id belongs to.
    pub fn of_id(id: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| id.starts_with(kind.prefix()))
    }
}

/// An object with what the sandbox knows about it beside what it shows.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub kind: Kind,
    pub id: String,
    /// UTC seconds.
    pub created: i64,
    /// What the API shows.
    pub body: Value,
    /// What only the sandbox knows.
    pub notes: Value,
    /// Session: its intent. Charge: its intent. Refund: its charge. Balance transaction: its source.
    pub parent: Option<String>,
    /// What lists filter by: a session's status, a balance transaction's type, a refund's intent.
    pub tag: Option<String>,
    /// UTC seconds at which something happens to it by itself.
    pub due: Option<i64>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = objects)]
struct Row {
    id: String,
    kind: String,
    created: i64,
    body: String,
    notes: String,
    parent: Option<String>,
    tag: Option<String>,
    due: Option<i64>,
}

impl Row {
    fn record(self) -> Result<Record, Fault> {
        let kind = Kind::ALL
            .into_iter()
            .find(|kind| kind.word() == self.kind)
            .ok_or(SandboxError::Unreadable)?;
        Ok(Record {
            kind,
            id: self.id,
            created: self.created,
            body: serde_json::from_str(&self.body)?,
            notes: serde_json::from_str(&self.notes)?,
            parent: self.parent,
            tag: self.tag,
            due: self.due,
        })
    }
}

/// Who asked: printed in events as Stripe prints it.
#[derive(Debug, Clone, Default)]
pub(super) struct Origin {
    pub request: Option<String>,
    pub key: Option<String>,
}

/// One piece of work at the counter, inside one transaction.
pub(super) struct Teller<'a> {
    pub conn: &'a mut SqliteConnection,
    pub house: &'a House,
    pub now: Timestamp,
    pub origin: Origin,
}

/// Which objects a list shows, and how far.
#[derive(Debug, Clone)]
pub(super) struct Query {
    pub parent: Option<String>,
    pub tag: Option<String>,
    /// Balance transactions: the payout that took them.
    pub payout: Option<String>,
    pub from: i64,
    pub to: i64,
    pub page: Page,
}

/// A page of a list, newest first.
#[derive(Debug, Clone)]
pub(super) struct Page {
    /// At most this many.
    pub limit: i64,
    /// Older than the object with this sequence number.
    pub before: Option<i64>,
    /// Newer than the object with this sequence number.
    pub after: Option<i64>,
}

impl Teller<'_> {
    /// Does `work` so that a refusal undoes it alone.
    pub fn savepoint<T>(
        &mut self,
        work: impl FnOnce(&mut Teller<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let (house, now, origin) = (self.house, self.now, self.origin.clone());
        self.conn.transaction(|conn| {
            work(&mut Teller {
                conn,
                house,
                now,
                origin,
            })
        })
    }

    /// The object, if there is one of this kind and id.
    pub fn find(&mut self, kind: Kind, id: &str) -> Result<Option<Record>, Fault> {
        let row: Option<Row> = objects::table
            .filter(objects::id.eq(id))
            .filter(objects::kind.eq(kind.word()))
            .select(Row::as_select())
            .first(self.conn)
            .optional()?;
        row.map(Row::record).transpose()
    }

    /// The object, or Stripe's 404.
    pub fn need(&mut self, kind: Kind, id: &str) -> Result<Record, Fault> {
        let found = self.find(kind, id)?;
        found.ok_or_else(|| Refusal::absent(kind.word(), id).into())
    }

    /// Writes a new object.
    pub fn add(&mut self, record: &Record) -> Result<(), Fault> {
        diesel::insert_into(objects::table)
            .values((
                objects::id.eq(&record.id),
                objects::kind.eq(record.kind.word()),
                objects::created.eq(record.created),
                objects::body.eq(record.body.to_string()),
                objects::notes.eq(record.notes.to_string()),
                objects::parent.eq(&record.parent),
                objects::tag.eq(&record.tag),
                objects::due.eq(record.due),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// Writes what changed in an object.
    pub fn save(&mut self, record: &Record) -> Result<(), Fault> {
        diesel::update(objects::table.filter(objects::id.eq(&record.id)))
            .set((
                objects::body.eq(record.body.to_string()),
                objects::notes.eq(record.notes.to_string()),
                objects::parent.eq(&record.parent),
                objects::tag.eq(&record.tag),
                objects::due.eq(record.due),
            ))
            .execute(self.conn)?;
        Ok(())
    }

    /// The objects to which something is due by now, the longest waiting first.
    pub fn due(&mut self, limit: i64) -> Result<Vec<Record>, Fault> {
        let rows: Vec<Row> = objects::table
            .filter(objects::due.le(self.now.seconds()))
            .order((objects::due, objects::seq))
            .limit(limit)
            .select(Row::as_select())
            .load(self.conn)?;
        rows.into_iter().map(Row::record).collect()
    }

    /// Everything of a kind that something is still due to, oldest first.
    pub fn waiting(&mut self, kind: Kind) -> Result<Vec<Record>, Fault> {
        let rows: Vec<Row> = objects::table
            .filter(objects::due.is_not_null())
            .filter(objects::kind.eq(kind.word()))
            .order(objects::seq)
            .select(Row::as_select())
            .load(self.conn)?;
        rows.into_iter().map(Row::record).collect()
    }

    /// The place of an object in its list.
    pub fn seq(&mut self, id: &str) -> Result<i64, Fault> {
        let found: Option<i64> = objects::table
            .filter(objects::id.eq(id))
            .select(objects::seq)
            .first(self.conn)
            .optional()?;
        found.ok_or_else(|| Refusal::absent("object", id).into())
    }

    /// The objects a query asks for, newest first, and whether more lie behind.
    pub fn list(&mut self, kind: Kind, query: &Query) -> Result<(Vec<Record>, bool), Fault> {
        let mut select = objects::table
            .filter(objects::kind.eq(kind.word()))
            .filter(objects::created.between(query.from, query.to))
            .select(Row::as_select())
            .into_boxed();
        if let Some(parent) = &query.parent {
            select = select.filter(objects::parent.eq(parent));
        }
        if let Some(tag) = &query.tag {
            select = select.filter(objects::tag.eq(tag));
        }
        if let Some(payout) = &query.payout {
            let taken = payout_items::table
                .filter(payout_items::payout.eq(payout))
                .select(payout_items::entry);
            select = select.filter(objects::id.eq_any(taken));
        }
        if let Some(seq) = query.page.before {
            select = select.filter(objects::seq.lt(seq));
        }
        select = match query.page.after {
            // The page next to the cursor: read upwards, then turn round.
            Some(seq) => select
                .filter(objects::seq.gt(seq))
                .order(objects::seq.asc()),
            None => select.order(objects::seq.desc()),
        };
        let rows: Vec<Row> = select
            .limit(query.page.limit.saturating_add(1))
            .load(self.conn)?;
        let more = i64::try_from(rows.len()).unwrap_or(i64::MAX) > query.page.limit;
        let keep = usize::try_from(query.page.limit).unwrap_or(usize::MAX);
        let mut records = rows
            .into_iter()
            .take(keep)
            .map(Row::record)
            .collect::<Result<Vec<_>, _>>()?;
        if query.page.after.is_some() {
            records.reverse();
        }
        Ok((records, more))
    }

    /// Everything of a kind, oldest first: for tests' accounts of the whole.
    pub fn all(&mut self, kind: Kind) -> Result<Vec<Record>, Fault> {
        let rows: Vec<Row> = objects::table
            .filter(objects::kind.eq(kind.word()))
            .order(objects::seq)
            .select(Row::as_select())
            .load(self.conn)?;
        rows.into_iter().map(Row::record).collect()
    }

    /// The objects under a parent, oldest first.
    pub fn children(&mut self, kind: Kind, parent: &str) -> Result<Vec<Record>, Fault> {
        let rows: Vec<Row> = objects::table
            .filter(objects::kind.eq(kind.word()))
            .filter(objects::parent.eq(parent))
            .order(objects::seq)
            .select(Row::as_select())
            .load(self.conn)?;
        rows.into_iter().map(Row::record).collect()
    }
}
