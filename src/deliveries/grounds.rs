//! By whose word a newsletter comes to its readers: asked in the claim, and again where a claim has grown old (N2, N5).

use std::collections::BTreeMap;

use crate::db::Conn;
use crate::error::AppResult;
use crate::newsletters::Newsletter;
use crate::segments::{self, Audience};
use crate::subscribers::links::LISTS;
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

    /// The lists that its leaving link takes off; none where the link takes off everything. Whoever follows it gets nothing
    /// more of this kind: so where it would come without any list (to a season's participants), or through more lists than a
    /// link can name, leaving is leaving everything (N7).
    pub(super) fn left_by_link(&self) -> &[ListId] {
        let comes_besides = self.audience.participants.is_some();
        if comes_besides || self.audience.lists.len() > LISTS {
            return &[];
        }
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

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::ids::CampaignId;

    fn through(lists: usize, participants: Option<CampaignId>) -> Grounds {
        Grounds {
            audience: Audience {
                lists: (0..lists).map(|_| ListId::new()).collect(),
                participants,
                ..Audience::default()
            },
            topic: None,
        }
    }

    #[test]
    fn a_leaving_link_takes_off_all_by_which_the_mail_comes() {
        let eight = through(8, None);
        assert_eq!(eight.left_by_link(), eight.lists());
        for all in [
            through(9, None),
            through(1, Some(CampaignId::new())),
            through(0, Some(CampaignId::new())),
            through(0, None),
        ] {
            assert!(all.left_by_link().is_empty());
        }
    }
}
