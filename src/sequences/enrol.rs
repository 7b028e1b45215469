//! Enrolling: whoever is meant, and to whom it happened since the sequence was switched on, once.

use diesel::prelude::*;

use super::model::{self, EnrolmentState, Sequence};
use super::rules::{self, Timing};
use super::trigger::{Season, happened};
use crate::db::schema::sequence_enrolments;
use crate::db::{Conn, Db};
use crate::each;
use crate::error::AppResult;
use crate::kernel::{Timestamp, Zone};
use crate::segments::{Bind, Compiled, compile, run};
use crate::subscribers::SubscriberId;

/// People of one batch.
const BATCH: usize = 1_000;

/// For how long what happens to everybody at once goes on happening.
const AT_ONCE: chrono::Duration = chrono::Duration::days(1);

/// Enrols into every sequence that is on. Answers how many people.
///
/// # Errors
/// The database's; what was written before stays, and the next run goes on from there.
pub async fn enrol(db: &Db, now: Timestamp) -> AppResult<usize> {
    let mut enrolled = 0;
    for sequence in db.read(model::running).await? {
        loop {
            let asked = sequence.clone();
            let found = db.read(move |c| new_ones(c, &asked, now)).await?;
            let goes_on = found.len() == BATCH;
            if !found.is_empty() {
                let to = sequence.clone();
                enrolled += db.tx(move |c| write(c, &to, &found, now)).await?;
            }
            if !goes_on {
                break;
            }
        }
    }
    Ok(enrolled)
}

/// To whom it happened, and when, of those who are not enrolled.
fn new_ones(
    conn: &mut Conn,
    sequence: &Sequence,
    now: Timestamp,
) -> AppResult<Vec<(SubscriberId, Timestamp)>> {
    let Some(started) = sequence.started_at else {
        return Ok(Vec::new());
    };
    let trigger = sequence.trigger_rule.0;
    let season = Season::of(conn, sequence.campaign_id)?;
    let Some(at) = happened(trigger, &sequence.audience.0, season, Some(started)) else {
        return Ok(Vec::new());
    };
    // What happens to everybody at once is told on its day; whoever comes later is not told that something was near.
    let from = if trigger.is_at_once() {
        started.max(now.minus(AT_ONCE))
    } else {
        started
    };
    let meant = compile(conn, &sequence.audience.0, now)?;
    let time = |at: Timestamp| Compiled::value(Bind::Time(at.minus(trigger.delay())));
    let query = Compiled::plain("SELECT q.id AS id, q.at AS at FROM (SELECT s.id AS id, ")
        .then(&at)
        .and(" AS at FROM subscribers s WHERE s.id IN (")
        .then(&meant)
        .and(") AND NOT EXISTS (SELECT 1 FROM sequence_enrolments n WHERE n.subscriber_id = s.id AND n.sequence_id = ")
        .then(&Compiled::value(Bind::Text(sequence.id.to_string())))
        .and(")) q WHERE q.at >= ")
        .then(&time(from))
        .and(" AND q.at <= ")
        .then(&time(now))
        .and(&format!(" ORDER BY q.id LIMIT {BATCH}"));
    let rows = run::happenings(conn, &query)?;
    let delayed = rows
        .into_iter()
        .map(|(id, at)| (id, at.plus(trigger.delay())));
    Ok(delayed.collect())
}

/// When it happened to one person, whoever they are and whenever that was.
pub(super) fn happened_to(
    conn: &mut Conn,
    sequence: &Sequence,
    person: SubscriberId,
) -> AppResult<Option<Timestamp>> {
    let trigger = sequence.trigger_rule.0;
    let season = Season::of(conn, sequence.campaign_id)?;
    let Some(at) = happened(trigger, &sequence.audience.0, season, None) else {
        return Ok(None);
    };
    let query = Compiled::plain("SELECT q.id AS id, q.at AS at FROM (SELECT s.id AS id, ")
        .then(&at)
        .and(" AS at FROM subscribers s WHERE s.id = ")
        .then(&Compiled::value(Bind::Text(person.to_string())))
        .and(") q WHERE q.at IS NOT NULL");
    let rows = run::happenings(conn, &query)?;
    Ok(rows.first().map(|(_, at)| at.plus(trigger.delay())))
}

fn write(
    conn: &mut Conn,
    sequence: &Sequence,
    found: &[(SubscriberId, Timestamp)],
    now: Timestamp,
) -> AppResult<usize> {
    let steps = model::steps(conn, &[sequence.id])?;
    let steps: Vec<Timing> = steps.into_iter().map(|step| step.timing).collect();
    let zone: Zone = model::zone(conn, sequence)?;
    let Some(first) = rules::next(&steps, 0) else {
        return Ok(0);
    };
    let why = sequence.trigger_rule.0.because();
    let rows: Vec<_> = found
        .iter()
        .map(|(person, at)| {
            (
                sequence_enrolments::sequence_id.eq(sequence.id),
                sequence_enrolments::subscriber_id.eq(*person),
                sequence_enrolments::state.eq(EnrolmentState::Active),
                sequence_enrolments::position.eq(first.position),
                sequence_enrolments::due_at.eq(rules::due(first, *at, zone)),
                sequence_enrolments::happened_at.eq(*at),
                sequence_enrolments::enrolled_at.eq(now),
                sequence_enrolments::why.eq(&why),
            )
        })
        .collect();
    Ok(
        each!(conn, c => diesel::insert_into(sequence_enrolments::table)
        .values(rows)
        .on_conflict_do_nothing()
        .execute(c))?,
    )
}
