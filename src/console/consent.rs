//! `/console/consents/{id}`: one consent: what it says, who signed it off, what stands on it; signing, revoking, and looking
//! behind the pseudonym, which is on record before it is shown.

use std::collections::HashMap;

use actix_web::http::header::{self, HeaderValue};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use diesel::prelude::*;
use serde::Serialize;

use super::consents::channel_words;
use super::desk::{Desk, Mend, Room};
use super::fields::{Draw, Field, Typed};
use super::record::{self, DeedView};
use crate::audit::{self, Recorded};
use crate::auth::UserId;
use crate::consent_vault::ops::{self, Revocation, today};
use crate::consent_vault::{self as vault, Consent, ConsentId, Keeper, PaperRow, Safe};
use crate::db::Conn;
use crate::db::schema::users;
use crate::each;
use crate::error::{AppError, AppResult, FieldError};
use crate::kernel::{Day, Line, Timestamp};
use crate::stories::copies::{self, Copy};
use crate::stories::{Story, takedown};
use crate::web::site::see;
use crate::web::{CsrfForm, Path, Site};

struct Found {
    consent: Consent,
    paper: Option<PaperRow>,
    stories: Vec<Story>,
    copies: Vec<Copy>,
    deeds: Vec<Recorded>,
    names: HashMap<UserId, String>,
}

fn id_of(text: &str) -> AppResult<ConsentId> {
    text.parse().map_err(|_| AppError::NotFound("this consent"))
}

fn find(conn: &mut Conn, id: ConsentId) -> AppResult<Found> {
    let consent = vault::by_id(conn, id)?;
    let stories = takedown::standing_on(conn, id)?;
    let ids: Vec<_> = stories.iter().map(|story| story.id).collect();
    let deeds = audit::of_subject(conn, "consent", &id.to_string(), 50)?;
    let mut names = record::names(conn, &deeds)?;
    let own = [
        Some(consent.created_by),
        consent.first_by,
        consent.second_by,
        consent.revoked_by,
    ];
    let own: Vec<UserId> = own.into_iter().flatten().collect();
    let query = users::table
        .filter(users::id.eq_any(own))
        .select((users::id, users::name));
    let found: Vec<(UserId, String)> = each!(conn, c => query.load(c))?;
    names.extend(found);
    Ok(Found {
        paper: vault::paper_of(conn, id)?,
        copies: copies::of(conn, &ids)?,
        stories,
        consent,
        deeds,
        names,
    })
}

#[derive(Serialize)]
struct StandsView {
    title: String,
    href: String,
    state: &'static str,
}

#[derive(Serialize)]
struct CopyView {
    channel: &'static str,
    reference: String,
    recipients: i64,
    sent_at: String,
}

/// Context of `console/consent`.
#[derive(Serialize)]
struct ConsentView {
    id: String,
    pseudonym: String,
    state: &'static str,
    state_words: String,
    giver_words: &'static str,
    channels: String,
    image_rule: String,
    signed_on: String,
    expires_on: String,
    out_of_care_since: String,
    recorded_by: String,
    recorded_at: String,
    first: Option<String>,
    second: Option<String>,
    revoked: Option<String>,
    paper: Option<String>,
    real_name: Option<String>,
    guardian_name: Option<String>,
    can_sign: bool,
    why_not_sign: Option<&'static str>,
    can_revoke: bool,
    revoke: Vec<Field>,
    stories: Vec<StandsView>,
    copies: Vec<CopyView>,
    deeds: Vec<DeedView>,
    errors: Vec<FieldError>,
    notice: Option<String>,
}

/// Who signed, and when.
fn signed(
    names: &HashMap<UserId, String>,
    by: Option<UserId>,
    at: Option<Timestamp>,
) -> Option<String> {
    let by = by?;
    let name = names.get(&by).cloned().unwrap_or_else(|| by.to_string());
    let at = at.map(Timestamp::rfc3339).unwrap_or_default();
    Some(format!("{name}, {}", at.get(..10).unwrap_or_default()))
}

fn size(bytes: i64) -> String {
    format!("{} KB", (bytes / 1024).max(1))
}

fn view(
    found: Found,
    me: UserId,
    names_shown: Option<(String, Option<String>)>,
    typed: &Typed,
    mend: Mend,
    today: Day,
) -> ConsentView {
    let consent = &found.consent;
    let state = consent.state(today);
    let open = matches!(state, vault::State::Recorded | vault::State::HalfSigned);
    let d = Draw { typed, mend: &mend };
    let (real_name, guardian_name) = match names_shown {
        Some((name, guardian)) => (Some(name), guardian),
        None => (None, None),
    };
    ConsentView {
        id: consent.id.to_string(),
        pseudonym: consent.pseudonym.clone(),
        state: state.as_str(),
        state_words: state.as_str().replace('_', " "),
        giver_words: match consent.giver {
            vault::Giver::Own => "the person, who is of age",
            vault::Giver::Guardian => "a guardian, for somebody under age",
        },
        channels: channel_words(consent.channels()),
        image_rule: consent.image_rule.as_str().replace('_', " "),
        signed_on: consent.signed_on.to_string(),
        expires_on: consent.expires_on.to_string(),
        out_of_care_since: consent.out_of_care_since.to_string(),
        recorded_by: found
            .names
            .get(&consent.created_by)
            .cloned()
            .unwrap_or_default(),
        recorded_at: consent.created_at.rfc3339(),
        first: signed(&found.names, consent.first_by, consent.first_at),
        second: signed(&found.names, consent.second_by, consent.second_at),
        revoked: consent.revoked_on.map(|day| {
            let by = signed(&found.names, consent.revoked_by, consent.revoked_at);
            let by = by.unwrap_or_default();
            format!(
                "taken back on {day}, noted by {by}: {}",
                consent.revoked_because
            )
        }),
        paper: found.paper.as_ref().map(|paper| {
            let start = paper.sha256.get(..12).unwrap_or_default();
            format!(
                "{}, {}, SHA-256 {start}…",
                paper.kind.extension(),
                size(paper.bytes)
            )
        }),
        real_name,
        guardian_name,
        can_sign: open && consent.first_by != Some(me),
        why_not_sign: (open && consent.first_by == Some(me))
            .then_some("You have signed this off. The second signature must be somebody else’s."),
        can_revoke: consent.revoked_at.is_none(),
        revoke: vec![
            d.date("revoked_on", "Taken back on"),
            d.text("because", "Why, without a name")
                .hint("What the person said, as far as it was told."),
        ],
        stories: found
            .stories
            .iter()
            .map(|story| StandsView {
                title: story.title.clone(),
                href: format!("/console/stories/{}", story.id),
                state: story.status.words(),
            })
            .collect(),
        copies: found
            .copies
            .iter()
            .map(|copy| CopyView {
                channel: copy.channel.as_str(),
                reference: copy.reference.clone(),
                recipients: copy.recipients,
                sent_at: copy.sent_at.rfc3339(),
            })
            .collect(),
        deeds: found
            .deeds
            .iter()
            .map(|deed| record::view(deed, &found.names))
            .collect(),
        errors: mend.faults.clone(),
        notice: mend.notice.clone(),
    }
}

async fn draw(
    desk: &Desk,
    id: ConsentId,
    names: Option<(String, Option<String>)>,
    typed: &Typed,
    mend: Mend,
) -> AppResult<HttpResponse> {
    let today = today(desk.now())?;
    let found = desk.site.db.read(move |c| find(c, id)).await?;
    let (status, me) = (mend.status, desk.signed.user());
    let title = format!("Consent of {}", found.consent.pseudonym);
    let view = view(found, me, names, typed, mend, today);
    desk.show("consent", &title, status, view)
}

pub(super) async fn show(
    site: Data<Site>,
    request: HttpRequest,
    keeper: Keeper,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, keeper.0, Room::Consents);
    let id = id_of(&path.0)?;
    draw(&desk, id, None, &Typed::default(), Mend::none()).await
}

/// Shows the page with the real name on it, once; the deed is on record before.
pub(super) async fn name(
    site: Data<Site>,
    safe: Data<Safe>,
    request: HttpRequest,
    keeper: Keeper,
    path: Path<String>,
    _: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, keeper.0, Room::Consents);
    let id = id_of(&path.0)?;
    let (by, now) = (desk.signed.user(), desk.now());
    site.db
        .tx(move |c| {
            vault::by_id(c, id)?;
            ops::note_name_seen(c, id, by, now)
        })
        .await?;
    let names = site.db.read(move |c| safe.names(c, id)).await?;
    let shown = (
        names.person().to_owned(),
        names.guardian().map(str::to_owned),
    );
    draw(&desk, id, Some(shown), &Typed::default(), Mend::none()).await
}

/// Hands out the signed paper, as a download; the deed is on record before.
pub(super) async fn paper(
    site: Data<Site>,
    safe: Data<Safe>,
    request: HttpRequest,
    keeper: Keeper,
    path: Path<String>,
    _: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, keeper.0, Room::Consents);
    let id = id_of(&path.0)?;
    let (by, now) = (desk.signed.user(), desk.now());
    site.db
        .tx(move |c| {
            vault::by_id(c, id)?;
            ops::note_paper_seen(c, id, by, now)
        })
        .await?;
    let (kind, bytes) = site.db.read(move |c| safe.paper(c, id)).await?;
    let named = format!("attachment; filename=\"consent.{}\"", kind.extension());
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, kind.as_str()))
        .insert_header((header::CONTENT_DISPOSITION, named))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; sandbox"),
        ))
        .body(bytes))
}

/// Signs the consent off.
pub(super) async fn sign(
    site: Data<Site>,
    request: HttpRequest,
    keeper: Keeper,
    path: Path<String>,
    _: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, keeper.0, Room::Consents);
    let id = id_of(&path.0)?;
    let (by, now) = (desk.signed.user(), desk.now());
    match site.db.tx(move |c| ops::sign(c, id, by, now)).await {
        Ok(()) => Ok(see(&format!("/console/consents/{id}?done=signed"))),
        Err(error) => draw(&desk, id, None, &Typed::default(), Mend::of(error)?).await,
    }
}

/// Revokes the consent and takes down what stands on it: fields `revoked_on`, `because`.
pub(super) async fn revoke(
    site: Data<Site>,
    request: HttpRequest,
    keeper: Keeper,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, keeper.0, Room::Consents);
    let id = id_of(&path.0)?;
    let (by, now) = (desk.signed.user(), desk.now());
    let on = form.0.text("revoked_on").trim().parse::<Day>();
    let because = Line::parse(form.0.text("because"), 300);
    let asked = match (on, because) {
        (Ok(on), Ok(because)) => Ok(Revocation {
            consent: id,
            by,
            on,
            because,
        }),
        (on, because) => {
            let on = on.err().map(|error| FieldError::new("revoked_on", error));
            let because = because.err().map(|error| FieldError::new("because", error));
            Err(AppError::Invalid(on.into_iter().chain(because).collect()))
        }
    };
    let done = match asked {
        Err(error) => Err(error),
        Ok(asked) => {
            site.db
                .tx(move |c| takedown::revoke_consent(c, &asked, now))
                .await
        }
    };
    match done {
        Ok(down) => {
            for reach in &down {
                reach.withdrawn(&site);
            }
            Ok(see(&format!("/console/consents/{id}?done=revoked")))
        }
        Err(error) => draw(&desk, id, None, &form.0, Mend::of(error)?).await,
    }
}
