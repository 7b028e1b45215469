//! Whether very many may be written to (N8): asked when a newsletter is started or scheduled, and again when its hour comes.

use super::super::{pace, preflight};
use super::{Engine, Inner};
use crate::error::{AppError, AppResult};
use crate::newsletters::audience;
use crate::segments::Audience;

impl Engine {
    /// Refuses an audience that is so large, with what was sent today already, that mailboxes look closely, while something is
    /// missing that they ask for.
    ///
    /// # Errors
    /// [`AppError::Conflict`] `preflight`, saying what is missing.
    pub async fn clear(&self, readers: &Audience) -> AppResult<()> {
        self.inner.clear(readers).await
    }
}

impl Inner {
    pub(super) async fn clear(&self, readers: &Audience) -> AppResult<()> {
        let (of, now) = (readers.clone(), self.clock.now());
        let (readers, today) = self
            .db
            .read(move |c| Ok((audience::count(c, &of, now)?, pace::today(c, now)?)))
            .await?;
        if readers.saturating_add(today) <= preflight::MANY {
            return Ok(());
        }
        let missing: Vec<String> = self
            .preflight()
            .await
            .into_iter()
            .filter(|check| !check.is_met)
            .map(|check| check.said)
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let many = preflight::MANY;
        Err(AppError::Conflict {
            code: "preflight",
            detail: format!(
                "With it more than {many} mails go out in a day, and large mailboxes would refuse them. {}.",
                missing.join(". ")
            ),
        })
    }
}
