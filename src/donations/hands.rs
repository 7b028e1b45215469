//! Gifts that came by hand or through the bank, not through the processor: confirmed by staff into the books, with the
//! receipt that fits how they came, and given back by staff.
//!
//! Money that staff hold lies on `in_hand:<campaign>` until a deposit carries it to the bank ([`super::deposits`]); what
//! came by bank lies there at once. No fee is taken. The policy is the one in force when the gift is confirmed: it is known
//! then, and no entry of an earlier day reaches back behind a version (L7).

use diesel::prelude::*;

use super::arrived::Arrived;
use super::model::{self, Donation, DonationId, DonationStatus, Method, SupporterId};
use super::refunds::{self, ByStaff};
use super::settle::{self, Settling};
use super::{deposits, ops};
use crate::audit::{self, Deed};
use crate::auth::UserId;
use crate::campaigns::{self, Campaign};
use crate::db::Conn;
use crate::db::schema::supporters;
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::{Day, Email, Line, Money, Timestamp, secret};
use crate::ledger::{Account, Source};
use crate::matching::Span;
use crate::offline::{self, Kind, OfflineGift, OfflineGiftId};
use crate::{funds, pages};

crate::id!(
    /// A gift given back by staff.
    pub GivingBackId,
    "gbk"
);

/// What a receipt says of how a gift came.
#[derive(Debug, Clone)]
pub(super) struct Hand {
    /// "in cash", "by cheque 1042", "12 shares of …".
    pub how: String,
    /// On which day it was given.
    pub on: Day,
    /// What is to be known of it for the tax office.
    pub note: String,
    /// Whether this is the receipt; of a donor-advised fund the sponsor gives it.
    pub is_receipt: bool,
}

/// What a transaction that makes a gift needs from outside.
#[derive(Debug, Clone)]
pub struct NewIds {
    donation: DonationId,
    supporter: SupporterId,
    token: String,
}

impl NewIds {
    /// New ones.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn new() -> AppResult<Self> {
        Ok(Self {
            donation: DonationId::new(),
            supporter: SupporterId::new(),
            token: secret::random_token()?,
        })
    }
}

/// A gift that is made by staff's word.
pub(super) struct Made<'a> {
    pub(super) campaign: &'a Campaign,
    pub(super) ids: &'a NewIds,
    pub(super) method: Method,
    pub(super) amount: Money,
    pub(super) donor_name: &'a str,
    pub(super) donor_email: Option<&'a Email>,
    pub(super) created_at: Timestamp,
}

impl Made<'_> {
    /// The gift's row, on no page and undesignated, with its supporter made if new.
    pub(super) fn row(&self, conn: &mut Conn, now: Timestamp) -> AppResult<Donation> {
        let policy = funds::policy_in_force(conn, self.campaign.id, now)?.ok_or_else(|| {
            AppError::internal(format!("campaign {} has no policy", self.campaign.id))
        })?;
        let supporter = match self.donor_email {
            Some(email) => ops::supporter(conn, email, self.donor_name, self.ids.supporter, now)?,
            None => nobody(conn, self.ids.supporter, self.donor_name, now)?,
        };
        Ok(Donation {
            id: self.ids.donation,
            campaign_id: self.campaign.id,
            page_id: None,
            team_id: None,
            program_id: None,
            policy_id: policy.id,
            supporter_id: supporter,
            status: DonationStatus::Pending,
            currency: self.amount.currency(),
            amount: self.amount.minor(),
            fee_cover: 0,
            charged: self.amount.minor(),
            fee: None,
            refunded: 0,
            donor_name: self.donor_name.to_owned(),
            anonymous: false,
            hide_amount: false,
            comment: None,
            tribute_kind: None,
            tribute_name: None,
            tribute_email: None,
            source: None,
            token: self.ids.token.clone(),
            session_id: None,
            checkout_url: None,
            payment_intent_id: None,
            charge_id: None,
            failure: None,
            created_at: self.created_at,
            checked_at: now,
            paid_at: None,
            receipt: None,
            method: self.method,
        })
    }
}

/// A supporter whose address nobody knows: one a gift, as two of a name need not be one person.
fn nobody(conn: &mut Conn, id: SupporterId, name: &str, now: Timestamp) -> AppResult<SupporterId> {
    let stand_in = Email::nobody(id);
    let row = (
        supporters::id.eq(id),
        supporters::email.eq(&stand_in),
        supporters::email_folded.eq(stand_in.folded()),
        supporters::name.eq(name),
        supporters::created_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(supporters::table).values(row).execute(c))?;
    Ok(id)
}

/// Takes a pending entry into the books: donation, parts, totals, receipt, what a pool adds, all in this transaction.
///
/// # Errors
/// [`AppError::Conflict`] `no_such_move` when it is decided; [`AppError::Invalid`] for a program without a fund.
pub fn confirm(
    conn: &mut Conn,
    with: &Settling,
    id: OfflineGiftId,
    ids: &NewIds,
    by: UserId,
    now: Timestamp,
) -> AppResult<Donation> {
    let entry = offline::staff::waiting(conn, id)?;
    let campaign = campaigns::model::by_id(conn, entry.campaign_id)?;
    let made = Made {
        campaign: &campaign,
        ids,
        method: method_of(entry.kind),
        amount: entry.amount(),
        donor_name: &entry.donor_name,
        donor_email: entry.donor_email.as_ref(),
        created_at: entry.created_at,
    };
    let mut donation = made.row(conn, now)?;
    donation.anonymous = entry.anonymous;
    if let Some(program) = entry.program_id {
        if funds::fund_of_program(conn, program, donation.currency)?.is_none() {
            return Err(AppError::field("program", "this program has no fund here"));
        }
        donation.program_id = Some(program);
    }
    if let Some(page) = entry.page_id {
        let page = pages::model::any_by_id(conn, page)?.ok_or(AppError::NotFound("the page"))?;
        donation.page_id = Some(page.page.id);
        donation.team_id = page.page.team_id;
    }
    let source = Source {
        kind: "offline_gift",
        id: id.to_string(),
    };
    let lies_in = if entry.by_bank {
        Account::bank()
    } else {
        Account::in_hand(entry.campaign_id)
    };
    let hand = hand_of(&entry);
    let mut arrived = Arrived::by_hand(donation, source, lies_in, Some(hand));
    arrived.given = day_of(&entry, &campaign);
    let mut arrived = [arrived];
    settle::settle(conn, with, &mut arrived, now)?;
    let [arrived] = arrived;
    let donation = arrived.donation;
    offline::staff::confirmed(conn, id, donation.id, by, now)?;
    let deed = Deed::new(by, "offline_gift.confirm", ("offline_gift", id.to_string()))
        .of(entry.campaign_id)
        .saying(format!("{} as {}", entry.amount(), donation.id));
    audit::record(conn, &deed, now)?;
    Ok(donation)
}

fn method_of(kind: Kind) -> Method {
    match kind {
        Kind::Cash => Method::Cash,
        Kind::Cheque => Method::Cheque,
        Kind::BankTransfer => Method::BankTransfer,
        Kind::Stock => Method::Stock,
        Kind::Daf => Method::Daf,
        Kind::Other => Method::Other,
    }
}

/// The day on which it was handed over, in the campaign's time zone: a match pool asks whether that day touches its window.
fn day_of(entry: &OfflineGift, campaign: &Campaign) -> Option<Span> {
    let day = entry.received_on.date();
    let begin = |date: chrono::NaiveDate| {
        let midnight = date.and_hms_opt(0, 0, 0)?;
        let at = midnight
            .and_local_timezone(campaign.time_zone.tz())
            .earliest()?;
        Timestamp::from_seconds(at.timestamp())
    };
    Some(Span {
        from: begin(day)?,
        to: begin(day.succ_opt()?)?,
    })
}

fn hand_of(entry: &OfflineGift) -> Hand {
    let with = |word: &str| match entry.reference.as_str() {
        "" => word.to_owned(),
        number => format!("{word} {number}"),
    };
    let (how, note) = match entry.kind {
        Kind::Cash => ("in cash".to_owned(), String::new()),
        Kind::Cheque => (with("by cheque"), String::new()),
        Kind::BankTransfer => (with("by bank transfer"), String::new()),
        Kind::Stock => (
            format!("in stock: {}", entry.shares),
            format!(
                "The amount is the value of {} on {}, the day on which they came.",
                entry.shares, entry.received_on
            ),
        ),
        Kind::Daf => (
            format!("out of a donor-advised fund at {}", entry.sponsor),
            format!(
                "{} sponsors the fund and gives the tax receipt; this mail thanks you and keeps a record of the gift, and is no tax receipt.",
                entry.sponsor
            ),
        ),
        Kind::Other => ("by hand".to_owned(), String::new()),
    };
    Hand {
        how,
        on: entry.received_on,
        note,
        is_receipt: entry.kind != Kind::Daf,
    }
}

/// What the receipt of a confirmed entry says of how it came, for the page that staff print: how, the day, what the tax
/// office is to know, and whether it is a receipt at all.
pub fn receipt_words(entry: &OfflineGift) -> (String, Day, String, bool) {
    let hand = hand_of(entry);
    (hand.how, hand.on, hand.note, hand.is_receipt)
}

/// A gift to be given back by staff.
#[derive(Debug, Clone)]
pub struct GiveBack {
    /// The id, made by the caller: a form sent twice gives back once.
    pub id: GivingBackId,
    /// The gift.
    pub donation: DonationId,
    /// How much.
    pub amount: Money,
    /// Why: the cash went back, the cheque bounced.
    pub reason: Line,
    /// Who does it.
    pub by: UserId,
}

/// Gives back what staff hold or the bank holds of a gift, divided as the processor's refunds are.
///
/// # Errors
/// [`AppError::Conflict`] `online_gift` for one that the processor took, `on_its_way` while a deposit carries it to the
/// bank; [`AppError::Invalid`] for more than is left.
pub fn give_back(conn: &mut Conn, back: &GiveBack, now: Timestamp) -> AppResult<Donation> {
    let mut donation = model::by_id(conn, back.donation)?;
    let from = deposits::place_of(conn, &donation)?;
    let refund = ByStaff {
        id: back.id.to_string(),
        amount: back.amount,
        from,
        by: back.by,
        reason: back.reason.as_str().to_owned(),
    };
    if refunds::by_staff(conn, &mut donation, &refund, now)? {
        let deed = Deed::new(
            back.by,
            "donation.give_back",
            ("donation", donation.id.to_string()),
        )
        .of(donation.campaign_id)
        .saying(back.amount.to_string());
        audit::record(conn, &deed, now)?;
    }
    Ok(donation)
}
