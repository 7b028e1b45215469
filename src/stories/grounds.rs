//! What a story stands on, and what still keeps it from being published (S17).

use diesel::prelude::*;

use super::harm::words::Words;
use super::harm::{self, Warning};
use super::model::{self, About, Status, Story, StoryId};
use super::pictures::{self, Shown};
use crate::audit::{self, Deed};
use crate::auth::UserId;
use crate::consent_vault::{self as vault, Channel, Consent, ConsentId, InForce, Shows};
use crate::db::Conn;
use crate::db::schema::story_consents;
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::{Day, Timestamp};

/// Why a story may be shown. Only [`grounds`] makes one, and publishing asks for it.
#[derive(Debug, Clone)]
pub struct Grounds {
    story: StoryId,
    kind: Ground,
}

/// The two kinds of grounds.
#[derive(Debug, Clone)]
pub enum Ground {
    /// Nobody in it has to agree.
    NobodyInIt,
    /// Everybody in it has agreed.
    Consents(Vec<InForce>),
}

impl Grounds {
    /// For which story.
    pub fn story(&self) -> StoryId {
        self.story
    }

    /// The last day on which all of it holds; `None` for one that stands on nothing.
    pub fn until(&self) -> Option<Day> {
        match &self.kind {
            Ground::NobodyInIt => None,
            Ground::Consents(all) => all.iter().map(InForce::until).min(),
        }
    }
}

/// The consents that a story names.
///
/// # Errors
/// The database's.
pub fn consents_of(conn: &mut Conn, story: StoryId) -> AppResult<Vec<Consent>> {
    let query = story_consents::table
        .filter(story_consents::story_id.eq(story))
        .select(story_consents::consent_id);
    let ids: Vec<ConsentId> = each!(conn, c => query.load(c))?;
    vault::by_ids(conn, &ids)
}

/// What `story` stands on, for `channel`, on `today`.
///
/// # Errors
/// [`AppError::Conflict`] `consent_missing`, `consent_not_in_force`, `consent_does_not_cover` or `picture_not_covered`, in
/// words.
pub fn grounds(conn: &mut Conn, story: &Story, channel: Channel, today: Day) -> AppResult<Grounds> {
    let named = consents_of(conn, story.id)?;
    let pictures = pictures::of(conn, &[story.id])?;
    let most = pictures.iter().map(|one| one.picture.shows).max();
    let most = most.unwrap_or(Shows::Nobody);
    if named.is_empty() {
        return if story.about == About::Survivor || most > Shows::Nobody {
            Err(AppError::Conflict {
                code: "consent_missing",
                detail: "A story by or about a survivor, or with a picture of somebody, needs a consent from the vault. Add it below."
                    .into(),
            })
        } else {
            Ok(Grounds {
                story: story.id,
                kind: Ground::NobodyInIt,
            })
        };
    }
    let proofs: AppResult<Vec<InForce>> = named
        .iter()
        .map(|consent| vault::in_force(conn, consent.id, channel, today))
        .collect();
    let proofs = proofs?;
    // One consent must cover the picture that shows most; whose picture it is, the editor says by the caption.
    if !proofs.iter().any(|proof| proof.image_rule().allows(most)) {
        return Err(AppError::Conflict {
            code: "picture_not_covered",
            detail: "A picture shows more of somebody than any consent of this story allows. Take it away, or ask anew."
                .into(),
        });
    }
    Ok(Grounds {
        story: story.id,
        kind: Ground::Consents(proofs),
    })
}

/// Something that keeps a story from being published.
#[derive(Debug, Clone)]
pub struct Hindrance {
    /// Where in the editor it is mended: the id of a field or section.
    pub place: &'static str,
    /// What is missing, in words.
    pub words: String,
}

/// Everything that is screened of a story.
///
/// # Errors
/// The database's.
pub fn warnings(conn: &mut Conn, story: &Story, pictures: &[Shown]) -> AppResult<Vec<Warning>> {
    let words = Words::load(conn)?;
    let alts: Vec<String> = pictures
        .iter()
        .map(|one| format!("{}. {}", one.picture.alt, one.picture.caption))
        .collect();
    let mut parts: Vec<harm::Part<'_>> = vec![
        ("Title", &story.title),
        ("Summary", &story.summary),
        ("Content note", &story.content_note),
        ("About the author", &story.author_about),
        ("Text", &story.body),
    ];
    parts.extend(alts.iter().map(|alt| ("Picture", alt.as_str())));
    Ok(harm::screen(&words, &parts))
}

/// What keeps `story` from being given to review: empty fields, and warnings without an answer.
///
/// # Errors
/// The database's.
pub fn hindrances(conn: &mut Conn, story: &Story) -> AppResult<Vec<Hindrance>> {
    let mut all = Vec::new();
    let mut missing = |place: &'static str, words: &str| {
        all.push(Hindrance {
            place,
            words: words.to_owned(),
        });
    };
    for (text, place, words) in [
        (
            &story.summary,
            "summary",
            "Say in a sentence or two what it tells.",
        ),
        (&story.body, "body", "It has no text yet."),
        (
            &story.author_name,
            "author_name",
            "Say who wrote it; a pseudonym will do.",
        ),
    ] {
        if text.trim().is_empty() {
            missing(place, words);
        }
    }
    if model::campaigns_of(conn, story.id)?.is_empty() {
        missing("campaigns", "Name a season whose list holds it.");
    }
    let pictures = pictures::of(conn, &[story.id])?;
    let answered = model::answers(conn, story.id)?;
    let open = warnings(conn, story, &pictures)?;
    let open = open
        .iter()
        .filter(|one| !answered.contains_key(&one.key()))
        .count();
    if open > 0 {
        let plural = if open == 1 { "warning" } else { "warnings" };
        all.push(Hindrance {
            place: "warnings",
            words: format!("{open} {plural} of the harm screen without an answer."),
        });
    }
    Ok(all)
}

/// What a public story stands on is not changed under it.
fn changeable(conn: &mut Conn, story: StoryId) -> AppResult<()> {
    if model::by_id(conn, story)?.status == Status::Published {
        return Err(AppError::Conflict {
            code: "story_public",
            detail: "take the story down first, then change what it stands on".into(),
        });
    }
    Ok(())
}

/// Names a consent that the story stands on.
///
/// # Errors
/// [`AppError::Conflict`] `story_public`; [`AppError::NotFound`].
pub fn link(
    conn: &mut Conn,
    story: StoryId,
    consent: ConsentId,
    by: UserId,
    now: Timestamp,
) -> AppResult<()> {
    changeable(conn, story)?;
    vault::by_id(conn, consent)?;
    let row = (
        story_consents::story_id.eq(story),
        story_consents::consent_id.eq(consent),
    );
    each!(conn, c => diesel::insert_into(story_consents::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    let deed = Deed::new(by, "story.add_consent", ("story", story.to_string()));
    audit::record(conn, &deed.saying(consent.to_string()), now)
}

/// Takes a consent away from a story.
///
/// # Errors
/// [`AppError::Conflict`] `story_public`; [`AppError::NotFound`].
pub fn unlink(
    conn: &mut Conn,
    story: StoryId,
    consent: ConsentId,
    by: UserId,
    now: Timestamp,
) -> AppResult<()> {
    changeable(conn, story)?;
    let target = story_consents::table.find((story, consent));
    if each!(conn, c => diesel::delete(target).execute(c))? == 0 {
        return Err(AppError::NotFound("this consent"));
    }
    let deed = Deed::new(by, "story.remove_consent", ("story", story.to_string()));
    audit::record(conn, &deed.saying(consent.to_string()), now)
}
