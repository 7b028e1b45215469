//! The form of a season as its template draws it.

use serde::Serialize;

use super::desk::Mend;
use super::fields::{Draw, Field, Typed};
use crate::ids::ProgramId;

/// Rows for further questions at the end of the form.
const SPARE: usize = 2;

/// A part of the form.
#[derive(Debug, Serialize)]
pub(super) struct Part {
    title: &'static str,
    fields: Vec<Field>,
}

#[derive(Debug, Serialize)]
pub(super) struct QuestionRow {
    nth: usize,
    question: String,
    answer: String,
}

#[derive(Debug, Serialize)]
pub(super) struct ProgramTick {
    id: String,
    name: String,
    place: String,
    is_ticked: bool,
}

/// Context of `console/season_fields`.
#[derive(Debug, Serialize)]
pub(super) struct FormView {
    parts: Vec<Part>,
    rules: Vec<Part>,
    questions: Vec<QuestionRow>,
    faq_error: Option<String>,
    programs: Vec<ProgramTick>,
    programs_error: Option<String>,
}

/// The form as its template draws it; `all` are the programs to choose from.
pub(super) fn draw(typed: &Typed, mend: &Mend, all: &[(ProgramId, String)]) -> FormView {
    let d = Draw { typed, mend };
    let parts = vec![
        Part {
            title: "What it is",
            fields: vec![
                d.text("title", "Title").wide(),
                d.area("appeal", "Appeal", 2)
                    .hint("One or two sentences: what the season asks for."),
                d.area("story", "Story", 10)
                    .hint("Markdown. Pages without a story of their own show it."),
                d.text("accent", "Colour")
                    .hint("Like #9b2335; it is moved until it reads on paper."),
            ],
        },
        Part {
            title: "Days",
            fields: vec![
                d.date("starts_on", "First day of the challenge"),
                d.date("ends_on", "Last day of the challenge"),
                d.date("giving_until", "Last day of giving"),
            ],
        },
        Part {
            title: "Amounts",
            fields: vec![
                d.text("goal", "Goal"),
                d.text("minimum", "Smallest gift"),
                d.text("suggested", "Suggested amounts")
                    .hint("Rising, with spaces between: 25 50 100"),
            ],
        },
    ];
    FormView {
        parts,
        rules: rules(&d),
        questions: questions(typed),
        faq_error: mend.at("faq"),
        programs: programs(typed, all),
        programs_error: mend.at("programs"),
    }
}

fn rules(d: &Draw<'_>) -> Vec<Part> {
    vec![
        Part {
            title: "Who takes part",
            fields: vec![
                d.tick("approve_pages", "New pages wait until staff approve them"),
                d.tick("invited_only", "Only staff make pages"),
                d.tick("staff_make_teams", "Only staff make teams"),
            ],
        },
        Part {
            title: "What a new page begins with",
            fields: vec![
                d.text("page_goal", "Goal").hint("Empty: none."),
                d.text("page_title", "Title")
                    .hint("{name} stands for the participant."),
                d.area("page_story", "Story", 5)
                    .hint("Markdown. Empty: the season's story is shown."),
            ],
        },
        Part {
            title: "Style diary",
            fields: vec![
                d.tick("diary_on", "This season has a diary"),
                d.tick("diary_sponsors", "Sponsors may promise an amount a day"),
                d.number("backfill_days", "Days that an entry may be late"),
                d.number("freezes", "Days that may be missed without ending a streak"),
            ],
        },
        Part {
            title: "Badges and coaching",
            fields: vec![
                d.tick("coaching_on", "Coach participants by mail"),
                d.number("days_between", "Days between two mails, at least"),
                d.number("nudge_after_days", "Quiet days before a nudge"),
                d.text("badges_off", "Badges not given")
                    .hint("By name, with commas between."),
            ],
        },
    ]
}

fn questions(typed: &Typed) -> Vec<QuestionRow> {
    let mut rows: Vec<QuestionRow> = typed
        .all("faq_question")
        .zip(typed.all("faq_answer"))
        .filter(|(q, a)| !q.is_empty() || !a.is_empty())
        .map(|(question, answer)| QuestionRow {
            nth: 0,
            question: question.to_owned(),
            answer: answer.to_owned(),
        })
        .collect();
    rows.extend((0..SPARE).map(|_| QuestionRow {
        nth: 0,
        question: String::new(),
        answer: String::new(),
    }));
    for (nth, row) in (1..).zip(&mut rows) {
        row.nth = nth;
    }
    rows
}

fn programs(typed: &Typed, all: &[(ProgramId, String)]) -> Vec<ProgramTick> {
    let mut rows: Vec<ProgramTick> = all
        .iter()
        .map(|(id, name)| {
            let id = id.to_string();
            ProgramTick {
                is_ticked: typed.all("program").any(|ticked| ticked == id),
                place: typed.text(&format!("place_{id}")).to_owned(),
                name: name.clone(),
                id,
            }
        })
        .collect();
    rows.sort_by_key(|row| row.place.parse::<u32>().unwrap_or(u32::MAX));
    rows
}
