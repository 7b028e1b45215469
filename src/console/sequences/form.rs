//! The form of a sequence: what has to happen, to whom, and how much mail is enough.

use diesel::prelude::*;
use serde::Serialize;

use crate::campaigns::{Campaign, model as campaigns};
use crate::console::desk::Mend;
use crate::console::fields::{Draw, Field, Typed};
use crate::console::listing::Choice;
use crate::console::scope::Scope;
use crate::db::Conn;
use crate::db::schema::lists;
use crate::each;
use crate::error::{AppError, AppResult, FieldError};
use crate::kernel::{Limit, Line};
use crate::segments::{Audience, SegmentId, model as segments};
use crate::sequences::Sequence;
use crate::sequences::ops::Draft;
use crate::sequences::rules::Trigger;
use crate::subscribers::ListId;

/// What a sequence may name: the seasons, lists and segments of whoever makes it.
pub(super) struct Known {
    pub(super) seasons: Vec<Campaign>,
    lists: Vec<(ListId, String)>,
    segments: Vec<(SegmentId, String)>,
}

impl Known {
    pub(super) fn load(conn: &mut Conn, scope: &Scope) -> AppResult<Self> {
        let mut seasons = campaigns::all(conn)?;
        seasons.retain(|one| scope.holds(one.id));
        let lists = each!(conn, c: Db => {
            let mut query = lists::table.filter(lists::archived_at.is_null()).into_boxed::<Db>();
            if let Some(own) = scope.ids() {
                query = query.filter(lists::campaign_id.eq_any(own));
            }
            query.order(lists::id.desc()).limit(200).select((lists::id, lists::name)).load(c)
        })?;
        let segments = segments::list(conn, scope.ids(), None, Limit::MOST)?;
        Ok(Self {
            seasons,
            lists,
            segments: segments
                .items
                .into_iter()
                .map(|one| (one.id, one.name))
                .collect(),
        })
    }

    /// Segments to choose from, and none.
    pub(super) fn segment_choices(&self, current: &str, none: &str) -> Vec<Choice> {
        let choice = |value: String, label: &str| Choice {
            is_current: value == current,
            label: label.to_owned(),
            value,
        };
        let all = self.segments.iter();
        let all = all.map(|(id, name)| choice(id.to_string(), name));
        [choice(String::new(), none)]
            .into_iter()
            .chain(all)
            .collect()
    }

    /// The segment of a field, if one was chosen.
    pub(super) fn segment(&self, typed: &Typed, field: &str) -> AppResult<Option<SegmentId>> {
        let text = typed.text(field);
        if text.is_empty() {
            return Ok(None);
        }
        let found = self.segments.iter().find(|(id, _)| id.to_string() == text);
        match found {
            Some((id, _)) => Ok(Some(*id)),
            None => Err(AppError::field(field, "choose a segment of the list")),
        }
    }
}

const TRIGGERS: &[(&str, &str)] = &[
    (
        "signed_up",
        "They agreed to one of the lists (participants: they began a page)",
    ),
    ("page_live", "Their page went live"),
    ("first_gift", "Their first gift arrived"),
    ("no_gift", "Their last gift is N days ago"),
    ("milestone", "Their page reached N % of its goal"),
    (
        "recurring_failed",
        "A monthly gift failed (nothing does that yet: there are no monthly plans)",
    ),
    ("season_ends", "N days are left until giving ends"),
];

/// A form as its template draws it.
#[derive(Serialize)]
pub(super) struct FormView {
    name: Field,
    seasons: Vec<Choice>,
    triggers: Vec<Choice>,
    trigger_error: Option<String>,
    number: Field,
    lists: Vec<Choice>,
    lists_error: Option<String>,
    participants: Field,
    segments: Vec<Choice>,
    without: Vec<Choice>,
    leaves: Vec<Choice>,
    days_between: Field,
    errors: Vec<FieldError>,
    notice: Option<String>,
}

pub(super) fn form_view(known: &Known, is_whole: bool, typed: &Typed, mend: &Mend) -> FormView {
    let d = Draw { typed, mend };
    let season = typed.text("campaign");
    let none = Choice {
        value: String::new(),
        label: "No season".to_owned(),
        is_current: season.is_empty(),
    };
    let seasons = known.seasons.iter().map(|one| Choice {
        value: one.slug.to_string(),
        label: one.title.clone(),
        is_current: one.slug.as_str() == season,
    });
    let on: Vec<&str> = typed.all("list").collect();
    FormView {
        name: d.text("name", "What it is called").wide(),
        seasons: is_whole.then_some(none).into_iter().chain(seasons).collect(),
        triggers: TRIGGERS
            .iter()
            .map(|(word, label)| Choice {
                value: (*word).to_owned(),
                label: (*label).to_owned(),
                is_current: typed.text("trigger") == *word,
            })
            .collect(),
        trigger_error: mend.at("trigger"),
        number: d.number("number", "N").hint("Days, or percent: where it says N."),
        lists: known
            .lists
            .iter()
            .map(|(id, name)| Choice {
                value: id.to_string(),
                label: name.clone(),
                is_current: on.contains(&id.to_string().as_str()),
            })
            .collect(),
        lists_error: mend.at("lists"),
        participants: d
            .tick("participants", "And the season’s participants")
            .hint("Whoever has a page that is shown there; they need no list."),
        segments: known.segment_choices(typed.text("segment"), "all of them"),
        without: known.segment_choices(typed.text("without"), "nobody"),
        leaves: known.segment_choices(typed.text("leaves"), "nobody, before the last step"),
        days_between: d
            .number("days_between", "Days after any mail")
            .hint("After a newsletter, a letter of the coach or another step, nothing of this comes for so many days."),
        errors: mend.faults.clone(),
        notice: mend.notice.clone(),
    }
}

/// The form of a sequence that is there.
pub(super) fn typed_of(sequence: &Sequence, season: &str) -> Typed {
    let mut typed = Typed::default();
    typed.set("name", &sequence.name);
    typed.set("campaign", season);
    let trigger = sequence.trigger_rule.0;
    typed.set("trigger", trigger.word());
    match trigger {
        Trigger::NoGift { days } | Trigger::SeasonEnds { days } => typed.set("number", days),
        Trigger::Milestone { percent } => typed.set("number", percent),
        _ => {}
    }
    let audience = &sequence.audience.0;
    for list in &audience.lists {
        typed.set("list", list);
    }
    typed.tick("participants", audience.participants.is_some());
    let id = |id: Option<SegmentId>| id.map(|id| id.to_string()).unwrap_or_default();
    typed.set("segment", id(audience.segment));
    typed.set("without", id(audience.without));
    typed.set("leaves", id(sequence.leaves));
    typed.set("days_between", sequence.days_between);
    typed.set("version", sequence.version);
    typed
}

/// What was typed. `season` is that of the sequence.
pub(super) fn draft(known: &Known, season: Option<&Campaign>, typed: &Typed) -> AppResult<Draft> {
    let mut faults = Vec::new();
    let name = Line::parse(typed.text("name"), 80)
        .map_err(|bad| faults.push(FieldError::new("name", bad)));
    let trigger = trigger(typed).map_err(|bad| faults.extend(fields_of(bad)));
    let days_between = typed.text("days_between").trim().parse::<i32>();
    let days_between =
        days_between.map_err(|_| faults.push(FieldError::new("days_between", "write a number")));
    let mut segment = |field: &str| {
        known
            .segment(typed, field)
            .map_err(|bad| faults.extend(fields_of(bad)))
            .unwrap_or_default()
    };
    let (within, without, leaves) = (segment("segment"), segment("without"), segment("leaves"));
    let participants = typed.ticked("participants").then_some(season).flatten();
    if typed.ticked("participants") && season.is_none() {
        faults.push(FieldError::new(
            "participants",
            "choose the season whose participants are meant",
        ));
    }
    let asked: Vec<&str> = typed.all("list").collect();
    let on = known
        .lists
        .iter()
        .filter(|(id, _)| asked.contains(&id.to_string().as_str()));
    let audience = Audience {
        lists: on.map(|(id, _)| *id).collect(),
        segment: within,
        without,
        participants: participants.map(|one| one.id),
        ..Audience::default()
    };
    match (name, trigger, days_between) {
        (Ok(name), Ok(trigger), Ok(days_between)) if faults.is_empty() => Ok(Draft {
            name,
            campaign: season.map(|one| one.id),
            trigger,
            audience,
            leaves,
            days_between,
        }),
        _ => Err(AppError::Invalid(faults)),
    }
}

fn fields_of(error: AppError) -> Vec<FieldError> {
    match error {
        AppError::Invalid(faults) => faults,
        _ => Vec::new(),
    }
}

fn trigger(typed: &Typed) -> AppResult<Trigger> {
    let number = |most: i64| {
        let number = typed.text("number").trim().parse::<i64>().ok();
        number
            .filter(|number| (1..=most).contains(number))
            .ok_or_else(|| AppError::field("number", format!("write a number from 1 to {most}")))
    };
    Ok(match typed.text("trigger") {
        "signed_up" => Trigger::SignedUp,
        "page_live" => Trigger::PageLive,
        "first_gift" => Trigger::FirstGift,
        "no_gift" => Trigger::NoGift {
            days: number(3_650)?,
        },
        "milestone" => Trigger::Milestone {
            percent: number(10_000)?,
        },
        "recurring_failed" => Trigger::RecurringFailed,
        "season_ends" => Trigger::SeasonEnds { days: number(366)? },
        _ => return Err(AppError::field("trigger", "choose what has to happen")),
    })
}
