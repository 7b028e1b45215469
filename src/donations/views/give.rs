//! `/give/{campaign}`: the form. It posts to the same address; what was typed comes back with errors.

use serde::Serialize;

use crate::web::views::figures::UnitCostView;
use crate::web::views::money::MoneyView;
use crate::web::views::shell::{Link, Shell};

/// Context of `give`.
#[derive(Clone, Debug, Serialize)]
pub struct GiveView {
    /// The frame.
    pub shell: Shell,
    /// Where the form posts: `/give/{campaign}`.
    pub action: String,
    /// The campaign's slug, for the hidden field `campaign`.
    pub campaign_slug: String,
    /// The campaign.
    pub campaign: Link,
    /// Whose page or which team the gift is for; `None` for the campaign itself.
    pub recipient: Option<RecipientView>,
    /// ISO 4217 code of the campaign.
    pub currency: String,
    /// Decimals of the currency: 0, 2 or 3.
    pub exponent: u32,
    /// The currency's sign as it stands before an amount.
    pub sign: String,
    /// Suggested amounts.
    pub suggestions: Vec<SuggestionView>,
    /// Match pools that add to a gift made now.
    pub offers: Vec<MatchOfferView>,
    /// Programs that a gift can be set aside for.
    pub programs: Vec<ProgramChoice>,
    /// The processor's usual rate, in basis points, for the cover-fees text and script.
    pub fee_basis_points: i64,
    /// The processor's usual fixed part.
    pub fee_fixed: MoneyView,
    /// What covering the fees would add to the chosen amount, in minor units rounded up:
    /// `ceil((amount + fixed) * 10000 / (10000 - basis points)) - amount`; `give.js` reckons alike.
    pub fee_extra: MoneyView,
    /// The exact wording of the newsletter consent; stored with the answer.
    pub consent_wording: String,
    /// What amounts cover.
    pub unit_costs: Vec<UnitCostView>,
    /// What was typed.
    pub typed: TypedView,
    /// Errors, in the order of the fields; empty on the first visit.
    pub errors: Vec<FieldError>,
    /// The same errors, each beside its field.
    pub field_errors: GiveErrors,
    /// Where the giver came from (`utm_source`), kept for the gift.
    pub source: String,
    /// Anti-forgery token.
    pub csrf: String,
    /// Made once per form, so that pressing twice gives once.
    pub idempotency_key: String,
}

/// Whose page or team a gift is for.
#[derive(Clone, Debug, Serialize)]
pub struct RecipientView {
    /// The page's or team's name: "Mira Sen".
    pub name: String,
    /// The page's slug, if it is a page.
    pub page_slug: Option<String>,
    /// The team's slug, if it is a team.
    pub team_slug: Option<String>,
    /// Back to it.
    pub href: String,
    /// A photograph, if there is one.
    pub photo_url: Option<String>,
    /// The drawn portrait that stands in for it.
    pub portrait_svg: String,
}

/// A suggested amount.
#[derive(Clone, Debug, Serialize)]
pub struct SuggestionView {
    /// The amount.
    pub amount: MoneyView,
    /// What it covers, in two or three words, if the unit-cost book says so.
    pub covers: Option<String>,
    /// It is chosen.
    pub checked: bool,
}

/// A sponsor who adds to each gift, as far as the pool still holds.
#[derive(Clone, Debug, Serialize)]
pub struct MatchOfferView {
    /// Who.
    pub sponsor: String,
    /// Until when (RFC 3339).
    pub until: String,
    /// It adds as much as is given.
    pub doubles: bool,
    /// What it adds to one whole unit.
    pub per_unit: MoneyView,
    /// One whole unit.
    pub unit: MoneyView,
    /// The most for one gift.
    pub cap: Option<MoneyView>,
    /// What the pool holds right now.
    pub left: MoneyView,
    /// Only gifts set aside for these programs.
    pub programs: Vec<String>,
}

/// A program in the designation list.
#[derive(Clone, Debug, Serialize)]
pub struct ProgramChoice {
    /// Its slug.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// It is chosen.
    pub selected: bool,
}

/// What was typed, given back unchanged. `amount_own`, when it is not empty, counts instead of `amount_choice`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct TypedView {
    /// Own amount, as typed.
    pub amount_own: String,
    /// Name.
    pub name: String,
    /// E-mail.
    pub email: String,
    /// Fees are covered.
    pub cover_fees: bool,
    /// The name is not shown.
    pub anonymous: bool,
    /// The amount is not shown.
    pub hide_amount: bool,
    /// Words for the wall.
    pub comment: String,
    /// `honour`, `memory` or empty.
    pub tribute_kind: String,
    /// In whose honour or memory.
    pub tribute_name: String,
    /// Agreed to the newsletter.
    pub consent_newsletter: bool,
    /// Opens the optional part: something in it was typed or is wrong.
    pub more_open: bool,
}

/// One error of the summary.
#[derive(Clone, Debug, Serialize)]
pub struct FieldError {
    /// The id of the field that the link goes to: `amount_own`, `name`, `email`, …
    pub field: String,
    /// What is wrong and how to mend it.
    pub message: String,
}

/// The errors by field.
#[derive(Clone, Debug, Default, Serialize)]
pub struct GiveErrors {
    /// Beside the amounts.
    pub amount: Option<String>,
    /// Beside the name.
    pub name: Option<String>,
    /// Beside the mail address.
    pub email: Option<String>,
    /// Beside the designation.
    pub program: Option<String>,
    /// Beside the comment.
    pub comment: Option<String>,
    /// Beside the tribute.
    pub tribute: Option<String>,
    /// Above the button: the processor is away, the limit is reached, …
    pub form: Option<String>,
}

/// Context of `give_closed`: instead of the form, when gifts are not taken.
#[derive(Clone, Debug, Serialize)]
pub struct GiveClosedView {
    /// The frame.
    pub shell: Shell,
    /// The campaign.
    pub campaign: Link,
    /// The page, team or campaign that the gift would have been for.
    pub recipient: Link,
    /// The last day on which gifts were taken (YYYY-MM-DD).
    pub giving_until: String,
}
