//! `GET /thanks/{token}`: where the processor sends the giver back to. What it says about the payment was asked of the
//! processor, never read from the address.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::Data;

use super::aim::Aim;
use crate::campaigns::frame;
use crate::db::Conn;
use crate::donations::model::{self, Donation, DonationStatus};
use crate::donations::views::thanks::{MatchedView, ThanksView};
use crate::donations::{Giving, mails};
use crate::error::AppResult;
use crate::kernel::{Email, Money, Timestamp};
use crate::matching::{self, Match};
use crate::payments::webhook::Reference;
use crate::walls::Weave;
use crate::web::Path;
use crate::web::headers::{Nonce, keep_address_private};

/// How long the page waits for the processor; it answers without it.
const PATIENCE: Duration = Duration::from_secs(3);
/// Seconds between two questions about one gift.
const PAUSE: i64 = 2;
/// Seconds after which a page that waits looks again.
const REFRESH: u32 = 4;

/// What the page tells.
struct Thanks {
    gift: Donation,
    aim: Aim,
    email: Email,
    weave: Option<Weave>,
    /// What a pool added, and who gave it.
    matched: Option<(Match, String)>,
}

impl Thanks {
    fn read(conn: &mut Conn, token: &str, now: Timestamp) -> AppResult<Self> {
        let gift = model::by_token(conn, token)?;
        let aim = Aim::of(conn, &gift)?;
        let weave = if gift.status.is_settled() {
            Some(aim.weave(conn, Some(&gift.id.to_string()), now)?)
        } else {
            None
        };
        Ok(Self {
            matched: matching::match_of(conn, gift.id)?,
            email: mails::address_of(conn, gift.supporter_id)?,
            gift,
            aim,
            weave,
        })
    }
}

pub(super) async fn thanks(giving: Data<Giving>, path: Path<String>) -> AppResult<HttpResponse> {
    let (site, token) = (giving.site.clone(), path.0);
    let (asked, now) = (token.clone(), site.clock.now());
    let mut read = site.db.read(move |c| Thanks::read(c, &asked, now)).await?;
    if read.gift.status == DonationStatus::Pending && ask(&giving, &read.gift).await {
        let now = site.clock.now();
        read = site.db.read(move |c| Thanks::read(c, &token, now)).await?;
    }
    let nonce = Nonce::fresh()?;
    let view = view(&giving, nonce.as_str(), &read, site.clock.now())?;
    let mut response = site.page("thanks", &view, &nonce)?;
    keep_address_private(&mut response);
    Ok(response)
}

/// Asks the processor how the gift stands, unless somebody has just asked; whether there may be news. The question is
/// carried to its end even when this page no longer waits for it.
async fn ask(giving: &Data<Giving>, gift: &Donation) -> bool {
    let Some(session) = gift.session_id.clone() else {
        return false;
    };
    let (id, now) = (gift.id, giving.site.clock.now());
    let before = now.minus(chrono::Duration::seconds(PAUSE));
    let turn = giving
        .site
        .db
        .tx(move |c| model::take_turn(c, id, before, now))
        .await;
    if !matches!(turn, Ok(true)) {
        return false;
    }
    let giving = giving.clone();
    let question =
        actix_web::rt::spawn(async move { giving.sync(vec![Reference::Session(session)]).await });
    match tokio::time::timeout(PATIENCE, question).await {
        Ok(Ok(Ok(_))) => true,
        Ok(Ok(Err(error))) => {
            tracing::warn!(donation = %id, cause = %error, "the state of a gift could not be read");
            false
        }
        Ok(Err(_)) | Err(_) => false,
    }
}

fn view(giving: &Giving, nonce: &str, read: &Thanks, now: Timestamp) -> AppResult<ThanksView> {
    let (config, gift, campaign) = (&giving.site.config, &read.gift, read.aim.campaign());
    let state = state(gift.status);
    let title = match state {
        "paid" => "Thank you",
        "pending" => "Your payment is being confirmed",
        _ => "The payment did not go through",
    };
    let mut shell = frame::shell(config, nonce, campaign, now, (title, &campaign.appeal)).private();
    shell.give_url = None;
    shell.refresh_seconds = (state == "pending").then_some(REFRESH);
    let is_paid = state == "paid";
    let retry = matches!(state, "failed" | "expired") && campaign.is_giving_open(now);
    let days_left = campaign.days_left(now);
    Ok(ThanksView {
        state: state.to_owned(),
        amount: gift.charge().into(),
        matched: matched_view(read.matched.as_ref(), gift),
        donor: gift.donor_name.clone(),
        recipient: read.aim.link(),
        mailed_to: shortened(read.email.as_str()),
        band: match &read.weave {
            Some(weave) => Some(weave.view(&shell.accent.light, days_left, None)?),
            None => None,
        },
        trace_url: is_paid.then(|| format!("/gifts/{}", gift.token)),
        retry_url: retry.then(|| format!("/give/{}?again={}", campaign.slug, gift.token)),
        reason: (state == "failed").then(|| reason(gift.failure.as_deref()).to_owned()),
        share: is_paid.then(|| read.aim.share(config, now)),
        shell,
    })
}

/// What a pool added to a gift, as far as it has not gone back into the pool.
pub(super) fn matched_view(
    matched: Option<&(Match, String)>,
    gift: &Donation,
) -> Option<MatchedView> {
    let (found, sponsor) = matched?;
    let amount = Money::new(found.remaining(), gift.currency);
    (amount.minor() > 0).then(|| MatchedView {
        amount: amount.into(),
        sponsor: sponsor.clone(),
    })
}

/// The states that the page knows.
fn state(status: DonationStatus) -> &'static str {
    match status {
        DonationStatus::Pending => "pending",
        DonationStatus::Failed => "failed",
        DonationStatus::Expired => "expired",
        DonationStatus::Paid
        | DonationStatus::PartiallyRefunded
        | DonationStatus::Refunded
        | DonationStatus::Disputed => "paid",
    }
}

/// Why a payment failed, in plain words (Stripe's decline codes, <https://docs.stripe.com/declines/codes>).
fn reason(failure: Option<&str>) -> &'static str {
    match failure {
        Some("insufficient_funds") => {
            "There was not enough money on the card. A smaller amount or another card may work."
        }
        Some("expired_card") => "The card has expired. Please use another one.",
        Some("incorrect_cvc" | "invalid_cvc") => "The security code of the card was not right.",
        Some("authentication_required" | "payment_intent_authentication_failure") => {
            "Your bank asked you to confirm the payment, and that did not happen."
        }
        Some("refused_by_processor") => {
            "The card processor does not take this gift as it is. Another amount may work."
        }
        _ => "Your bank declined the payment. It does not tell us why; another card often works.",
    }
}

/// `m…@example.org`: enough to see a mistake, too little for whoever looks over a shoulder.
fn shortened(email: &str) -> String {
    match email.split_once('@') {
        Some((name, host)) => format!("{}…@{host}", name.chars().next().unwrap_or('…')),
        None => "…".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_by_its_first_letter() {
        assert_eq!(shortened("mira.sen@example.org"), "m…@example.org");
        assert_eq!(shortened("é@example.org"), "é…@example.org");
    }
}
