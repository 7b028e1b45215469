//! Deleting an account: name, address, texts and photographs go; amounts, dates and ids stay, for the books must hold.

use diesel::prelude::*;

use crate::audit::{self, Deed};
use crate::auth::mailed;
use crate::auth::{User, UserId, model as users_model, passkeys, recovery};
use crate::db::Conn;
use crate::db::schema::{
    api_tokens, conversations, day_sponsors, diary_entries, donations, gift_thanks, mail_mutes,
    mails, match_pools, media, offline_gifts, own_milestones, page_aliases, page_messages,
    page_reports, page_transfers, page_updates, pages, partner_invitations, partner_staff, refunds,
    report_drafts, report_messages, role_campaigns, sessions, supporters, team_co_captains,
    team_invitations, team_messages, team_requests, teams, user_roles, users,
};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::{PageId, TeamId};
use crate::kernel::{Email, Slug, Timestamp};
use crate::mail::{MailId, forget_mails, forget_told, forget_words, forget_words_to_each};
use crate::media::{MediaId, Use, named};
use crate::pages::PageStatus;
use crate::pages::model::name_key;
use crate::subscribers::{self, ops::Fresh};
use crate::totals;

/// How a page's participant is called afterwards.
const NAME: &str = "A former participant";
/// What the page's title becomes.
const TITLE: &str = "This page has closed";

/// What must not be seen any more, and what changed beside it.
#[derive(Debug, Default)]
pub(super) struct Gone {
    /// Pages taken down.
    pub(super) pages: Vec<PageId>,
    /// Teams that they were in.
    pub(super) teams: Vec<TeamId>,
    /// Pages of others on whose walls the person stood as a donor.
    pub(super) gave_to: Vec<PageId>,
    /// Photographs that nobody sees any more.
    pub(super) photographs: Vec<MediaId>,
}

/// What keeps an account from being deleted, in words; nothing when it may be.
///
/// # Errors
/// The database's.
pub(super) fn hindrances(conn: &mut Conn, user: UserId) -> AppResult<Vec<String>> {
    let mut all = Vec::new();
    let roles = users_model::roles_of(conn, user)?;
    if roles.iter().any(|role| role.is_staff()) {
        all.push("You work here: ask the owner to take your role away first.".to_owned());
    }
    let led = teams::table
        .filter(teams::captain_id.eq(user))
        .filter(teams::archived_at.is_null())
        .select((teams::id, teams::name));
    let led: Vec<(TeamId, String)> = each!(conn, c => led.load(c))?;
    for (team, name) in led {
        let others = pages::table
            .filter(pages::team_id.eq(team))
            .filter(pages::owner_id.is_null().or(pages::owner_id.ne(user)))
            .count();
        if each!(conn, c => others.get_result::<i64>(c))? > 0 {
            all.push(format!(
                "You are the captain of “{name}”: pass the captaincy on first."
            ));
        }
    }
    Ok(all)
}

/// Deletes the account of `user`; `mails` are those that were sent to it ([`crate::mail::mails_to`]), `fresh` is for what stays of
/// them as a reader of newsletters.
///
/// # Errors
/// [`AppError::Conflict`] `still_needed`, with what keeps it.
pub(super) fn delete(
    conn: &mut Conn,
    user: &User,
    (mails, fresh): (&[MailId], &Fresh),
    now: Timestamp,
) -> AppResult<Gone> {
    if let Some(first) = hindrances(conn, user.id)?.into_iter().next() {
        return Err(AppError::Conflict {
            code: "still_needed",
            detail: first,
        });
    }
    let pseudonym: Email = format!("former-{}@deleted.invalid", tail(&user.id.to_string()))
        .parse()
        .map_err(AppError::internal)?;
    let mut gone = close_pages(conn, user.id, now)?;
    leave_teams(conn, user.id)?;
    gone.photographs = remove_photographs(conn, user.id, &gone, now)?;
    forget_letters(conn, user)?;
    forget_offline(conn, user)?;
    forget_gift_mails(conn, user, &gone.pages, now)?;
    subscribers::of_account::erase(conn, user, mails, fresh, now)?;
    gone.gave_to = forget_donor(conn, &user.email, &pseudonym)?;
    close_doors(conn, user, now)?;
    forget_mails(conn, mails, &pseudonym, now)?;
    let row = (
        users::email.eq(&pseudonym),
        users::email_folded.eq(pseudonym.folded()),
        users::name.eq(NAME),
        users::password_hash.eq(None::<String>),
        users::totp_secret.eq(None::<String>),
        users::totp_confirmed_at.eq(None::<Timestamp>),
        users::totp_last_step.eq(None::<i64>),
        users::disabled_at.eq(now),
        users::deleted_at.eq(now),
    );
    let target = users::table
        .find(user.id)
        .filter(users::deleted_at.is_null());
    if each!(conn, c => diesel::update(target).set(row).execute(c))? == 0 {
        return Err(AppError::NotFound("the account"));
    }
    let deed = Deed::new(user.id, "user.delete", ("user", user.id.to_string()));
    audit::record(conn, &deed, now)?;
    Ok(gone)
}

/// The random end of an id: tells rows apart, and says nothing about the person.
fn tail(id: &str) -> &str {
    id.get(id.len().saturating_sub(12)..).unwrap_or(id)
}

fn close_pages(conn: &mut Conn, user: UserId, now: Timestamp) -> AppResult<Gone> {
    let own = pages::table.filter(pages::owner_id.eq(user)).select((
        pages::id,
        pages::team_id,
        pages::photo,
    ));
    let own: Vec<(PageId, Option<TeamId>, Option<String>)> = each!(conn, c => own.load(c))?;
    for (page, ..) in &own {
        // The address held the name.
        let slug: Slug = format!("former-{}", tail(&page.to_string()))
            .parse()
            .map_err(AppError::internal)?;
        each!(conn, c => diesel::update(pages::table.find(page))
            .set((
                pages::slug.eq(&slug),
                pages::participant.eq(NAME),
                pages::name_key.eq(name_key(NAME)),
                pages::title.eq(TITLE),
                pages::story.eq(""),
                pages::photo.eq(None::<String>),
                pages::photo_alt.eq(""),
                pages::status.eq(PageStatus::Hidden),
                pages::is_diary_public.eq(false),
                pages::hidden_reason.eq("its participant deleted the account"),
                pages::updated_at.eq(now),
            ))
            .execute(c))?;
    }
    let ids: Vec<PageId> = own.iter().map(|(page, ..)| *page).collect();
    for id in &ids {
        totals::tallies::count_page(conn, *id, false)?;
    }
    let aliases = page_aliases::table.filter(page_aliases::page_id.eq_any(&ids));
    each!(conn, c => diesel::delete(aliases).execute(c))?;
    let updates = page_updates::table.filter(page_updates::page_id.eq_any(&ids));
    each!(conn, c => diesel::update(updates)
        .set((
            page_updates::body.eq(""),
            page_updates::photo_alt.eq(""),
            page_updates::removed_at.eq(now),
        ))
        .execute(c))?;
    let days = diary_entries::table.filter(diary_entries::page_id.eq_any(&ids));
    each!(conn, c => diesel::update(days)
        .set((
            diary_entries::note.eq(""),
            diary_entries::photo_alt.eq(""),
            diary_entries::is_public.eq(false),
        ))
        .execute(c))?;
    let talks = conversations::table.filter(conversations::page_id.eq_any(&ids));
    each!(conn, c => diesel::update(talks).set(conversations::note.eq("")).execute(c))?;
    let promises = own_milestones::table.filter(own_milestones::page_id.eq_any(&ids));
    each!(conn, c => diesel::update(promises).set(own_milestones::promise.eq("")).execute(c))?;
    let asked = team_requests::table.filter(team_requests::page_id.eq_any(&ids));
    each!(conn, c => diesel::update(asked).set(team_requests::words.eq("")).execute(c))?;
    // Whoever reported a page of theirs may have named them.
    let told = page_reports::table.filter(page_reports::page_id.eq_any(&ids));
    each!(conn, c => diesel::update(told).set(page_reports::words.eq("")).execute(c))?;
    Ok(Gone {
        teams: own.iter().filter_map(|(_, team, _)| *team).collect(),
        photographs: own
            .iter()
            .filter_map(|(.., photo)| named(photo.as_deref()))
            .collect(),
        pages: ids,
        gave_to: Vec::new(),
    })
}

/// Photographs that the person sent, and those on their pages, whoever sent them (staff for them, or who had the page
/// before). Answers them.
fn remove_photographs(
    conn: &mut Conn,
    user: UserId,
    gone: &Gone,
    now: Timestamp,
) -> AppResult<Vec<MediaId>> {
    let mut on_pages = gone.photographs.clone();
    let news = page_updates::table
        .filter(page_updates::page_id.eq_any(&gone.pages))
        .filter(page_updates::photo.is_not_null())
        .select(page_updates::photo.assume_not_null());
    let news: Vec<MediaId> = each!(conn, c => news.load(c))?;
    on_pages.extend(news);
    let days = diary_entries::table
        .filter(diary_entries::page_id.eq_any(&gone.pages))
        .filter(diary_entries::photo.is_not_null())
        .select(diary_entries::photo.assume_not_null());
    let days: Vec<MediaId> = each!(conn, c => days.load(c))?;
    on_pages.extend(days);
    let all = media::table
        .filter(
            media::owner_id
                .eq(user)
                .or(media::id.nullable().eq_any(on_pages)),
        )
        // A story's pictures are the house's, and stand or fall with its consents.
        .filter(media::used_for.ne_all([Use::Story, Use::Newsletter]))
        .filter(media::removed_at.is_null());
    Ok(each!(conn, c => diesel::update(all)
        .set((media::hidden_at.eq(now), media::removed_at.eq(now)))
        .returning(media::id)
        .get_results(c))?)
}

/// A team without other members loses its captain; of every other the person was captain no more ([`hindrances`]).
fn leave_teams(conn: &mut Conn, user: UserId) -> AppResult<()> {
    let led = teams::table.filter(teams::captain_id.eq(user));
    each!(conn, c => diesel::update(led)
        .set(teams::captain_id.eq(None::<UserId>))
        .execute(c))?;
    let helped = team_co_captains::table.filter(team_co_captains::user_id.eq(user));
    each!(conn, c => diesel::delete(helped).execute(c))?;
    Ok(())
}

/// Words that the person wrote to others, and rows of others that hold the address.
fn forget_letters(conn: &mut Conn, user: &User) -> AppResult<()> {
    let id = user.id;
    let folded = user.email.folded();
    let asked = page_messages::table.filter(page_messages::author_id.eq(id));
    each!(conn, c => diesel::update(asked).set(page_messages::body.eq("")).execute(c))?;
    let about_reports = report_messages::table.filter(report_messages::author_id.eq(id));
    each!(conn, c => diesel::update(about_reports).set(report_messages::body.eq("")).execute(c))?;
    let typed = report_drafts::table.filter(report_drafts::user_id.eq(id));
    each!(conn, c => diesel::delete(typed).execute(c))?;
    let thanks = gift_thanks::table.filter(gift_thanks::user_id.eq(id));
    each!(conn, c => diesel::update(thanks).set(gift_thanks::words.eq("")).execute(c))?;
    let messages = team_messages::table.filter(team_messages::author_id.eq(id));
    each!(conn, c => diesel::update(messages)
        .set((team_messages::subject.eq(""), team_messages::body.eq("")))
        .execute(c))?;
    let offers = page_transfers::table.filter(page_transfers::to_email_folded.eq(&folded));
    each!(conn, c => diesel::update(offers)
        .set((page_transfers::to_email.eq(""), page_transfers::to_email_folded.eq("")))
        .execute(c))?;
    let addresses = [user.email.to_string(), folded];
    let invited = team_invitations::table.filter(team_invitations::to_email.eq_any(&addresses));
    each!(conn, c => diesel::update(invited)
        .set(team_invitations::to_email.eq(None::<String>))
        .execute(c))?;
    let reporters = page_reports::table
        .filter(page_reports::reporter_email.is_not_null())
        .select((
            page_reports::id,
            page_reports::reporter_email.assume_not_null(),
        ));
    let reporters: Vec<(String, Email)> = each!(conn, c => reporters.load(c))?;
    let reports = page_reports::table.filter(page_reports::id.eq_any(of(reporters, &user.email)));
    each!(conn, c => diesel::update(reports)
        .set((
            page_reports::reporter_email.eq(None::<String>),
            page_reports::words.eq(""),
        ))
        .execute(c))?;
    Ok(())
}

/// Entries of gifts outside the program: those that the person made lose the giver they name, those that name the person
/// by their address likewise. Kind, amount and day stay.
fn forget_offline(conn: &mut Conn, user: &User) -> AppResult<()> {
    let givers = offline_gifts::table
        .filter(offline_gifts::donor_email.is_not_null())
        .select((
            offline_gifts::id,
            offline_gifts::donor_email.assume_not_null(),
        ));
    let givers: Vec<(String, Email)> = each!(conn, c => givers.load(c))?;
    let entries = offline_gifts::table.filter(
        offline_gifts::entered_by
            .eq(user.id)
            .or(offline_gifts::id.eq_any(of(givers, &user.email))),
    );
    each!(conn, c => diesel::update(entries)
        .set((
            offline_gifts::donor_name.eq("Somebody"),
            offline_gifts::donor_email.eq(None::<String>),
            offline_gifts::anonymous.eq(true),
            offline_gifts::note.eq(""),
            offline_gifts::reference.eq(""),
            offline_gifts::reason.eq(""),
        ))
        .execute(c))?;
    Ok(())
}

/// The rows that hold an address, however it was typed there: these columns keep it unfolded.
fn of(rows: Vec<(String, Email)>, email: &Email) -> Vec<String> {
    let folded = email.folded();
    rows.into_iter()
        .filter(|(_, one)| one.folded() == folded)
        .map(|(id, _)| id)
        .collect()
}

/// Mails to others that name the person: as the participant whose page it was, as the giver or sponsor, as whoever thanked,
/// wrote to a team, asked to join one, invited or handed a page on.
fn forget_gift_mails(
    conn: &mut Conn,
    user: &User,
    own: &[PageId],
    now: Timestamp,
) -> AppResult<()> {
    let (id, folded) = (user.id, user.email.folded());
    let query = donations::table
        .inner_join(supporters::table.on(supporters::id.eq(donations::supporter_id)))
        .filter(
            supporters::email_folded
                .eq(&folded)
                .or(donations::page_id.assume_not_null().eq_any(own)),
        )
        .select(donations::id);
    let gifts: Vec<String> = each!(conn, c => query.load(c))?;
    forget_told(conn, "receipt", &gifts, now)?;
    forget_words(conn, &["page_gift", "gift_thanks"], &gifts, now)?;
    // Also on pages that are somebody else's by now.
    let query = gift_thanks::table
        .filter(gift_thanks::user_id.eq(id))
        .select(gift_thanks::donation_id);
    let thanked: Vec<String> = each!(conn, c => query.load(c))?;
    forget_words(conn, &["gift_thanks"], &thanked, now)?;
    let query = page_transfers::table
        .filter(page_transfers::from_user.eq(id))
        .select(page_transfers::id);
    let offers: Vec<String> = each!(conn, c => query.load(c))?;
    forget_words(conn, &["page_transfer"], &offers, now)?;
    forget_sponsors_mails(conn, &folded, own, now)?;
    forget_team_mails(conn, user, own, now)
}

fn forget_sponsors_mails(
    conn: &mut Conn,
    folded: &str,
    own: &[PageId],
    now: Timestamp,
) -> AppResult<()> {
    let query = day_sponsors::table
        .filter(
            day_sponsors::email_folded
                .eq(folded)
                .or(day_sponsors::page_id.eq_any(own)),
        )
        .select((day_sponsors::id, day_sponsors::asks));
    let promises: Vec<(String, i32)> = each!(conn, c => query.load(c))?;
    let asked: Vec<String> = promises
        .iter()
        .flat_map(|(promise, asks)| (1..=*asks).map(move |ask| format!("{promise}-{ask}")))
        .collect();
    forget_words(conn, &["day_sponsor_confirm"], &asked, now)?;
    let promises: Vec<String> = promises.into_iter().map(|(promise, _)| promise).collect();
    let kinds = [
        "day_sponsor_new",
        "day_sponsor_request",
        "day_sponsor_thanks",
    ];
    forget_words(conn, &kinds, &promises, now)
}

fn forget_team_mails(
    conn: &mut Conn,
    user: &User,
    own: &[PageId],
    now: Timestamp,
) -> AppResult<()> {
    let query = team_messages::table
        .filter(team_messages::author_id.eq(user.id))
        .select(team_messages::id);
    let messages: Vec<String> = each!(conn, c => query.load(c))?;
    forget_words_to_each(conn, "team_message", &messages, now)?;
    let query = team_requests::table
        .filter(team_requests::page_id.eq_any(own))
        .select(team_requests::id);
    let requests: Vec<String> = each!(conn, c => query.load(c))?;
    forget_words_to_each(conn, "team_request", &requests, now)?;
    forget_words(conn, &["team_answer"], &requests, now)?;
    let query = team_invitations::table
        .filter(team_invitations::invited_by.eq(user.id))
        .select(team_invitations::id);
    let invitations: Vec<String> = each!(conn, c => query.load(c))?;
    forget_words(conn, &["team_invitation"], &invitations, now)?;
    // Captaincies that the person passed on: the mail names who had it before, and there is no row but the mail.
    let query = mails::table
        .filter(mails::kind.eq("team_captaincy"))
        .filter(mails::text.ne(""))
        .select((mails::source_id, mails::text));
    let captaincies: Vec<(String, String)> = each!(conn, c => query.load(c))?;
    let passed_on: Vec<String> = captaincies
        .into_iter()
        .filter(|(_, text)| text.contains(&user.name))
        .map(|(source, _)| source)
        .collect();
    forget_words(conn, &["team_captaincy"], &passed_on, now)
}

/// The person as a donor and sponsor of others: amounts stay, the name goes. Answers the pages that showed it.
fn forget_donor(conn: &mut Conn, email: &Email, pseudonym: &Email) -> AppResult<Vec<PageId>> {
    let folded = email.folded();
    let sponsored = day_sponsors::table.filter(day_sponsors::email_folded.eq(&folded));
    each!(conn, c => diesel::update(sponsored)
        .set((
            day_sponsors::name.eq("Somebody"),
            day_sponsors::email.eq(pseudonym.as_str()),
            day_sponsors::email_folded.eq(pseudonym.folded()),
            day_sponsors::is_named.eq(false),
        ))
        .execute(c))?;
    let pools = match_pools::table.filter(match_pools::sponsor_email.eq(email));
    each!(conn, c => diesel::update(pools)
        .set((
            match_pools::sponsor.eq("Somebody"),
            match_pools::sponsor_email.eq(None::<String>),
            match_pools::note.eq(""),
        ))
        .execute(c))?;
    let donor = supporters::table
        .filter(supporters::email_folded.eq(&folded))
        .select(supporters::id);
    let donor: Option<crate::donations::SupporterId> = each!(conn, c => donor.first(c).optional())?;
    let Some(donor) = donor else {
        return Ok(Vec::new());
    };
    let given = donations::table.filter(donations::supporter_id.eq(donor));
    let on = given
        .select(donations::page_id.assume_not_null())
        .filter(donations::page_id.is_not_null())
        .distinct();
    let on: Vec<PageId> = each!(conn, c => on.load(c))?;
    each!(conn, c => diesel::update(given)
        .set((
            donations::donor_name.eq("Somebody"),
            donations::anonymous.eq(true),
            donations::comment.eq(None::<String>),
            donations::tribute_name.eq(None::<String>),
            donations::tribute_kind.eq(None::<String>),
            donations::tribute_email.eq(None::<String>),
        ))
        .execute(c))?;
    each!(conn, c => diesel::update(supporters::table.find(donor))
        .set((
            supporters::name.eq("Somebody"),
            supporters::email.eq(pseudonym.as_str()),
            supporters::email_folded.eq(pseudonym.folded()),
        ))
        .execute(c))?;
    let back = refunds::table.filter(
        refunds::donation_id.eq_any(
            donations::table
                .filter(donations::supporter_id.eq(donor))
                .select(donations::id),
        ),
    );
    each!(conn, c => diesel::update(back).set(refunds::reason.eq(None::<String>)).execute(c))?;
    Ok(on)
}

/// Everything by which the person came in.
fn close_doors(conn: &mut Conn, user: &User, now: Timestamp) -> AppResult<()> {
    let id = user.id;
    let browsers = sessions::table.filter(sessions::user_id.eq(id));
    each!(conn, c => diesel::delete(browsers).execute(c))?;
    recovery::remove(conn, id)?;
    passkeys::remove_all(conn, id)?;
    mailed::remove_all(conn, id, user.email.as_str())?;
    let tokens = api_tokens::table
        .filter(api_tokens::user_id.eq(id))
        .filter(api_tokens::revoked_at.is_null());
    each!(conn, c => diesel::update(tokens).set(api_tokens::revoked_at.eq(now)).execute(c))?;
    let switches = mail_mutes::table.filter(mail_mutes::user_id.eq(id));
    each!(conn, c => diesel::delete(switches).execute(c))?;
    let seats = partner_staff::table.filter(partner_staff::user_id.eq(id));
    each!(conn, c => diesel::delete(seats).execute(c))?;
    let offered =
        partner_invitations::table.select((partner_invitations::id, partner_invitations::to_email));
    let offered: Vec<(String, Email)> = each!(conn, c => offered.load(c))?;
    let offered =
        partner_invitations::table.filter(partner_invitations::id.eq_any(of(offered, &user.email)));
    each!(conn, c => diesel::delete(offered).execute(c))?;
    let narrowed = role_campaigns::table.filter(role_campaigns::user_id.eq(id));
    each!(conn, c => diesel::delete(narrowed).execute(c))?;
    let roles = user_roles::table.filter(user_roles::user_id.eq(id));
    each!(conn, c => diesel::delete(roles).execute(c))?;
    Ok(())
}
