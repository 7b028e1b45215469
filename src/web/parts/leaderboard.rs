//! `/campaigns/{slug}/leaderboard`.

use serde::Serialize;

use super::rows::{PageRow, TeamRow};
use super::shell::{Link, Shell};

/// Context of `leaderboard`.
#[derive(Clone, Debug, Serialize)]
pub struct LeaderboardView {
    /// The frame.
    pub shell: Shell,
    /// The campaign.
    pub campaign: Link,
    /// Pages by raised, ties by who got there first.
    pub pages: Vec<PageRow>,
    /// Teams by raised.
    pub teams: Vec<TeamRow>,
    /// The next pages, if there are more.
    pub next_url: Option<String>,
}
