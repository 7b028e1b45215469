//! From what was typed to a rule, with a word on every field that is none.

use std::collections::BTreeMap;
use std::fmt::Display;

use super::choices::Known;
use super::parts::Part;
use super::tree::{Node, path};
use crate::campaigns::Campaign;
use crate::error::{AppError, AppResult, FieldError};
use crate::kernel::{Currency, Day, Money};
use crate::segments::Rule;
use crate::segments::rule::{
    Amount, Country, Gifts, Language, Of, OfNewsletter, OfSeason, OnList, Participant, Side, When,
};

/// Reads one form.
struct Reader<'a> {
    known: &'a Known,
    /// The segment's season, whose currency amounts are in where a condition names none.
    within: Option<&'a Campaign>,
    faults: Vec<FieldError>,
}

/// The rule that was typed.
///
/// # Errors
/// [`AppError::Invalid`] with a word for each field that is wrong, and for a rule that is too large.
pub(super) fn rule_of(root: &Node, known: &Known, within: Option<&Campaign>) -> AppResult<Rule> {
    let mut reader = Reader {
        known,
        within,
        faults: Vec::new(),
    };
    let rule = reader.rule(root, &[0]);
    if !reader.faults.is_empty() {
        return Err(AppError::Invalid(reader.faults));
    }
    rule.check()?;
    Ok(rule)
}

/// A part that is being read: its fields, and its place.
#[derive(Clone, Copy)]
struct At<'a> {
    node: &'a Node,
    place: &'a [usize],
}

impl At<'_> {
    fn name(&self, field: &str) -> String {
        format!("n.{}.{field}", path(self.place))
    }
}

impl Reader<'_> {
    fn wrong(&mut self, at: At<'_>, field: &str, word: impl Display) {
        self.faults.push(FieldError::new(at.name(field), word));
    }

    fn rule(&mut self, node: &Node, place: &[usize]) -> Rule {
        let at = At { node, place };
        match node.part {
            Part::All => Rule::All(self.parts(at)),
            Part::Any => Rule::Any(self.parts(at)),
            Part::None => Rule::None(self.parts(at)),
            Part::Gave => Rule::Gave(self.gifts(at)),
            Part::NotGave => Rule::NotGave(self.gifts(at)),
            Part::Lapsed => {
                let of = self.of_season(at);
                let season = of.campaign.or(self.within.map(|one| one.id));
                let known = self.known.seasons.iter().find(|one| Some(one.id) == season);
                match known {
                    None => self.wrong(at, "season", "choose a season"),
                    Some(one) if one.previous_id.is_none() => {
                        self.wrong(
                            at,
                            "season",
                            "this season follows none: nobody can have lapsed",
                        );
                    }
                    Some(_) => {}
                }
                Rule::Lapsed(of)
            }
            Part::Participant => Rule::Participant(self.page(at)),
            Part::Captain => Rule::Captain(self.of_season(at)),
            Part::Language => {
                let language = node.text("language").to_ascii_lowercase();
                let fits = language
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-');
                if !fits || language.len() > 35 {
                    self.wrong(at, "language", "write a language like en or es-mx");
                }
                Rule::Language(Language { language })
            }
            Part::Country => {
                let country = node.text("country").to_ascii_uppercase();
                let fits = country.bytes().all(|b| b.is_ascii_uppercase());
                if !country.is_empty() && (!fits || country.len() != 2) {
                    self.wrong(at, "country", "write two letters, like US");
                }
                Rule::Country(Country { country })
            }
            Part::OnList => {
                let found = self
                    .known
                    .lists
                    .iter()
                    .find(|(slug, ..)| slug == node.text("list"));
                match found {
                    Some((_, list, _)) => Rule::OnList(OnList { list: *list }),
                    None => {
                        self.wrong(at, "list", "choose a list");
                        Rule::default()
                    }
                }
            }
            Part::Opened => Rule::Opened(self.newsletter(at)),
            Part::Clicked => Rule::Clicked(self.newsletter(at)),
        }
    }

    fn parts(&mut self, at: At<'_>) -> Vec<Rule> {
        let mut parts = Vec::new();
        for (number, node) in at.node.parts.iter().enumerate() {
            let place: Vec<usize> = at.place.iter().copied().chain([number]).collect();
            parts.push(self.rule(node, &place));
        }
        parts
    }

    fn of_season(&mut self, at: At<'_>) -> OfSeason {
        OfSeason {
            campaign: self.season(at).map(|one| one.id),
        }
    }

    fn season(&mut self, at: At<'_>) -> Option<&Campaign> {
        let slug = at.node.text("season");
        if slug.is_empty() {
            return None;
        }
        let known = self.known;
        let found = known.season(slug);
        if found.is_none() {
            self.wrong(at, "season", "choose a season");
        }
        found
    }

    /// What a slug stands for, among what the form names.
    fn named<T: Copy, S>(
        &mut self,
        at: At<'_>,
        field: &str,
        among: impl Fn(&Known) -> &BTreeMap<String, (T, S)>,
    ) -> Option<T> {
        let slug = at.node.text(field);
        let found = among(self.known).get(slug).map(|(id, _)| *id);
        if found.is_none() && !slug.is_empty() {
            self.wrong(at, field, "there is none of this name in a season of yours");
        }
        found
    }

    fn number(&mut self, at: At<'_>, field: &str, most: i64) -> i64 {
        let number = at.node.text(field).parse::<i64>();
        match number {
            Ok(number) if (0..=most).contains(&number) => number,
            _ => {
                self.wrong(at, field, format!("write a number from 0 to {most}"));
                0
            }
        }
    }

    fn day(&mut self, at: At<'_>, field: &str) -> Option<Day> {
        let text = at.node.text(field);
        if text.is_empty() {
            return None;
        }
        text.parse()
            .map_err(|bad: crate::kernel::day::BadDay| self.wrong(at, field, bad))
            .ok()
    }

    fn gifts(&mut self, at: At<'_>) -> Gifts {
        let season = self.season(at).map(|one| (one.id, one.currency));
        let slug = at.node.text("program");
        let program = self.known.programs.iter().find(|(known, ..)| known == slug);
        let program = program.map(|(_, id, _)| *id);
        if program.is_none() && !slug.is_empty() {
            self.wrong(at, "program", "choose a program");
        }
        Gifts {
            campaign: season.map(|(id, _)| id),
            program,
            page: self.named(at, "page", |known| &known.pages),
            team: self.named(at, "team", |known| &known.teams),
            when: self.when(at),
            amount: self.amount(at, season.map(|(_, currency)| currency)),
        }
    }

    fn when(&mut self, at: At<'_>) -> When {
        match at.node.text("when") {
            "between" => {
                let (from, until) = (self.day(at, "from"), self.day(at, "until"));
                if let (Some(from), Some(until)) = (from, until)
                    && until < from
                {
                    self.wrong(at, "until", "this is before the first day");
                }
                When::Between(from, until)
            }
            "last" => When::LastDays(self.number(at, "last_days", 3_650)),
            _ => When::Any,
        }
    }

    fn amount(&mut self, at: At<'_>, season: Option<Currency>) -> Option<Amount> {
        let (least, most) = (at.node.text("at_least"), at.node.text("at_most"));
        if least.is_empty() && most.is_empty() {
            return None;
        }
        let typed: Option<Currency> = at.node.text("currency").to_ascii_uppercase().parse().ok();
        let currency = season.or(typed).or(self.within.map(|one| one.currency));
        let Some(currency) = currency else {
            self.wrong(at, "currency", "name a currency, or choose a season");
            return None;
        };
        let mut bound = |field: &str, text: &str| -> Option<i64> {
            if text.is_empty() {
                return None;
            }
            Money::parse_typed(text, currency)
                .map_err(|bad| self.wrong(at, field, bad))
                .ok()
                .map(Money::minor)
        };
        Some(Amount {
            currency,
            at_least: bound("at_least", least),
            at_most: bound("at_most", most),
            of: at.node.text("of").parse().unwrap_or(Of::One),
        })
    }

    fn page(&mut self, at: At<'_>) -> Participant {
        let mut side = |which: &str, field: &str, most: i64| -> Option<(Side, i64)> {
            let side: Side = at.node.text(which).parse().ok()?;
            Some((side, self.number(at, field, most)))
        };
        let raised = side("raised_side", "raised", 100_000);
        let days = side("days_side", "days", 366);
        Participant {
            campaign: self.season(at).map(|one| one.id),
            team: self.named(at, "team", |known| &known.teams),
            is_draft: at.node.text("shown") == "draft",
            raised,
            days,
            photo: match at.node.text("photo") {
                "yes" => Some(true),
                "no" => Some(false),
                _ => None,
            },
        }
    }

    fn newsletter(&mut self, at: At<'_>) -> OfNewsletter {
        let slug = at.node.text("newsletter");
        let found = self.known.newsletters.get(slug).cloned();
        if found.is_none() && !slug.is_empty() {
            self.wrong(at, "newsletter", "there is no newsletter of this name");
        }
        OfNewsletter {
            newsletter: found.unwrap_or_default(),
        }
    }
}
