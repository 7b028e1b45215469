//! What a rule says, as a sentence.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::rule::{Amount, Gifts, Of, Participant, Rule, Side, When};
use crate::db::Conn;
use crate::db::schema::{campaigns, lists, newsletters, pages, programs, teams};
use crate::each;
use crate::error::AppResult;
use crate::ids::{CampaignId, PageId, ProgramId, TeamId};
use crate::kernel::Money;
use crate::subscribers::ListId;

/// What the things that a rule names are called, by id; one that is gone has no name.
#[derive(Debug, Clone, Default)]
pub struct Names(BTreeMap<String, String>);

impl Names {
    /// The names for a rule, in five queries at most.
    ///
    /// # Errors
    /// The database's.
    pub fn of(conn: &mut Conn, rule: &Rule, within: Option<CampaignId>) -> AppResult<Self> {
        let mut seasons = rule.seasons();
        seasons.extend(within);
        let (mut on, mut signed) = (Vec::<ListId>::new(), Vec::<String>::new());
        let (mut on_pages, mut in_teams) = (Vec::<PageId>::new(), Vec::<TeamId>::new());
        let mut to = Vec::<ProgramId>::new();
        for part in rule.walk() {
            match part {
                Rule::Gave(gifts) | Rule::NotGave(gifts) => {
                    to.extend(gifts.program);
                    on_pages.extend(gifts.page);
                    in_teams.extend(gifts.team);
                }
                Rule::Participant(page) => in_teams.extend(page.team),
                Rule::OnList(one) => on.push(one.list),
                Rule::Opened(of) | Rule::Clicked(of) => signed.push(of.newsletter.clone()),
                _ => {}
            }
        }
        let mut names = BTreeMap::new();
        macro_rules! named {
            ($table:ident, $name:ident, $ids:expr) => {
                if !$ids.is_empty() {
                    let query = $table::table
                        .filter($table::id.eq_any($ids))
                        .select(($table::id, $table::$name));
                    let rows: Vec<(String, String)> = each!(conn, c => query.load(c))?;
                    names.extend(rows);
                }
            };
        }
        named!(campaigns, title, seasons);
        named!(programs, name, to);
        named!(pages, title, on_pages);
        named!(teams, name, in_teams);
        named!(lists, name, on);
        named!(newsletters, title, signed);
        Ok(Self(names))
    }

    fn get(&self, id: &impl ToString, what: &str) -> String {
        let known = self.0.get(&id.to_string());
        known.map_or_else(
            || format!("{what} that is gone"),
            |name| format!("“{name}”"),
        )
    }
}

/// Everything that a sentence is made with.
struct Teller<'a> {
    names: &'a Names,
    within: Option<CampaignId>,
}

/// What `rule` says: "People who gave $50 or more in all in “Dressember 2026”, and who have no page in it."
pub fn sentence(rule: &Rule, names: &Names, within: Option<CampaignId>) -> String {
    let teller = Teller { names, within };
    match rule {
        Rule::All(parts) if parts.is_empty() => "Everybody who may be written to.".to_owned(),
        rule => format!("People who {}.", teller.say(rule, true)),
    }
}

impl Teller<'_> {
    fn say(&self, rule: &Rule, is_outer: bool) -> String {
        match rule {
            Rule::All(parts) => self.joined(parts, ", and who ", " and ", is_outer),
            Rule::Any(parts) => self.joined(parts, ", or who ", " or ", is_outer),
            Rule::None(parts) => match parts.as_slice() {
                [one] => format!("are none of those who {}", self.say(one, false)),
                _ => format!(
                    "are none of those who {}",
                    self.joined(parts, ", or who ", " or ", false)
                ),
            },
            Rule::Gave(gifts) => format!("gave{}", self.gifts(gifts)),
            Rule::NotGave(gifts) => format!("did not give{}", self.gifts(gifts)),
            Rule::Lapsed(of) => match self.season(of.campaign) {
                Some(season) => format!("gave in the season before {season} and not yet in it"),
                None => "gave in a season and not in the next one (name the season)".to_owned(),
            },
            Rule::Participant(page) => self.page(page),
            Rule::Captain(of) => format!("lead a team{}", self.in_season(of.campaign)),
            Rule::Language(one) if one.language.is_empty() => {
                "read a language that we do not know".to_owned()
            }
            Rule::Language(one) => format!("read in the language “{}”", one.language),
            Rule::Country(one) if one.country.is_empty() => {
                "live in a country that we do not know".to_owned()
            }
            Rule::Country(one) => format!("live in {}", one.country),
            Rule::OnList(one) => format!("are on the list {}", self.names.get(&one.list, "a list")),
            Rule::Opened(of) => format!("opened {}", self.newsletter(&of.newsletter)),
            Rule::Clicked(of) => format!("followed a link in {}", self.newsletter(&of.newsletter)),
        }
    }

    fn joined(&self, parts: &[Rule], outer: &str, inner: &str, is_outer: bool) -> String {
        let said: Vec<String> = parts.iter().map(|part| self.say(part, false)).collect();
        if is_outer {
            said.join(outer)
        } else if said.len() == 1 {
            said.concat()
        } else {
            format!("({})", said.join(inner))
        }
    }

    fn newsletter(&self, id: &str) -> String {
        if id.is_empty() {
            "any newsletter".to_owned()
        } else {
            self.names.get(&id, "a newsletter")
        }
    }

    fn season(&self, named: Option<CampaignId>) -> Option<String> {
        named
            .or(self.within)
            .map(|id| self.names.get(&id, "a season"))
    }

    fn in_season(&self, named: Option<CampaignId>) -> String {
        self.season(named)
            .map(|season| format!(" in {season}"))
            .unwrap_or_default()
    }

    fn gifts(&self, gifts: &Gifts) -> String {
        let mut said = gifts.amount.as_ref().map(amount).unwrap_or_default();
        if let Some(program) = gifts.program {
            said.push_str(&format!(" to {}", self.names.get(&program, "a program")));
        }
        if let Some(page) = gifts.page {
            said.push_str(&format!(" on the page {}", self.names.get(&page, "a page")));
        }
        if let Some(team) = gifts.team {
            said.push_str(&format!(" to the team {}", self.names.get(&team, "a team")));
        }
        said.push_str(&self.in_season(gifts.campaign));
        match gifts.when {
            When::Any => {}
            When::LastDays(days) => {
                said.push_str(&format!(" in the last {}", counted(days, "day", "days")))
            }
            When::Between(Some(from), Some(until)) => {
                said.push_str(&format!(" from {from} to {until}"))
            }
            When::Between(Some(from), None) => said.push_str(&format!(" since {from}")),
            When::Between(None, Some(until)) => said.push_str(&format!(" up to {until}")),
            When::Between(None, None) => {}
        }
        said
    }

    fn page(&self, page: &Participant) -> String {
        let what = if page.is_draft {
            "have a page that is still a draft"
        } else {
            "have a page"
        };
        let mut said = format!("{what}{}", self.in_season(page.campaign));
        let mut more = Vec::new();
        if let Some(team) = page.team {
            more.push(format!("in the team {}", self.names.get(&team, "a team")));
        }
        match page.raised {
            Some((Side::Below, percent)) => {
                more.push(format!("that raised less than {percent} % of its goal"))
            }
            Some((Side::AtLeast, percent)) => {
                more.push(format!("that raised {percent} % of its goal or more"))
            }
            None => {}
        }
        match page.days {
            Some((Side::Below, days)) => more.push(format!(
                "with fewer than {} in its diary",
                counted(days, "day", "days")
            )),
            Some((Side::AtLeast, days)) => more.push(format!(
                "with {} or more in its diary",
                counted(days, "day", "days")
            )),
            None => {}
        }
        match page.photo {
            Some(true) => more.push("with a photo".to_owned()),
            Some(false) => more.push("without a photo".to_owned()),
            None => {}
        }
        for (place, part) in more.iter().enumerate() {
            said.push_str(if place > 0 { " and " } else { " " });
            said.push_str(part);
        }
        said
    }
}

fn amount(amount: &Amount) -> String {
    let money = |minor| Money::new(minor, amount.currency).to_string();
    let of = match amount.of {
        Of::One => " at once",
        Of::Sum => " in all",
    };
    match (amount.at_least, amount.at_most) {
        (Some(least), Some(most)) => format!(" {} to {}{of}", money(least), money(most)),
        (Some(least), None) => format!(" {} or more{of}", money(least)),
        (None, Some(most)) => format!(" {} or less{of}", money(most)),
        (None, None) => format!(" in {}", amount.currency.code()),
    }
}

fn counted(number: i64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
