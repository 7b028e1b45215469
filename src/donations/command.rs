//! What a donor asks for, parsed: the API and the form end in the same [`Give`].

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::model::TributeKind;
use crate::error::{AppError, AppResult, FieldError};
use crate::kernel::card_number::holds_card_number;
use crate::kernel::line::{BadText, parse_lines};
use crate::kernel::shape::{Amount, EmailText, LineOrNothing, OneLine, PlainLines};
use crate::kernel::{Email, Line, Money, Slug};

/// The wording under which a donor agrees to newsletters; stored with the consent (N20).
pub const NEWSLETTER_WORDING: &str = "Yes, send me news about what gifts like mine have done. I can leave with one click, in every mail.";

/// Letters in a name, and in a comment.
const NAME: usize = 80;
/// See [`NAME`].
const COMMENT: usize = 1_000;
/// See [`NAME`].
const SOURCE: usize = 100;
/// The largest gift, in whole units: the processor's limit of eight digits.
const LARGEST_MINOR: i64 = 99_999_999;

type NameText = OneLine<NAME>;
type CommentText = PlainLines<COMMENT>;
type SourceText = LineOrNothing<SOURCE>;
type Gift = Amount<1, LARGEST_MINOR>;

/// `POST /api/v1/donations`, as it arrives. Unknown fields are refused.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GiveRequest {
    /// Slug of the campaign.
    #[schema(value_type = Slug)]
    pub campaign: String,
    /// Slug of the page given on.
    #[serde(default)]
    #[schema(value_type = Option<Slug>)]
    pub page: Option<String>,
    /// Slug of the team given to.
    #[serde(default)]
    #[schema(value_type = Option<Slug>)]
    pub team: Option<String>,
    /// Slug of the program that the whole gift is for; else the campaign's policy divides it.
    #[serde(default)]
    #[schema(value_type = Option<Slug>)]
    pub program: Option<String>,
    /// The gift.
    #[schema(value_type = Gift)]
    pub amount: Money,
    /// `once`; `month` is refused until recurring plans exist.
    #[serde(default)]
    #[schema(schema_with = taken_intervals)]
    pub interval: Option<Interval>,
    /// Who gives.
    pub donor: DonorRequest,
    /// Whether the name stays unseen by everyone but staff.
    #[serde(default)]
    pub anonymous: bool,
    /// Whether the amount stays unseen.
    #[serde(default)]
    pub hide_amount: bool,
    /// Plain words for the page's wall.
    #[serde(default)]
    #[schema(value_type = Option<CommentText>)]
    pub comment: Option<String>,
    /// Whether the donor adds what the processor is likely to keep.
    #[serde(default)]
    pub cover_fees: bool,
    /// In whose name.
    #[serde(default)]
    pub tribute: Option<TributeRequest>,
    /// What the donor agrees to.
    #[serde(default)]
    pub consent: Option<ConsentRequest>,
    /// Where the donor came from (`utm_source`).
    #[serde(default)]
    #[schema(value_type = Option<SourceText>)]
    pub source: Option<String>,
}

/// How often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Interval {
    /// One gift.
    Once,
    /// One a month.
    Month,
}

/// The intervals that are taken today.
fn taken_intervals() -> utoipa::openapi::Object {
    use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
    ObjectBuilder::new()
        .schema_type(SchemaType::Array(vec![Type::String, Type::Null]))
        .enum_values(Some([serde_json::json!("once"), serde_json::Value::Null]))
        .description(Some("How often."))
        .build()
}

/// Who gives.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DonorRequest {
    /// Name, as it shall be shown.
    #[schema(value_type = NameText)]
    pub name: String,
    /// Where the receipt goes.
    #[schema(value_type = EmailText)]
    pub email: String,
}

/// In whose name.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TributeRequest {
    /// `honour` or `memory`.
    pub kind: TributeKind,
    /// The honoree.
    #[schema(value_type = NameText)]
    pub name: String,
    /// Who is told of it.
    #[serde(default)]
    #[schema(value_type = Option<EmailText>)]
    pub notify_email: Option<String>,
}

/// What the donor agrees to.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentRequest {
    /// Newsletters.
    pub newsletter: bool,
}

/// A gift that can be begun: every field has passed its checks, apart from those that need the database.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Give {
    pub campaign: Slug,
    pub page: Option<Slug>,
    pub team: Option<Slug>,
    pub program: Option<Slug>,
    pub amount: Money,
    pub donor_name: Line,
    pub donor_email: Email,
    pub anonymous: bool,
    pub hide_amount: bool,
    pub comment: Option<String>,
    pub cover_fees: bool,
    pub tribute: Option<Tribute>,
    pub newsletter: bool,
    pub source: Option<String>,
    /// SHA-256 of the request: another request under the same key is refused.
    pub request_hash: String,
}

/// In whose name, parsed.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Tribute {
    pub kind: TributeKind,
    pub name: Line,
    pub notify: Option<Email>,
}

/// Collects what needs mending, so that a donor is told everything at once.
#[derive(Default)]
struct Faults(Vec<FieldError>);

impl Faults {
    fn take<T, E: ToString>(&mut self, field: &str, parsed: Result<T, E>) -> Option<T> {
        match parsed {
            Ok(value) => Some(value),
            Err(error) => {
                self.0.push(FieldError::new(field, error.to_string()));
                None
            }
        }
    }

    fn optional<T, E: ToString>(
        &mut self,
        field: &str,
        text: Option<&String>,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = text
            .map(|text| text.trim())
            .filter(|text| !text.is_empty())?;
        self.take(field, parse(text))
    }

    /// Card numbers belong on the processor's page alone (P27).
    fn no_card(&mut self, field: &str, text: &str) {
        if holds_card_number(text) {
            self.0.push(FieldError::new(
                field,
                "this looks like a card number; never write one here",
            ));
        }
    }
}

impl GiveRequest {
    /// Parses the request.
    ///
    /// # Errors
    /// [`AppError::Invalid`] with every field to mend.
    pub fn parse(&self) -> AppResult<Give> {
        let mut faults = Faults::default();
        let slug = |text: &str| text.parse::<Slug>();
        let campaign = faults.take("campaign", slug(&self.campaign));
        let page = faults.optional("page", self.page.as_ref(), slug);
        let team = faults.optional("team", self.team.as_ref(), slug);
        let program = faults.optional("program", self.program.as_ref(), slug);
        let amount = faults.take("amount", amount(self.amount));
        if self.interval == Some(Interval::Month) {
            faults.0.push(FieldError::new(
                "interval",
                "monthly gifts are not taken yet; choose a single gift",
            ));
        }
        let name = faults.take("donor.name", Line::parse(&self.donor.name, NAME));
        let email = faults.take("donor.email", self.donor.email.parse::<Email>());
        let comment = faults.optional("comment", self.comment.as_ref(), comment);
        let tribute = self
            .tribute
            .as_ref()
            .map(|asked| tribute(asked, &mut faults));
        let source = faults.optional("source", self.source.as_ref(), |text| {
            Line::parse(text, SOURCE).map(Line::into_string)
        });
        faults.no_card("donor.name", &self.donor.name);
        faults.no_card("donor.email", &self.donor.email);
        faults.no_card("comment", self.comment.as_deref().unwrap_or_default());
        faults.no_card("source", self.source.as_deref().unwrap_or_default());
        if let Some(asked) = &self.tribute {
            faults.no_card("tribute.name", &asked.name);
        }
        let request_hash = crate::kernel::secret::sha256_hex(serde_json::to_vec(self)?);
        match (campaign, amount, name, email) {
            (Some(campaign), Some(amount), Some(donor_name), Some(donor_email))
                if faults.0.is_empty() =>
            {
                Ok(Give {
                    campaign,
                    page,
                    team,
                    program,
                    amount,
                    donor_name,
                    donor_email,
                    anonymous: self.anonymous,
                    hide_amount: self.hide_amount,
                    comment,
                    cover_fees: self.cover_fees,
                    tribute: tribute.flatten(),
                    newsletter: self
                        .consent
                        .as_ref()
                        .is_some_and(|consent| consent.newsletter),
                    source,
                    request_hash,
                })
            }
            _ => Err(AppError::Invalid(faults.0)),
        }
    }
}

fn amount(money: Money) -> Result<Money, &'static str> {
    match money.minor() {
        ..=0 => Err("give an amount above zero"),
        minor if minor > LARGEST_MINOR => {
            Err("for a gift this large please write to us: cards cannot carry it")
        }
        _ => Ok(money),
    }
}

/// Comments are plain words: markup and links are how walls get abused.
fn comment(text: &str) -> Result<String, BadComment> {
    let text = parse_lines(text, COMMENT)?;
    let lower = text.to_lowercase();
    if text.contains('<') || text.contains('>') || lower.contains("](") {
        return Err(BadComment::Markup);
    }
    if ["http://", "https://", "www."]
        .iter()
        .any(|link| lower.contains(link))
    {
        return Err(BadComment::Link);
    }
    Ok(text)
}

#[derive(Debug, thiserror::Error)]
enum BadComment {
    #[error("{0}")]
    Text(#[from] BadText),
    #[error("write plain words, without < > or other markup")]
    Markup,
    #[error("leave links out, please")]
    Link,
}

fn tribute(asked: &TributeRequest, faults: &mut Faults) -> Option<Tribute> {
    let name = faults.take("tribute.name", Line::parse(&asked.name, NAME));
    let notify = faults.optional(
        "tribute.notify_email",
        asked.notify_email.as_ref(),
        |text| text.parse::<Email>(),
    );
    Some(Tribute {
        kind: asked.kind,
        name: name?,
        notify,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn request(change: impl Fn(&mut Value)) -> AppResult<Give> {
        let mut body = json!({
            "campaign": "dressember-2026", "page": "maya-roy",
            "amount": { "minor": 5000, "currency": "USD" }, "interval": "once",
            "donor": { "name": "মায়া রায়", "email": "maya@example.org" },
            "comment": "Go, Maya!\nFor all of them."
        });
        change(&mut body);
        serde_json::from_value::<GiveRequest>(body).unwrap().parse()
    }

    fn fields(result: AppResult<Give>) -> Vec<String> {
        match result {
            Err(AppError::Invalid(errors)) => errors.into_iter().map(|e| e.field).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_good_request_passes_and_every_fault_is_named_at_once() {
        assert!(request(|_| {}).is_ok());
        let faults = fields(request(|body| {
            body["campaign"] = json!("Dressember 2026");
            body["amount"]["minor"] = json!(0);
            body["interval"] = json!("month");
            body["donor"] = json!({ "name": "E\r\nBcc: x@y.org", "email": "maya" });
            body["comment"] = json!("see <b>this</b>");
        }));
        assert_eq!(
            faults,
            [
                "campaign",
                "amount",
                "interval",
                "donor.name",
                "donor.email",
                "comment"
            ]
        );
    }

    #[test]
    fn card_numbers_are_refused_wherever_they_are_typed() {
        for path in ["/donor/name", "/comment", "/source"] {
            let faults = fields(request(|body| {
                body["source"] = json!("mail");
                *body.pointer_mut(path).unwrap() = json!("4242 4242 4242 4242");
            }));
            assert_eq!(faults.len(), 1, "{path}");
        }
    }

    #[test]
    fn the_hash_tells_requests_apart() {
        let one = request(|_| {}).unwrap().request_hash;
        let same = request(|_| {}).unwrap().request_hash;
        let other = request(|body| body["amount"]["minor"] = json!(5001))
            .unwrap()
            .request_hash;
        assert_eq!(one, same);
        assert_ne!(one, other);
    }
}
