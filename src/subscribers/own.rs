//! One's own data: taken along, and taken away. Counts and the bare fact of a yes stay; the person goes.

use diesel::prelude::*;
use serde_json::{Value, json};

use super::counted;
use super::erased;
use super::model::{Subscriber, SubscriberId, SuppressionReason, by_id, standings, topics_off};
use super::ops::{Fresh, suppress_key};
use super::proofs::{self, Act, Door};
use crate::auth::UserId;
use crate::auth::mailed;
use crate::db::Conn;
use crate::db::schema::{
    bounces, deliveries, import_faults, newsletters, sequence_enrolments, sequences, subscribers,
    subscription_proofs, subscriptions, suppressions, topic_mutes,
};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::SupporterId;
use crate::kernel::{Email, Timestamp};
use crate::mail::{MailId, forget_mails};

/// So many proofs and mails are told of.
const MOST: i64 = 10_000;

/// Everything that is kept of somebody as a reader.
///
/// # Errors
/// The database's.
pub fn data(conn: &mut Conn, person: &Subscriber) -> AppResult<Value> {
    let lists = standings(conn, person.id)?;
    let proofs = proofs::of_subscriber(conn, person.id, MOST)?;
    let suppressed = suppressions::table
        .find(&person.email_folded)
        .select((suppressions::reason, suppressions::created_at));
    let suppressed: Option<(SuppressionReason, Timestamp)> =
        each!(conn, c => suppressed.first(c).optional())?;
    let got = deliveries::table
        .inner_join(newsletters::table.on(newsletters::id.eq(deliveries::newsletter_id)))
        .filter(deliveries::subscriber_id.eq(person.id))
        .order(deliveries::id)
        .limit(MOST)
        .select((newsletters::title, deliveries::state, deliveries::sent_at));
    let got: Vec<(String, String, Option<Timestamp>)> = each!(conn, c => got.load(c))?;
    let went = sequence_enrolments::table
        .inner_join(sequences::table.on(sequences::id.eq(sequence_enrolments::sequence_id)))
        .filter(sequence_enrolments::subscriber_id.eq(person.id))
        .order(sequence_enrolments::enrolled_at)
        .select((
            sequences::name,
            sequence_enrolments::state,
            sequence_enrolments::why,
            sequence_enrolments::enrolled_at,
        ));
    let went: Vec<(String, String, String, Timestamp)> = each!(conn, c => went.load(c))?;
    let back = bounces::table
        .filter(bounces::subscriber_id.eq(person.id))
        .order(bounces::at)
        .limit(MOST)
        .select((bounces::kind, bounces::status, bounces::at));
    let back: Vec<(String, String, Timestamp)> = each!(conn, c => back.load(c))?;
    let noted = counted::noted(conn, person.id, MOST)?;
    Ok(json!({
        "address": person.email,
        "other_addresses": taken_in(conn, person.id)?.iter().map(|one| &one.email).collect::<Vec<_>>(),
        "name": person.name,
        "language": person.language,
        "country": person.country,
        "time_zone": person.time_zone,
        "known_since": person.created_at,
        "left_everything_at": person.left_all_at,
        "linked_to_a_gift": person.supporter_id.is_some(),
        "linked_to_an_account": person.user_id.is_some(),
        "not_written_to_because": suppressed.map(|(reason, at)| json!({ "reason": reason, "since": at })),
        "lists": lists.iter().map(|one| json!({
            "list": one.list.name, "state": one.state, "since": one.since,
        })).collect::<Vec<_>>(),
        "topics_switched_off": topics_off(conn, person.id)?,
        "proofs": proofs.iter().map(|one| proof(one, &lists)).collect::<Vec<_>>(),
        "newsletters": got.into_iter().map(|(title, state, at)| json!({
            "newsletter": title, "state": state, "sent_at": at,
        })).collect::<Vec<_>>(),
        "sequences": went.into_iter().map(|(name, state, why, at)| json!({
            "sequence": name, "state": state, "why": why, "since": at,
        })).collect::<Vec<_>>(),
        "came_back": back.into_iter().map(|(kind, status, at)| json!({
            "what": kind, "status": status, "at": at,
        })).collect::<Vec<_>>(),
        "counted_by_name_since": person.counted_since,
        "noted": noted.into_iter().map(|one| json!({
            "newsletter": one.title, "what": one.kind, "link": one.link, "at": one.at,
        })).collect::<Vec<_>>(),
    }))
}

fn proof(one: &proofs::Proof, lists: &[super::model::Standing]) -> Value {
    let (act, door): (Act, Door) = (one.act, one.door);
    let list = lists.iter().find(|of| Some(of.list.id) == one.list_id);
    json!({
        "what": act, "by": door, "list": list.map(|of| &of.list.name),
        "words": one.wording, "network_digest": one.ip_hash, "at": one.at,
    })
}

/// Wipes somebody: address, name, settings, lists and the networks of their proofs go; how many mails went out stays, without
/// whom. An import or a slip of staff does not bring the address back; its owner's own yes does. `mails` are those that were
/// sent to their addresses ([`addresses`], [`crate::mail::mails_to`]). Rows that were merged into this one go with it.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn erase(
    conn: &mut Conn,
    id: SubscriberId,
    mails: &[MailId],
    fresh: &Fresh,
    now: Timestamp,
) -> AppResult<()> {
    let person = by_id(conn, id)?;
    let merged = taken_in(conn, id)?;
    let pseudonym = stand_in(&person)?;
    for (at, one) in merged.iter().enumerate() {
        let token = format!("{}.{at}", fresh.token);
        wipe(conn, one, &token, now)?;
    }
    wipe(conn, &person, &fresh.token, now)?;
    forget_mails(conn, mails, &pseudonym, now)
}

/// The rows that were merged into one and are still there.
fn taken_in(conn: &mut Conn, id: SubscriberId) -> AppResult<Vec<Subscriber>> {
    let merged = subscribers::table
        .filter(subscribers::merged_into.eq(id))
        .filter(subscribers::erased_at.is_null())
        .order(subscribers::id);
    Ok(each!(conn, c => merged.select(Subscriber::as_select()).load(c))?)
}

/// Every address under which somebody was written to, as it was typed and folded.
///
/// # Errors
/// The database's.
pub fn addresses(conn: &mut Conn, person: &Subscriber) -> AppResult<Vec<String>> {
    let mut all = vec![person.email.to_string(), person.email_folded.clone()];
    for one in taken_in(conn, person.id)? {
        all.extend([one.email.to_string(), one.email_folded]);
    }
    Ok(all)
}

/// An address that no mail can reach, under the random end of the id.
fn stand_in(person: &Subscriber) -> AppResult<Email> {
    let id = person.id.to_string();
    let tail = id.get(id.len().saturating_sub(12)..).unwrap_or(&id);
    format!("former-{tail}@deleted.invalid")
        .parse()
        .map_err(AppError::internal)
}

fn wipe(conn: &mut Conn, person: &Subscriber, token: &str, now: Timestamp) -> AppResult<()> {
    let pseudonym = stand_in(person)?;
    if let Some(mark) = erased::mark_of(conn, &person.email)? {
        suppress_key(conn, &mark, SuppressionReason::Erased, "", now)?;
    }
    let plain = suppressions::table.find(&person.email_folded);
    each!(conn, c => diesel::delete(plain).execute(c))?;
    each!(conn, c => diesel::update(subscribers::table.find(person.id))
        .set((
            (
                subscribers::email.eq(&pseudonym),
                subscribers::email_folded.eq(pseudonym.folded()),
                subscribers::name.eq(""),
                subscribers::language.eq(""),
                subscribers::country.eq(""),
                subscribers::time_zone.eq(None::<String>),
            ),
            (
                subscribers::supporter_id.eq(None::<SupporterId>),
                subscribers::user_id.eq(None::<UserId>),
                subscribers::token.eq(token),
                subscribers::left_all_at.eq(now),
                subscribers::erased_at.eq(now),
                subscribers::counted_since.eq(None::<Timestamp>),
            ),
        ))
        .execute(c))?;
    let lists = subscriptions::table.filter(subscriptions::subscriber_id.eq(person.id));
    each!(conn, c => diesel::delete(lists).execute(c))?;
    let topics = topic_mutes::table.filter(topic_mutes::subscriber_id.eq(person.id));
    each!(conn, c => diesel::delete(topics).execute(c))?;
    counted::forget(conn, person.id)?;
    let on_their_way = sequence_enrolments::table
        .filter(sequence_enrolments::subscriber_id.eq(person.id))
        .filter(sequence_enrolments::state.eq("active"));
    each!(conn, c => diesel::update(on_their_way)
        .set((
            sequence_enrolments::state.eq("left"),
            sequence_enrolments::why.eq("erased"),
            sequence_enrolments::ended_at.eq(now),
        ))
        .execute(c))?;
    let proofs = subscription_proofs::table
        .filter(subscription_proofs::subscriber_id.eq(person.id))
        .filter(subscription_proofs::ip_hash.is_not_null());
    each!(conn, c => diesel::update(proofs)
        .set(subscription_proofs::ip_hash.eq(None::<String>))
        .execute(c))?;
    // What a server answered may repeat the address; a domain of one's own names its owner.
    let got = deliveries::table.filter(deliveries::subscriber_id.eq(person.id));
    each!(conn, c => diesel::update(got)
        .set((
            deliveries::domain.eq("deleted.invalid"),
            deliveries::detail.eq(None::<String>),
        ))
        .execute(c))?;
    // Rows of files that could not be read are kept for some weeks, and are few.
    let said = person
        .email
        .as_str()
        .replace('\\', "\\\\")
        .replace('%', "\\%");
    let faults = import_faults::table.filter(
        import_faults::cells
            .like(format!("%{}%", said.replace('_', "\\_")))
            .escape('\\'),
    );
    each!(conn, c => diesel::delete(faults).execute(c))?;
    mailed::remove_carrying(conn, person.email.as_str())
}
