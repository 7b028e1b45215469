//! The give page's context: a first visit, or what was typed with what to mend.

use super::aim::Aim;
use super::form::Typed;
use crate::campaigns::frame::{self, Destinations};
use crate::config::Config;
use crate::donations::command::NEWSLETTER_WORDING;
use crate::donations::ops::CoverOffer;
use crate::donations::views::give::{
    FieldError, GiveClosedView, GiveErrors, GiveView, MatchOfferView, ProgramChoice, RecipientView,
    SuggestionView, TypedView,
};
use crate::error;
use crate::impact::UnitCost;
use crate::kernel::{Money, Timestamp};
use crate::matching::LivePool;
use crate::matching::model::TargetKind;
use crate::media::{self, Size};
use crate::web::placeholder;
use crate::web::views::palette::Accent;
use crate::web::views::shell::{Link, Shell};

/// Unit costs beside the form: the smallest, which are near to what most people give.
const COSTS: usize = 5;

/// What the form needs from the records.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    pub aim: Aim,
    pub to: Destinations,
    pub costs: Vec<UnitCost>,
    /// Match pools that add to a gift made now.
    pub offers: Vec<LivePool>,
}

/// What has happened to the form so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Shown {
    pub typed: Typed,
    /// Fields to mend, under the API's names.
    pub faults: Vec<error::FieldError>,
    /// What concerns no single field.
    pub notice: Option<String>,
}

/// The two secrets of a form.
pub(super) struct Secrets {
    pub csrf: String,
    pub idempotency_key: String,
}

impl Setting {
    pub(super) fn view(
        &self,
        config: &Config,
        nonce: &str,
        cover: CoverOffer,
        shown: &Shown,
        secrets: Secrets,
        now: Timestamp,
    ) -> GiveView {
        let campaign = self.aim.campaign();
        let typed = &shown.typed;
        let shell = self.shell(config, nonce, now);
        let chosen = typed.amount(campaign).ok();
        let own = !typed.amount_own.trim().is_empty();
        let zero = Money::zero(campaign.currency);
        let mut field_errors = by_field(&shown.faults);
        field_errors.form = shown.notice.clone().or(field_errors.form);
        GiveView {
            action: format!("/give/{}", campaign.slug),
            campaign_slug: campaign.slug.to_string(),
            campaign: Link::new(&campaign.title, &frame::path(campaign)),
            recipient: self.recipient(&shell.accent),
            currency: campaign.currency.code().to_owned(),
            exponent: campaign.currency.exponent(),
            sign: campaign.currency.sign(),
            suggestions: campaign
                .suggested()
                .into_iter()
                .map(|amount| SuggestionView {
                    amount: amount.into(),
                    covers: self.covers(amount),
                    checked: !own && chosen == Some(amount),
                })
                .collect(),
            offers: self.offers.iter().map(|one| self.offer(one)).collect(),
            programs: self
                .to
                .programs
                .iter()
                .map(|row| ProgramChoice {
                    slug: row.program.slug.to_string(),
                    name: row.program.name.clone(),
                    selected: row.program.slug.as_str() == typed.program,
                })
                .collect(),
            fee_basis_points: cover.basis_points,
            fee_fixed: Money::new(cover.fixed, campaign.currency).into(),
            fee_extra: chosen
                .filter(|amount| amount.minor() > 0)
                .map_or(zero, |amount| cover.on(amount))
                .into(),
            consent_wording: NEWSLETTER_WORDING.to_owned(),
            unit_costs: self
                .costs
                .iter()
                .take(COSTS)
                .map(frame::unit_cost)
                .collect(),
            typed: typed_view(typed, &field_errors),
            errors: shown.faults.iter().map(summary).collect(),
            field_errors,
            source: typed.source.clone(),
            csrf: secrets.csrf,
            idempotency_key: secrets.idempotency_key,
            shell,
        }
    }

    fn shell(&self, config: &Config, nonce: &str, now: Timestamp) -> Shell {
        let campaign = self.aim.campaign();
        let title = format!("Give to {}", self.aim.link().label);
        let mut shell = frame::shell(config, nonce, campaign, now, (&title, &campaign.appeal));
        shell.give_url = None;
        shell.og(config, "website", &format!("/give/{}", campaign.slug), None)
    }

    /// Instead of the form, when gifts are not taken.
    pub(super) fn closed_view(
        &self,
        config: &Config,
        nonce: &str,
        now: Timestamp,
    ) -> GiveClosedView {
        let campaign = self.aim.campaign();
        GiveClosedView {
            shell: self.shell(config, nonce, now),
            campaign: Link::new(&campaign.title, &frame::path(campaign)),
            recipient: self.aim.link(),
            giving_until: campaign.giving_until.to_string(),
        }
    }

    fn recipient(&self, accent: &Accent) -> Option<RecipientView> {
        let portrait_svg = |slug: &str, name: &str| placeholder::portrait(slug, name, accent);
        let href = self.aim.link().href;
        match (&self.aim.page, &self.aim.team) {
            (Some(of), _) => Some(RecipientView {
                name: of.page.participant.clone(),
                page_slug: Some(of.page.slug.to_string()),
                team_slug: None,
                href,
                photo_url: media::named(of.page.photo.as_deref())
                    .map(|id| media::url(id, Size::Small)),
                portrait_svg: portrait_svg(of.page.slug.as_str(), &of.page.participant),
            }),
            (None, Some(of)) => Some(RecipientView {
                name: of.team.name.clone(),
                page_slug: None,
                team_slug: Some(of.team.slug.to_string()),
                href,
                photo_url: None,
                portrait_svg: portrait_svg(of.team.slug.as_str(), &of.team.name),
            }),
            (None, None) => None,
        }
    }

    /// What a pool adds, and how much it still holds: nothing is promised that is not there.
    fn offer(&self, live: &LivePool) -> MatchOfferView {
        let pool = &live.pool;
        let programs = self.to.programs.iter().filter(|row| {
            let id = row.program.id.to_string();
            live.targets
                .iter()
                .any(|(kind, target)| *kind == TargetKind::Program && *target == id)
        });
        MatchOfferView {
            sponsor: pool.sponsor.clone(),
            until: pool.ends_at.rfc3339(),
            doubles: pool.ratio == 10_000,
            per_unit: pool.per_unit().into(),
            unit: Money::new(pool.currency.scale(), pool.currency).into(),
            cap: pool.cap().map(Into::into),
            left: Money::new(live.holds, pool.currency).into(),
            programs: programs.map(|row| row.program.name.clone()).collect(),
        }
    }

    /// What a suggested amount covers, if the unit-cost book has just that amount.
    fn covers(&self, amount: Money) -> Option<String> {
        let cost = self.costs.iter().find(|cost| cost.amount() == amount);
        cost.map(|cost| cost.covers.clone())
    }
}

fn typed_view(typed: &Typed, errors: &GiveErrors) -> TypedView {
    let ticked = |text: &str| !text.is_empty();
    let wrong = errors.program.is_some() || errors.comment.is_some() || errors.tribute.is_some();
    TypedView {
        amount_own: typed.amount_own.clone(),
        name: typed.name.clone(),
        email: typed.email.clone(),
        cover_fees: ticked(&typed.cover_fees),
        anonymous: ticked(&typed.anonymous),
        hide_amount: ticked(&typed.hide_amount),
        comment: typed.comment.clone(),
        tribute_kind: typed.tribute_kind.clone(),
        tribute_name: typed.tribute_name.clone(),
        consent_newsletter: ticked(&typed.consent_newsletter),
        more_open: wrong || typed.has_more(),
    }
}

/// The first error of each field, beside it.
fn by_field(faults: &[error::FieldError]) -> GiveErrors {
    let mut errors = GiveErrors::default();
    for fault in faults {
        let slot = match fault.field.as_str() {
            "amount" | "amount.currency" | "amount.minor" => &mut errors.amount,
            "donor.name" => &mut errors.name,
            "donor.email" => &mut errors.email,
            "program" => &mut errors.program,
            "comment" => &mut errors.comment,
            field if field.starts_with("tribute") => &mut errors.tribute,
            _ => &mut errors.form,
        };
        slot.get_or_insert_with(|| sentence(&fault.message));
    }
    errors
}

/// The same error in the summary, with the id of the field that it leads to.
fn summary(fault: &error::FieldError) -> FieldError {
    let field = match fault.field.as_str() {
        "amount" | "amount.currency" | "amount.minor" => "amount_own",
        "donor.name" => "name",
        "donor.email" => "email",
        "program" => "program",
        "comment" => "comment",
        field if field.starts_with("tribute") => "tribute_name",
        _ => "form",
    };
    FieldError {
        field: field.to_owned(),
        message: sentence(&fault.message),
    }
}

/// A message of the rules as a sentence.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let mut out: String = letters
        .next()
        .map(|first| first.to_uppercase().collect())
        .unwrap_or_default();
    out.push_str(letters.as_str());
    if !out.ends_with(['.', '!', '?']) {
        out.push('.');
    }
    out
}
