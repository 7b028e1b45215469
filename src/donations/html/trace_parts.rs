//! Who has a gift: each fund's part of it, what of that waits, which grants took it, what came of them.

use super::trace::Traced;
use crate::campaigns::frame;
use crate::donations::model::GiftPart;
use crate::donations::views::trace::{PartGrantView, PartView};
use crate::grants::TrancheState;
use crate::grants::trace::GiftGrant;
use crate::kernel::Money;
use crate::web::views::shell::Link;

/// The parts that are at work, and those of which a partner has something although it went back to the giver.
pub(super) fn parts(traced: &Traced) -> Vec<PartView> {
    let parts = traced.parts.iter();
    parts
        .filter(|part| part.remaining() > 0 || part.granted > 0)
        .map(|part| view(traced, part))
        .collect()
}

fn view(traced: &Traced, part: &GiftPart) -> PartView {
    let program = match (&part.program_slug, &part.program_name) {
        (Some(slug), Some(name)) => Link::new(name, &format!("/programs/{slug}")),
        // The campaign's own fund, until it is shared out.
        _ => Link::new(&part.fund_name, &frame::path(traced.aim.campaign())),
    };
    let grants: Vec<&GiftGrant> = traced
        .grants
        .iter()
        .filter(|grant| grant.fund_id == part.fund_id)
        .collect();
    PartView {
        program,
        shade: traced.shades.of(part.program_id),
        amount: Money::new(part.remaining(), traced.gift.currency).into(),
        state: state(part, &grants).to_owned(),
        detail: detail(traced, part),
        grants: grants
            .into_iter()
            .map(|grant| grant_view(traced, grant))
            .collect(),
        carried: carried(traced, part),
        figures: traced
            .figures
            .iter()
            .filter(|figure| Some(figure.program_id) == part.program_id)
            .map(frame::figure)
            .collect(),
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

fn detail(traced: &Traced, part: &GiftPart) -> String {
    let money = |minor| Money::new(minor, traced.gift.currency);
    let fund = &part.fund_name;
    match (part.granted, part.held) {
        (0, _) => format!("in the fund “{fund}” until the next grant."),
        (granted, 0) => format!("{}, all of it, out of the fund “{fund}”.", money(granted)),
        (granted, held) => format!(
            "{} out of the fund “{fund}”; {} waits there for the next grant.",
            money(granted),
            money(held)
        ),
    }
}

fn grant_view(traced: &Traced, grant: &GiftGrant) -> PartGrantView {
    let report = traced
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
        due_on: (grant.state != TrancheState::Reported).then(|| grant.report_due_on.to_string()),
        word: word.to_owned(),
        report: report.map(|report| Link::new(&report.link.title, &report.link.path)),
    }
}

/// What the reserve carries, in words.
fn carried(traced: &Traced, part: &GiftPart) -> Option<String> {
    (part.carried > 0).then(|| {
        let carried = Money::new(part.carried, traced.gift.currency);
        format!(
            "{carried} of what was granted went back to you, or to the processor’s fee, afterwards. The campaign’s reserve carries that: it is taken from no other gift."
        )
    })
}
