//! What the templates of conversations are given.

use serde::Serialize;

use crate::diary::forms::Faults;
use crate::diary::views::ChoiceView;
use crate::pages::tools::PageTools;
use crate::totals::Tally;
use crate::web::views::shell::Shell;

/// A conversation in the list.
#[derive(Debug, Clone, Serialize)]
pub(super) struct TalkView {
    pub day: String,
    pub who: &'static str,
    pub learned: bool,
    pub signed: bool,
    pub gave: bool,
    pub note: String,
    pub edit_url: String,
}

/// What was typed.
#[derive(Debug, Clone, Serialize)]
pub(super) struct TypedView {
    pub day: String,
    pub learned: bool,
    pub signed: bool,
    pub gave: bool,
    pub note: String,
}

/// Context of `talks`.
#[derive(Debug, Clone, Serialize)]
pub(super) struct TalksView {
    pub shell: Shell,
    pub tools: PageTools,
    pub tally: Tally,
    pub action: String,
    /// Made with the form, so that sending it twice tells of one conversation.
    pub once: String,
    pub who: Vec<ChoiceView>,
    pub typed: TypedView,
    /// The last day that can be told of.
    pub today: String,
    /// Why nothing can be added now, if that is so.
    pub closed: Option<String>,
    pub talks: Vec<TalkView>,
    pub more_url: Option<String>,
    pub faults: Faults,
    pub csrf: String,
}

/// Context of `talk`: the form of one conversation.
#[derive(Debug, Clone, Serialize)]
pub(super) struct OneTalkView {
    pub shell: Shell,
    pub tools: PageTools,
    pub action: String,
    pub remove_url: String,
    pub talks_url: String,
    pub who: Vec<ChoiceView>,
    pub typed: TypedView,
    pub today: String,
    pub faults: Faults,
    pub csrf: String,
}
