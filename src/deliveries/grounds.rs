//! By whose word a newsletter comes to its readers: asked in the claim, and again where a claim has grown old (N2, N5).

use std::collections::BTreeMap;

use crate::db::Conn;
use crate::error::AppResult;
use crate::newsletters::Newsletter;
use crate::segments::{self, Audience};
use crate::subscribers::{ListId, SubscriberId, Why};

/// What a newsletter's readers agreed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Grounds {
    audience: Audience,
    topic: Option<String>,
}

impl Grounds {
    /// Of a newsletter.
    pub(super) fn of(newsletter: &Newsletter) -> Self {
        Self {
            audience: newsletter.audience.0.clone(),
            topic: newsletter.topic.clone(),
        }
    }

    /// The lists through which it comes.
    pub(super) fn lists(&self) -> &[ListId] {
        &self.audience.lists
    }

    /// Who of `people` must not get it, and why.
    pub(super) fn refused(
        &self,
        conn: &mut Conn,
        people: &[SubscriberId],
    ) -> AppResult<BTreeMap<SubscriberId, Why>> {
        segments::refused(conn, people, &self.audience, self.topic.as_deref())
    }
}
