//! Beginning a gift: one row, one key, whatever is repeated (P4).

use diesel::prelude::*;

use super::command::{Give, NEWSLETTER_WORDING};
use super::model::{ConsentId, Donation, DonationId, DonationStatus, Method, SupporterId};
use crate::campaigns::{self, Campaign};
use crate::db::Conn;
use crate::db::schema::{consents, donations, idempotency_keys, supporters};
use crate::each;
use crate::error::{AppError, AppResult, FieldError};
use crate::kernel::{Email, Money, Timestamp};
use crate::payments::amounts;
use crate::{funds, pages, partners, teams};

/// What `begin` needs from outside its transaction, which may run twice.
#[derive(Debug, Clone)]
pub(super) struct Fresh {
    pub donation: DonationId,
    pub supporter: SupporterId,
    pub consent: ConsentId,
    pub token: String,
}

impl Fresh {
    pub(super) fn new() -> AppResult<Self> {
        Ok(Self {
            donation: DonationId::new(),
            supporter: SupporterId::new(),
            consent: ConsentId::new(),
            token: crate::kernel::secret::random_token()?,
        })
    }
}

/// What "cover the fee" adds, as offered (never what is booked, P20): basis points and a fixed part.
#[derive(Debug, Clone, Copy)]
pub struct CoverOffer {
    /// Basis points of the whole charge.
    pub basis_points: i64,
    /// Minor units a charge.
    pub fixed: i64,
}

impl CoverOffer {
    /// What must be added so that about `amount` is left when the processor has kept its part of the whole, rounded up.
    pub fn on(self, amount: Money) -> Money {
        let keeps = i128::from(10_000 - self.basis_points.clamp(0, 9_000));
        let whole = (i128::from(amount.minor()) + i128::from(self.fixed)) * 10_000;
        let charged = (whole + keeps - 1) / keeps;
        let added = i64::try_from(charged)
            .unwrap_or(i64::MAX)
            .saturating_sub(amount.minor());
        // The processor takes three-decimal currencies in steps of ten.
        let step = if amount.currency().exponent() == 3 {
            10
        } else {
            1
        };
        Money::new(
            added.div_euclid(step).saturating_mul(step).max(0),
            amount.currency(),
        )
    }
}

/// Writes the gift as pending, with its idempotency key; or finds the one that the key stands for.
///
/// # Errors
/// [`AppError::Unprocessable`] `idempotency_key_reused` for another request under the same key; [`AppError::Invalid`]
/// and [`AppError::Conflict`] where the gift cannot be taken.
pub(super) fn begin(
    conn: &mut Conn,
    give: &Give,
    key: &str,
    fresh: &Fresh,
    cover: CoverOffer,
    now: Timestamp,
) -> AppResult<Donation> {
    if let Some(known) = known(conn, key, &give.request_hash)? {
        return Ok(known);
    }
    let donation = row(conn, give, fresh, cover, now)?;
    let key_row = (
        idempotency_keys::key.eq(key),
        idempotency_keys::request_hash.eq(&give.request_hash),
        idempotency_keys::donation_id.eq(donation.id),
        idempotency_keys::created_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(donations::table).values(&donation).execute(c))?;
    each!(conn, c => diesel::insert_into(idempotency_keys::table).values(key_row).execute(c))?;
    if give.newsletter {
        let consent = (
            consents::id.eq(fresh.consent),
            consents::supporter_id.eq(donation.supporter_id),
            consents::donation_id.eq(donation.id),
            consents::channel.eq("newsletter"),
            consents::wording.eq(NEWSLETTER_WORDING),
            consents::given_at.eq(now),
        );
        each!(conn, c => diesel::insert_into(consents::table).values(consent).execute(c))?;
    }
    Ok(donation)
}

/// The gift begun before under this key.
fn known(conn: &mut Conn, key: &str, request_hash: &str) -> AppResult<Option<Donation>> {
    let query = idempotency_keys::table.find(key).select((
        idempotency_keys::request_hash,
        idempotency_keys::donation_id,
    ));
    let found: Option<(String, DonationId)> = each!(conn, c => query.first(c).optional())?;
    match found {
        None => Ok(None),
        Some((hash, id)) if hash == request_hash => super::model::by_id(conn, id).map(Some),
        Some(_) => Err(AppError::Unprocessable {
            code: "idempotency_key_reused",
            detail:
                "this Idempotency-Key was used for another request; make a new key for a new gift"
                    .into(),
        }),
    }
}

fn row(
    conn: &mut Conn,
    give: &Give,
    fresh: &Fresh,
    cover: CoverOffer,
    now: Timestamp,
) -> AppResult<Donation> {
    let campaign = campaigns::model::by_slug(conn, &give.campaign)?.campaign;
    let (page, team) = recipient(conn, give, &campaign)?;
    let program = designation(conn, give, &campaign)?;
    let gift = fitting(give, &campaign, now)?;
    let policy = funds::policy_in_force(conn, campaign.id, now)?.ok_or_else(|| {
        AppError::internal(format!(
            "campaign {} takes gifts without an allocation policy",
            campaign.id
        ))
    })?;
    let fee_cover = if give.cover_fees {
        cover.on(gift)
    } else {
        Money::zero(gift.currency())
    };
    let charged = gift.plus(fee_cover)?;
    amounts::to_processor(charged).map_err(|e| AppError::field("amount", e))?;
    Ok(Donation {
        id: fresh.donation,
        campaign_id: campaign.id,
        page_id: page.as_ref().map(|page| page.id),
        team_id: team.or(page.as_ref().and_then(|page| page.team_id)),
        program_id: program,
        policy_id: policy.id,
        supporter_id: supporter(
            conn,
            &give.donor_email,
            give.donor_name.as_str(),
            fresh.supporter,
            now,
        )?,
        status: DonationStatus::Pending,
        currency: gift.currency(),
        amount: gift.minor(),
        fee_cover: fee_cover.minor(),
        charged: charged.minor(),
        fee: None,
        refunded: 0,
        donor_name: give.donor_name.as_str().to_owned(),
        anonymous: give.anonymous,
        hide_amount: give.hide_amount,
        comment: give.comment.clone(),
        tribute_kind: give.tribute.as_ref().map(|tribute| tribute.kind),
        tribute_name: give
            .tribute
            .as_ref()
            .map(|tribute| tribute.name.as_str().to_owned()),
        tribute_email: give
            .tribute
            .as_ref()
            .and_then(|tribute| Some(tribute.notify.as_ref()?.to_string())),
        source: give.source.clone(),
        token: fresh.token.clone(),
        session_id: None,
        checkout_url: None,
        payment_intent_id: None,
        charge_id: None,
        failure: None,
        created_at: now,
        checked_at: now,
        paid_at: None,
        receipt: None,
        method: Method::Online,
    })
}

/// A slug in the request that leads nowhere is a field to mend.
fn missing(error: AppError, field: &str) -> AppError {
    match error {
        AppError::NotFound(what) => AppError::Invalid(vec![FieldError::new(
            field,
            format!("{what} does not exist"),
        )]),
        other => other,
    }
}

fn recipient(
    conn: &mut Conn,
    give: &Give,
    campaign: &Campaign,
) -> AppResult<(Option<pages::Page>, Option<teams::TeamId>)> {
    let page = match &give.page {
        Some(slug) => {
            let page = pages::by_slug(conn, slug)
                .map_err(|e| missing(e, "page"))?
                .page;
            if page.campaign_id != campaign.id {
                return Err(AppError::field(
                    "page",
                    "this page belongs to another campaign",
                ));
            }
            Some(page)
        }
        None => None,
    };
    let team = match &give.team {
        Some(slug) => {
            let team = teams::model::by_slug(conn, slug)
                .map_err(|e| missing(e, "team"))?
                .team;
            if team.campaign_id != campaign.id {
                return Err(AppError::field(
                    "team",
                    "this team belongs to another campaign",
                ));
            }
            if !team.is_open() {
                return Err(AppError::field(
                    "team",
                    "this team has been archived and takes no more gifts",
                ));
            }
            if page
                .as_ref()
                .is_some_and(|page| page.team_id != Some(team.id))
            {
                return Err(AppError::field(
                    "team",
                    "this page is not of that team; name one of them",
                ));
            }
            Some(team.id)
        }
        None => None,
    };
    Ok((page, team))
}

fn designation(
    conn: &mut Conn,
    give: &Give,
    campaign: &Campaign,
) -> AppResult<Option<partners::ProgramId>> {
    let Some(slug) = &give.program else {
        return Ok(None);
    };
    let program = partners::model::program_by_slug(conn, slug)
        .map_err(|e| missing(e, "program"))?
        .program;
    let supported = campaigns::overview::programs_of(conn, campaign.id)?;
    // The fund must be there before money can be promised to it.
    let fund = funds::model::fund_of_program(conn, program.id, campaign.currency)?;
    if fund.is_none() || !supported.iter().any(|(own, _)| own.id == program.id) {
        return Err(AppError::field(
            "program",
            "this campaign does not give to that program",
        ));
    }
    Ok(Some(program.id))
}

/// The amount against the campaign's currency and minimum, and the day against its giving deadline.
fn fitting(give: &Give, campaign: &Campaign, now: Timestamp) -> AppResult<Money> {
    if !campaign.is_giving_open(now) {
        return Err(AppError::Conflict {
            code: "giving_closed",
            detail: format!("{} does not take gifts now", campaign.title),
        });
    }
    if give.amount.currency() != campaign.currency {
        return Err(AppError::field(
            "amount.currency",
            format!("this campaign takes {}", campaign.currency),
        ));
    }
    let least = campaign.minimum();
    if give.amount.minor() < least.minor() {
        return Err(AppError::field(
            "amount",
            format!("the least that a card can carry here is {least}"),
        ));
    }
    Ok(give.amount)
}

/// The supporter of this address, made if new. The name of a known one stays: names on gifts are the gift's own.
pub(super) fn supporter(
    conn: &mut Conn,
    email: &Email,
    name: &str,
    fresh: SupporterId,
    now: Timestamp,
) -> AppResult<SupporterId> {
    let query = supporters::table
        .filter(supporters::email_folded.eq(email.folded()))
        .select(supporters::id);
    if let Some(id) = each!(conn, c => query.first(c).optional())? {
        return Ok(id);
    }
    let row = (
        supporters::id.eq(fresh),
        supporters::email.eq(email),
        supporters::email_folded.eq(email.folded()),
        supporters::name.eq(name),
        supporters::created_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(supporters::table).values(row).execute(c))?;
    Ok(fresh)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::kernel::Currency;
    use proptest::prelude::*;

    #[test]
    fn covering_fifty_dollars_adds_what_the_processor_keeps_of_the_whole() {
        let offer = CoverOffer {
            basis_points: 290,
            fixed: 30,
        };
        assert_eq!(offer.on(Money::new(5000, Currency::USD)).minor(), 181);
    }

    proptest! {
        #[test]
        fn what_is_left_is_at_least_the_gift(minor in 100i64..10_000_000) {
            let added = CoverOffer { basis_points: 290, fixed: 30 }.on(Money::new(minor, Currency::USD)).minor();
            let charged = minor + added;
            let kept = (charged * 290 + 9_999) / 10_000 + 30;
            prop_assert!(charged - kept >= minor - 1 && charged - kept <= minor + 1);
        }
    }
}
