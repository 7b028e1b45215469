//! What those who lead a team do: each a POST under `/teams/{slug}/manage`, answered by 303 or by the page again.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::manage::{Again, show};
use super::typed::Typed;
use crate::audit::{self, Deed};
use crate::auth::UserId;
use crate::db::Conn;
use crate::error::{AppError, AppResult, FieldError};
use crate::jobs::JobId;
use crate::kernel::line::parse_lines;
use crate::kernel::{Email, Line, Slug, Timestamp};
use crate::teams::captains::{self, HandOn};
use crate::teams::desk::{Desk, Mend};
use crate::teams::guard::{Lead, TeamCaptain};
use crate::teams::invitations::{self, InvitationId, NewInvitation};
use crate::teams::messages::{self, MessageId, NewMessage};
use crate::teams::ops::{self, EditTeam};
use crate::teams::requests::{self, Answer, RequestId};
use crate::teams::{TeamId, groups, joining, mails};
use crate::web::site::see;
use crate::web::{CsrfForm, Site};

/// What every deed is given: the parts of the program, and who acts on which team.
pub(super) struct Acting {
    pub site: Data<Site>,
    pub desk: Data<Desk>,
    pub captain: TeamCaptain,
    pub request: HttpRequest,
}

impl actix_web::FromRequest for Acting {
    type Error = actix_web::Error;
    type Future = futures_util::future::LocalBoxFuture<'static, Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut actix_web::dev::Payload) -> Self::Future {
        let site = Data::<Site>::from_request(request, payload);
        let desk = Data::<Desk>::from_request(request, payload);
        let captain = TeamCaptain::from_request(request, payload);
        let request = request.clone();
        Box::pin(async move {
            Ok(Self {
                captain: captain.await?,
                site: site.await?,
                desk: desk.await?,
                request,
            })
        })
    }
}

impl Acting {
    fn team(&self) -> TeamId {
        self.captain.overview.team.id
    }

    fn user(&self) -> UserId {
        self.captain.signed.user()
    }

    /// Does `work` in a transaction, with the record of it where staff act; then lets the team's page know.
    async fn act<T, F>(&self, action: &'static str, work: F) -> AppResult<T>
    where
        T: Send + 'static,
        F: Fn(&mut Conn, Timestamp) -> AppResult<T> + Send + Sync + 'static,
    {
        let (deed, now): (Option<Deed>, _) = (self.captain.deed(action), self.site.clock.now());
        let did = self
            .site
            .db
            .tx(move |c| {
                let did = work(c, now)?;
                if let Some(deed) = &deed {
                    audit::record(c, deed, now)?;
                }
                Ok(did)
            })
            .await?;
        self.site.views.changed("team", &self.team().to_string());
        Ok(did)
    }

    /// Back to the page, saying what was done.
    fn done(&self, word: &str) -> HttpResponse {
        let slug = &self.captain.overview.team.slug;
        see(&format!("/teams/{slug}/manage?done={word}"))
    }

    /// The page again, with what to mend.
    async fn again(&self, error: AppError, typed: Again) -> AppResult<HttpResponse> {
        let again = Again {
            mend: Mend::of(error)?,
            ..typed
        };
        show(
            &self.site,
            &self.desk,
            &self.captain,
            &self.request,
            (None, again),
        )
        .await
    }

    async fn answer<T>(&self, did: AppResult<T>, word: &str) -> AppResult<HttpResponse> {
        match did {
            Ok(_) => Ok(self.done(word)),
            Err(error) => self.again(error, Again::default()).await,
        }
    }
}

pub(super) async fn edit(acting: Acting, form: CsrfForm<Typed>) -> AppResult<HttpResponse> {
    match change(&acting, &form.0).await {
        Ok(()) => Ok(acting.done("edited")),
        Err(error) => {
            let typed = Again {
                team: Some(form.0),
                ..Again::default()
            };
            acting.again(error, typed).await
        }
    }
}

async fn change(acting: &Acting, typed: &Typed) -> AppResult<()> {
    let campaign = &acting.captain.overview.campaign;
    let id = campaign.id;
    let groups = acting
        .site
        .db
        .read(move |c| groups::of_campaign(c, id))
        .await?;
    let read = typed.read(campaign, &groups)?;
    let new = EditTeam {
        team: acting.team(),
        password_hash: acting.desk.hash(read.policy, &typed.password).await?,
        name: read.name,
        story: read.story,
        goal: read.goal,
        policy: read.policy,
        group: read.group,
    };
    acting
        .act("team.edit", move |c, _| ops::edit(c, &new))
        .await?;
    acting.site.views.changed("campaign", &id.to_string());
    Ok(())
}

/// A member, by the slug of the page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct OfMember {
    page: String,
    /// For a co-captain: not empty makes, empty unmakes. For the captaincy: not empty stays as co-captain. For the
    /// archive: not empty means it.
    yes: String,
}

impl OfMember {
    fn slug(&self) -> AppResult<Slug> {
        self.page
            .parse()
            .map_err(|_| AppError::NotFound("this member"))
    }
}

pub(super) async fn remove(acting: Acting, form: CsrfForm<OfMember>) -> AppResult<HttpResponse> {
    let (slug, team, lead) = (form.0.slug()?, acting.team(), acting.captain.lead);
    let did = acting
        .act("team.remove_member", move |c, _| {
            joining::remove(c, team, &slug, lead)
        })
        .await;
    if let Ok(page) = &did {
        acting.site.views.changed("page", &page.id.to_string());
    }
    acting.answer(did, "removed").await
}

fn account(conn: &mut Conn, team: TeamId, slug: &Slug) -> AppResult<UserId> {
    let owner = joining::member(conn, team, slug)?.owner_id;
    owner.ok_or_else(|| AppError::Conflict {
        code: "no_account",
        detail: "this page belongs to no account yet".into(),
    })
}

pub(super) async fn co_captain(
    acting: Acting,
    form: CsrfForm<OfMember>,
) -> AppResult<HttpResponse> {
    let (slug, team, lead) = (form.0.slug()?, acting.team(), acting.captain.lead);
    let make = !form.0.yes.is_empty();
    let did = acting
        .act("team.co_captain", move |c, now| {
            lead.must_decide()?;
            let user = account(c, team, &slug)?;
            if make {
                captains::make_co_captain(c, team, user, now)
            } else {
                captains::unmake_co_captain(c, team, user)
            }
        })
        .await;
    acting.answer(did, "co-captain").await
}

pub(super) async fn hand_on(acting: Acting, form: CsrfForm<OfMember>) -> AppResult<HttpResponse> {
    let overview = acting.captain.overview.clone();
    let (slug, lead, stays) = (form.0.slug()?, acting.captain.lead, !form.0.yes.is_empty());
    let letters = acting.desk.letters.clone();
    let before = acting.captain.signed.name().to_owned();
    let did = acting
        .act("team.captain", move |c, now| {
            lead.must_decide()?;
            let team = overview.team.id;
            let to = account(c, team, &slug)?;
            let deed = HandOn {
                team,
                from: overview.team.captain_id,
                to,
                stays,
            };
            captains::hand_on(c, &deed, now)?;
            mails::captaincy(c, &letters, &overview, (to, &before), now)
        })
        .await;
    match did {
        // Who is no co-captain either has no business there any more.
        Ok(()) if lead == Lead::Captain && !stays => Ok(see(&format!(
            "/teams/{}",
            acting.captain.overview.team.slug
        ))),
        did => acting.answer(did, "captain").await,
    }
}

/// An answer to a request.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct OfRequest {
    request: String,
    /// Not empty: yes.
    accept: String,
}

pub(super) async fn answer(acting: Acting, form: CsrfForm<OfRequest>) -> AppResult<HttpResponse> {
    let request: RequestId = form
        .0
        .request
        .parse()
        .map_err(|_| AppError::NotFound("this request"))?;
    let deed = Answer {
        team: acting.team(),
        request,
        accept: !form.0.accept.is_empty(),
        by: acting.user(),
    };
    let (letters, overview) = (acting.desk.letters.clone(), acting.captain.overview.clone());
    let did = acting
        .act("team.answer_request", move |c, now| {
            let answered = requests::answer(c, &deed, now)?;
            mails::answer(c, &letters, &overview, (&deed, &answered.page), now)?;
            Ok(answered)
        })
        .await;
    if let Ok(answered) = &did {
        acting
            .site
            .views
            .changed("page", &answered.page.id.to_string());
        if let Some(left) = answered.left {
            acting.site.views.changed("team", &left.to_string());
        }
    }
    let word = if deed.accept { "accepted" } else { "declined" };
    acting.answer(did, word).await
}

/// To whom an invitation goes; empty: a link for whoever gets it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Invite {
    email: String,
}

pub(super) async fn invite(acting: Acting, form: CsrfForm<Invite>) -> AppResult<HttpResponse> {
    let typed = form.0.email.trim().to_owned();
    let to = match typed.as_str() {
        "" => Ok(None),
        text => text.parse::<Email>().map(Some),
    };
    let again = Again {
        invite: typed,
        ..Again::default()
    };
    let to = match to {
        Ok(to) => to,
        Err(bad) => return acting.again(AppError::field("email", bad), again).await,
    };
    let (new, secret) = NewInvitation::make(acting.team(), to, acting.user())?;
    let (letters, overview) = (acting.desk.letters.clone(), acting.captain.overview.clone());
    let inviter = acting.captain.signed.name().to_owned();
    let by_staff = acting.captain.lead == Lead::Staff;
    let mailed = new.to.is_some();
    let link = secret.clone();
    let did = acting
        .act("team.invite", move |c, now| {
            invitations::insert(c, &new, by_staff, now)?;
            match &new.to {
                Some(to) => {
                    let facts = (&new, to, inviter.as_str(), &secret);
                    mails::invitation(c, &letters, &overview, facts, now)
                }
                None => Ok(()),
            }
        })
        .await;
    match did {
        Ok(()) if mailed => Ok(acting.done("invited")),
        // Shown in this answer alone: only the digest of its secret is kept.
        Ok(()) => {
            let shown = Again {
                link: Some(link),
                ..Again::default()
            };
            show(
                &acting.site,
                &acting.desk,
                &acting.captain,
                &acting.request,
                (None, shown),
            )
            .await
        }
        Err(error) => acting.again(error, again).await,
    }
}

/// An invitation.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct OfInvitation {
    invitation: String,
}

pub(super) async fn revoke(
    acting: Acting,
    form: CsrfForm<OfInvitation>,
) -> AppResult<HttpResponse> {
    let id: InvitationId = form
        .0
        .invitation
        .parse()
        .map_err(|_| AppError::NotFound("this invitation"))?;
    let team = acting.team();
    let did = acting
        .act("team.revoke_invitation", move |c, now| {
            invitations::revoke(c, team, id, now)
        })
        .await;
    acting.answer(did, "revoked").await
}

/// A message as it is typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Written {
    subject: String,
    body: String,
}

impl Written {
    fn read(&self) -> AppResult<(Line, String)> {
        let subject = Line::parse(&self.subject, 120);
        let body = parse_lines(&self.body, messages::TEXT);
        match (subject, body) {
            (Ok(subject), Ok(body)) => Ok((subject, body)),
            (subject, body) => {
                let subject = subject.err().map(|bad| FieldError::new("subject", bad));
                let body = body.err().map(|bad| FieldError::new("body", bad));
                Err(AppError::Invalid(subject.into_iter().chain(body).collect()))
            }
        }
    }
}

pub(super) async fn write(acting: Acting, form: CsrfForm<Written>) -> AppResult<HttpResponse> {
    let did = match form.0.read() {
        Ok((subject, body)) => {
            let new = NewMessage {
                id: MessageId::new(),
                team: acting.team(),
                author: acting.user(),
                lead: acting.captain.lead,
                job: JobId::new(),
                subject,
                body,
            };
            acting
                .act("team.message", move |c, now| messages::send(c, &new, now))
                .await
        }
        Err(error) => Err(error),
    };
    match did {
        Ok(_) => Ok(acting.done("sent")),
        Err(error) => {
            let typed = Again {
                message: (form.0.subject, form.0.body),
                ..Again::default()
            };
            acting.again(error, typed).await
        }
    }
}

pub(super) async fn archive(acting: Acting, form: CsrfForm<OfMember>) -> AppResult<HttpResponse> {
    if form.0.yes.is_empty() {
        let unsaid = AppError::Unprocessable {
            code: "not_confirmed",
            detail: "say that you mean it: an archived team does not come back".into(),
        };
        return acting.again(unsaid, Again::default()).await;
    }
    let (team, lead) = (acting.team(), acting.captain.lead);
    let did = acting
        .act("team.archive", move |c, now| {
            ops::archive(c, team, lead, now)
        })
        .await;
    match did {
        Ok(released) => {
            for page in released {
                acting.site.views.changed("page", &page.to_string());
            }
            let campaign = acting.captain.overview.team.campaign_id;
            acting.site.views.changed("campaign", &campaign.to_string());
            Ok(see(&format!(
                "/teams/{}",
                acting.captain.overview.team.slug
            )))
        }
        Err(error) => acting.again(error, Again::default()).await,
    }
}
