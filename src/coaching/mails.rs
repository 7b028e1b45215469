//! The coach's letters: one template, filled with what the rules decided. Each says why it came and how to switch its
//! kind off.

use serde_json::{Value, json};

use super::facts::{Case, Facts, Person};
use super::next_step::{More, next_step};
use super::rules::badges::Badge;
use super::rules::counted;
use super::rules::marks::{self, Mark};
use super::rules::post::{Letter, Matter};
use crate::auth::mutes::OffLinks;
use crate::campaigns::Campaign;
use crate::kernel::apportion::largest_remainder;
use crate::kernel::{Money, Timestamp};
use crate::mail::{MailId, NewMail};
use crate::web::views::palette::Accent;

/// The mail's name among the templates, and its kind in the outbox.
const LETTER: &str = "coach_letter";

/// What every letter needs beside the facts.
#[derive(Clone)]
pub struct Stationery {
    /// Switches kinds off.
    pub off: OffLinks,
    /// Where the site is, without a slash at the end.
    pub public_url: String,
    /// Who writes.
    pub organisation: String,
}

/// The words of one letter.
struct Words {
    subject: String,
    title: String,
    lines: Vec<String>,
    list: Vec<String>,
    act: String,
    /// From `/` on.
    href: String,
}

/// `letter` about `case`, as a mail to `person`. The outbox keeps one mail a kind and source, so an id made anew when
/// the transaction runs again does no harm.
pub fn compose(
    with: &Stationery,
    person: &Person,
    case: &Case,
    campaign: &Campaign,
    letter: &Letter,
    now: Timestamp,
) -> NewMail {
    let facts = &case.facts;
    let kind = letter.matter.kind();
    let words = words(case, campaign, &letter.matter, now);
    let money = |minor| json!(Money::new(minor, campaign.currency));
    let next = marks::next(facts, campaign.currency, &case.own);
    let key = letter.keys.last().map(String::as_str).unwrap_or_default();
    let context = json!({
        "subject": words.subject,
        "title": words.title,
        "participant": facts.participant,
        "lines": words.lines,
        "list": words.list,
        "act": words.act,
        "act_url": format!("{}{}", with.public_url, words.href),
        "page": { "title": facts.title },
        "raised": money(facts.raised),
        "goal": (facts.goal > 0).then(|| money(facts.goal)),
        "next": next.map(|(minor, mark)| json!({
            "gap": money(minor - facts.raised),
            "to": mark.words(campaign.currency),
        })),
        "kind": kind.label(),
        "why": kind.why(),
        "between": counted(campaign.rules.0.coaching.days_between.max(1), "day", "days"),
        "off_url": with.off.url(person.id, kind),
        "campaign": { "title": campaign.title },
        "accent": campaign.accent.as_str(),
        "organisation": with.organisation,
        "threads": threads(facts, campaign.accent.as_str()),
    });
    NewMail {
        id: MailId::new(),
        kind: LETTER,
        source_id: format!("{}:{kind}:{key}", facts.page),
        to: person.email.clone(),
        to_name: Some(person.name.clone()),
        context,
    }
}

fn words(case: &Case, campaign: &Campaign, matter: &Matter, now: Timestamp) -> Words {
    let facts = &case.facts;
    let page = format!("/pages/{}", facts.slug);
    match matter {
        Matter::Marks(reached) => marks_words(facts, campaign, reached),
        Matter::Tip(tip) => Words {
            subject: tip.title.clone(),
            title: tip.title.clone(),
            lines: tip.text.clone(),
            list: Vec::new(),
            act: tip.act.clone(),
            href: match tip.tool.as_str() {
                "" => page,
                tool => format!("{page}/{tool}"),
            },
        },
        Matter::Badges(earned) => badges_words(facts, earned),
        Matter::Quiet(days) => {
            let step = next_step(facts, &More { is_today_logged: true, ..More::default() }, &case.own, campaign, now);
            Words {
                subject: "Your page has been quiet".to_owned(),
                title: "A quiet spell".to_owned(),
                lines: vec![
                    format!("Nothing has stirred on your page for {}. That happens to everybody; one small thing is enough to go on.", counted(*days, "day", "days")),
                    step.sentence,
                ],
                list: Vec::new(),
                act: step.act,
                href: step.href,
            }
        }
        Matter::Draft => Words {
            subject: "Your page is nearly there".to_owned(),
            title: "Your page is nearly there".to_owned(),
            lines: vec![
                "You began a page and left it as a draft. Everything that you wrote is still there, and nobody else sees it.".to_owned(),
                "Two minutes more, and it can be shared. You can change all of it later.".to_owned(),
            ],
            list: Vec::new(),
            act: "Finish your page".to_owned(),
            href: format!("/start/{}", campaign.slug),
        },
    }
}

/// Several marks that were reached since the last letter make one: "you passed $100, 25% of your goal and 5 donors".
fn marks_words(facts: &Facts, campaign: &Campaign, reached: &[Mark]) -> Words {
    let mut best: Vec<&Mark> = Vec::new();
    for mark in reached {
        // Of one sort the highest says it all.
        best.retain(|kept| std::mem::discriminant(*kept) != std::mem::discriminant(mark));
        best.push(mark);
    }
    let said: Vec<String> = best
        .iter()
        .filter(|mark| !matches!(mark, Mark::Own(..)))
        .map(|mark| mark.words(campaign.currency))
        .collect();
    let promises: Vec<String> = reached
        .iter()
        .filter_map(|mark| match mark {
            Mark::Own(_, minor, promise) => {
                let amount = Money::new(*minor, campaign.currency);
                Some(format!("At {amount} I will {promise}"))
            }
            _ => None,
        })
        .collect();
    let is_first = reached == [Mark::Donors(1)];
    let title = match (is_first, said.last(), best.last()) {
        (true, ..) => "Your first donor".to_owned(),
        (_, Some(best), _) => format!("You reached {best}"),
        (_, None, Some(own)) => format!("You reached {}", own.words(campaign.currency)),
        (_, None, None) => "You reached a mark".to_owned(),
    };
    let mut lines = Vec::new();
    if is_first {
        lines.push(
            "The first gift on your page is there. Somebody read what you wrote and joined in."
                .to_owned(),
        );
    } else if !said.is_empty() {
        lines.push(format!(
            "Since we last wrote, your page passed {}.",
            listed(&said)
        ));
    }
    if !promises.is_empty() {
        lines.push(
            "And it reached what you promised something for. Now comes the good part:".to_owned(),
        );
    }
    let (act, tool) = if promises.is_empty() {
        ("Thank those who gave", "gifts")
    } else {
        ("See your promises", "coach")
    };
    Words {
        subject: title.clone(),
        title,
        lines,
        list: promises,
        act: act.to_owned(),
        href: format!("/pages/{}/{tool}", facts.slug),
    }
}

fn badges_words(facts: &Facts, earned: &[Badge]) -> Words {
    let names: Vec<String> = earned
        .iter()
        .map(|badge| format!("“{}”", badge.name()))
        .collect();
    let title = match earned {
        [one] => format!("A badge: {}", one.name()),
        several => format!("{} badges", several.len()),
    };
    Words {
        subject: format!("You earned {}", listed(&names)),
        title,
        lines: vec!["It stands on your page now, woven small.".to_owned()],
        list: earned
            .iter()
            .map(|badge| format!("{}: {}", badge.name(), badge.words()))
            .collect(),
        act: "See what is next".to_owned(),
        href: format!("/pages/{}/coach", facts.slug),
    }
}

/// `a`, `a and b`, `a, b and c`.
fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// The mail's small band: what was raised in the campaign's dye, what is missing to the goal as bare warp.
fn threads(facts: &Facts, accent: &str) -> Vec<Value> {
    let palette = Accent::new(accent).light;
    let dye = palette.dyes.first().unwrap_or(&palette.warp);
    let bare = (facts.goal - facts.raised).max(i64::from(facts.raised <= 0));
    let widths = largest_remainder(100, &[facts.raised.max(0), bare]).unwrap_or_default();
    let cells = widths.into_iter().zip([dye, &palette.warp]);
    cells
        .filter(|(width, _)| *width > 0)
        .map(|(width, colour)| json!({ "width": width, "colour": colour }))
        .collect()
}
