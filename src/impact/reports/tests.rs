#![allow(clippy::unwrap_used)]

use super::mails::Stage;
use super::{Move, ReportState};
use crate::kernel::Day;

#[test]
fn no_move_leads_out_of_withdrawn_and_only_staff_publish_what_they_accepted() {
    for step in Move::ALL {
        assert!(!step.from().contains(&ReportState::Withdrawn), "{step:?}");
        assert!(!step.from().contains(&step.to()), "{step:?} moves nothing");
    }
    assert_eq!(Move::Publish.from(), [ReportState::Accepted]);
    assert_eq!(Move::Accept.from(), [ReportState::InReview]);
    assert!(!Move::Withdraw.from().contains(&ReportState::Accepted));
    assert!(
        Move::Submit
            .from()
            .iter()
            .all(|state| state.is_with_partner())
    );
}

#[test]
fn a_report_is_reminded_of_thirty_days_before_on_the_day_and_after_it() {
    let day = |text: &str| -> Day { text.parse().unwrap() };
    let due = day("2026-12-31");
    assert_eq!(Stage::of(due, day("2026-11-30")), None);
    assert_eq!(Stage::of(due, day("2026-12-01")), Some(Stage::Soon));
    assert_eq!(Stage::of(due, day("2026-12-30")), Some(Stage::Soon));
    assert_eq!(Stage::of(due, due), Some(Stage::Due));
    assert_eq!(Stage::of(due, day("2027-01-01")), Some(Stage::Overdue));
}
