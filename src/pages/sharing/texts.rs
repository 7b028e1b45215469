//! What a participant can say about the page, channel by channel, out of the page's own facts.
//!
//! The words are the participant's: "my page". They say only what the records say; a cost is told with its source.

use serde::Serialize;

use super::Source;
use crate::error::{AppError, AppResult};
use crate::impact::UnitCost;
use crate::kernel::Money;
use crate::pages::public::PublicPage;
use crate::web::views::share::{encoded, tagged};
use crate::web::views::wording;

/// Days before the end of giving from which the words say so.
const SOON: i64 = 10;

/// One way to pass the page on.
#[derive(Debug, Serialize)]
pub(super) struct Channel {
    /// Its word, for ids.
    pub key: &'static str,
    /// How people call it.
    pub name: &'static str,
    /// The words to send, link included.
    pub text: String,
    /// Rows that the words take.
    pub rows: usize,
    /// Where they are sent with one tap; `None` when they are to be copied.
    pub href: Option<String>,
    /// What that does.
    pub act: &'static str,
    /// What to know about it.
    pub hint: Option<&'static str>,
}

/// What the words are made of.
struct Facts {
    campaign: String,
    raised: String,
    appeal: String,
    programs: String,
    cost: Option<String>,
    ends: Option<String>,
    url: String,
}

fn money(amount: Money) -> AppResult<String> {
    wording::amount(amount.minor(), &amount.currency().to_string()).map_err(AppError::internal)
}

/// "A", "A and B", "A, B and C".
fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}

/// Where the page stands, in a sentence.
fn standing(raised: Money, goal: Money) -> AppResult<String> {
    let (has, wants) = (money(raised)?, money(goal)?);
    Ok(match (raised.minor() > 0, goal.minor() > 0) {
        (true, true) if raised.minor() >= goal.minor() => {
            format!(
                "My goal of {wants} is reached: {has} so far, and every further gift counts as much."
            )
        }
        (true, true) => format!("So far {has} of my goal of {wants} has come in."),
        (false, true) => format!("My goal is {wants}, and the first gift is still to come."),
        (true, false) => format!("So far {has} has come in."),
        (false, false) => "The first gift is still to come.".to_owned(),
    })
}

/// A cost that a usual gift can cover, with its source.
fn cost(costs: &[UnitCost]) -> AppResult<Option<String>> {
    let Some(cost) = costs.iter().min_by_key(|cost| cost.amount().minor()) else {
        return Ok(None);
    };
    let (amount, covers) = (money(cost.amount())?, &cost.covers);
    Ok(Some(format!(
        "{amount} covers {covers} (source: {}, from {}).",
        cost.source, cost.valid_from
    )))
}

impl Facts {
    fn of(read: &PublicPage, url: &str, days_left: Option<i64>) -> AppResult<Self> {
        let (page, campaign) = (&read.overview.page, &read.overview.campaign);
        let programs: Vec<String> = read
            .to
            .undesignated()
            .into_iter()
            .map(|p| p.label)
            .collect();
        Ok(Self {
            campaign: campaign.title.clone(),
            raised: standing(read.overview.total.raised(), page.goal(campaign.currency))?,
            appeal: campaign.appeal.trim().to_owned(),
            programs: listed(&programs),
            cost: cost(&read.costs)?,
            ends: match days_left {
                Some(0) => Some("Today is the last day to give.".to_owned()),
                Some(1) => Some("Tomorrow is the last day to give.".to_owned()),
                Some(days) if days <= SOON => Some(format!("Giving closes in {days} days.")),
                _ => None,
            },
            url: url.to_owned(),
        })
    }

    fn link(&self, source: Source) -> String {
        tagged(&self.url, source.as_str())
    }

    fn join(parts: &[Option<&str>]) -> String {
        let said: Vec<&str> = parts.iter().flatten().copied().collect();
        said.join(" ")
    }

    /// For a friend: short, and a question.
    fn short(&self) -> String {
        let opening = format!("Hi! I’m taking part in {}.", self.campaign);
        let asking = "Would you look at my page, and give if you can? It takes a minute.";
        let ends = self.ends.as_deref();
        Self::join(&[Some(&opening), Some(&self.raised), ends, Some(asking)])
    }

    /// For many: what it is about, and where the money goes.
    fn public(&self) -> String {
        let opening = format!("I’m taking part in {}. {}", self.campaign, self.appeal);
        let goes = (!self.programs.is_empty())
            .then(|| format!("What comes in goes to {}.", self.programs));
        let asking = "If you want to help, this is my page.";
        Self::join(&[
            Some(&opening),
            goes.as_deref(),
            Some(&self.raised),
            self.ends.as_deref(),
            Some(asking),
        ])
    }

    /// For a mail: the same in paragraphs, signed.
    fn mail(&self, participant: &str) -> String {
        let mut paragraphs = vec![
            "Hello,".to_owned(),
            format!("I’m taking part in {}. {}", self.campaign, self.appeal),
        ];
        let goes = (!self.programs.is_empty())
            .then(|| format!("What comes in goes to {}.", self.programs));
        let does = Self::join(&[goes.as_deref(), self.cost.as_deref()]);
        if !does.is_empty() {
            paragraphs.push(does);
        }
        paragraphs.push(Self::join(&[Some(&self.raised), self.ends.as_deref()]));
        paragraphs.push(format!(
            "Would you look at my page, and give if you can? It takes a minute and needs no account. You get a receipt, and you can follow your gift to the work it pays for.\n{}",
            self.link(Source::Mail)
        ));
        paragraphs.push(format!(
            "And if you would rather ask me why I do this: please do.\n\nThank you,\n{participant}"
        ));
        paragraphs.join("\n\n")
    }
}

/// Every channel, the most personal first.
///
/// # Errors
/// When an amount cannot be written.
pub(super) fn channels(
    read: &PublicPage,
    url: &str,
    days_left: Option<i64>,
) -> AppResult<Vec<Channel>> {
    let facts = Facts::of(read, url, days_left)?;
    let (short, public) = (facts.short(), facts.public());
    let mail = facts.mail(&read.overview.page.participant);
    let with = |words: &str, source: Source| format!("{words} {}", facts.link(source));
    let [whatsapp, sms] = [Source::Whatsapp, Source::Sms].map(|source| with(&short, source));
    let there = |source: Source| encoded(&facts.link(source));
    let subject = encoded(&format!(
        "Would you look at my page for {}?",
        facts.campaign
    ));
    Ok(vec![
        Channel {
            key: "whatsapp",
            name: "WhatsApp",
            href: Some(format!("https://wa.me/?text={}", encoded(&whatsapp))),
            text: whatsapp,
            rows: 4,
            act: "Open WhatsApp",
            hint: Some("One person at a time works best: put their name in front."),
        },
        Channel {
            key: "sms",
            name: "Message",
            href: Some(format!("sms:?&body={}", encoded(&sms))),
            text: sms,
            rows: 4,
            act: "Write the message",
            hint: None,
        },
        Channel {
            key: "mail",
            name: "E-mail",
            href: Some(format!("mailto:?subject={subject}&body={}", encoded(&mail))),
            text: mail,
            rows: 12,
            act: "Write the e-mail",
            hint: None,
        },
        Channel {
            key: "facebook",
            name: "Facebook",
            href: Some(format!(
                "https://www.facebook.com/sharer/sharer.php?u={}",
                there(Source::Facebook)
            )),
            text: with(&public, Source::Facebook),
            rows: 6,
            act: "Post on Facebook",
            hint: Some(
                "Facebook takes the link alone: copy the words first, then paste them there.",
            ),
        },
        Channel {
            key: "x",
            name: "X",
            href: Some(format!(
                "https://x.com/intent/post?text={}&url={}",
                encoded(&short),
                there(Source::X)
            )),
            text: with(&short, Source::X),
            rows: 4,
            act: "Post on X",
            hint: None,
        },
        Channel {
            key: "linkedin",
            name: "LinkedIn",
            href: Some(format!(
                "https://www.linkedin.com/sharing/share-offsite/?url={}",
                there(Source::Linkedin)
            )),
            text: with(&public, Source::Linkedin),
            rows: 6,
            act: "Post on LinkedIn",
            hint: Some(
                "LinkedIn takes the link alone: copy the words first, then paste them there.",
            ),
        },
        Channel {
            key: "copy",
            name: "Anywhere else",
            href: None,
            text: with(&public, Source::Copy),
            rows: 6,
            act: "",
            hint: None,
        },
    ])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::kernel::Currency;

    #[test]
    fn the_words_say_where_the_page_stands() {
        let dollars = |minor| Money::new(minor, Currency::USD);
        let said = |raised, goal| standing(dollars(raised), dollars(goal)).unwrap();
        assert_eq!(
            said(0, 150_000),
            "My goal is $1,500, and the first gift is still to come."
        );
        assert_eq!(
            said(25_000, 150_000),
            "So far $250 of my goal of $1,500 has come in."
        );
        assert!(said(150_000, 150_000).starts_with("My goal of $1,500 is reached: $1,500"));
        assert_eq!(said(5_050, 0), "So far $50.50 has come in.");
        assert_eq!(said(0, 0), "The first gift is still to come.");
    }

    #[test]
    fn names_are_listed_as_people_list_them() {
        let names = |all: &[&str]| listed(&all.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>());
        assert_eq!(names(&[]), "");
        assert_eq!(names(&["A"]), "A");
        assert_eq!(names(&["A", "B", "C"]), "A, B and C");
    }
}
