//! What a batch writes down: where enrolments go, what became of steps, and who is mailed.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use super::model::{EnrolmentState, Outcome, SequenceId, StepId};
use crate::db::Conn;
use crate::db::schema::{deliveries, newsletters, sequence_enrolments, sequence_outcomes};
use crate::deliveries::{DeliveryId, DeliveryState};
use crate::each;
use crate::error::AppResult;
use crate::kernel::Timestamp;
use crate::newsletters::{NewsletterId, NewsletterState};
use crate::subscribers::SubscriberId;

/// Where an enrolment goes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct To {
    pub(super) state: EnrolmentState,
    pub(super) position: i32,
    pub(super) due_at: Timestamp,
    pub(super) why: String,
}

/// What is to be written: few statements, since people who go the same way go together.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) moves: BTreeMap<(SequenceId, i32, To), Vec<SubscriberId>>,
    pub(super) outcomes: Vec<(StepId, SubscriberId, Outcome)>,
    pub(super) mails: Vec<(DeliveryId, NewsletterId, SubscriberId, String)>,
}

impl Changes {
    /// Writes it down. Answers how many deliveries were made.
    pub(super) fn write(self, conn: &mut Conn, domain: &str, now: Timestamp) -> AppResult<usize> {
        self.write_moves(conn, now)?;
        self.write_outcomes(conn, now)?;
        self.write_mails(conn, domain, now)
    }

    fn write_moves(&self, conn: &mut Conn, now: Timestamp) -> AppResult<()> {
        for ((sequence, position, to), people) in &self.moves {
            let ended = (to.state != EnrolmentState::Active).then_some(now);
            let target = sequence_enrolments::table
                .filter(sequence_enrolments::sequence_id.eq(sequence))
                .filter(sequence_enrolments::subscriber_id.eq_any(people))
                .filter(sequence_enrolments::state.eq(EnrolmentState::Active))
                .filter(sequence_enrolments::position.eq(position));
            each!(conn, c => diesel::update(target)
                .set((
                    sequence_enrolments::state.eq(to.state),
                    sequence_enrolments::position.eq(to.position),
                    sequence_enrolments::due_at.eq(to.due_at),
                    sequence_enrolments::why.eq(&to.why),
                    sequence_enrolments::ended_at.eq(ended),
                ))
                .execute(c))?;
        }
        Ok(())
    }

    fn write_outcomes(&self, conn: &mut Conn, now: Timestamp) -> AppResult<()> {
        let rows = self.outcomes.iter().map(|(step, person, outcome)| {
            (
                sequence_outcomes::step_id.eq(*step),
                sequence_outcomes::subscriber_id.eq(*person),
                sequence_outcomes::outcome.eq(*outcome),
                sequence_outcomes::at.eq(now),
            )
        });
        let rows: Vec<_> = rows.collect();
        if rows.is_empty() {
            return Ok(());
        }
        each!(conn, c => diesel::insert_into(sequence_outcomes::table)
            .values(rows)
            .on_conflict_do_nothing()
            .execute(c))?;
        Ok(())
    }

    fn write_mails(&self, conn: &mut Conn, domain: &str, now: Timestamp) -> AppResult<usize> {
        let rows = self.mails.iter().map(|(id, newsletter, person, to)| {
            (
                deliveries::id.eq(*id),
                deliveries::newsletter_id.eq(*newsletter),
                deliveries::subscriber_id.eq(*person),
                deliveries::variant.eq("a"),
                deliveries::domain.eq(to),
                deliveries::state.eq(DeliveryState::Queued),
                deliveries::run_at.eq(now),
                deliveries::attempts.eq(0),
                deliveries::message_id.eq(format!("<{id}@{domain}>")),
                deliveries::changed_at.eq(now),
            )
        });
        let rows: Vec<_> = rows.collect();
        // Inserting nothing, SQLite would answer with the number of an earlier statement.
        if rows.is_empty() {
            return Ok(0);
        }
        let mailed = each!(conn, c => diesel::insert_into(deliveries::table)
            .values(rows)
            .on_conflict_do_nothing()
            .execute(c))?;
        // A step's newsletter is never over while its sequence is on: the engine that found every recipient at an end goes on.
        let theirs: BTreeSet<NewsletterId> = self.mails.iter().map(|mail| mail.1).collect();
        let target = newsletters::table
            .filter(newsletters::id.eq_any(theirs))
            .filter(newsletters::state.eq(NewsletterState::Sent));
        each!(conn, c => diesel::update(target)
            .set((
                newsletters::state.eq(NewsletterState::Sending),
                newsletters::ended_at.eq(None::<Timestamp>),
            ))
            .execute(c))?;
        Ok(mailed)
    }
}
