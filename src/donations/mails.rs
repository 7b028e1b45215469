//! The receipt to the donor and the news to the page's owner: put into the outbox by the settling transaction, once a
//! gift, whatever is replayed.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use serde_json::{Value, json};

use super::arrived::Arrived;
use super::model::{DonationId, SupporterId, TributeKind};
use super::settle::Settling;
use crate::auth::{MailKind, UserId, mutes};
use crate::campaigns::CampaignId;
use crate::db::Conn;
use crate::db::schema::{campaigns, funds, pages, supporters, totals, users};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::funds::FundId;
use crate::kernel::apportion::largest_remainder;
use crate::kernel::{Email, Money, Timestamp};
use crate::mail::{MailId, NewMail};
use crate::pages::PageId;
use crate::totals::TotalScope;
use crate::web::views::palette::Accent;

/// The mail's name among the templates, and its kind in the outbox.
const RECEIPT: &str = "receipt";
/// See [`RECEIPT`].
const PAGE_GIFT: &str = "page_gift";

/// A supporter's address.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn address_of(conn: &mut Conn, id: SupporterId) -> AppResult<Email> {
    let query = supporters::table.find(id).select(supporters::email);
    each!(conn, c => query.first(c).optional())?.ok_or(AppError::NotFound("This donor"))
}

struct PageFacts {
    slug: String,
    title: String,
    participant: String,
    goal: i64,
    /// Who is told of gifts: the owner, unless that mail was switched off.
    owner: Option<(Email, String)>,
    raised: i64,
}

struct CampaignFacts {
    slug: String,
    title: String,
    accent: String,
}

/// What the mails of a batch say about others than the gift: one query a table.
struct Facts {
    addresses: BTreeMap<SupporterId, Email>,
    campaigns: BTreeMap<CampaignId, CampaignFacts>,
    pages: BTreeMap<PageId, PageFacts>,
    funds: BTreeMap<FundId, String>,
}

/// Queues both mails of every gift that has just arrived.
///
/// # Errors
/// The database's, and templates that do not render.
pub(super) fn queue(
    conn: &mut Conn,
    with: &Settling,
    arrived: &[Arrived],
    now: Timestamp,
) -> AppResult<()> {
    let facts = Facts::load(conn, arrived)?;
    let mut mails = Vec::with_capacity(arrived.len() * 2);
    for one in arrived {
        mails.extend(receipt(&facts, with, one));
        mails.extend(page_gift(&facts, with, one));
    }
    with.mails.queue(conn, &mails, now)?;
    Ok(())
}

/// The outbox keeps one mail a kind and gift, so an id made anew when the transaction runs again does no harm.
fn mail(kind: &'static str, gift: DonationId, to: Email, name: &str, context: Value) -> NewMail {
    NewMail {
        id: MailId::new(),
        kind,
        source_id: gift.to_string(),
        to,
        to_name: Some(name.to_owned()),
        context,
    }
}

fn receipt(facts: &Facts, with: &Settling, one: &Arrived) -> Option<NewMail> {
    let gift = &one.donation;
    let campaign = facts.campaigns.get(&gift.campaign_id)?;
    let page = gift.page_id.and_then(|id| facts.pages.get(&id));
    let money = |minor| json!(Money::new(minor, gift.currency));
    let programs: Vec<Value> = one
        .splits
        .iter()
        .filter_map(|split| {
            Some(json!({ "name": facts.funds.get(&split.fund_id)?, "amount": money(split.amount) }))
        })
        .collect();
    let tribute = gift
        .tribute_name
        .as_ref()
        .map(|name| match gift.tribute_kind {
            Some(TributeKind::Memory) => format!("In memory of {name}"),
            _ => format!("In honour of {name}"),
        });
    let context = json!({
        "serial": gift.receipt,
        "donor_name": gift.donor_name,
        "gift": money(gift.amount),
        "charged": money(gift.charged),
        "fee_cover": (gift.fee_cover > 0).then(|| money(gift.fee_cover)),
        // The day on which the gift was given, not that on which we heard of it.
        "date": one.day.map(|day| day.to_string()),
        "campaign": { "title": campaign.title },
        "page": page.map(|page| json!({ "title": page.title, "participant": page.participant })),
        "programs": programs,
        "fee": one.fee.map(|fee| json!(fee)),
        "offline": one.hand.as_ref().map(|hand| json!({
            "how": hand.how, "note": hand.note, "is_receipt": hand.is_receipt,
        })),
        "matched": one.matched.as_ref().map(|added| json!({
            "amount": money(added.amount), "sponsor": added.sponsor,
        })),
        "tribute": tribute,
        "comment": gift.comment,
        "trace_url": format!("{}/gifts/{}", with.public_url, gift.token),
        "campaign_url": format!("{}/campaigns/{}", with.public_url, campaign.slug),
        "accent": campaign.accent,
        "organisation": with.organisation,
        "threads": threads(&campaign.accent, one.splits.iter().map(|split| split.amount), 0),
    });
    let to = facts.addresses.get(&gift.supporter_id)?.clone();
    // Of somebody whose address nobody knows, staff print the receipt.
    to.is_reachable()
        .then(|| mail(RECEIPT, gift.id, to, &gift.donor_name, context))
}

fn page_gift(facts: &Facts, with: &Settling, one: &Arrived) -> Option<NewMail> {
    let gift = &one.donation;
    let campaign = facts.campaigns.get(&gift.campaign_id)?;
    let page = facts.pages.get(&gift.page_id?)?;
    let (email, owner) = page.owner.as_ref()?;
    let money = |minor| json!(Money::new(minor, gift.currency));
    let bare = (page.goal - page.raised).max(0);
    let context = json!({
        "participant": page.participant,
        "giver": gift.shown_name(),
        "amount": gift.shown_amount().map(|amount| json!(amount)),
        "comment": gift.comment,
        "page": { "title": page.title },
        "raised": money(page.raised),
        "goal": (page.goal > 0).then(|| money(page.goal)),
        "page_url": format!("{}/pages/{}", with.public_url, page.slug),
        "settings_url": format!("{}/account/settings#mail", with.public_url),
        "campaign": { "title": campaign.title },
        "accent": campaign.accent,
        "organisation": with.organisation,
        "threads": threads(&campaign.accent, std::iter::once(page.raised), bare),
    });
    Some(mail(PAGE_GIFT, gift.id, email.clone(), owner, context))
}

/// The mail's small band: each part in the campaign's dyes, what is missing to the goal as bare warp. Widths are per
/// cent and sum to 100.
fn threads(accent: &str, parts: impl Iterator<Item = i64>, bare: i64) -> Vec<Value> {
    let palette = Accent::new(accent).light;
    let mut dyed: Vec<(i64, &String)> = parts.zip(palette.dyes.iter().cycle()).collect();
    dyed.push((bare, &palette.warp));
    let weights: Vec<i64> = dyed.iter().map(|(minor, _)| *minor).collect();
    let widths = largest_remainder(100, &weights).unwrap_or_default();
    let cells = widths.into_iter().zip(dyed).filter(|(width, _)| *width > 0);
    cells
        .map(|(width, (_, colour))| json!({ "width": width, "colour": colour }))
        .collect()
}

impl Facts {
    fn load(conn: &mut Conn, arrived: &[Arrived]) -> AppResult<Self> {
        let gifts = || arrived.iter().map(|one| &one.donation);
        let supporter_ids: BTreeSet<SupporterId> = gifts().map(|gift| gift.supporter_id).collect();
        let campaign_ids: BTreeSet<CampaignId> = gifts().map(|gift| gift.campaign_id).collect();
        let page_ids: BTreeSet<PageId> = gifts().filter_map(|gift| gift.page_id).collect();
        let fund_ids: BTreeSet<FundId> = arrived
            .iter()
            .flat_map(|one| &one.splits)
            .map(|split| split.fund_id)
            .collect();
        let query = supporters::table
            .filter(supporters::id.eq_any(supporter_ids))
            .select((supporters::id, supporters::email));
        let addresses: Vec<(SupporterId, Email)> = each!(conn, c => query.load(c))?;
        let query = campaigns::table
            .filter(campaigns::id.eq_any(campaign_ids))
            .select((
                campaigns::id,
                campaigns::slug,
                campaigns::title,
                campaigns::accent,
            ));
        let titles: Vec<(CampaignId, String, String, String)> = each!(conn, c => query.load(c))?;
        let query = funds::table
            .filter(funds::id.eq_any(fund_ids))
            .select((funds::id, funds::name));
        let names: Vec<(FundId, String)> = each!(conn, c => query.load(c))?;
        Ok(Self {
            addresses: addresses.into_iter().collect(),
            campaigns: titles
                .into_iter()
                .map(|(id, slug, title, accent)| {
                    (
                        id,
                        CampaignFacts {
                            slug,
                            title,
                            accent,
                        },
                    )
                })
                .collect(),
            pages: Self::pages(conn, page_ids)?,
            funds: names.into_iter().collect(),
        })
    }

    fn pages(conn: &mut Conn, ids: BTreeSet<PageId>) -> AppResult<BTreeMap<PageId, PageFacts>> {
        let query = pages::table
            .left_join(users::table.on(users::id.nullable().eq(pages::owner_id)))
            .filter(pages::id.eq_any(&ids))
            .select((
                pages::id,
                pages::slug,
                pages::title,
                pages::participant,
                pages::goal,
                (users::id, users::email, users::name).nullable(),
            ));
        type Owner = Option<(UserId, Email, String)>;
        type Row = (PageId, String, String, String, i64, Owner);
        let rows: Vec<Row> = each!(conn, c => query.load(c))?;
        let owners: Vec<UserId> = rows
            .iter()
            .filter_map(|row| row.5.as_ref().map(|(id, ..)| *id))
            .collect();
        let muted = mutes::muted_among(conn, &owners, MailKind::PageGifts)?;
        let query = totals::table
            .filter(totals::scope.eq(TotalScope::Page))
            .filter(totals::scope_id.eq_any(ids.iter().map(ToString::to_string)))
            .select((totals::scope_id, totals::raised));
        let raised: Vec<(String, i64)> = each!(conn, c => query.load(c))?;
        let raised: BTreeMap<String, i64> = raised.into_iter().collect();
        Ok(rows
            .into_iter()
            .map(|(id, slug, title, participant, goal, owner)| {
                let raised = raised.get(&id.to_string()).copied().unwrap_or_default();
                (
                    id,
                    PageFacts {
                        slug,
                        title,
                        participant,
                        goal,
                        owner: owner
                            .filter(|(id, ..)| !muted.contains(id))
                            .map(|(_, email, name)| (email, name)),
                        raised,
                    },
                )
            })
            .collect())
    }
}
