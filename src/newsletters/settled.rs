//! Fields that say the same to every reader: put in when a newsletter is made ready, so that their links have a number like
//! any that was typed, and clicks on them are counted.

use super::fields::Field;
use super::house::House;
use super::merge::Piece;
use super::shape::escaped;
use crate::campaigns::{Campaign, frame};

/// The address that a field stands for, where that is the same for everybody.
pub(super) fn url(house: &House, campaign: Option<&Campaign>, field: Field) -> Option<String> {
    match (field, campaign) {
        (Field::CampaignUrl, Some(campaign)) => Some(house.url(&frame::path(campaign))),
        (Field::GiveUrl, Some(campaign)) => Some(house.url(&format!("/give/{}", campaign.slug))),
        (Field::CampaignUrl | Field::GiveUrl, None) => Some(house.url("/")),
        _ => None,
    }
}

/// Pieces of HTML with these fields put in; texts side by side become one.
pub(super) fn settle(pieces: Vec<Piece>, house: &House, campaign: Option<&Campaign>) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let piece = match piece {
            Piece::Field { field, default } => match url(house, campaign, field) {
                Some(url) => Piece::Text(escaped(&url).into_owned()),
                None => Piece::Field { field, default },
            },
            Piece::If {
                cond,
                then,
                otherwise,
            } => Piece::If {
                cond,
                then: settle(then, house, campaign),
                otherwise: settle(otherwise, house, campaign),
            },
            other => other,
        };
        match (out.last_mut(), piece) {
            (Some(Piece::Text(before)), Piece::Text(text)) => before.push_str(&text),
            (_, piece) => out.push(piece),
        }
    }
    out
}
