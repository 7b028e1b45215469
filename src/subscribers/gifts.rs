//! The tick beside a gift: a yes that counts when the gift is paid.
//!
//! Not when it is begun: anybody can type anybody's address into the form of a gift, but few pay for it, and the receipt goes
//! to that address in the same moment. Payment stands in for the second step of a double opt-in; wording and moment of the
//! tick are its proof (N20). It stands in for no more than that: whoever left or was erased comes back by their own yes alone.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::erased;
use super::links;
use super::model::{ListId, SubscriberId, SubscriptionState, by_email, standing_for};
use super::ops::{self, Fresh, Known};
use super::proofs::{Door, Said};
use crate::db::Conn;
use crate::db::schema::{consents, donations, lists, subscribers, subscriptions, supporters};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::{CampaignId, DonationId, SupporterId};
use crate::kernel::secret::hmac_sha256_hex;
use crate::kernel::{Email, Timestamp};

/// A tick that came with a gift.
#[derive(Queryable)]
struct Tick {
    donation: DonationId,
    campaign: CampaignId,
    supporter: SupporterId,
    email: Email,
    name: String,
    wording: String,
    given_at: Timestamp,
}

/// Turns the ticks of these gifts, which are paid, into confirmed subscriptions. One query for a batch without ticks. Without
/// a list that takes them, or against a no, nothing is joined; the consents stay on record.
///
/// # Errors
/// The database's.
pub fn agree(conn: &mut Conn, paid: &[DonationId], now: Timestamp) -> AppResult<()> {
    link(conn, paid)?;
    let mut ticks: Vec<Tick> = Vec::new();
    for chunk in paid.chunks(1_000) {
        let query = consents::table
            .inner_join(donations::table.on(donations::id.eq(consents::donation_id)))
            .inner_join(supporters::table.on(supporters::id.eq(consents::supporter_id)))
            .filter(consents::donation_id.eq_any(chunk))
            .filter(consents::channel.eq("newsletter"))
            .order(consents::id)
            .select((
                donations::id,
                donations::campaign_id,
                supporters::id,
                supporters::email,
                supporters::name,
                consents::wording,
                consents::given_at,
            ));
        ticks.extend(each!(conn, c => query.load::<Tick>(c))?);
    }
    let mut lists = BTreeMap::new();
    for tick in ticks.iter().filter(|tick| tick.email.is_reachable()) {
        let list = match lists.get(&tick.campaign) {
            Some(list) => *list,
            None => {
                let list = list_for(conn, tick.campaign)?;
                lists.insert(tick.campaign, list);
                list
            }
        };
        if let Some(list) = list {
            join(conn, tick, list, now)?;
        }
    }
    Ok(())
}

/// Whoever reads here already and has given now is one person (N19), tick or no tick.
fn link(conn: &mut Conn, paid: &[DonationId]) -> AppResult<()> {
    for chunk in paid.chunks(1_000) {
        let query = donations::table
            .inner_join(supporters::table.on(supporters::id.eq(donations::supporter_id)))
            .inner_join(
                subscribers::table.on(subscribers::email_folded.eq(supporters::email_folded)),
            )
            .filter(donations::id.eq_any(chunk))
            .filter(subscribers::supporter_id.is_null())
            .select((supporters::email, supporters::id))
            .distinct();
        let known: Vec<(Email, SupporterId)> = each!(conn, c => query.load(c))?;
        let donors: Vec<SupporterId> = known.iter().map(|(_, donor)| *donor).collect();
        // A reader whose own address has changed since keeps the donor.
        let taken = subscribers::table
            .filter(subscribers::supporter_id.eq_any(donors))
            .select(subscribers::supporter_id.assume_not_null());
        let taken: Vec<SupporterId> = each!(conn, c => taken.load(c))?;
        for (email, donor) in known {
            if !taken.contains(&donor) {
                ops::link_donor(conn, &email, donor)?;
            }
        }
    }
    Ok(())
}

fn join(conn: &mut Conn, tick: &Tick, list: ListId, now: Timestamp) -> AppResult<()> {
    ops::link_donor(conn, &tick.email, tick.supporter)?;
    if said_no(conn, &tick.email, list)? {
        return Ok(());
    }
    // The transaction may run twice, so both are drawn from what is there: the gift's id, and the key of links. The gift's own
    // secret would not do: whoever is shown the trace of a gift has it.
    let key = links::key(conn)?;
    let id = tick.donation.to_string().replacen("don_", "sub_", 1);
    let fresh = Fresh {
        id: id.parse::<SubscriberId>().map_err(AppError::internal)?,
        token: hmac_sha256_hex(
            key.as_bytes(),
            &[b"preferences:", tick.donation.to_string().as_bytes()],
        ),
    };
    let known = Known {
        name: tick.name.clone(),
        ..Known::default()
    };
    let person = ops::ensure(conn, &tick.email, &known, &fresh, now)?;
    let said = Said::by(Door::Gift)
        .because_of(Some(tick.donation.to_string()))
        .in_words(&tick.wording)
        .said_at(tick.given_at);
    // Who was taken in as somebody's second address reads at the first.
    let person = standing_for(conn, person.id)?;
    ops::agree(conn, person.id, list, &said, now)
}

/// Whether a no of the address's owner stands: they left this list, or everything, or had everything erased. Whoever knows
/// an address can pay under it, so a tick brings nobody back; the consent stays on record, and their own yes does.
fn said_no(conn: &mut Conn, email: &Email, list: ListId) -> AppResult<bool> {
    if erased::is_erased(conn, email)? {
        return Ok(true);
    }
    let Some(known) = by_email(conn, email)? else {
        return Ok(false);
    };
    let person = standing_for(conn, known.id)?;
    let left = subscriptions::table
        .find((list, person.id))
        .filter(subscriptions::state.eq(SubscriptionState::Left))
        .count();
    let has_left = each!(conn, c => left.get_result::<i64>(c))? > 0;
    Ok(has_left || person.left_all_at.is_some())
}

/// The list that takes the ticks of a season's gifts: its own, or else the one of no season.
fn list_for(conn: &mut Conn, campaign: CampaignId) -> AppResult<Option<ListId>> {
    let query = lists::table
        .filter(lists::takes_gifts.eq(true))
        .filter(lists::archived_at.is_null())
        .filter(
            lists::campaign_id
                .eq(campaign)
                .or(lists::campaign_id.is_null()),
        )
        .order(lists::created_at)
        .select((lists::id, lists::campaign_id));
    let found: Vec<(ListId, Option<CampaignId>)> = each!(conn, c => query.load(c))?;
    let own = found.iter().find(|(_, of)| of.is_some());
    Ok(own.or(found.first()).map(|(id, _)| *id))
}
