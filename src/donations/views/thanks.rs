//! `/thanks/{token}`: where the processor sends the giver back to.

use serde::Serialize;

use crate::web::views::figures::BandView;
use crate::web::views::money::MoneyView;
use crate::web::views::rows::ShareView;
use crate::web::views::shell::{Link, Shell};

/// Context of `thanks`.
#[derive(Clone, Debug, Serialize)]
pub struct ThanksView {
    /// The frame; while pending it reloads itself.
    pub shell: Shell,
    /// `paid`, `pending`, `failed` or `expired`.
    pub state: String,
    /// What was given, the covered fee included.
    pub amount: MoneyView,
    /// What a sponsor's pool added.
    pub matched: Option<MatchedView>,
    /// The giver's name as typed; this page is private.
    pub donor: String,
    /// Whose page, team or campaign it was for.
    pub recipient: Link,
    /// Where the receipt is sent, shortened: "m…@example.org".
    pub mailed_to: String,
    /// The page's band with this gift's thread, once paid.
    pub band: Option<BandView>,
    /// Trace my gift, once paid.
    pub trace_url: Option<String>,
    /// Try again with everything kept, when failed or expired.
    pub retry_url: Option<String>,
    /// Why it failed, in plain words.
    pub reason: Option<String>,
    /// Ways to share, once paid.
    pub share: Option<ShareView>,
}

/// What a sponsor's pool added to a gift.
#[derive(Clone, Debug, Serialize)]
pub struct MatchedView {
    /// How much, less what has gone back into the pool.
    pub amount: MoneyView,
    /// Who.
    pub sponsor: String,
}
