//! Segments and a sequence of the demo: whom a coordinator writes to in the middle of a season.

use super::{LAST_SEASON, SEASON, line, parsed};
use crate::auth::UserId;
use crate::campaigns::{Campaign, model as campaigns};
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::kernel::Timestamp;
use crate::newsletters::NewsletterId;
use crate::segments::rule::{Amount, Gifts, Of, OfSeason, Participant, Rule, Side};
use crate::segments::{Audience, SegmentId, ops as segments_ops};
use crate::sequences::ops::{self, Draft};
use crate::sequences::rules::Trigger;
use crate::sequences::steps::{self, NewStep};
use crate::sequences::{SequenceId, StepId};

/// New ids, made outside the transaction.
#[derive(Debug, Clone, Copy)]
pub struct SegmentSeed {
    segments: [SegmentId; 4],
    sequence: SequenceId,
    steps: [StepId; 3],
    newsletters: [NewsletterId; 3],
}

impl SegmentSeed {
    /// A seed.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self {
            segments: super::ids(SegmentId::new),
            sequence: SequenceId::new(),
            steps: super::ids(StepId::new),
            newsletters: super::ids(NewsletterId::new),
        }
    }
}

fn rules(last: Option<&Campaign>, season: &Campaign) -> [(&'static str, Rule); 4] {
    let large = Gifts {
        amount: Some(Amount {
            currency: season.currency,
            at_least: Some(10_000),
            at_most: None,
            of: Of::Sum,
        }),
        ..Gifts::default()
    };
    let page = |raised, days, photo| Participant {
        raised,
        days,
        photo,
        ..Participant::default()
    };
    let gave_before = Gifts {
        campaign: last.map(|one| one.id),
        ..Gifts::default()
    };
    [
        (
            "Gave last year, not yet this year",
            Rule::All(vec![
                Rule::Gave(gave_before),
                Rule::Lapsed(OfSeason::default()),
            ]),
        ),
        ("Gave $100 or more this season", Rule::Gave(large)),
        (
            "Participants who could use a hand",
            Rule::Any(vec![
                Rule::Participant(page(Some((Side::Below, 10)), None, None)),
                Rule::Participant(page(None, None, Some(false))),
            ]),
        ),
        (
            "Busy diaries, and no gift of their own",
            Rule::All(vec![
                Rule::Participant(page(None, Some((Side::AtLeast, 5)), None)),
                Rule::NotGave(Gifts::default()),
            ]),
        ),
    ]
}

/// The mails of the sequence: subject, text, days to wait, and whether they are for those who could use a hand alone.
const MAILS: [(&str, &str, i32, bool); 3] = [
    (
        "Your page is live",
        "It is there, and people can find it. Send it to one person today, the one who would be glad to hear from you in any case.",
        0,
        false,
    ),
    (
        "Three names",
        "A page that waits for strangers waits long. Write three names down, and ask each of them by name.",
        4,
        true,
    ),
    (
        "What your page pays for",
        "Whatever your page raises goes to the season’s programs, to the cent. Its own page shows where it went so far.",
        10,
        false,
    ),
];

/// Makes them by the same verbs as everybody's, in the season that is live; `by` is a coordinator.
///
/// # Errors
/// The database's. Mistakes in the texts are unforeseen errors, which the tests find.
pub fn segments(conn: &mut Conn, seed: &SegmentSeed, by: UserId, now: Timestamp) -> AppResult<()> {
    let season = campaigns::any_by_slug(conn, &parsed(SEASON)?)?;
    let season = season.ok_or(AppError::NotFound("the season"))?;
    let last = campaigns::any_by_slug(conn, &parsed(LAST_SEASON)?)?;
    for (id, (name, rule)) in seed.segments.iter().zip(rules(last.as_ref(), &season)) {
        let new = segments_ops::Draft {
            name: line(name)?,
            campaign: Some(season.id),
            rule,
        };
        segments_ops::make(conn, *id, &new, by, now)?;
    }
    let [_, _, hand, _] = seed.segments;
    let new = Draft {
        name: line("After a page goes live")?,
        campaign: Some(season.id),
        trigger: Trigger::PageLive,
        audience: Audience {
            participants: Some(season.id),
            ..Audience::default()
        },
        leaves: None,
        days_between: 2,
    };
    ops::make(conn, seed.sequence, &new, by, now)?;
    let ids = seed.steps.into_iter().zip(seed.newsletters);
    for ((id, newsletter), (subject, text, wait_days, is_hand)) in ids.zip(MAILS) {
        let content = serde_json::json!({ "blocks": [{ "kind": "text", "words": text }] });
        let step = NewStep {
            id,
            newsletter,
            subject: line(subject)?,
            content: content.to_string(),
            wait_days,
            at_hour: Some(9),
            segment: is_hand.then_some(hand),
            from_name: "Dressember".to_owned(),
        };
        steps::add_step(conn, seed.sequence, &step, by, now)?;
    }
    ops::switch_on(conn, seed.sequence, by, now)
}
