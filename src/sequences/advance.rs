//! The way of everybody who is on one: in batches, oldest due first, with a number of queries that goes by the sequences and
//! steps of a batch and never by its people.
//!
//! A batch is one transaction: what is due is read, decided and written in it. A delivery is unique by newsletter and person,
//! an outcome by step and person, and an enrolment moves only from where it was read, so that a batch that runs again, or two
//! workers at once, mail nobody twice.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use super::cap;
use super::changes::{Changes, To};
use super::model::{self, EnrolmentState, Outcome, Sequence, SequenceId, SequenceState, Step};
use super::rules::{self, Act, Seen, Timing};
use crate::db::schema::{sequence_enrolments, sequences, subscribers};
use crate::db::{Conn, Db};
use crate::deliveries::DeliveryId;
use crate::each;
use crate::error::AppResult;
use crate::kernel::{Timestamp, Zone};
use crate::segments::{self, Among, SegmentId, compile_rule, run};
use crate::subscribers::{SubscriberId, Why};

/// People of one batch.
const BATCH: usize = 500;

/// What a run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moved {
    /// Enrolments that were due.
    pub due: usize,
    /// Deliveries made.
    pub mailed: usize,
}

/// Moves everybody whose step is due. Message-IDs end in `domain`, the one that newsletters come from.
///
/// # Errors
/// The database's; what was written before stays, and the next run goes on from there.
pub async fn advance(db: &Db, domain: &str, now: Timestamp) -> AppResult<Moved> {
    let mut all = Moved::default();
    loop {
        // Made outside: a transaction may run twice.
        let ids: Vec<DeliveryId> = (0..BATCH).map(|_| DeliveryId::new()).collect();
        let domain = domain.to_owned();
        let moved = db.tx(move |c| batch(c, &ids, &domain, now)).await?;
        all.due += moved.due;
        all.mailed += moved.mailed;
        if moved.due < BATCH {
            return Ok(all);
        }
    }
}

type Due = (SequenceId, SubscriberId, i32, Timestamp);

/// Everything that decisions about a batch are made from.
struct Facts {
    sequences: BTreeMap<SequenceId, (Sequence, Zone)>,
    steps: BTreeMap<SequenceId, Vec<Step>>,
    refused: BTreeMap<(SequenceId, SubscriberId), Why>,
    /// Who of the batch is in which segment.
    within: BTreeMap<SegmentId, BTreeSet<SubscriberId>>,
    last_mails: BTreeMap<SubscriberId, Timestamp>,
    domains: BTreeMap<SubscriberId, String>,
}

fn batch(conn: &mut Conn, ids: &[DeliveryId], domain: &str, now: Timestamp) -> AppResult<Moved> {
    let due = due(conn, now)?;
    if due.is_empty() {
        return Ok(Moved::default());
    }
    let mut facts = facts(conn, &due, now)?;
    let mut changes = Changes::default();
    let mut ids = ids.iter();
    for (sequence, person, position, _) in &due {
        let id = ids.next().copied();
        one(
            &mut facts,
            &mut changes,
            (*sequence, *person, *position),
            id,
            now,
        );
    }
    let mailed = changes.write(conn, domain, now)?;
    Ok(Moved {
        due: due.len(),
        mailed,
    })
}

fn due(conn: &mut Conn, now: Timestamp) -> AppResult<Vec<Due>> {
    let query = sequence_enrolments::table
        .inner_join(sequences::table.on(sequences::id.eq(sequence_enrolments::sequence_id)))
        .filter(sequence_enrolments::state.eq(EnrolmentState::Active))
        .filter(sequence_enrolments::due_at.le(now))
        .filter(sequences::state.eq(SequenceState::On))
        .order((
            sequence_enrolments::due_at,
            sequence_enrolments::sequence_id,
            sequence_enrolments::subscriber_id,
        ))
        .limit(i64::try_from(BATCH).unwrap_or(500))
        .select((
            sequence_enrolments::sequence_id,
            sequence_enrolments::subscriber_id,
            sequence_enrolments::position,
            sequence_enrolments::due_at,
        ));
    Ok(each!(conn, c => query.load(c))?)
}

fn facts(conn: &mut Conn, due: &[Due], now: Timestamp) -> AppResult<Facts> {
    let mut of: BTreeMap<SequenceId, Vec<SubscriberId>> = BTreeMap::new();
    for (sequence, person, ..) in due {
        of.entry(*sequence).or_default().push(*person);
    }
    let people: BTreeSet<SubscriberId> = due.iter().map(|(_, person, ..)| *person).collect();
    let people: Vec<SubscriberId> = people.into_iter().collect();
    let ids: Vec<SequenceId> = of.keys().copied().collect();
    let mut facts = Facts {
        sequences: BTreeMap::new(),
        steps: BTreeMap::new(),
        refused: BTreeMap::new(),
        within: BTreeMap::new(),
        last_mails: cap::last_mails(conn, &people, now)?,
        domains: BTreeMap::new(),
    };
    let mut asked: BTreeSet<SegmentId> = BTreeSet::new();
    for step in model::steps(conn, &ids)? {
        asked.extend(step.segment);
        facts.steps.entry(step.sequence).or_default().push(step);
    }
    for (id, people) in &of {
        let sequence = model::by_id(conn, *id)?;
        let zone = model::zone(conn, &sequence)?;
        asked.extend(sequence.leaves);
        let refused = segments::refused(conn, people, &sequence.audience.0, None)?;
        let refused = refused
            .into_iter()
            .map(|(person, why)| ((*id, person), why));
        facts.refused.extend(refused);
        facts.sequences.insert(*id, (sequence, zone));
    }
    for id in asked {
        let segment = segments::model::by_id(conn, id)?;
        let rule = segment.rule()?;
        let asked = (&rule, segment.campaign_id);
        let who = compile_rule(conn, Among::These(&people), asked, now)?;
        facts.within.insert(id, run::all(conn, &who)?);
    }
    let query = subscribers::table
        .filter(subscribers::id.eq_any(&people))
        .select((subscribers::id, subscribers::email_folded));
    let addresses: Vec<(SubscriberId, String)> = each!(conn, c => query.load(c))?;
    let domain = |(id, address): (SubscriberId, String)| {
        let domain = address.rsplit('@').next().unwrap_or_default().to_owned();
        (id, domain)
    };
    facts.domains = addresses.into_iter().map(domain).collect();
    Ok(facts)
}

/// Decides about one enrolment and notes what is to be written.
fn one(
    facts: &mut Facts,
    changes: &mut Changes,
    from: (SequenceId, SubscriberId, i32),
    id: Option<DeliveryId>,
    now: Timestamp,
) {
    let (sequence_id, person, position) = from;
    let Some((sequence, zone)) = facts.sequences.get(&sequence_id) else {
        return;
    };
    let steps = facts
        .steps
        .get(&sequence_id)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let timings: Vec<Timing> = steps.iter().map(|step| step.timing).collect();
    let mut to = |state, position, due_at, why: &str| {
        let to = To {
            state,
            position,
            due_at,
            why: why.to_owned(),
        };
        changes
            .moves
            .entry((sequence_id, from.2, to))
            .or_default()
            .push(person);
    };
    let Some(timing) = rules::next(&timings, position) else {
        return to(EnrolmentState::Done, position, now, "past the last step");
    };
    let Some(step) = steps.iter().find(|step| step.timing.id == timing.id) else {
        return;
    };
    let is_in = |segment: SegmentId| {
        let people = facts.within.get(&segment);
        people.is_some_and(|people| people.contains(&person))
    };
    let seen = Seen {
        refused: facts.refused.get(&(sequence_id, person)).copied(),
        has_left: sequence.leaves.is_some_and(is_in),
        is_meant: step.segment.is_none_or(is_in),
        last_mail: facts.last_mails.get(&person).copied(),
    };
    let outcome = match rules::decide(&seen, sequence.days_between, now) {
        Act::Wait(until) => {
            return to(
                EnrolmentState::Active,
                position,
                until,
                "waits: a mail came lately",
            );
        }
        Act::Refused(why) => return to(EnrolmentState::Left, position, now, why.as_str()),
        Act::Leave => {
            return to(
                EnrolmentState::Left,
                position,
                now,
                "the sequence’s end came about",
            );
        }
        Act::PassOver => Outcome::Passed,
        Act::Mail => Outcome::Mailed,
    };
    match rules::next(&timings, timing.position + 1) {
        Some(next) => {
            let due = rules::due(next, now, *zone);
            to(EnrolmentState::Active, next.position, due, "");
        }
        None => to(
            EnrolmentState::Done,
            timing.position + 1,
            now,
            "past the last step",
        ),
    }
    changes.outcomes.push((timing.id, person, outcome));
    if let (Outcome::Mailed, Some(id)) = (outcome, id) {
        let domain = facts.domains.get(&person).cloned().unwrap_or_default();
        changes.mails.push((id, step.newsletter, person, domain));
        facts.last_mails.insert(person, now);
    }
}
