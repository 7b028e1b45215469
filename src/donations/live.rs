//! Tells open pages of new totals: the whole state is read once and sent to everybody who watches.

use super::Giving;
use crate::error::AppResult;
use crate::{campaigns, pages, teams};

impl Giving {
    /// Tells whoever watches one of `scopes` (`"page"`, its id) how it stands now. Nothing is read for nobody.
    pub(super) fn tell(&self, scopes: Vec<(&'static str, String)>) {
        for (kind, id) in scopes {
            if self.site.live.is_watched(kind, &id) {
                let giving = self.clone();
                drop(tokio::spawn(async move {
                    match giving.state_of(kind, &id).await {
                        Ok(Some(state)) => giving.site.live.publish(kind, &id, &state),
                        Ok(None) => {}
                        // The next gift brings them up to date again.
                        Err(error) => {
                            tracing::warn!(kind, cause = %error, "watchers were not told")
                        }
                    }
                }));
            }
        }
    }

    async fn state_of(&self, kind: &str, id: &str) -> AppResult<Option<String>> {
        let now = self.site.clock.now();
        let db = &self.site.db;
        match (kind, id.parse(), id.parse(), id.parse()) {
            ("page", Ok(id), _, _) => {
                db.read(move |c| pages::html::live_state(c, id, true, now))
                    .await
            }
            ("team", _, Ok(id), _) => {
                db.read(move |c| teams::html::live_state(c, id, true, now))
                    .await
            }
            ("campaign", _, _, Ok(id)) => {
                db.read(move |c| campaigns::public::live_state(c, id, true, now))
                    .await
            }
            _ => Ok(None),
        }
    }
}
