//! Two subscribers that turn out to be one person (N19): one is kept, the other leads to it.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::counted;
use super::model::{ListId, Subscriber, SubscriberId, SubscriptionState, SuppressionReason, by_id};
use super::ops::{Known, fill_in, stand, suppress_key};
use crate::audit::{self, Deed};
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::{
    deliveries, sequence_enrolments, sequence_outcomes, subscribers, subscription_proofs,
    subscriptions, suppressions, topic_mutes,
};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::Timestamp;

/// Merges `from` into `into`, which is written to from now on. On each list the stricter word counts: who left it by one of
/// the two addresses has left it; who left everything, everything; who complained or was suppressed by staff is so at the kept
/// address. Proofs, sequences and the mails they got go over, but for those that both have. The old address stays known, so that no
/// import makes a second person of it.
///
/// # Errors
/// [`AppError::Conflict`] `not_to_merge` of one and the same, or where one of them is erased or merged already.
pub fn merge(
    conn: &mut Conn,
    (from, into): (SubscriberId, SubscriberId),
    by: UserId,
    now: Timestamp,
) -> AppResult<()> {
    let (old, kept) = (by_id(conn, from)?, by_id(conn, into)?);
    let is_whole = |one: &Subscriber| one.erased_at.is_none() && one.merged_into.is_none();
    if from == into || !is_whole(&old) || !is_whole(&kept) {
        return Err(AppError::Conflict {
            code: "not_to_merge",
            detail: "choose two subscribers who are both still there".into(),
        });
    }
    unite(conn, (&old, &kept), now)?;
    let deed = Deed::new(by, "subscriber.merge", ("subscriber", into.to_string()))
        .saying(format!("took in {from}"));
    audit::record(conn, &deed, now)
}

/// Makes one of two, who must both be there ([`merge`]).
pub(super) fn unite(
    conn: &mut Conn,
    (old, kept): (&Subscriber, &Subscriber),
    now: Timestamp,
) -> AppResult<()> {
    let (from, into) = (old.id, kept.id);
    let known = Known {
        name: old.name.clone(),
        language: old.language.clone(),
        country: old.country.clone(),
        time_zone: old.time_zone.clone(),
    };
    carry_suppression(conn, &old.email_folded, &kept.email_folded)?;
    join_lists(conn, (from, into), now)?;
    join_sequences(conn, (from, into))?;
    join_topics(conn, (from, into))?;
    move_mails(conn, (from, into))?;
    counted::unite(conn, (old, kept), now)?;
    let proofs = subscription_proofs::table.filter(subscription_proofs::subscriber_id.eq(from));
    each!(conn, c => diesel::update(proofs)
        .set(subscription_proofs::subscriber_id.eq(into))
        .execute(c))?;
    let earlier = subscribers::table.filter(subscribers::merged_into.eq(from));
    each!(conn, c => diesel::update(earlier).set(subscribers::merged_into.eq(into)).execute(c))?;
    // A donor and an account belong to one row; the kept one takes those that it lacks.
    let (donor, account) = (
        old.supporter_id.filter(|_| kept.supporter_id.is_none()),
        old.user_id.filter(|_| kept.user_id.is_none()),
    );
    each!(conn, c => diesel::update(subscribers::table.find(from))
        .set((
            subscribers::merged_into.eq(into),
            subscribers::left_all_at.eq(now),
            subscribers::supporter_id.eq(old.supporter_id.filter(|_| donor.is_none())),
            subscribers::user_id.eq(old.user_id.filter(|_| account.is_none())),
        ))
        .execute(c))?;
    let left = kept.left_all_at.or(old.left_all_at);
    each!(conn, c => diesel::update(subscribers::table.find(into))
        .set((
            subscribers::left_all_at.eq(left),
            subscribers::supporter_id.eq(kept.supporter_id.or(donor)),
            subscribers::user_id.eq(kept.user_id.or(account)),
        ))
        .execute(c))?;
    if left.is_some() {
        // A later yes to one list must not bring the others back.
        let on = subscriptions::table.filter(subscriptions::subscriber_id.eq(into));
        each!(conn, c => diesel::update(on)
            .set(subscriptions::state.eq(SubscriptionState::Left))
            .execute(c))?;
    }
    fill_in(conn, into, &known)
}

/// How somebody stands to each list, and since when.
type States = BTreeMap<ListId, (SubscriptionState, Timestamp)>;

fn states(conn: &mut Conn, id: SubscriberId) -> AppResult<States> {
    let query = subscriptions::table
        .filter(subscriptions::subscriber_id.eq(id))
        .select((
            subscriptions::list_id,
            (subscriptions::state, subscriptions::changed_at),
        ));
    let rows: Vec<(ListId, (SubscriptionState, Timestamp))> = each!(conn, c => query.load(c))?;
    Ok(rows.into_iter().collect())
}

fn join_lists(
    conn: &mut Conn,
    (from, into): (SubscriberId, SubscriberId),
    now: Timestamp,
) -> AppResult<()> {
    let (old, kept) = (states(conn, from)?, states(conn, into)?);
    for (list, (state, since)) in old {
        let both = match (state, kept.get(&list).map(|(state, _)| *state)) {
            (SubscriptionState::Left, _) | (_, Some(SubscriptionState::Left)) => {
                SubscriptionState::Left
            }
            (SubscriptionState::Confirmed, _) | (_, Some(SubscriptionState::Confirmed)) => {
                SubscriptionState::Confirmed
            }
            _ => SubscriptionState::Pending,
        };
        // Who has read for years does not sign up now.
        let at = if both == state { since } else { now };
        stand(conn, (into, list), both, at)?;
    }
    let over = subscriptions::table.filter(subscriptions::subscriber_id.eq(from));
    each!(conn, c => diesel::delete(over).execute(c))?;
    Ok(())
}

fn join_topics(conn: &mut Conn, (from, into): (SubscriberId, SubscriberId)) -> AppResult<()> {
    let query = topic_mutes::table
        .filter(topic_mutes::subscriber_id.eq(from))
        .select((topic_mutes::topic, topic_mutes::muted_at));
    let off: Vec<(String, Timestamp)> = each!(conn, c => query.load(c))?;
    for (topic, at) in off {
        super::topics::switch_off(conn, into, &topic, at)?;
    }
    let over = topic_mutes::table.filter(topic_mutes::subscriber_id.eq(from));
    each!(conn, c => diesel::delete(over).execute(c))?;
    Ok(())
}

fn move_mails(conn: &mut Conn, (from, into): (SubscriberId, SubscriberId)) -> AppResult<()> {
    let both = deliveries::table
        .filter(deliveries::subscriber_id.eq(into))
        .select(deliveries::newsletter_id);
    let both: Vec<String> = each!(conn, c => both.load(c))?;
    let alone = deliveries::table
        .filter(deliveries::subscriber_id.eq(from))
        .filter(deliveries::newsletter_id.ne_all(both));
    each!(conn, c => diesel::update(alone)
        .set(deliveries::subscriber_id.eq(into))
        .execute(c))?;
    // What either has had, or may have had, does not come to the other address as well (N19).
    let had = deliveries::table
        .filter(deliveries::subscriber_id.eq(from))
        .filter(deliveries::state.eq_any(["sent", "unknown", "bounced"]))
        .select(deliveries::newsletter_id);
    let had: Vec<String> = each!(conn, c => had.load(c))?;
    let waiting = deliveries::table
        .filter(deliveries::subscriber_id.eq(into))
        .filter(deliveries::newsletter_id.eq_any(had))
        .filter(deliveries::state.eq("queued"));
    each!(conn, c => diesel::update(waiting)
        .set((
            deliveries::state.eq("skipped"),
            deliveries::detail.eq(Some("merged")),
        ))
        .execute(c))?;
    Ok(())
}

/// What a person said of bulk mail, or staff of them, goes along to the address `to` that is written to in the place of `from`.
/// What a server said of an address stays with it.
pub(super) fn carry_suppression(conn: &mut Conn, from: &str, to: &str) -> AppResult<()> {
    let said = suppressions::table
        .find(from)
        .filter(
            suppressions::reason.eq_any([SuppressionReason::Complaint, SuppressionReason::Staff]),
        )
        .select((
            suppressions::reason,
            suppressions::detail,
            suppressions::created_at,
        ));
    let said: Option<(SuppressionReason, String, Timestamp)> =
        each!(conn, c => said.first(c).optional())?;
    let Some((reason, detail, at)) = said else {
        return Ok(());
    };
    suppress_key(conn, to, reason, &detail, at)?;
    if reason == SuppressionReason::Staff {
        // A link that is followed lifts every other reason.
        let weaker = suppressions::table.find(to);
        each!(conn, c => diesel::update(weaker)
            .set(suppressions::reason.eq(reason))
            .execute(c))?;
    }
    Ok(())
}

/// Who goes through a sequence, or had a step of it, goes on under the one row; where both are in it, the kept one's word holds.
fn join_sequences(conn: &mut Conn, (from, into): (SubscriberId, SubscriberId)) -> AppResult<()> {
    let both = sequence_enrolments::table
        .filter(sequence_enrolments::subscriber_id.eq(into))
        .select(sequence_enrolments::sequence_id);
    let both: Vec<String> = each!(conn, c => both.load(c))?;
    let alone = sequence_enrolments::table
        .filter(sequence_enrolments::subscriber_id.eq(from))
        .filter(sequence_enrolments::sequence_id.ne_all(both));
    each!(conn, c => diesel::update(alone)
        .set(sequence_enrolments::subscriber_id.eq(into))
        .execute(c))?;
    let over = sequence_enrolments::table.filter(sequence_enrolments::subscriber_id.eq(from));
    each!(conn, c => diesel::delete(over).execute(c))?;
    let both = sequence_outcomes::table
        .filter(sequence_outcomes::subscriber_id.eq(into))
        .select(sequence_outcomes::step_id);
    let both: Vec<String> = each!(conn, c => both.load(c))?;
    let alone = sequence_outcomes::table
        .filter(sequence_outcomes::subscriber_id.eq(from))
        .filter(sequence_outcomes::step_id.ne_all(both));
    each!(conn, c => diesel::update(alone)
        .set(sequence_outcomes::subscriber_id.eq(into))
        .execute(c))?;
    let over = sequence_outcomes::table.filter(sequence_outcomes::subscriber_id.eq(from));
    each!(conn, c => diesel::delete(over).execute(c))?;
    Ok(())
}

/// Who may be the same person: of one name, written to at another address.
///
/// # Errors
/// The database's.
pub fn namesakes(conn: &mut Conn, person: &Subscriber, most: i64) -> AppResult<Vec<Subscriber>> {
    if person.name.is_empty() {
        return Ok(Vec::new());
    }
    let query = subscribers::table
        .filter(subscribers::name.eq(&person.name))
        .filter(subscribers::id.ne(person.id))
        .filter(subscribers::merged_into.is_null())
        .filter(subscribers::erased_at.is_null())
        .order(subscribers::id)
        .limit(most);
    Ok(each!(conn, c => query.select(Subscriber::as_select()).load(c))?)
}
