#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::error::AppError;
use crate::kernel::Day;

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn asked(signed: &str, ends: &str, out: &str) -> AskedTerms {
    AskedTerms {
        channels: Channels {
            web: true,
            ..Channels::default()
        },
        image_rule: ImageRule::None,
        out_of_care_since: day(out),
        signed_on: day(signed),
        expires_on: day(ends),
    }
}

fn wrong(asked: AskedTerms) -> Vec<String> {
    match Terms::parse(asked, day("2026-11-24")) {
        Ok(_) => Vec::new(),
        Err(AppError::Invalid(faults)) => faults.into_iter().map(|fault| fault.field).collect(),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn a_consent_holds_for_three_years_and_not_a_day_longer() {
    assert!(wrong(asked("2026-05-01", "2029-04-30", "2020-01-01")).is_empty());
    assert_eq!(
        wrong(asked("2026-05-01", "2029-05-01", "2020-01-01")),
        ["expires_on"]
    );
    // A leap day has no third birthday.
    assert!(wrong(asked("2024-02-29", "2027-02-27", "2020-01-01")).is_empty());
    assert_eq!(
        wrong(asked("2024-02-29", "2027-02-28", "2020-01-01")),
        ["expires_on"]
    );
}

#[test]
fn nobody_is_asked_within_a_year_of_leaving_care() {
    assert!(wrong(asked("2026-05-01", "2027-05-01", "2025-05-01")).is_empty());
    assert_eq!(
        wrong(asked("2026-05-01", "2027-05-01", "2025-05-02")),
        ["out_of_care_since"]
    );
    assert_eq!(
        wrong(asked("2026-05-01", "2027-05-01", "2026-06-01")),
        ["out_of_care_since"]
    );
}

#[test]
fn days_that_cannot_be_are_refused_all_at_once() {
    assert_eq!(
        wrong(asked("2026-11-25", "2027-01-01", "2020-01-01")),
        ["signed_on"]
    );
    assert_eq!(
        wrong(asked("2026-05-01", "2026-04-30", "2020-01-01")),
        ["expires_on"]
    );
    assert_eq!(
        wrong(asked("2026-05-01", "2026-11-23", "2020-01-01")),
        ["expires_on"]
    );
    let mut nothing = asked("2027-01-01", "2026-01-01", "2026-12-31");
    nothing.channels = Channels::default();
    assert_eq!(
        wrong(nothing),
        ["channels", "signed_on", "expires_on", "out_of_care_since"]
    );
}

#[test]
fn pictures_show_no_more_than_the_rule_allows() {
    let allowed = |rule: ImageRule| {
        let all = Shows::ALL.iter().filter(move |shows| rule.allows(**shows));
        all.copied().collect::<Vec<_>>()
    };
    assert_eq!(allowed(ImageRule::None), [Shows::Nobody]);
    assert_eq!(allowed(ImageRule::NoFaces), [Shows::Nobody, Shows::NoFace]);
    assert_eq!(allowed(ImageRule::Released), Shows::ALL);
}

#[test]
fn papers_are_known_by_their_first_bytes_and_bounded() {
    assert!(Paper::parse(Some(b"%PDF-1.7")).is_ok());
    assert!(Paper::parse(Some(&[0xff, 0xd8, 0xff, 0xe0])).is_ok());
    assert!(Paper::parse(Some(b"<svg onload=x>")).is_err());
    assert!(Paper::parse(Some(b"")).is_err());
    assert!(Paper::parse(None).is_err());
    let mut large = b"%PDF-".to_vec();
    large.resize(5 * 1024 * 1024 + 1, b' ');
    assert!(Paper::parse(Some(&large)).is_err());
}
