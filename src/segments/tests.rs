#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::compile::{Bind, Compiled};
use super::rule::{
    Amount, Country, Gifts, Language, MOST_DEEP, Of, OfSeason, Participant, Rule, Side, When,
};
use super::words::{Names, sentence};
use crate::ids::CampaignId;
use crate::kernel::Currency;

fn gave() -> Rule {
    Rule::Gave(Gifts::default())
}

#[test]
fn a_rule_reads_back_as_it_was_written_and_a_foreign_one_is_refused() {
    let rule = Rule::All(vec![
        Rule::Gave(Gifts {
            campaign: Some(CampaignId::new()),
            when: When::Between(Some("2026-12-01".parse().unwrap()), None),
            amount: Some(Amount {
                currency: Currency::USD,
                at_least: Some(5_000),
                at_most: None,
                of: Of::Sum,
            }),
            ..Gifts::default()
        }),
        Rule::None(vec![Rule::Participant(Participant {
            raised: Some((Side::Below, 50)),
            photo: Some(false),
            ..Participant::default()
        })]),
        Rule::Language(Language {
            language: "es".into(),
        }),
    ]);
    let text = serde_json::to_string(&rule).unwrap();
    assert_eq!(Rule::read(&text).unwrap(), rule);
    for wrong in [
        "",
        "{}",
        r#"{"gave":{"everything":true}}"#,
        r#"{"sql":"1 = 1"}"#,
        r#"{"all":[{"country":{}}]}"#,
    ] {
        assert!(Rule::read(wrong).is_err(), "{wrong}");
    }
    let deep = format!("{}{}", r#"{"all":["#.repeat(400), "]}".repeat(400));
    assert!(Rule::read(&deep).is_err(), "no stack is spent on depth");
}

#[test]
fn rules_are_bounded_and_only_the_outermost_group_may_be_empty() {
    assert!(Rule::default().check().is_ok());
    assert!(Rule::All(vec![Rule::Any(Vec::new())]).check().is_err());
    let mut rule = gave();
    for depth in 1..=MOST_DEEP + 1 {
        rule = Rule::Any(vec![rule]);
        assert_eq!(rule.check().is_ok(), depth <= MOST_DEEP, "{depth}");
    }
    assert!(Rule::All(vec![gave(); 39]).check().is_ok());
    assert!(Rule::All(vec![gave(); 40]).check().is_err());
}

#[test]
fn pieces_keep_their_marks_in_order() {
    let one = Compiled {
        sql: "a = $1 AND b = $2".into(),
        binds: vec![Bind::Number(1), Bind::Number(2)],
    };
    let many = Compiled::plain("x ")
        .then(&one)
        .and(" OR ")
        .then(&one)
        .then(&one);
    assert_eq!(
        many.sql,
        "x a = $1 AND b = $2 OR a = $3 AND b = $4a = $5 AND b = $6"
    );
    assert_eq!(many.binds.len(), 6);
    assert_eq!(one.moved(10), "a = $11 AND b = $12");
}

#[test]
fn a_sentence_says_what_is_meant() {
    let amount = |at_least, at_most, of| Gifts {
        amount: Some(Amount {
            currency: Currency::USD,
            at_least,
            at_most,
            of,
        }),
        ..Gifts::default()
    };
    let say = |rule: &Rule| sentence(rule, &Names::default(), None);
    assert_eq!(say(&Rule::default()), "Everybody who may be written to.");
    let rule = Rule::All(vec![
        Rule::Gave(amount(Some(5_000), None, Of::Sum)),
        Rule::Any(vec![
            Rule::Captain(OfSeason::default()),
            Rule::Country(Country {
                country: "US".into(),
            }),
        ]),
        Rule::None(vec![Rule::Participant(Participant {
            days: Some((Side::AtLeast, 1)),
            ..Participant::default()
        })]),
    ]);
    assert_eq!(
        say(&rule),
        "People who gave $50 or more in all, and who (lead a team or live in US), and who are none of those who \
         have a page with 1 day or more in its diary."
    );
    let recent = Rule::NotGave(Gifts {
        when: When::LastDays(30),
        ..Gifts::default()
    });
    assert_eq!(say(&recent), "People who did not give in the last 30 days.");
}
