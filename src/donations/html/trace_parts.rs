//! Who has a gift: each fund's part of it, what of that waits, which grants took it, what came of them.

use super::trace::Traced;
use crate::campaigns::{Campaign, frame};
use crate::donations::model::GiftPart;
use crate::donations::views::trace::{PartGrantView, PartView};
use crate::grants::TrancheState;
use crate::grants::trace::GiftGrant;
use crate::impact::reports::public::TrancheReport;
use crate::kernel::Money;
use crate::walls::Shades;
use crate::web::views::shell::Link;

/// Money that was divided among funds, followed on: of one gift, of what was added to it, or of a whole pool.
pub(super) struct Divided<'a> {
    pub campaign: &'a Campaign,
    pub shades: &'a Shades,
    /// Each fund's part, largest first.
    pub parts: &'a [GiftPart],
    /// The grants that took of it, oldest first.
    pub grants: &'a [GiftGrant],
    /// What partners published on them.
    pub reports: &'a [TrancheReport],
    /// Where it went that was taken back after it had been granted.
    pub went: &'static str,
}

/// The parts of a giver's own money, with the programs' figures.
pub(super) fn own(traced: &Traced) -> Vec<PartView> {
    let divided = Divided {
        campaign: traced.aim.campaign(),
        shades: &traced.shades,
        parts: &traced.parts,
        grants: &traced.grants,
        reports: &traced.reports,
        went: "went back to you, or to the processor’s fee,",
    };
    let figures = |part: &GiftPart| {
        let own = traced.figures.iter();
        own.filter(|figure| Some(figure.program_id) == part.program_id)
            .map(frame::figure)
            .collect()
    };
    divided
        .shown()
        .map(|part| PartView {
            figures: figures(part),
            ..divided.view(part)
        })
        .collect()
}

/// The parts of what a match pool added. The programs' figures stand beside the giver's own, whose funds are the same.
pub(super) fn matched(traced: &Traced) -> Vec<PartView> {
    let divided = Divided {
        campaign: traced.aim.campaign(),
        shades: &traced.shades,
        parts: &traced.matched_parts,
        grants: &traced.matched_grants,
        reports: &traced.reports,
        went: "went back into the pool",
    };
    divided.views()
}

impl Divided<'_> {
    /// The parts that are at work, and those of which a partner has something although it was taken back.
    pub(super) fn views(&self) -> Vec<PartView> {
        self.shown().map(|part| self.view(part)).collect()
    }

    fn shown(&self) -> impl Iterator<Item = &GiftPart> {
        self.parts
            .iter()
            .filter(|part| part.remaining() > 0 || part.granted > 0)
    }

    fn view(&self, part: &GiftPart) -> PartView {
        let program = match (&part.program_slug, &part.program_name) {
            (Some(slug), Some(name)) => Link::new(name, &format!("/programs/{slug}")),
            // The campaign's own fund, until it is shared out.
            _ => Link::new(&part.fund_name, &frame::path(self.campaign)),
        };
        let grants: Vec<&GiftGrant> = self
            .grants
            .iter()
            .filter(|grant| grant.fund_id == part.fund_id)
            .collect();
        PartView {
            program,
            shade: self.shades.of(part.program_id),
            amount: self.money(part.remaining()).into(),
            state: state(part, &grants).to_owned(),
            detail: self.detail(part),
            grants: grants.into_iter().map(|grant| self.grant(grant)).collect(),
            carried: self.carried(part),
            figures: Vec::new(),
        }
    }

    fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.campaign.currency)
    }

    fn detail(&self, part: &GiftPart) -> String {
        let fund = &part.fund_name;
        match (part.granted, part.held) {
            (0, _) => format!("in the fund “{fund}” until the next grant."),
            (granted, 0) => format!(
                "{}, all of it, out of the fund “{fund}”.",
                self.money(granted)
            ),
            (granted, held) => format!(
                "{} out of the fund “{fund}”; {} waits there for the next grant.",
                self.money(granted),
                self.money(held)
            ),
        }
    }

    fn grant(&self, grant: &GiftGrant) -> PartGrantView {
        let report = self
            .reports
            .iter()
            .find(|report| report.tranche == grant.tranche_id);
        let word = match grant.state {
            TrancheState::Reported => "The partner has reported on it.",
            TrancheState::ReportDue => "The partner’s report is due.",
            _ => "The partner’s report is still to come.",
        };
        PartGrantView {
            number: grant.number.clone(),
            purpose: grant.purpose.clone(),
            amount: grant.money().into(),
            paid_on: grant.paid_on.map(|day| day.to_string()),
            due_on: (grant.state != TrancheState::Reported)
                .then(|| grant.report_due_on.to_string()),
            word: word.to_owned(),
            report: report.map(|report| Link::new(&report.link.title, &report.link.path)),
        }
    }

    /// What the reserve carries, in words.
    fn carried(&self, part: &GiftPart) -> Option<String> {
        (part.carried > 0).then(|| {
            format!(
                "{} of what was granted {} afterwards. The campaign’s reserve carries that: it is taken from no other gift.",
                self.money(part.carried),
                self.went
            )
        })
    }
}

/// `held` until a grant takes of it, `reported` once all of it is reported.
fn state(part: &GiftPart, grants: &[&GiftGrant]) -> &'static str {
    let reported = |grant: &&GiftGrant| grant.state == TrancheState::Reported;
    if part.granted == 0 {
        "held"
    } else if part.held == 0 && grants.iter().all(reported) {
        "reported"
    } else {
        "granted"
    }
}
