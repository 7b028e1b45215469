//! Applying one piece of an import: all of it, its mark and its counts in one transaction, or nothing.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use super::check::{Counts, Meant, judge, part};
use super::model::{Import, ImportState, KeptPiece};
use super::row::{self, Person};
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::{
    import_faults, import_pieces, imports, subscribers, subscription_proofs, subscriptions,
    supporters, users,
};
use crate::each;
use crate::error::AppResult;
use crate::ids::SupporterId;
use crate::kernel::{Timestamp, crash};
use crate::subscribers::ops::{Fresh, Known, fill_in, stand};
use crate::subscribers::proofs::{Act, Door};
use crate::subscribers::{ListId, SubscriberId, SubscriptionState};

#[derive(Insertable)]
#[diesel(table_name = subscribers)]
#[diesel(treat_none_as_default_value = false)]
struct PersonRow<'a> {
    id: SubscriberId,
    email: &'a str,
    email_folded: String,
    name: &'a str,
    language: &'a str,
    country: &'a str,
    time_zone: Option<&'a str>,
    supporter_id: Option<SupporterId>,
    user_id: Option<UserId>,
    token: &'a str,
    created_at: Timestamp,
}

#[derive(Insertable)]
#[diesel(table_name = subscriptions)]
#[diesel(treat_none_as_default_value = false)]
struct OnList {
    list_id: ListId,
    subscriber_id: SubscriberId,
    state: SubscriptionState,
    changed_at: Timestamp,
}

#[derive(Insertable)]
#[diesel(table_name = subscription_proofs)]
#[diesel(treat_none_as_default_value = false)]
struct ProofRow<'a> {
    subscriber_id: SubscriberId,
    list_id: ListId,
    act: Act,
    door: Door,
    source_id: &'a str,
    wording: &'a str,
    at: Timestamp,
}

/// Applies a piece; `fresh` has one entry a row. Answers whether the import goes on: it was not halted meanwhile. A piece that
/// another worker applied is passed over.
pub(super) fn piece(
    conn: &mut Conn,
    import: &Import,
    piece: &KeptPiece,
    fresh: &[Fresh],
    now: Timestamp,
) -> AppResult<bool> {
    let mark = import_pieces::table
        .find((import.id, piece.number))
        .filter(import_pieces::done_at.is_null());
    let marked = each!(conn, c => diesel::update(mark)
        .set((import_pieces::done_at.eq(now), import_pieces::text.eq("")))
        .execute(c))?;
    if marked == 0 {
        return Ok(true);
    }
    let people = people_of(conn, import, piece)?;
    let folded: Vec<String> = people.iter().map(|one| one.email.folded()).collect();
    let meant = judge(conn, import.list_id, &folded)?;
    let mut counts = Counts::default();
    let mut new = Vec::new();
    let mut agreed = Vec::new();
    for person in &people {
        match meant.get(&person.email.folded()) {
            Some(Meant::Joins(id)) => {
                counts.joined += 1;
                fill_in(conn, *id, &known(person))?;
                stand(
                    conn,
                    (*id, import.list_id),
                    SubscriptionState::Confirmed,
                    now,
                )?;
                agreed.push(*id);
            }
            Some(Meant::IsOn(id)) => {
                counts.known += 1;
                fill_in(conn, *id, &known(person))?;
            }
            Some(Meant::KeptOut) => counts.kept_out += 1,
            Some(Meant::New) | None => new.push(person),
        }
    }
    counts.added = i64::try_from(new.len()).unwrap_or(0);
    let added = add(conn, import.list_id, &new, fresh, now)?;
    agreed.extend(added);
    prove(conn, import, &agreed, now)?;
    let goes_on = count(conn, import, piece.records, counts, now)?;
    crash::point("import-before-commit");
    Ok(goes_on)
}

/// The people of a piece, without the rows that counting found at fault.
fn people_of(conn: &mut Conn, import: &Import, piece: &KeptPiece) -> AppResult<Vec<Person>> {
    let columns = &import.fields.0;
    let rows = row::rows(&piece.text, piece.first_line, import.delimiter(), columns);
    let (people, _) = part(rows);
    let lines: Vec<i64> = people.iter().map(|(line, _)| *line).collect();
    let query = import_faults::table
        .filter(import_faults::import_id.eq(import.id))
        .filter(import_faults::line.eq_any(lines))
        .select(import_faults::line);
    let faulty: Vec<i64> = each!(conn, c => query.load(c))?;
    let faulty: BTreeSet<i64> = faulty.into_iter().collect();
    let good = people
        .into_iter()
        .filter(|(line, _)| !faulty.contains(line));
    Ok(good.map(|(_, person)| person).collect())
}

fn known(person: &Person) -> Known {
    Known {
        name: person.name.clone(),
        language: person.language.clone(),
        country: person.country.clone(),
        time_zone: person.time_zone.clone(),
    }
}

/// Inserts new people, linked to the donors and accounts of their addresses, and puts them on the list.
fn add(
    conn: &mut Conn,
    list: ListId,
    new: &[&Person],
    fresh: &[Fresh],
    now: Timestamp,
) -> AppResult<Vec<SubscriberId>> {
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let folded: Vec<String> = new.iter().map(|one| one.email.folded()).collect();
    let donors = donors_of(conn, &folded)?;
    let accounts = accounts_of(conn, &folded)?;
    let mut rows = Vec::with_capacity(new.len());
    for ((person, folded), fresh) in new.iter().zip(folded).zip(fresh) {
        rows.push(PersonRow {
            id: fresh.id,
            email: person.email.as_str(),
            name: &person.name,
            language: &person.language,
            country: &person.country,
            time_zone: person.time_zone.as_deref(),
            supporter_id: donors.get(&folded).copied(),
            user_id: accounts.get(&folded).copied(),
            token: &fresh.token,
            created_at: now,
            email_folded: folded,
        });
    }
    each!(conn, c => diesel::insert_into(subscribers::table).values(&rows).execute(c))?;
    let on: Vec<OnList> = rows
        .iter()
        .map(|row| OnList {
            list_id: list,
            subscriber_id: row.id,
            state: SubscriptionState::Confirmed,
            changed_at: now,
        })
        .collect();
    each!(conn, c => diesel::insert_into(subscriptions::table).values(&on).execute(c))?;
    Ok(rows.iter().map(|row| row.id).collect())
}

fn donors_of(conn: &mut Conn, folded: &[String]) -> AppResult<BTreeMap<String, SupporterId>> {
    use diesel::dsl::{exists, not};
    let taken = subscribers::table.filter(subscribers::supporter_id.eq(supporters::id.nullable()));
    let query = supporters::table
        .filter(supporters::email_folded.eq_any(folded))
        .filter(not(exists(taken)))
        .select((supporters::email_folded, supporters::id));
    let rows: Vec<(String, SupporterId)> = each!(conn, c => query.load(c))?;
    Ok(rows.into_iter().collect())
}

fn accounts_of(conn: &mut Conn, folded: &[String]) -> AppResult<BTreeMap<String, UserId>> {
    use diesel::dsl::{exists, not};
    let taken = subscribers::table.filter(subscribers::user_id.eq(users::id.nullable()));
    let query = users::table
        .filter(users::email_folded.eq_any(folded))
        .filter(not(exists(taken)))
        .select((users::email_folded, users::id));
    let rows: Vec<(String, UserId)> = each!(conn, c => query.load(c))?;
    Ok(rows.into_iter().collect())
}

/// The proof of each yes: the words of whoever imports, who are in the import's own row.
fn prove(
    conn: &mut Conn,
    import: &Import,
    agreed: &[SubscriberId],
    now: Timestamp,
) -> AppResult<()> {
    let (source, wording) = (
        import.id.to_string(),
        format!("{} ({})", import.basis, import.agreed_on),
    );
    let row = |id: &SubscriberId| ProofRow {
        subscriber_id: *id,
        list_id: import.list_id,
        act: Act::Agreed,
        door: Door::Import,
        source_id: &source,
        wording: &wording,
        at: now,
    };
    let rows: Vec<ProofRow<'_>> = agreed.iter().map(row).collect();
    if !rows.is_empty() {
        each!(conn, c => diesel::insert_into(subscription_proofs::table)
            .values(&rows)
            .execute(c))?;
    }
    Ok(())
}

/// Adds to the import's counts, unless it was halted: then nothing of the piece is kept.
fn count(
    conn: &mut Conn,
    import: &Import,
    records: i64,
    counts: Counts,
    now: Timestamp,
) -> AppResult<bool> {
    let target = imports::table
        .find(import.id)
        .filter(imports::state.eq(ImportState::Running));
    let counted = each!(conn, c => diesel::update(target)
        .set((
            imports::lines_done.eq(imports::lines_done + records),
            imports::added.eq(imports::added + counts.added),
            imports::joined.eq(imports::joined + counts.joined),
            imports::known.eq(imports::known + counts.known),
            imports::kept_out.eq(imports::kept_out + counts.kept_out),
            imports::changed_at.eq(now),
        ))
        .execute(c))?;
    Ok(counted > 0)
}
