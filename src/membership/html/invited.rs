//! `/teams/join/{token}`: an invitation. Scanners fetch links, so GET shows and POST joins (N7).

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use crate::auth::{MaybeSigned, Signed};
use crate::campaigns::frame;
use crate::db::Conn;
use crate::error::{AppError, AppResult, FieldError};
use crate::kernel::Timestamp;
use crate::membership::ops::show_move;
use crate::teams::desk::Mend;
use crate::teams::invitations::{self, Accept, Invitation};
use crate::teams::joining::{self, TeamPage};
use crate::teams::model::{self, TeamOverview};
use crate::web::headers::keep_address_private;
use crate::web::site::see;
use crate::web::views::form::{Choice, Choices};
use crate::web::views::shell::{Link, Shell};
use crate::web::{CsrfForm, Path, Site};

/// The form's fields.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    /// The slug of the page that joins.
    page: String,
}

/// Context of `team_invited`.
#[derive(Serialize)]
struct InvitedView {
    shell: Shell,
    csrf: String,
    action: String,
    team: Link,
    campaign: Link,
    captain: Option<String>,
    signed_in: bool,
    /// Whether it was sent to another address than the reader's.
    for_another: bool,
    page: Option<Choices>,
    sign_in: String,
    sign_up: String,
    start: String,
    notice: Option<String>,
    faults: Vec<FieldError>,
}

/// The invitation, its team, and the reader's pages.
type Found = (Invitation, TeamOverview, Vec<TeamPage>);

fn read(
    conn: &mut Conn,
    secret: &str,
    signed: Option<&Signed>,
    now: Timestamp,
) -> AppResult<Found> {
    let found = invitations::peek(conn, secret, now)?.ok_or(AppError::Gone("this invitation"))?;
    let overview = model::by_id(conn, found.team_id)?;
    let pages = match signed {
        Some(signed) => joining::own_pages(conn, signed.user(), overview.team.campaign_id)?,
        None => Vec::new(),
    };
    Ok((found, overview, pages))
}

pub(super) async fn look(
    site: Data<Site>,
    signed: MaybeSigned,
    request: HttpRequest,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let again = (Typed::default(), Mend::default());
    show(&site, signed.0.as_ref(), &request, &path.0, again).await
}

pub(super) async fn accept(
    site: Data<Site>,
    signed: Signed,
    request: HttpRequest,
    path: Path<String>,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let (secret, now) = (path.0, site.clock.now());
    let (asking, typed) = ((secret.clone(), signed.clone()), form.0.page.clone());
    let (user, email) = (signed.user(), signed.email().clone());
    let did = site
        .db
        .tx(move |c| {
            let (_, _, pages) = read(c, &asking.0, Some(&asking.1), now)?;
            let page = pages.iter().find(|page| page.slug.as_str() == typed);
            let page = page.ok_or(AppError::field("page", "choose one of your pages"))?;
            let deed = Accept {
                secret: asking.0.clone(),
                user,
                email: email.clone(),
                page: page.id,
            };
            let (overview, left) = invitations::accept(c, &deed, now)?;
            Ok((page.clone(), overview, left))
        })
        .await;
    match did {
        Ok((page, overview, left)) => {
            show_move(&site, page.id, left.into_iter().chain([overview.team.id]));
            Ok(see(&format!("/pages/{}/team?done=joined", page.slug)))
        }
        Err(error) => {
            let again = (form.0, Mend::of(error)?);
            show(&site, Some(&signed), &request, &secret, again).await
        }
    }
}

async fn show(
    site: &Site,
    signed: Option<&Signed>,
    request: &HttpRequest,
    secret: &str,
    (typed, mend): (Typed, Mend),
) -> AppResult<HttpResponse> {
    let now = site.clock.now();
    let (asking, owned) = (signed.cloned(), secret.to_owned());
    let (found, overview, pages) = site
        .db
        .read(move |c| read(c, &owned, asking.as_ref(), now))
        .await?;
    let fine = mend.notice.is_none() && mend.faults.is_empty();
    let status = if fine { StatusCode::OK } else { mend.status };
    let mut response = site.form_page(request, "team_invited", status, |nonce, csrf| {
        let (team, campaign) = (&overview.team, &overview.campaign);
        let title = format!("An invitation to {}", team.name);
        let mut shell = frame::shell(&site.config, nonce.as_str(), campaign, now, (&title, ""));
        shell.noindex = true;
        let first = pages.first().map(|page| page.slug.to_string());
        let chosen = match typed.page.as_str() {
            "" => first.unwrap_or_default(),
            typed => typed.to_owned(),
        };
        let choices: Vec<Choice> = pages
            .iter()
            .map(|page| Choice::new(page.slug.as_str(), &page.title, &chosen))
            .collect();
        let action = format!("/teams/join/{secret}");
        Ok(InvitedView {
            shell,
            csrf,
            team: Link::new(&team.name, &format!("/teams/{}", team.slug)),
            campaign: Link::new(&campaign.title, &frame::path(campaign)),
            captain: overview.captain.clone(),
            signed_in: signed.is_some(),
            for_another: match (&found.to_email, signed) {
                (Some(email), Some(signed)) => email.folded() != signed.email().folded(),
                _ => false,
            },
            page: (!choices.is_empty())
                .then(|| Choices::new("page", "Your page in the team", choices, &mend.faults)),
            sign_in: format!("/login?next={action}"),
            sign_up: format!("/signup?next={action}"),
            start: format!("/start/{}", campaign.slug),
            notice: mend.notice,
            faults: mend.faults,
            action,
        })
    })?;
    keep_address_private(&mut response);
    Ok(response)
}
