//! "Show me what Maria would get in December": the rules of sequences over one person's facts on a simulated clock.
//!
//! Facts are those of today: gifts and days that are still to come are not known. What changes with the clock alone (a gift
//! becomes old, a season ends, a mail came lately) is asked of each simulated day.

use std::collections::BTreeMap;

use super::enrol::happened_to;
use super::model::{self, EnrolmentState, Sequence, SequenceId, SequenceState, Step};
use super::rules::{self, Act, Seen, Timing};
use super::{cap, model as rows};
use crate::db::Conn;
use crate::db::schema::sequence_enrolments;
use crate::each;
use crate::error::AppResult;
use crate::kernel::{Timestamp, Zone};
use crate::segments::{self, Among, Audience, SegmentId, compile_rule, run};
use crate::subscribers::SubscriberId;
use diesel::prelude::*;

/// A mail that comes from elsewhere, and keeps the same distance: a tip of the coach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Other {
    /// When it would come.
    pub at: Timestamp,
    /// After this moment it is dropped.
    pub until: Timestamp,
    /// Days after any bulk mail in which it does not come.
    pub days_between: i32,
    /// Of what it is a part.
    pub of: String,
    /// Its subject.
    pub mail: String,
    /// Why it comes.
    pub why: String,
}

/// What is simulated.
#[derive(Debug, Clone)]
pub struct Asked {
    /// For whom.
    pub person: SubscriberId,
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Triggers that have not come about do so at this moment.
    pub supposing: Option<Timestamp>,
    /// What comes from elsewhere meanwhile.
    pub others: Vec<Other>,
}

/// Something that would come about, or would not, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// In which sequence.
    pub sequence: String,
    /// The mail that would come, by its subject.
    pub mail: Option<String>,
    /// Why, or why not.
    pub why: String,
}

/// Somebody's way through one sequence.
struct Course {
    sequence: Sequence,
    zone: Zone,
    steps: Vec<Step>,
    timings: Vec<Timing>,
    position: i32,
    due: Timestamp,
    because: String,
}

/// The place of a course that is over.
const OVER: i32 = i32::MAX;

/// Lets a mail from elsewhere come, wait for its distance, or be dropped.
fn let_come(
    others: &mut Vec<Other>,
    place: usize,
    last_mail: &mut Option<Timestamp>,
) -> Option<Event> {
    let mut other = others.swap_remove(place);
    let seen = Seen {
        refused: None,
        has_left: false,
        is_meant: true,
        last_mail: *last_mail,
    };
    let event = |at, mail, why| Event {
        at,
        sequence: other.of.clone(),
        mail,
        why,
    };
    match rules::decide(&seen, other.days_between, other.at) {
        Act::Wait(until) if until <= other.until => {
            other.at = until;
            others.push(other);
            None
        }
        Act::Wait(_) => {
            let why = format!(
                "“{}” is dropped: another mail came too shortly before",
                other.mail
            );
            Some(event(other.at, None, why))
        }
        _ => {
            *last_mail = Some(other.at);
            Some(event(other.at, Some(other.mail.clone()), other.why.clone()))
        }
    }
}

/// Events of one simulation, at most: steps are few, and each waits a bounded number of times.
const MOST: usize = 500;

/// What `asked.person` would get of all sequences of `seasons` (`None`: all), drafts among them as if they were switched on
/// when the simulation begins.
///
/// # Errors
/// The database's.
pub fn simulate(
    conn: &mut Conn,
    asked: &Asked,
    seasons: Option<&[crate::ids::CampaignId]>,
) -> AppResult<Vec<Event>> {
    let mut events = Vec::new();
    let mut courses = Vec::new();
    let all = model::list(conn, seasons)?;
    let ids: Vec<SequenceId> = all.iter().map(|one| one.id).collect();
    let mut steps: BTreeMap<SequenceId, Vec<Step>> = BTreeMap::new();
    for step in rows::steps(conn, &ids)? {
        steps.entry(step.sequence).or_default().push(step);
    }
    for sequence in all {
        let steps = steps.remove(&sequence.id).unwrap_or_default();
        match course(conn, asked, sequence, steps)? {
            Ok(course) => courses.push(course),
            Err(event) => events.extend(event),
        }
    }
    let last = cap::last_mails(conn, &[asked.person], asked.from)?;
    let mut last_mail = last.get(&asked.person).copied();
    let mut others = asked.others.clone();
    while events.len() < MOST {
        let other = others.iter().enumerate().min_by_key(|(_, other)| other.at);
        let other = other.map(|(place, other)| (place, other.at));
        let next = courses
            .iter_mut()
            .filter(|course| course.due <= asked.until)
            .min_by_key(|course| (course.due, course.sequence.id));
        let Some(course) = next else {
            match other.filter(|(_, at)| *at <= asked.until) {
                Some((place, _)) => events.extend(let_come(&mut others, place, &mut last_mail)),
                None => break,
            }
            continue;
        };
        if let Some((place, _)) = other.filter(|(_, at)| *at <= course.due) {
            events.extend(let_come(&mut others, place, &mut last_mail));
            continue;
        }
        let (event, mailed) = go(conn, asked.person, course, last_mail)?;
        if mailed {
            last_mail = Some(event.at);
        }
        events.push(event);
        courses.retain(|course| course.position != OVER);
    }
    events.retain(|event| event.at >= asked.from);
    events.sort_by_key(|event| event.at);
    Ok(events)
}

/// Where somebody stands in a sequence, or why nothing comes of it.
fn course(
    conn: &mut Conn,
    asked: &Asked,
    sequence: Sequence,
    steps: Vec<Step>,
) -> AppResult<Result<Course, Option<Event>>> {
    let zone = model::zone(conn, &sequence)?;
    let timings: Vec<Timing> = steps.iter().map(|step| step.timing).collect();
    let event = |why: &str| Event {
        at: asked.from,
        sequence: sequence.name.clone(),
        mail: None,
        why: why.to_owned(),
    };
    let enrolment = sequence_enrolments::table
        .find((sequence.id, asked.person))
        .select((
            sequence_enrolments::state,
            sequence_enrolments::position,
            sequence_enrolments::due_at,
        ));
    let enrolled: Option<(EnrolmentState, i32, Timestamp)> =
        each!(conn, c => enrolment.first(c).optional())?;
    let because = sequence.trigger_rule.0.because();
    if let Some((state, position, due)) = enrolled {
        if state != EnrolmentState::Active {
            return Ok(Err(Some(event("nothing: they have been through it once"))));
        }
        return Ok(Ok(Course {
            due: due.max(asked.from),
            sequence,
            zone,
            steps,
            timings,
            position,
            because,
        }));
    }
    if !is_meant(conn, &sequence.audience.0, asked)? {
        return Ok(Err(Some(event("nothing: it is not for them"))));
    }
    let begins = match sequence.started_at {
        Some(at) if sequence.state == SequenceState::On => at,
        _ => asked.from,
    };
    let happened = happened_to(conn, &sequence, asked.person)?;
    let at = match happened.filter(|at| *at >= begins) {
        Some(at) => at,
        None => match (asked.supposing, happened) {
            (Some(supposed), None) => supposed,
            (_, Some(_)) => {
                return Ok(Err(Some(event(
                    "nothing: it happened before the sequence began",
                ))));
            }
            (None, None) => {
                return Ok(Err(Some(event(
                    "nothing: what it waits for has not happened",
                ))));
            }
        },
    };
    let Some(first) = rules::next(&timings, 0).copied() else {
        return Ok(Err(Some(event("nothing: it has no steps"))));
    };
    Ok(Ok(Course {
        position: first.position,
        due: rules::due(&first, at, zone).max(asked.from),
        sequence,
        zone,
        steps,
        timings,
        because,
    }))
}

fn is_meant(conn: &mut Conn, audience: &Audience, asked: &Asked) -> AppResult<bool> {
    // What the audience says today, asked of this one person.
    let who = segments::compile(conn, audience, asked.from)?;
    let one = segments::Compiled::plain("SELECT s.id AS id FROM subscribers s WHERE s.id = ")
        .then(&segments::Compiled::value(segments::Bind::Text(
            asked.person.to_string(),
        )))
        .and(" AND s.id IN (")
        .then(&who)
        .and(")");
    Ok(!run::all(conn, &one)?.is_empty())
}

/// Lets the step of a course that is due come about. Answers what happens, and whether it is a mail.
fn go(
    conn: &mut Conn,
    person: SubscriberId,
    course: &mut Course,
    last_mail: Option<Timestamp>,
) -> AppResult<(Event, bool)> {
    let now = course.due;
    let event = |course: &Course, mail: Option<String>, why: String| Event {
        at: now,
        sequence: course.sequence.name.clone(),
        mail,
        why,
    };
    let Some(timing) = rules::next(&course.timings, course.position).copied() else {
        course.position = OVER;
        return Ok((event(course, None, "it ends here".to_owned()), false));
    };
    let step = course.steps.iter().find(|step| step.timing.id == timing.id);
    let (segment, subject) = step
        .map(|step| (step.segment, step.subject.clone()))
        .unwrap_or_default();
    let refused = segments::refused(conn, &[person], &course.sequence.audience.0, None)?;
    let seen = Seen {
        refused: refused.get(&person).copied(),
        has_left: match course.sequence.leaves {
            Some(segment) => is_in(conn, segment, person, now)?,
            None => false,
        },
        is_meant: match segment {
            Some(segment) => is_in(conn, segment, person, now)?,
            None => true,
        },
        last_mail,
    };
    let onward = |course: &mut Course| match rules::next(&course.timings, timing.position + 1) {
        Some(next) => {
            course.position = next.position;
            course.due = rules::due(next, now, course.zone);
        }
        None => course.position = OVER,
    };
    Ok(
        match rules::decide(&seen, course.sequence.days_between, now) {
            Act::Mail => {
                let said = event(course, Some(subject), format!("because {}", course.because));
                onward(course);
                (said, true)
            }
            Act::PassOver => {
                let said = event(
                    course,
                    None,
                    format!("“{subject}” is passed over: they are not in its segment"),
                );
                onward(course);
                (said, false)
            }
            Act::Wait(until) => {
                course.due = until;
                let why = format!(
                    "“{subject}” waits: they had a mail within {} days",
                    course.sequence.days_between
                );
                (event(course, None, why), false)
            }
            Act::Refused(why) => {
                course.position = OVER;
                let why = format!(
                    "it ends: they may not be written to ({})",
                    why.as_str().replace('_', " ")
                );
                (event(course, None, why), false)
            }
            Act::Leave => {
                course.position = OVER;
                (
                    event(
                        course,
                        None,
                        "it ends: they are in the segment that leaves it".to_owned(),
                    ),
                    false,
                )
            }
        },
    )
}

fn is_in(conn: &mut Conn, id: SegmentId, person: SubscriberId, at: Timestamp) -> AppResult<bool> {
    let segment = segments::model::by_id(conn, id)?;
    let rule = segment.rule()?;
    let asked = (&rule, segment.campaign_id);
    let who = compile_rule(conn, Among::These(&[person]), asked, at)?;
    Ok(!run::all(conn, &who)?.is_empty())
}
