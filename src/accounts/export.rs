//! Everything of one's own, as JSON to take away: what the person wrote, and what is kept about them.

use diesel::prelude::*;
use serde_json::{Value, json};

use super::model;
use crate::auth::{User, model as users_model, mutes, passkeys, sessions};
use crate::db::Conn;
use crate::db::schema::{
    campaigns, conversations, day_sponsors, diary_entries, donations, gift_thanks, media,
    offline_gifts, own_milestones, page_messages, page_updates, pages, partner_staff, partners,
    report_messages, supporters, team_messages, team_requests, teams,
};
use crate::each;
use crate::error::AppResult;
use crate::ids::PageId;
use crate::kernel::{Currency, Money, Timestamp};
use crate::subscribers;

/// The export of `user`, taken at `now`.
///
/// # Errors
/// The database's.
pub(super) fn of(conn: &mut Conn, user: &User, now: Timestamp) -> AppResult<Value> {
    let pages = model::own_pages(conn, user.id)?;
    let ids: Vec<PageId> = pages.iter().map(|own| own.page.id).collect();
    let teams = model::led_teams(conn, user.id)?;
    let browsers = sessions::of_user(conn, user.id)?;
    let keys = passkeys::of_user(conn, user.id)?;
    Ok(json!({
        "exported_at": now,
        "account": {
            "id": user.id.to_string(),
            "name": user.name,
            "email": user.email,
            "language": user.language,
            "created_at": user.created_at,
            "verified_at": user.verified_at,
            "roles": users_model::roles_of(conn, user.id)?,
            "authenticator_app_since": user.totp_confirmed_at,
            "mail_switched_off": mutes::muted_by(conn, user.id)?,
        },
        "browsers": browsers.iter().map(|one| json!({
            "browser": one.browser, "signed_in_at": one.created_at, "used_at": one.seen_at,
        })).collect::<Vec<_>>(),
        "passkeys": keys.iter().map(|one| json!({
            "name": one.name, "created_at": one.created_at, "used_at": one.used_at,
        })).collect::<Vec<_>>(),
        "pages": pages.iter().map(|own| json!({
            "slug": own.page.slug.as_str(),
            "campaign": own.campaign.title,
            "title": own.page.title,
            "participant": own.page.participant,
            "story": own.page.story,
            "goal": own.goal(),
            "raised": own.total.raised(),
            "state": own.page.status,
            "created_at": own.page.created_at,
        })).collect::<Vec<_>>(),
        "teams_led": teams.iter().map(|(team, leads)| json!({
            "slug": team.slug.as_str(), "name": team.name, "captain": leads,
        })).collect::<Vec<_>>(),
        "partner_desks": desks(conn, user)?,
        "written": written(conn, user, &ids)?,
        "diary": diary(conn, user, &ids)?,
        "gifts": gifts(conn, user)?,
        "offline_gifts_entered": offline(conn, user)?,
        "own_milestones": milestones(conn, &ids)?,
        "days_sponsored": sponsored(conn, user)?,
        "newsletters": subscribers::of_account::data(conn, user)?,
    }))
}

/// The partners at whose desks the person sits.
fn desks(conn: &mut Conn, user: &User) -> AppResult<Value> {
    let query = partner_staff::table
        .inner_join(partners::table.on(partners::id.eq(partner_staff::partner_id)))
        .filter(partner_staff::user_id.eq(user.id))
        .order(partner_staff::created_at)
        .select((partners::name, partner_staff::created_at));
    let desks: Vec<(String, Timestamp)> = each!(conn, c => query.load(c))?;
    Ok(desks
        .into_iter()
        .map(|(partner, since)| json!({ "partner": partner, "since": since }))
        .collect())
}

/// Updates, messages and thanks, in the person's words.
fn written(conn: &mut Conn, user: &User, ids: &[PageId]) -> AppResult<Value> {
    let query = page_updates::table
        .filter(page_updates::page_id.eq_any(ids))
        .filter(page_updates::removed_at.is_null())
        .select((page_updates::body, page_updates::created_at));
    let updates: Vec<(String, Timestamp)> = each!(conn, c => query.load(c))?;
    let query = page_messages::table
        .filter(page_messages::author_id.eq(user.id))
        .select((page_messages::body, page_messages::created_at));
    let messages: Vec<(String, Timestamp)> = each!(conn, c => query.load(c))?;
    let query = gift_thanks::table
        .filter(gift_thanks::user_id.eq(user.id))
        .select((gift_thanks::words, gift_thanks::thanked_at));
    let thanks: Vec<(String, Timestamp)> = each!(conn, c => query.load(c))?;
    let query = team_messages::table
        .filter(team_messages::author_id.eq(user.id))
        .select((
            team_messages::subject,
            team_messages::body,
            team_messages::sent_at,
        ));
    let to_teams: Vec<(String, String, Timestamp)> = each!(conn, c => query.load(c))?;
    let query = team_requests::table
        .inner_join(teams::table.on(teams::id.eq(team_requests::team_id)))
        .filter(team_requests::page_id.eq_any(ids))
        .order(team_requests::id)
        .select((teams::name, team_requests::words, team_requests::created_at));
    let to_captains: Vec<(String, String, Timestamp)> = each!(conn, c => query.load(c))?;
    let query = report_messages::table
        .filter(report_messages::author_id.eq(user.id))
        .order(report_messages::id)
        .select((report_messages::body, report_messages::created_at));
    let about_reports: Vec<(String, Timestamp)> = each!(conn, c => query.load(c))?;
    let told = |rows: Vec<(String, Timestamp)>| -> Vec<Value> {
        rows.into_iter()
            .map(|(words, at)| json!({ "words": words, "at": at }))
            .collect()
    };
    Ok(json!({
        "updates": told(updates),
        "messages_to_staff": told(messages),
        "messages_about_reports": told(about_reports),
        "thanks": told(thanks),
        "messages_to_teams": to_teams.into_iter()
            .map(|(subject, words, at)| json!({ "subject": subject, "words": words, "at": at }))
            .collect::<Vec<_>>(),
        "messages_to_captains": to_captains.into_iter()
            .map(|(team, words, at)| json!({ "team": team, "words": words, "at": at }))
            .collect::<Vec<_>>(),
    }))
}

fn diary(conn: &mut Conn, user: &User, ids: &[PageId]) -> AppResult<Value> {
    let query = diary_entries::table
        .filter(diary_entries::page_id.eq_any(ids))
        .order((diary_entries::page_id, diary_entries::day))
        .select((
            diary_entries::day,
            diary_entries::outfit,
            diary_entries::note,
            diary_entries::is_public,
        ));
    let days: Vec<(String, String, String, bool)> = each!(conn, c => query.load(c))?;
    let query = conversations::table
        .filter(conversations::page_id.eq_any(ids))
        .order((conversations::page_id, conversations::day))
        .select((conversations::day, conversations::who, conversations::note));
    let talks: Vec<(String, String, String)> = each!(conn, c => query.load(c))?;
    let query = media::table
        .filter(media::owner_id.eq(user.id))
        .filter(media::removed_at.is_null())
        .select((media::id, media::used_for, media::created_at));
    let photographs: Vec<(String, String, Timestamp)> = each!(conn, c => query.load(c))?;
    Ok(json!({
        "days": days.into_iter()
            .map(|(day, outfit, note, public)| json!({ "day": day, "outfit": outfit, "note": note, "public": public }))
            .collect::<Vec<_>>(),
        "conversations": talks.into_iter()
            .map(|(day, who, note)| json!({ "day": day, "who": who, "note": note }))
            .collect::<Vec<_>>(),
        "photographs": photographs.into_iter()
            .map(|(id, of, at)| json!({ "id": id, "of": of, "at": at }))
            .collect::<Vec<_>>(),
    }))
}

/// Gifts that were given from this address.
fn gifts(conn: &mut Conn, user: &User) -> AppResult<Value> {
    let query = donations::table
        .inner_join(supporters::table.on(supporters::id.eq(donations::supporter_id)))
        .filter(supporters::email_folded.eq(user.email.folded()))
        .order(donations::id)
        .select((
            donations::id,
            donations::amount,
            donations::currency,
            donations::donor_name,
            donations::comment,
            donations::paid_at,
        ));
    type Row = (
        String,
        i64,
        Currency,
        String,
        Option<String>,
        Option<Timestamp>,
    );
    let rows: Vec<Row> = each!(conn, c => query.load(c))?;
    Ok(rows
        .into_iter()
        .map(|(id, minor, currency, name, comment, paid_at)| {
            json!({
                "id": id, "amount": Money::new(minor, currency), "name": name,
                "comment": comment, "paid_at": paid_at,
            })
        })
        .collect())
}

fn offline(conn: &mut Conn, user: &User) -> AppResult<Value> {
    let query = offline_gifts::table
        .filter(offline_gifts::entered_by.eq(user.id))
        .order(offline_gifts::id)
        .select((
            offline_gifts::amount,
            offline_gifts::currency,
            offline_gifts::kind,
            offline_gifts::donor_name,
            offline_gifts::donor_email,
            offline_gifts::received_on,
            offline_gifts::note,
            offline_gifts::state,
        ));
    type Row = (
        i64,
        Currency,
        String,
        String,
        Option<String>,
        String,
        String,
        String,
    );
    let rows: Vec<Row> = each!(conn, c => query.load(c))?;
    Ok(rows
        .into_iter()
        .map(
            |(minor, currency, kind, giver, address, day, note, state)| {
                json!({
                    "amount": Money::new(minor, currency), "kind": kind, "giver": giver,
                    "giver_email": address, "received_on": day, "note": note, "state": state,
                })
            },
        )
        .collect())
}

/// What the person promised to do once their pages have raised so much.
fn milestones(conn: &mut Conn, ids: &[PageId]) -> AppResult<Value> {
    let query = own_milestones::table
        .inner_join(pages::table.on(pages::id.eq(own_milestones::page_id)))
        .inner_join(campaigns::table.on(campaigns::id.eq(pages::campaign_id)))
        .filter(own_milestones::page_id.eq_any(ids))
        .order(own_milestones::id)
        .select((
            pages::slug,
            own_milestones::amount,
            campaigns::currency,
            own_milestones::promise,
            own_milestones::reached_at,
            own_milestones::kept_at,
        ));
    type Row = (
        String,
        i64,
        Currency,
        String,
        Option<Timestamp>,
        Option<Timestamp>,
    );
    let rows: Vec<Row> = each!(conn, c => query.load(c))?;
    Ok(rows
        .into_iter()
        .map(|(page, minor, currency, promise, reached, kept)| {
            json!({
                "page": page, "amount": Money::new(minor, currency), "promise": promise,
                "reached_at": reached, "kept_at": kept,
            })
        })
        .collect())
}

/// What was promised from this address for logged days of others.
fn sponsored(conn: &mut Conn, user: &User) -> AppResult<Value> {
    let query = day_sponsors::table
        .inner_join(pages::table.on(pages::id.eq(day_sponsors::page_id)))
        .filter(day_sponsors::email_folded.eq(user.email.folded()))
        .order(day_sponsors::id)
        .select((
            pages::slug,
            day_sponsors::name,
            day_sponsors::currency,
            day_sponsors::per_day,
            day_sponsors::cap,
            day_sponsors::state,
            day_sponsors::created_at,
        ));
    type Row = (String, String, Currency, i64, i64, String, Timestamp);
    let rows: Vec<Row> = each!(conn, c => query.load(c))?;
    Ok(rows
        .into_iter()
        .map(|(page, name, currency, per_day, cap, state, at)| {
            json!({
                "page": page, "name": name, "per_day": Money::new(per_day, currency),
                "cap": Money::new(cap, currency), "state": state, "at": at,
            })
        })
        .collect())
}
