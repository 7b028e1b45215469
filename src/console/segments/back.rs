//! From a rule back to what is typed.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::parts::Part;
use super::tree::Node;
use crate::db::Conn;
use crate::db::schema::{campaigns, lists, newsletters, pages, programs, teams};
use crate::each;
use crate::error::AppResult;
use crate::kernel::{Day, Money};
use crate::segments::Rule;
use crate::segments::rule::{Gifts, OfSeason, Participant, When};

/// The slugs of what a rule names, by id.
fn slugs(conn: &mut Conn, rule: &Rule) -> AppResult<BTreeMap<String, String>> {
    let mut ids = Vec::new();
    for part in rule.walk() {
        match part {
            Rule::Gave(gifts) | Rule::NotGave(gifts) => {
                ids.extend(gifts.program.map(|id| id.to_string()));
                ids.extend(gifts.page.map(|id| id.to_string()));
                ids.extend(gifts.team.map(|id| id.to_string()));
            }
            Rule::Participant(page) => ids.extend(page.team.map(|id| id.to_string())),
            Rule::OnList(one) => ids.push(one.list.to_string()),
            Rule::Opened(of) | Rule::Clicked(of) => ids.push(of.newsletter.clone()),
            _ => {}
        }
    }
    ids.extend(rule.seasons().iter().map(ToString::to_string));
    let mut slugs = BTreeMap::new();
    macro_rules! named {
        ($($table:ident),+) => {$(
            let query = $table::table
                .filter($table::id.eq_any(&ids))
                .select(($table::id, $table::slug));
            let rows: Vec<(String, String)> = each!(conn, c => query.load(c))?;
            slugs.extend(rows);
        )+};
    }
    named!(campaigns, programs, pages, teams, lists, newsletters);
    Ok(slugs)
}

/// A rule as it is typed.
///
/// # Errors
/// The database's.
pub(super) fn typed(conn: &mut Conn, rule: &Rule) -> AppResult<Node> {
    let slugs = slugs(conn, rule)?;
    Ok(node_of(rule, &slugs))
}

fn node_of(rule: &Rule, slugs: &BTreeMap<String, String>) -> Node {
    let slug = |id: String| slugs.get(&id).cloned().unwrap_or_default();
    let group = |part, parts: &[Rule]| Node {
        parts: parts.iter().map(|part| node_of(part, slugs)).collect(),
        ..Node::new(part)
    };
    let season = |part, of: &OfSeason| {
        let mut node = Node::new(part);
        node.set(
            "season",
            of.campaign
                .map(|id| slug(id.to_string()))
                .unwrap_or_default(),
        );
        node
    };
    let one = |part, name: &str, value: String| {
        let mut node = Node::new(part);
        node.set(name, value);
        node
    };
    match rule {
        Rule::All(parts) => group(Part::All, parts),
        Rule::Any(parts) => group(Part::Any, parts),
        Rule::None(parts) => group(Part::None, parts),
        Rule::Gave(gifts) => gifts_node(Part::Gave, gifts, &slug),
        Rule::NotGave(gifts) => gifts_node(Part::NotGave, gifts, &slug),
        Rule::Lapsed(of) => season(Part::Lapsed, of),
        Rule::Captain(of) => season(Part::Captain, of),
        Rule::Participant(page) => page_node(page, &slug),
        Rule::Language(is) => one(Part::Language, "language", is.language.clone()),
        Rule::Country(is) => one(Part::Country, "country", is.country.clone()),
        Rule::OnList(is) => one(Part::OnList, "list", slug(is.list.to_string())),
        Rule::Opened(of) => one(Part::Opened, "newsletter", slug(of.newsletter.clone())),
        Rule::Clicked(of) => one(Part::Clicked, "newsletter", slug(of.newsletter.clone())),
    }
}

fn gifts_node(part: Part, gifts: &Gifts, slug: &impl Fn(String) -> String) -> Node {
    let mut node = Node::new(part);
    let named = [
        ("season", gifts.campaign.map(|id| id.to_string())),
        ("program", gifts.program.map(|id| id.to_string())),
        ("page", gifts.page.map(|id| id.to_string())),
        ("team", gifts.team.map(|id| id.to_string())),
    ];
    for (name, id) in named {
        node.set(name, id.map(slug).unwrap_or_default());
    }
    if let Some(amount) = &gifts.amount {
        let money = |minor: Option<i64>| {
            minor
                .map(|minor| Money::new(minor, amount.currency).decimal())
                .unwrap_or_default()
        };
        node.set("of", amount.of);
        node.set("at_least", money(amount.at_least));
        node.set("at_most", money(amount.at_most));
        node.set("currency", amount.currency);
    }
    match gifts.when {
        When::Any => {}
        When::Between(from, until) => {
            let day = |day: Option<Day>| day.map(|day| day.to_string()).unwrap_or_default();
            node.set("when", "between");
            node.set("from", day(from));
            node.set("until", day(until));
        }
        When::LastDays(days) => {
            node.set("when", "last");
            node.set("last_days", days);
        }
    }
    node
}

fn page_node(page: &Participant, slug: &impl Fn(String) -> String) -> Node {
    let mut node = Node::new(Part::Participant);
    node.set(
        "season",
        page.campaign
            .map(|id| slug(id.to_string()))
            .unwrap_or_default(),
    );
    node.set(
        "team",
        page.team.map(|id| slug(id.to_string())).unwrap_or_default(),
    );
    node.set("shown", if page.is_draft { "draft" } else { "live" });
    if let Some((side, percent)) = page.raised {
        node.set("raised_side", side);
        node.set("raised", percent);
    }
    if let Some((side, days)) = page.days {
        node.set("days_side", side);
        node.set("days", days);
    }
    match page.photo {
        Some(true) => node.set("photo", "yes"),
        Some(false) => node.set("photo", "no"),
        None => {}
    }
    node
}
