//! The form: from what was typed to a [`GiveRequest`], and back to the form with what to mend.

use serde::Deserialize;

use super::aim::Aim;
use crate::campaigns::Campaign;
use crate::campaigns::frame::Destinations;
use crate::donations::command::{
    ConsentRequest, DonorRequest, GiveRequest, Interval, TributeRequest,
};
use crate::donations::model::{Donation, TributeKind};
use crate::error::{AppError, FieldError};
use crate::kernel::{Email, Money};

/// The fields of the form as text: what does not fit is shown again, not refused.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    pub page: String,
    pub team: String,
    pub program: String,
    /// Minor units of a suggested amount.
    pub amount_choice: String,
    /// Counts instead of the choice when it is not empty.
    pub amount_own: String,
    pub name: String,
    pub email: String,
    pub cover_fees: String,
    pub anonymous: String,
    pub hide_amount: String,
    pub comment: String,
    pub tribute_kind: String,
    pub tribute_name: String,
    pub consent_newsletter: String,
    pub source: String,
    pub idempotency_key: String,
}

impl Typed {
    /// An empty form: the second suggested amount is chosen.
    pub(super) fn fresh(campaign: &Campaign) -> Self {
        let suggested = campaign.suggested();
        let chosen = suggested.get(1).or(suggested.first());
        Self {
            amount_choice: chosen
                .map(|amount| amount.minor().to_string())
                .unwrap_or_default(),
            ..Self::default()
        }
    }

    /// An empty form over the amount that a link asks for; one that is none is left alone.
    pub(super) fn asking(campaign: &Campaign, amount: &str) -> Self {
        let mut form = Self::fresh(campaign);
        let asked = Money::parse_typed(amount, campaign.currency).ok();
        if let Some(asked) = asked.filter(|asked| asked.minor() > 0) {
            if campaign.suggested().contains(&asked) {
                form.amount_choice = asked.minor().to_string();
            } else {
                form.amount_choice.clear();
                form.amount_own = asked.decimal();
            }
        }
        form
    }

    /// What was typed for a gift that came to nothing, to try again.
    pub(super) fn again(gift: &Donation, email: &Email, aim: &Aim, to: &Destinations) -> Self {
        let amount = gift.gift();
        let is_suggested = aim.campaign().suggested().contains(&amount);
        let ticked = |yes: bool| if yes { "1".to_owned() } else { String::new() };
        let program = to
            .programs
            .iter()
            .find(|row| Some(row.program.id) == gift.program_id);
        Self {
            program: program
                .map(|row| row.program.slug.to_string())
                .unwrap_or_default(),
            amount_choice: if is_suggested {
                amount.minor().to_string()
            } else {
                String::new()
            },
            amount_own: if is_suggested {
                String::new()
            } else {
                amount.decimal()
            },
            name: gift.donor_name.clone(),
            email: email.to_string(),
            cover_fees: ticked(gift.fee_cover > 0),
            anonymous: ticked(gift.anonymous),
            hide_amount: ticked(gift.hide_amount),
            comment: gift.comment.clone().unwrap_or_default(),
            tribute_kind: gift
                .tribute_kind
                .map(|kind| kind.to_string())
                .unwrap_or_default(),
            tribute_name: gift.tribute_name.clone().unwrap_or_default(),
            source: gift.source.clone().unwrap_or_default(),
            ..Self::default()
        }
    }

    /// The amount that counts; the error says how to mend it.
    pub(super) fn amount(&self, campaign: &Campaign) -> Result<Money, String> {
        if !self.amount_own.trim().is_empty() {
            return Money::parse_typed(&self.amount_own, campaign.currency)
                .map_err(|error| error.to_string());
        }
        match self.amount_choice.parse() {
            Ok(minor) => Ok(Money::new(minor, campaign.currency)),
            Err(_) => Err("choose an amount, or write your own".to_owned()),
        }
    }

    /// The request that the API takes too; or every field to mend, under the API's names.
    pub(super) fn request(&self, campaign: &Campaign) -> Result<GiveRequest, Vec<FieldError>> {
        let mut faults = Vec::new();
        let amount = self.amount(campaign).unwrap_or_else(|message| {
            faults.push(FieldError::new("amount", message));
            // Stands in for the amount, so that the other fields are looked at as well.
            Money::new(campaign.minimum().minor().max(1), campaign.currency)
        });
        let tribute = self.tribute().unwrap_or_else(|message| {
            faults.push(FieldError::new("tribute.name", message));
            None
        });
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let ticked = |text: &str| !text.is_empty();
        let request = GiveRequest {
            campaign: campaign.slug.to_string(),
            page: given(&self.page),
            team: given(&self.team).filter(|_| self.page.trim().is_empty()),
            program: given(&self.program),
            amount,
            interval: Some(Interval::Once),
            donor: DonorRequest {
                name: self.name.clone(),
                email: self.email.trim().to_owned(),
            },
            anonymous: ticked(&self.anonymous),
            hide_amount: ticked(&self.hide_amount),
            comment: given(&self.comment),
            cover_fees: ticked(&self.cover_fees),
            tribute,
            consent: Some(ConsentRequest {
                newsletter: ticked(&self.consent_newsletter),
            }),
            source: given(&self.source),
        };
        if faults.is_empty() {
            return Ok(request);
        }
        if let Err(AppError::Invalid(more)) = request.parse() {
            faults.extend(more);
        }
        Err(faults)
    }

    fn tribute(&self) -> Result<Option<TributeRequest>, String> {
        let name = self.tribute_name.trim();
        match self.tribute_kind.parse::<TributeKind>() {
            Ok(kind) => Ok(Some(TributeRequest {
                kind,
                name: name.to_owned(),
                notify_email: None,
            })),
            Err(_) if name.is_empty() => Ok(None),
            Err(_) => Err("say whether it is in honour or in memory of them".to_owned()),
        }
    }

    /// Whether something in the folded part of the form was touched.
    pub(super) fn has_more(&self) -> bool {
        [
            &self.program,
            &self.cover_fees,
            &self.anonymous,
            &self.hide_amount,
            &self.comment,
            &self.tribute_kind,
            &self.tribute_name,
            &self.consent_newsletter,
        ]
        .iter()
        .any(|text| !text.is_empty())
    }
}
