//! The tasks of the first days: each done or not, by facts alone.

use crate::campaigns::Campaign;
use crate::coaching::facts::Facts;

/// One task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// What to do.
    pub label: String,
    /// Why it helps.
    pub why: &'static str,
    /// Where it is done.
    pub href: String,
    /// Whether it is done.
    pub is_done: bool,
}

/// The checklist of a page, in the order in which it is best done.
pub fn tasks(facts: &Facts, campaign: &Campaign) -> Vec<Task> {
    let at = |tool: &str| format!("/pages/{}/{tool}", facts.slug);
    let task = |label: &str, why, href: String, is_done| Task {
        label: label.to_owned(),
        why,
        href,
        is_done,
    };
    let give = format!("/give/{}?page={}", campaign.slug, facts.slug);
    let asked = match facts.asked() {
        0 => "Ask five people".to_owned(),
        asked => format!("Ask five people ({} so far)", asked.min(5)),
    };
    // Who took part before has a list of people to ask again; everybody else begins with words to send.
    let ask = at(if facts.previous.is_some() {
        "asks"
    } else {
        "share"
    });
    let mut tasks = vec![
        task(
            "Add a photo",
            "People give to people.",
            at("edit"),
            facts.has_photo,
        ),
        task(
            "Write your own story",
            "Three sentences are enough.",
            at("edit"),
            facts.has_story,
        ),
        task(
            "Give first yourself",
            "Nobody likes to be first.",
            give,
            facts.gave_self,
        ),
        task(&asked, "One by one, by name.", ask, facts.asked() >= 5),
    ];
    if campaign.rules.0.diary.is_on {
        let why = "The outfit is the beginning of a talk.";
        tasks.push(task("Log a first day", why, at("diary"), facts.days > 0));
    }
    tasks.push(task(
        "Write a first update",
        "It brings people back.",
        at("updates"),
        facts.updates > 0,
    ));
    tasks.push(task(
        "Join a team, or start one",
        "Company helps.",
        at("team"),
        facts.team.is_some(),
    ));
    tasks
}
