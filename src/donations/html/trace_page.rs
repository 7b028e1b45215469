//! The trace page's context: the sums, the steps and the parts of one gift.

use super::trace::Traced;
use super::{trace_far::Far, trace_parts};
use crate::campaigns::frame;
use crate::config::Config;
use crate::donations::disputes::DisputeState;
use crate::donations::model::GiftPart;
use crate::donations::views::trace::{RefundView, StepView, TraceView};
use crate::error::AppResult;
use crate::kernel::{Money, Timestamp};

/// The context at `now`.
///
/// # Errors
/// When an amount cannot be written.
pub(super) fn view(
    config: &Config,
    nonce: &str,
    traced: &Traced,
    now: Timestamp,
) -> AppResult<TraceView> {
    let (gift, campaign) = (&traced.gift, traced.aim.campaign());
    let money = |minor| Money::new(minor, gift.currency);
    let fee = money(gift.fee.unwrap_or_default());
    let remaining = money(traced.parts.iter().map(GiftPart::remaining).sum());
    // What came to the funds is what is there and what was taken out again. It is not the gift less the fee: a fee that is told
    // after all has gone back finds nothing that could bear it.
    let from_funds: i64 = traced.refunds.iter().map(|(_, minor)| minor).sum();
    let net = money(remaining.minor() + from_funds);
    let borne = gift.charge().minus(net)?;
    let fees = Fees { fee, borne };
    let title = format!("{}, the whole way", gift.charge());
    let mut shell =
        frame::shell(config, nonce, campaign, now, (&title, &campaign.appeal)).private();
    shell.give_url = None;
    Ok(TraceView {
        donor: gift.donor_name.clone(),
        paid_at: gift.paid_at.unwrap_or(gift.created_at).rfc3339(),
        recipient: traced.aim.link(),
        receipt: gift.receipt.clone(),
        gross: gift.charge().into(),
        fee: borne.into(),
        fee_note: fees.note(),
        fee_provisional: gift.fee.is_none(),
        net: net.into(),
        matched: super::thanks::matched_view(traced.matched.as_ref(), gift),
        is_online: gift.method.is_online(),
        refunds: refunds(traced),
        remaining: remaining.into(),
        steps: steps(traced, fees, net, remaining),
        parts: trace_parts::own(traced),
        matched_parts: trace_parts::matched(traced),
        is_gone: traced.is_gone(),
        division: division(traced),
        band: traced
            .weave
            .view(&shell.accent.light, campaign.days_left(now), None)?,
        shell,
    })
}

/// What the processor kept, and what of it the gift bore.
#[derive(Clone, Copy)]
struct Fees {
    fee: Money,
    borne: Money,
}

impl Fees {
    /// Said where the gift did not bear all of it.
    fn note(self) -> Option<String> {
        (self.borne.minor() < self.fee.minor()).then(|| {
            format!(
                "of a fee of {}, told after your money had gone back; the rest of it is not taken from your gift",
                self.fee
            )
        })
    }
}

/// What went back, as far as it came out of the funds: the processor keeps its fee (P18), so a part of what the card
/// got back was never in them, and the sums on the page would not add up without saying so.
fn refunds(traced: &Traced) -> Vec<RefundView> {
    let rows = traced.refunds.iter().map(|(row, from_funds)| {
        let back = Money::new(row.amount, traced.gift.currency);
        // A movement after the first stands under the dispute's id and its own.
        let id = row.id.split(':').next();
        let dispute = traced
            .disputes
            .iter()
            .find(|one| Some(one.id.as_str()) == id);
        let what = match dispute.map(|one| one.state) {
            None => "Refund",
            Some(DisputeState::Lost) => "Taken back by your bank",
            Some(_) => "With your bank until it decides",
        };
        RefundView {
            at: row.created_at.rfc3339(),
            amount: Money::new(*from_funds, traced.gift.currency).into(),
            label: if *from_funds == row.amount {
                what.to_owned()
            } else if dispute.is_none() {
                format!("Refund of {back}: the part out of the fund")
            } else {
                format!("{what}, {back}: the part out of the fund")
            },
        }
    });
    rows.collect()
}

fn steps(traced: &Traced, fees: Fees, net: Money, remaining: Money) -> Vec<StepView> {
    let gift = &traced.gift;
    let at = gift.paid_at.map(Timestamp::rfc3339);
    let known = gift.fee.is_some();
    let gone = remaining.minor() == 0;
    let step =
        |title: &str, detail: &str, amount: Option<Money>, at: Option<String>, state: &str| {
            StepView {
                title: title.to_owned(),
                detail: detail.to_owned(),
                amount: amount.map(Into::into),
                at,
                state: state.to_owned(),
            }
        };
    let online = gift.method.is_online();
    let note = fees
        .note()
        .map(|note| format!("The processor kept this, {note}."));
    let fee_words = if !online {
        "No fee was taken: it did not come by card."
    } else if let Some(note) = &note {
        note.as_str()
    } else if known {
        "The processor kept this; it told us so itself."
    } else {
        "The processor has not reported its fee yet; until then the sums below are provisional."
    };
    let far = Far::of(traced);
    vec![
        step(
            if online { "Your card" } else { "Your gift" },
            if online {
                "The processor took your gift."
            } else {
                "It came by hand or through the bank, and was confirmed."
            },
            Some(gift.charge()),
            at.clone(),
            "done",
        ),
        step("Fee", fee_words, known.then_some(fees.borne), None, "done"),
        step(
            "Fund",
            "The rest was set aside and can be used for nothing else.",
            Some(net),
            at,
            "done",
        ),
        step(
            "Program",
            &far.program,
            Some(remaining),
            None,
            if gone || far.granted > 0 {
                "done"
            } else {
                "now"
            },
        ),
        step(
            "Grant",
            &far.grant,
            (far.granted > 0).then(|| Money::new(far.granted, gift.currency)),
            far.paid_on.clone(),
            far.grant_state(),
        ),
        step("Result", &far.result, None, None, far.result_state()),
    ]
}

fn division(traced: &Traced) -> String {
    match (traced.gift.program_id, &traced.policy) {
        (Some(_), _) => "You chose the program.".to_owned(),
        (None, Some(policy)) => format!(
            "Divided by version {} of the campaign’s policy, the one in force when you gave. A later version does not change it.",
            policy.version
        ),
        (None, None) => "Divided by the campaign’s policy.".to_owned(),
    }
}
