#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::words::{Words, built_in, parse};
use super::*;

fn rules(text: &str) -> Vec<Rule> {
    let found = screen(&Words::built_in(), &[("Text", text)]);
    found.into_iter().map(|warning| warning.rule).collect()
}

#[test]
fn the_built_in_file_holds_every_list() {
    let lists = built_in().unwrap();
    for list in WordList::ALL {
        assert!(lists[list].len() > 5, "{list}");
        for word in &lists[list] {
            assert_eq!(*word, word.to_lowercase());
        }
    }
}

#[test]
fn place_age_and_date_are_told_together_and_apart() {
    let together = "She came from Asansol. She was 24 years old when it ended in 2019.";
    assert_eq!(rules(together), [Rule::Locates]);
    let apart = "She came from Asansol.\n\nShe was 24 years old.\n\nIt ended in March.";
    assert_eq!(rules(apart), [Rule::LocatesAcross]);
    assert!(rules("She came from Asansol in 2019.").is_empty(), "no age");
    assert!(
        rules("She was 24 years old in 2019.").is_empty(),
        "no place"
    );
    assert!(rules("It may march on. She is 24 years old, from Asansol.").is_empty());
}

#[test]
fn ages_under_eighteen_are_found_in_figures_and_words() {
    for text in [
        "She was 16 when she came.",
        "A 16-year-old was there.",
        "At the age of fifteen it began.",
        "She turned twelve.",
        "I was nine years old.",
        "aged 7",
    ] {
        assert_eq!(rules(text), [Rule::MinorAge], "{text}");
    }
    for text in [
        "More than 16 officers came.",
        "A 26-year-old was there.",
        "It was 16 percent.",
        "17 people study now.",
    ] {
        assert!(rules(text).is_empty(), "{text}: {:?}", rules(text));
    }
}

#[test]
fn a_name_beside_a_child_is_asked_about_and_a_place_is_not() {
    assert_eq!(rules("The girl, Priya, studies."), [Rule::MinorNamed]);
    assert_eq!(rules("Her daughter’s name is Asha."), [Rule::MinorNamed]);
    assert!(rules("More than 6,000 women and children are exploited there.").is_empty());
    assert!(rules("Children in Kolkata go to lessons.").is_empty());
    assert!(rules("The boys learn with IJM on Monday.").is_empty());
}

#[test]
fn cases_graphic_words_and_saviours_are_found_in_any_case_and_number() {
    assert_eq!(rules("She is a Witness."), [Rule::OpenCase]);
    assert_eq!(rules("They were **beaten**."), [Rule::Graphic]);
    assert_eq!(rules("We speak for the VOICELESS."), [Rule::Saviour]);
    assert_eq!(rules("The victims left."), [Rule::Saviour]);
    assert!(rules("She broke bread; the slavery act; eyewitnessing.").is_empty());
}

#[test]
fn each_find_names_its_passage_once_and_keeps_its_key_where_it_stands() {
    let text = "First. They were beaten. They were beaten. Last.";
    let found = screen(
        &Words::built_in(),
        &[("Text", text), ("Summary", "They were beaten.")],
    );
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].passage, "They were beaten.");
    let moved = screen(
        &Words::built_in(),
        &[("Summary", "Other words. They were beaten.")],
    );
    assert_eq!(found[0].key(), moved[0].key());
    let other = screen(&Words::built_in(), &[("Text", "He was beaten.")]);
    assert_ne!(found[0].key(), other[0].key());
}

#[test]
fn other_scripts_and_nonsense_do_not_break_it() {
    for text in [
        "",
        "।।।",
        "মেয়েটি স্কুলে যায়। সে ভালো আছে।",
        "…\n\n\n# *_>",
        "a.b.c.",
        "👩🏽‍🎓 16",
    ] {
        rules(text);
    }
    let words = parse(WordList::Minor, " মেয়ে \n\n Girl\n").unwrap();
    assert!(words.contains("মেয়ে") && words.contains("girl"));
    assert!(parse(WordList::Minor, "a\u{202e}b").is_err());
}
