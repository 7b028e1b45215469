//! The mails of a team: into the outbox, in the transaction of what they tell.

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::captains::{Leader, leaders};
use super::invitations::NewInvitation;
use super::joining::TeamPage;
use super::messages::Written;
use super::model::TeamOverview;
use super::requests::{Answer, NewRequest};
use crate::auth::UserId;
use crate::auth::mutes::{MailKind, OffLinks, muted_among};
use crate::config::Config;
use crate::db::Conn;
use crate::db::schema::users;
use crate::each;
use crate::error::AppResult;
use crate::kernel::{Email, Timestamp};
use crate::mail::{MailId, Mails, NewMail};
use diesel::prelude::*;

/// Who gets a mail.
pub type Reader = Leader;

/// What every mail of a team needs.
#[derive(Clone)]
pub struct Letters {
    mails: Mails,
    off: OffLinks,
    public_url: String,
    organisation: String,
}

impl Letters {
    /// Letters from this installation.
    pub fn new(mails: Mails, off: OffLinks, config: &Config) -> Self {
        Self {
            mails,
            off,
            public_url: config.public_url(),
            organisation: config.site.name.clone(),
        }
    }

    /// The address at which an invitation is accepted.
    pub fn invitation_url(&self, secret: &SecretString) -> String {
        format!("{}/teams/join/{}", self.public_url, secret.expose_secret())
    }

    /// The fields that every mail of a team has, and those of this one.
    fn context(&self, overview: &TeamOverview, more: Value) -> Value {
        let TeamOverview { team, campaign, .. } = overview;
        let mut context = json!({
            "team": team.name,
            "team_url": format!("{}/teams/{}", self.public_url, team.slug),
            "manage_url": format!("{}/teams/{}/manage", self.public_url, team.slug),
            "campaign": campaign.title,
            "accent": campaign.accent.as_str(),
            "organisation": self.organisation,
        });
        if let (Some(all), Value::Object(more)) = (context.as_object_mut(), more) {
            all.extend(more);
        }
        context
    }

    fn mail(
        &self,
        (kind, source_id): (&'static str, String),
        to: &Reader,
        context: Value,
    ) -> NewMail {
        NewMail {
            id: MailId::new(),
            kind,
            source_id,
            to: to.email.clone(),
            to_name: Some(to.name.clone()),
            context,
        }
    }
}

fn reader(conn: &mut Conn, user: UserId) -> AppResult<Option<Reader>> {
    let query = users::table
        .find(user)
        .filter(users::disabled_at.is_null())
        .select((users::id, users::name, users::email));
    Ok(each!(conn, c => query.first(c).optional())?)
}

/// To those who lead the team: a page asks to join. Who switched news of the team off gets none.
///
/// # Errors
/// The database's.
pub fn request(
    conn: &mut Conn,
    letters: &Letters,
    overview: &TeamOverview,
    (new, page): (&NewRequest, &TeamPage),
    now: Timestamp,
) -> AppResult<()> {
    let leaders = leaders(conn, overview.team.id)?;
    let ids: Vec<UserId> = leaders.iter().map(|leader| leader.user).collect();
    let muted = muted_among(conn, &ids, MailKind::TeamNews)?;
    let batch: Vec<NewMail> = leaders
        .iter()
        .filter(|leader| !muted.contains(&leader.user))
        .map(|leader| {
            let more = json!({
                "name": leader.name,
                "participant": page.participant,
                "page": page.title,
                "page_url": format!("{}/pages/{}", letters.public_url, page.slug),
                "words": (!new.words.is_empty()).then_some(&new.words),
                "why": MailKind::TeamNews.why(),
                "off_url": letters.off.url(leader.user, MailKind::TeamNews),
            });
            let source = ("team_request", format!("{}:{}", new.id, leader.user));
            letters.mail(source, leader, letters.context(overview, more))
        })
        .collect();
    letters.mails.queue(conn, &batch, now)?;
    Ok(())
}

/// To the owner of the page that asked: yes or no. It was asked for, so it cannot be switched off.
///
/// # Errors
/// The database's.
pub fn answer(
    conn: &mut Conn,
    letters: &Letters,
    overview: &TeamOverview,
    (deed, page): (&Answer, &TeamPage),
    now: Timestamp,
) -> AppResult<()> {
    let Some(owner) = page.owner_id else {
        return Ok(());
    };
    let Some(to) = reader(conn, owner)? else {
        return Ok(());
    };
    let more = json!({
        "participant": page.participant,
        "accepted": deed.accept,
        "page_team_url": format!("{}/pages/{}/team", letters.public_url, page.slug),
    });
    let source = ("team_answer", deed.request.to_string());
    let mail = letters.mail(source, &to, letters.context(overview, more));
    letters.mails.queue(conn, &[mail], now)?;
    Ok(())
}

/// An invitation to the address that it is for, with its link.
///
/// # Errors
/// The database's.
pub fn invitation(
    conn: &mut Conn,
    letters: &Letters,
    overview: &TeamOverview,
    (new, to, inviter, secret): (&NewInvitation, &Email, &str, &SecretString),
    now: Timestamp,
) -> AppResult<()> {
    let more = json!({
        "inviter": inviter,
        "join_url": letters.invitation_url(secret),
        "until": now.plus(super::invitations::HOLDS).naive().date().to_string(),
    });
    let mail = NewMail {
        id: MailId::new(),
        kind: "team_invitation",
        source_id: new.id.to_string(),
        to: to.clone(),
        to_name: None,
        context: letters.context(overview, more),
    };
    letters.mails.queue(conn, &[mail], now)?;
    Ok(())
}

/// To the one who became captain; `deed` makes it one mail a deed.
///
/// # Errors
/// The database's.
pub fn captaincy(
    conn: &mut Conn,
    letters: &Letters,
    overview: &TeamOverview,
    (captain, before): (UserId, &str),
    now: Timestamp,
) -> AppResult<()> {
    let Some(to) = reader(conn, captain)? else {
        return Ok(());
    };
    let more = json!({ "name": to.name, "before": before });
    let source = format!("{}:{captain}:{}", overview.team.id, now.micros());
    let mail = letters.mail(
        ("team_captaincy", source),
        &to,
        letters.context(overview, more),
    );
    letters.mails.queue(conn, &[mail], now)?;
    Ok(())
}

/// A captain's message, to each of `readers`, each with their own link that ends such mail.
pub(super) fn message(
    conn: &mut Conn,
    letters: &Letters,
    overview: &TeamOverview,
    new: &Written,
    readers: &[Reader],
    now: Timestamp,
) -> AppResult<()> {
    let lines: Vec<&str> = new
        .body
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let batch: Vec<NewMail> = readers
        .iter()
        .map(|to| {
            let more = json!({
                "subject": new.subject,
                "lines": lines,
                "signature": new.signature,
                "name": to.name,
                "why": MailKind::TeamMessages.why(),
                "off_url": letters.off.url(to.user, MailKind::TeamMessages),
            });
            let source = ("team_message", format!("{}:{}", new.id, to.user));
            letters.mail(source, to, letters.context(overview, more))
        })
        .collect();
    letters.mails.queue(conn, &batch, now)?;
    Ok(())
}
