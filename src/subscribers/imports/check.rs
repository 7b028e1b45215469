//! Counting an import before it is applied: the same judgement as when it is, and nothing written but faults and counts.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::prelude::*;

use super::model::{Import, ImportId, ImportState, KeptPiece};
use super::row::{self, Fault, Person, Read};
use crate::db::Conn;
use crate::db::schema::{import_faults, imports, subscribers, subscriptions, suppressions};
use crate::each;
use crate::error::AppResult;
use crate::kernel::{Json, Timestamp};
use crate::subscribers::erased;
use crate::subscribers::{ListId, SubscriberId, SubscriptionState};

/// How many there are of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// New people.
    pub added: i64,
    /// Known people who are new on the list.
    pub joined: i64,
    /// People who are on the list.
    pub known: i64,
    /// People for whom nothing may be done.
    pub kept_out: i64,
    /// Rows that are no person.
    pub faulty: i64,
}

/// What an import means for one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meant {
    /// A new person.
    New,
    /// Known, and new on the list.
    Joins(SubscriberId),
    /// On the list.
    IsOn(SubscriberId),
    /// Left, erased or suppressed.
    KeptOut,
}

/// What an import into `list` means for these folded addresses: four queries, however many they are.
pub(super) fn judge(
    conn: &mut Conn,
    list: ListId,
    folded: &[String],
) -> AppResult<BTreeMap<String, Meant>> {
    let query = subscribers::table
        .filter(subscribers::email_folded.eq_any(folded))
        .select((
            subscribers::email_folded,
            subscribers::id,
            subscribers::left_all_at.is_not_null(),
        ));
    let known: Vec<(String, SubscriberId, bool)> = each!(conn, c => query.load(c))?;
    let ids: Vec<SubscriberId> = known.iter().map(|(_, id, _)| *id).collect();
    let query = subscriptions::table
        .filter(subscriptions::list_id.eq(list))
        .filter(subscriptions::subscriber_id.eq_any(ids))
        .select((subscriptions::subscriber_id, subscriptions::state));
    let states: Vec<(SubscriberId, SubscriptionState)> = each!(conn, c => query.load(c))?;
    let states: BTreeMap<_, _> = states.into_iter().collect();
    let marks = erased::marks(conn, folded)?;
    let mut keys = folded.to_vec();
    keys.extend(marks.iter().cloned());
    let query = suppressions::table
        .filter(suppressions::email_folded.eq_any(keys))
        .select(suppressions::email_folded);
    let suppressed: Vec<String> = each!(conn, c => query.load(c))?;
    let suppressed: BTreeSet<String> = suppressed.into_iter().collect();
    let mut meant: BTreeMap<String, Meant> =
        folded.iter().map(|one| (one.clone(), Meant::New)).collect();
    for (address, id, is_out) in known {
        let what = match (is_out, states.get(&id)) {
            (true, _) | (_, Some(SubscriptionState::Left)) => Meant::KeptOut,
            (_, Some(SubscriptionState::Confirmed)) => Meant::IsOn(id),
            (_, Some(SubscriptionState::Pending) | None) => Meant::Joins(id),
        };
        meant.insert(address, what);
    }
    for (at, address) in folded.iter().enumerate() {
        let is_erased = marks.get(at).is_some_and(|mark| suppressed.contains(mark));
        if is_erased || suppressed.contains(address) {
            meant.insert(address.clone(), Meant::KeptOut);
        }
    }
    Ok(meant)
}

/// Finds addresses that stood in the file before; the first line of each counts.
#[derive(Default)]
pub(super) struct Seen(HashMap<String, i64>);

impl Seen {
    /// Marks repeated rows of a piece as faults.
    pub(super) fn mark(&mut self, rows: &mut [Read]) {
        for read in rows {
            let Ok(person) = &read.person else { continue };
            let folded = person.email.folded();
            match self.0.get(&folded) {
                Some(line) => read.person = Err(Fault::Repeated(*line)),
                None => {
                    self.0.insert(folded, read.line);
                }
            }
        }
    }
}

/// A row that is nobody: its line, why, and its cells.
pub(super) type Refused = (i64, Fault, Vec<String>);

/// The rows of a piece that are people, and those that are none.
pub(super) fn part(rows: Vec<Read>) -> (Vec<(i64, Person)>, Vec<Refused>) {
    let (mut people, mut faults) = (Vec::new(), Vec::new());
    for read in rows {
        match read.person {
            Ok(person) => people.push((read.line, person)),
            Err(fault) => faults.push((read.line, fault, read.cells)),
        }
    }
    (people, faults)
}

#[derive(Insertable, Clone)]
#[diesel(table_name = import_faults)]
#[diesel(treat_none_as_default_value = false)]
pub(super) struct FaultRow {
    import_id: ImportId,
    line: i64,
    why: String,
    cells: Json<Vec<String>>,
}

/// A piece, read: the addresses of its people, and its faults.
pub(super) fn look(
    import: &Import,
    piece: &KeptPiece,
    seen: &mut Seen,
) -> (Vec<String>, Vec<FaultRow>) {
    let columns = &import.fields.0;
    let mut rows = row::rows(&piece.text, piece.first_line, import.delimiter(), columns);
    seen.mark(&mut rows);
    let (people, faults) = part(rows);
    let folded = people.iter().map(|(_, person)| person.email.folded());
    let faults = faults.into_iter().map(|(line, fault, cells)| FaultRow {
        import_id: import.id,
        line,
        why: fault.to_string(),
        cells: Json(cells),
    });
    (folded.collect(), faults.collect())
}

/// Counts one piece.
pub(super) fn count(
    conn: &mut Conn,
    list: ListId,
    folded: &[String],
    faults: usize,
    counts: &mut Counts,
) -> AppResult<()> {
    for meant in judge(conn, list, folded)?.into_values() {
        match meant {
            Meant::New => counts.added += 1,
            Meant::Joins(_) => counts.joined += 1,
            Meant::IsOn(_) => counts.known += 1,
            Meant::KeptOut => counts.kept_out += 1,
        }
    }
    counts.faulty += i64::try_from(faults).unwrap_or(0);
    Ok(())
}

/// Writes how far counting has come: whole numbers, so that a second try writes the same. Answers whether the import is still
/// being counted.
pub(super) fn note(
    conn: &mut Conn,
    id: ImportId,
    (lines, counts): (i64, Counts),
    faults: &[FaultRow],
    now: Timestamp,
) -> AppResult<bool> {
    let target = imports::table
        .find(id)
        .filter(imports::state.eq(ImportState::Checking));
    let noted = each!(conn, c => diesel::update(target)
        .set((
            imports::lines_done.eq(lines),
            imports::added.eq(counts.added),
            imports::joined.eq(counts.joined),
            imports::known.eq(counts.known),
            imports::kept_out.eq(counts.kept_out),
            imports::faulty.eq(counts.faulty),
            imports::changed_at.eq(now),
        ))
        .execute(c))?;
    if noted > 0 {
        each!(conn, c => diesel::insert_into(import_faults::table)
            .values(faults)
            .on_conflict_do_nothing()
            .execute(c))?;
    }
    Ok(noted > 0)
}
