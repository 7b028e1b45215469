//! What a segment and an audience are.

use serde::{Deserialize, Serialize};

use crate::ids::GrantId;
use crate::subscribers::ListId;

crate::id!(
    /// A segment.
    pub SegmentId,
    "seg"
);

/// Whom a newsletter is for. Somebody who is on several of the lists gets one copy (N19).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audience {
    /// Who agreed to any of these.
    pub lists: Vec<ListId>,
    /// And of them, who is in this segment.
    pub segment: Option<SegmentId>,
    /// But not who is in this one.
    pub without: Option<SegmentId>,
    /// And of them, whose money is in this grant. Where no list is named, of everybody who agreed to any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<GrantId>,
}
