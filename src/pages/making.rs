//! Making a page under a slug that the program chooses.

use super::model::PageStatus;
use super::ops::{self, CreatePage};
use super::slugs;
use crate::auth::Role;
use crate::auth::model::grant_role;
use crate::db::{Conn, Db};
use crate::error::{AppError, AppResult};
use crate::kernel::{Slug, Timestamp};

/// How a new page begins.
#[derive(Debug, Clone)]
pub(super) struct Begins {
    /// Draft, submitted or live.
    pub as_: PageStatus,
    /// Under which key it is made once.
    pub key: Option<String>,
}

impl Begins {
    /// As a draft.
    pub(super) fn draft() -> Self {
        Self {
            as_: PageStatus::Draft,
            key: None,
        }
    }
}

/// Makes a page in the caller's transaction; its owner is a participant from then on.
pub(super) fn make(
    conn: &mut Conn,
    new: &CreatePage,
    begins: &Begins,
    now: Timestamp,
) -> AppResult<()> {
    ops::begin(conn, new, begins.as_, begins.key.as_deref(), now)?;
    match new.owner {
        Some(owner) => grant_role(conn, owner, Role::Participant, now),
        None => Ok(()),
    }
}

/// Makes a page under the first free slug that `named` offers; `with` adds what belongs into the same transaction.
///
/// A slug that somebody takes at the same moment is no failure: the next one is tried, the later ones drawn by chance, so
/// that a thousand people of one name who come at once do not queue behind one another.
///
/// # Errors
/// Those of [`ops::create`] and [`ops::draft`], but not `slug_taken`.
pub(super) async fn under_made_slug<W>(
    db: &Db,
    new: CreatePage,
    (named, season): (&str, &Slug),
    begins: &Begins,
    now: Timestamp,
    with: W,
) -> AppResult<Slug>
where
    W: Fn(&mut Conn) -> AppResult<()> + Clone + Send + 'static,
{
    for attempt in 0..slugs::ATTEMPTS {
        let slug = slugs::candidate(named, season, attempt, slugs::draw());
        let (mut new, with, begins) = (new.clone(), with.clone(), begins.clone());
        new.slug = slug.clone();
        let made = db
            .tx(move |c| {
                make(c, &new, &begins, now)?;
                with(c)
            })
            .await;
        match made {
            Err(AppError::Conflict {
                code: "slug_taken", ..
            }) => {}
            other => return other.map(|()| slug),
        }
    }
    Err(AppError::Unavailable {
        what: "No address could be found for this page. Nothing was lost; please try again.".into(),
        retry_after: 1,
    })
}
