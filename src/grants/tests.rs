#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::model::{GrantState, TrancheState};

/// Every state that tranches can put an approved grant into is one that it can come into.
#[test]
fn a_grant_follows_its_tranches_by_moves_that_are_allowed() {
    fn walk(states: &[TrancheState], from: GrantState) {
        for (place, state) in states.iter().enumerate() {
            for next in TrancheState::ALL {
                if !next.comes_from().contains(state) {
                    continue;
                }
                let mut after = states.to_vec();
                after[place] = *next;
                // A return brings a tranche like it.
                if *next == TrancheState::Returned {
                    if after.len() > 3 {
                        continue;
                    }
                    after.push(TrancheState::Planned);
                }
                let to = GrantState::of(&after);
                assert!(
                    to == from || to.comes_from().contains(&from),
                    "{from} -> {to} by {states:?} -> {after:?}"
                );
                walk(&after, to);
            }
        }
    }
    walk(&[TrancheState::Planned; 2], GrantState::Approved);
}

#[test]
fn nothing_leaves_an_end() {
    for end in [GrantState::Closed, GrantState::Cancelled] {
        assert!(
            GrantState::ALL
                .iter()
                .all(|to| !to.comes_from().contains(&end))
        );
    }
    for end in [
        TrancheState::Reported,
        TrancheState::Cancelled,
        TrancheState::Returned,
    ] {
        assert!(
            TrancheState::ALL
                .iter()
                .all(|to| !to.comes_from().contains(&end))
        );
    }
}
