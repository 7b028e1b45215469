//! Taking a photograph in: a look at its head, a turn among the decoders, new files.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix_web::web::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::model::{MediaId, Use};
use super::picture::{self, Crop, Shape};
use super::store;
use crate::auth::UserId;
use crate::error::{AppError, AppResult};
use crate::web::Site;

/// How long a photograph waits for its turn to be decoded.
const PATIENCE: Duration = Duration::from_secs(20);

/// A photograph whose files lie there and whose row is still to be written ([`super::insert`]).
#[derive(Debug, Clone)]
pub struct NewMedia {
    /// The id.
    pub id: MediaId,
    /// Who sent it.
    pub owner: UserId,
    /// What it belongs to.
    pub used_for: Use,
    /// Pixels across in its largest size.
    pub width: i32,
    /// Pixels down in its largest size.
    pub height: i32,
    /// Bytes of its files.
    pub bytes: i64,
}

/// The square that the field `crop` of `partials/photo_field` says; the middle when it says none.
pub fn crop_of(field: &str) -> Shape {
    Shape::Square(Crop::parse(field))
}

/// The process's turns: memory is the process's, however many sites it runs.
fn turns(at_once: usize) -> &'static (Arc<Semaphore>, u32) {
    static TURNS: OnceLock<(Arc<Semaphore>, u32)> = OnceLock::new();
    TURNS.get_or_init(|| {
        let count = u32::try_from(at_once.clamp(1, 64)).unwrap_or(1);
        (Arc::new(Semaphore::new(at_once.clamp(1, 64))), count)
    })
}

/// One turn, or all of them for a large picture, so that it is decoded alone.
async fn turn(at_once: usize, is_large: bool) -> AppResult<OwnedSemaphorePermit> {
    let (turns, all) = turns(at_once);
    let wanted = if is_large { *all } else { 1 };
    let waiting = Arc::clone(turns).acquire_many_owned(wanted);
    match tokio::time::timeout(PATIENCE, waiting).await {
        Ok(Ok(turn)) => Ok(turn),
        _ => Err(AppError::Unavailable {
            what: "Many photos are being prepared right now. Please send yours again in a moment."
                .into(),
            retry_after: 10,
        }),
    }
}

/// Makes a photograph out of `bytes` and writes its files; insert what is answered within a day, in the transaction that
/// uses it. Waits for its turn: `media.decodes_at_once` are decoded at a time.
///
/// # Errors
/// 422 on the field `photo`, in words that say what to do (S11); [`AppError::Unavailable`] when no turn comes.
pub async fn take(
    site: &Site,
    owner: UserId,
    used_for: Use,
    shape: Shape,
    bytes: Bytes,
) -> AppResult<NewMedia> {
    if bytes.len() > picture::BYTES_MAX {
        return Err(AppError::field(
            "photo",
            "choose a photo of at most 10 MB; most phones can send a smaller one",
        ));
    }
    let head = bytes.clone();
    let is_large = blocking(move || picture::inspect(&head)).await?;
    let turn = turn(site.config.media.decodes_at_once, is_large).await?;
    let (id, dir) = (MediaId::new(), site.config.media_dir());
    let made = blocking(move || {
        // Held by the work, not by the request: an impatient browser must not make room that is not there.
        let _turn = turn;
        let made = picture::make(&bytes, shape)?;
        drop(bytes);
        store::write(&dir, id, &made.sizes)?;
        Ok(made)
    })
    .await?;
    let bytes: usize = made.sizes.iter().map(|(_, bytes)| bytes.len()).sum();
    Ok(NewMedia {
        id,
        owner,
        used_for,
        width: i32::try_from(made.width).map_err(AppError::internal)?,
        height: i32::try_from(made.height).map_err(AppError::internal)?,
        bytes: i64::try_from(bytes).map_err(AppError::internal)?,
    })
}

/// Runs `work` on a thread that may be kept busy. A decoder that panics on hostile bytes has refused them.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> AppResult<T> + Send + 'static,
) -> AppResult<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(failed) if failed.is_panic() => {
            metrics::counter!("selvedge_panics_total").increment(1);
            Err(AppError::field(
                "photo",
                "this picture cannot be read; save it anew as JPEG and choose it again",
            ))
        }
        Err(failed) => Err(AppError::internal(failed)),
    }
}
