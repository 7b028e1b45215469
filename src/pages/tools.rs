//! The tabs that stand over every tool of a page's owner.

use serde::Serialize;

use super::model::Page;
use crate::web::views::shell::Link;

crate::words! {
    /// A tool of a page's owner; its word is the last part of its address.
    pub enum Tool {
        /// What to do next.
        Coach = "coach",
        /// Title, story, goal, photo.
        Edit = "edit",
        /// News on the page.
        Updates = "updates",
        /// The style diary.
        Diary = "diary",
        /// Who asked.
        Talks = "talks",
        /// Who gave, and thanks.
        Gifts = "gifts",
        /// Ways to pass it on.
        Share = "share",
        /// The team.
        Team = "team",
    }
}

/// One tab.
#[derive(Debug, Clone, Serialize)]
pub struct Tab {
    /// Its word and where it leads.
    #[serde(flatten)]
    pub link: Link,
    /// Whether it is the page being looked at.
    pub is_current: bool,
}

/// Context of `partials/page_tools`.
#[derive(Debug, Clone, Serialize)]
pub struct PageTools {
    /// The page's title.
    pub title: String,
    /// Where the page is.
    pub href: String,
    /// Its state, in a word, while it is not live.
    pub state: Option<String>,
    /// The tools.
    pub tabs: Vec<Tab>,
}

impl PageTools {
    /// The tabs over `page`, `current` being looked at.
    pub fn new(page: &Page, current: Option<Tool>) -> Self {
        let href = format!("/pages/{}", page.slug);
        let label = |tool: Tool| match tool {
            Tool::Coach => "Next steps",
            Tool::Edit => "Edit",
            Tool::Updates => "Updates",
            Tool::Diary => "Diary",
            Tool::Talks => "Conversations",
            Tool::Gifts => "Gifts",
            Tool::Share => "Share",
            Tool::Team => "Team",
        };
        let tabs = Tool::ALL
            .iter()
            .map(|tool| Tab {
                link: Link::new(label(*tool), &format!("{href}/{tool}")),
                is_current: Some(*tool) == current,
            })
            .collect();
        let live = page.status == super::PageStatus::Live;
        Self {
            title: page.title.clone(),
            state: (!live).then(|| page.status.words().to_owned()),
            href,
            tabs,
        }
    }
}
