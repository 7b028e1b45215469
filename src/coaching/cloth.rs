//! Badges as small woven marks, drawn by the program: seven ends of warp, seven picks, a pattern each.
//!
//! An earned mark is dyed; a locked one shows its pattern on the bare warp, waiting for the thread. Words stand beside
//! every mark, so the drawing is hidden from those who listen.

use std::fmt::Write;

use super::rules::badges::{Badge, TeamBadge};

/// Seven picks of seven ends, the lowest bit on the right, and the dye.
type Pattern = ([u8; 7], u8);

const PLAIN: [u8; 7] = [
    0b101_0101, 0b010_1010, 0b101_0101, 0b010_1010, 0b101_0101, 0b010_1010, 0b101_0101,
];

fn pattern(badge: Badge) -> Pattern {
    match badge {
        Badge::FirstThread => ([0, 0, 0, 0b111_1111, 0, 0, 0], 0),
        Badge::OwnThread => ([0, 0, 0b111_1111, 0, 0b101_0101, 0, 0], 1),
        Badge::Face => (
            [
                0, 0b001_1100, 0b010_1010, 0b010_0010, 0b010_1010, 0b001_1100, 0,
            ],
            2,
        ),
        Badge::Voice => ([0, 0b111_1110, 0, 0b111_1000, 0, 0b111_1100, 0], 3),
        Badge::FiveAsked => (
            [
                0b110_0011, 0b110_0011, 0, 0b001_1000, 0b001_1000, 0b110_0011, 0b110_0011,
            ],
            0,
        ),
        Badge::FiveTalks => (
            [
                0b111_0000, 0b101_0000, 0b111_0111, 0b001_0101, 0b000_0111, 0b000_0010, 0,
            ],
            1,
        ),
        Badge::News => (
            [
                0b000_1000, 0b001_1100, 0b011_1110, 0b111_1111, 0b000_1000, 0b000_1000, 0b000_1000,
            ],
            2,
        ),
        Badge::Joined => (
            [
                0b111_1000, 0b100_1000, 0b101_1110, 0b111_1010, 0b001_0010, 0b001_1110, 0,
            ],
            3,
        ),
        Badge::SevenDays => (
            [
                0b001_0000, 0, 0b001_0000, 0b111_1111, 0b001_0000, 0, 0b001_0000,
            ],
            4,
        ),
        Badge::FourteenDays => ([0b010_0010, 0, 0b111_1111, 0, 0b111_1111, 0, 0b010_0010], 4),
        Badge::EveryDay => (
            [
                0b100_1001, 0b001_0010, 0b010_0100, 0b100_1001, 0b001_0010, 0b010_0100, 0b100_1001,
            ],
            4,
        ),
        Badge::Halfway => (
            [
                0b111_1000, 0b111_1000, 0b111_1000, 0b111_1000, 0b111_1000, 0b111_1000, 0b111_1000,
            ],
            0,
        ),
        Badge::Goal => (
            [
                0b000_1000, 0b001_1100, 0b011_0110, 0b110_0011, 0b011_0110, 0b001_1100, 0b000_1000,
            ],
            0,
        ),
        Badge::Doubled => (
            [
                0b001_0100, 0b011_1110, 0b110_1011, 0b101_0101, 0b110_1011, 0b011_1110, 0b001_0100,
            ],
            0,
        ),
        Badge::TenDonors => ([0, 0b010_1010, 0, 0b101_0101, 0, 0b010_1010, 0], 1),
        Badge::Donors25 => (PLAIN, 1),
        Badge::AllThanked => (
            [
                0b011_0110, 0b111_1111, 0b111_1111, 0b111_1111, 0b011_1110, 0b001_1100, 0b000_1000,
            ],
            2,
        ),
    }
}

fn team_pattern(badge: TeamBadge) -> Pattern {
    match badge {
        TeamBadge::Five => (
            [
                0, 0b111_1111, 0b100_0001, 0b101_1101, 0b100_0001, 0b111_1111, 0,
            ],
            3,
        ),
        TeamBadge::Ten => (
            [
                0b111_1111, 0b100_0001, 0b101_1101, 0b101_0101, 0b101_1101, 0b100_0001, 0b111_1111,
            ],
            3,
        ),
        TeamBadge::HundredDays => (
            [
                0b110_0110, 0b011_0011, 0b001_1001, 0b100_1100, 0b110_0110, 0b011_0011, 0b001_1001,
            ],
            4,
        ),
        TeamBadge::Halfway => ([0b111_1111, 0b111_1111, 0b111_1111, 0, 0, 0, 0], 0),
        TeamBadge::Goal => (
            [
                0b111_1111, 0b110_0011, 0b101_0101, 0b100_1001, 0b101_0101, 0b110_0011, 0b111_1111,
            ],
            0,
        ),
    }
}

/// The mark of a page's badge.
pub(super) fn mark(badge: Badge, is_earned: bool) -> String {
    draw(pattern(badge), is_earned)
}

/// The mark of a team's badge.
pub(super) fn team_mark(badge: TeamBadge, is_earned: bool) -> String {
    draw(team_pattern(badge), is_earned)
}

fn draw((picks, dye): Pattern, is_earned: bool) -> String {
    let mut svg = String::from(
        "<svg class=\"badge-mark\" viewBox=\"0 0 44 44\" width=\"44\" height=\"44\" aria-hidden=\"true\" focusable=\"false\">\
         <path class=\"badge-warp\" d=\"",
    );
    for end in 0..7 {
        push(&mut svg, format_args!("M{} 1v42", 4 + end * 6));
    }
    svg.push_str("\"/>");
    let class = if is_earned {
        format!("dye-{dye}")
    } else {
        "badge-bare".to_owned()
    };
    push(&mut svg, format_args!("<path class=\"{class}\" d=\""));
    for (row, bits) in picks.iter().enumerate() {
        for column in 0..7 {
            if bits >> (6 - column) & 1 == 1 {
                push(
                    &mut svg,
                    format_args!("M{} {}h6v5h-6z", 1 + column * 6, 2 + row * 6),
                );
            }
        }
    }
    svg.push_str("\"/></svg>");
    svg
}

fn push(svg: &mut String, what: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    if svg.write_fmt(what).is_err() {
        svg.clear();
    }
}
