//! `/gifts/{token}`: the whole path of one gift, for its giver alone.

use serde::Serialize;

use super::thanks::MatchedView;
use crate::web::views::figures::{BandView, FigureView};
use crate::web::views::money::MoneyView;
use crate::web::views::shell::{Link, Shell};

/// Context of `trace`.
#[derive(Clone, Debug, Serialize)]
pub struct TraceView {
    /// The frame.
    pub shell: Shell,
    /// The giver's name as typed.
    pub donor: String,
    /// Paid when (RFC 3339).
    pub paid_at: String,
    /// Whose page, team or campaign it was for.
    pub recipient: Link,
    /// The receipt's serial number, once issued.
    pub receipt: Option<String>,
    /// What was given.
    pub gross: MoneyView,
    /// What the processor kept, as far as the gift bore it.
    pub fee: MoneyView,
    /// Why that is not all that the processor kept.
    pub fee_note: Option<String>,
    /// The fee is not reported yet: the figure is provisional.
    pub fee_provisional: bool,
    /// What came to the fund, before refunds.
    pub net: MoneyView,
    /// Refunds and lost disputes.
    pub refunds: Vec<RefundView>,
    /// What a sponsor's pool added, less what has gone back into it.
    pub matched: Option<MatchedView>,
    /// The processor took it; otherwise it came by hand, and no fee was taken.
    pub is_online: bool,
    /// What is left after refunds; equals `net` without any.
    pub remaining: MoneyView,
    /// The steps card, fee, fund, program, grant, result.
    pub steps: Vec<StepView>,
    /// Where each part is.
    pub parts: Vec<PartView>,
    /// All of it was taken back.
    pub is_gone: bool,
    /// Where each part of what a pool added is.
    pub matched_parts: Vec<PartView>,
    /// How it was divided: "Your choice" or "By policy version 2".
    pub division: String,
    /// The page's band with this gift's thread.
    pub band: BandView,
}

/// Money that went back.
#[derive(Clone, Debug, Serialize)]
pub struct RefundView {
    /// When (RFC 3339).
    pub at: String,
    /// How much.
    pub amount: MoneyView,
    /// "Refund", "Dispute lost".
    pub label: String,
}

/// One step of the path.
#[derive(Clone, Debug, Serialize)]
pub struct StepView {
    /// "Your card", "Fee", "Fund", "Program", "Grant", "Result".
    pub title: String,
    /// One sentence.
    pub detail: String,
    /// The amount at this step, if it is known.
    pub amount: Option<MoneyView>,
    /// When it happened (RFC 3339).
    pub at: Option<String>,
    /// `done`, `now` or `ahead`.
    pub state: String,
}

/// A program's part of the gift.
#[derive(Clone, Debug, Serialize)]
pub struct PartView {
    /// The program.
    pub program: Link,
    /// Its shade in the band.
    pub shade: u8,
    /// To the cent.
    pub amount: MoneyView,
    /// `held`, `granted` or `reported`.
    pub state: String,
    /// One sentence: where it is.
    pub detail: String,
    /// The grants that took of it, oldest first.
    pub grants: Vec<PartGrantView>,
    /// What the campaign's reserve carries of it, in words.
    pub carried: Option<String>,
    /// The program's figures.
    pub figures: Vec<FigureView>,
}

/// What a grant took of a part.
#[derive(Clone, Debug, Serialize)]
pub struct PartGrantView {
    /// `G-2026-001`.
    pub number: String,
    /// What it is for.
    pub purpose: String,
    /// To the cent.
    pub amount: MoneyView,
    /// The day on which the partner was paid.
    pub paid_on: Option<String>,
    /// When the report is due; `None` once it is there.
    pub due_on: Option<String>,
    /// One sentence about the report.
    pub word: String,
    /// The published part of the report.
    pub report: Option<Link>,
}
