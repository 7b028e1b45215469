//! What a newsletter may say of a reader: the list of merge fields, and nothing else (N11).

use super::shape::harmless;

crate::words! {
    /// A merge field. What is not here cannot be said.
    pub enum Field {
        /// How the reader is called, in one word.
        FirstName = "first_name",
        /// The reader's name.
        Name = "name",
        /// The season's title.
        Season = "season",
        /// Who writes.
        Organisation = "organisation",
        /// What the reader gave this season.
        Given = "given",
        /// By how many gifts.
        Gifts = "gifts",
        /// To which programs it went.
        Programs = "programs",
        /// The trace of the reader's newest gift of the season.
        GiftUrl = "gift_url",
        /// The title of the reader's page.
        PageTitle = "page_title",
        /// The reader's page.
        PageUrl = "page_url",
        /// What it has raised.
        Raised = "raised",
        /// What it is to raise.
        Goal = "goal",
        /// How far it is, in per cent.
        Percent = "percent",
        /// Days that the reader wore the dress and logged.
        Days = "days",
        /// The season's page.
        CampaignUrl = "campaign_url",
        /// Where gifts to the season are made.
        GiveUrl = "give_url",
        /// This newsletter in a browser.
        ArchiveUrl = "archive_url",
        /// Where the reader says what they want to get.
        PreferencesUrl = "preferences_url",
        /// Where the reader leaves.
        UnsubscribeUrl = "unsubscribe_url",
        /// What the reader's money did, in words: for the text part, where it was edited.
        YourImpact = "your_impact",
    }
}

impl Field {
    /// What it says, for whoever picks one.
    pub const fn about(self) -> &'static str {
        match self {
            Self::FirstName => "the reader’s first name",
            Self::Name => "the reader’s name",
            Self::Season => "the season’s title",
            Self::Organisation => "the organisation",
            Self::Given => "what the reader gave this season",
            Self::Gifts => "how many gifts that was",
            Self::Programs => "the programs it went to",
            Self::GiftUrl => "the trace of the reader’s newest gift",
            Self::PageTitle => "the title of the reader’s page",
            Self::PageUrl => "the reader’s page",
            Self::Raised => "what the reader’s page has raised",
            Self::Goal => "the goal of the reader’s page",
            Self::Percent => "how far that is, in per cent",
            Self::Days => "days that the reader has logged",
            Self::CampaignUrl => "the season’s page",
            Self::GiveUrl => "the page for gifts to the season",
            Self::ArchiveUrl => "this newsletter in a browser",
            Self::PreferencesUrl => "the reader’s preferences",
            Self::UnsubscribeUrl => "the reader’s way out",
            Self::YourImpact => "what the reader’s money did (text part only)",
        }
    }

    /// Whether it is an address, which may stand in a link.
    pub const fn is_url(self) -> bool {
        matches!(
            self,
            Self::GiftUrl
                | Self::PageUrl
                | Self::CampaignUrl
                | Self::GiveUrl
                | Self::ArchiveUrl
                | Self::PreferencesUrl
                | Self::UnsubscribeUrl
        )
    }

    /// Whether there are readers of whom it is not known: then it needs a default or a condition.
    pub const fn may_be_missing(self) -> bool {
        !matches!(
            self,
            Self::Season
                | Self::Organisation
                | Self::CampaignUrl
                | Self::GiveUrl
                | Self::ArchiveUrl
                | Self::PreferencesUrl
                | Self::UnsubscribeUrl
                | Self::YourImpact
        )
    }

    /// Whether it is made anew for each mail.
    pub(super) const fn is_of_mail(self) -> bool {
        matches!(
            self,
            Self::PreferencesUrl | Self::UnsubscribeUrl | Self::YourImpact
        )
    }

    /// What stands in the public archive in place of a reader's own words; `None`: as if it were not known.
    pub const fn stand_in(self) -> Option<&'static str> {
        match self {
            Self::FirstName | Self::Name => Some("friend"),
            _ => None,
        }
    }
}

/// Characters of a value at most: a name of a megabyte is nobody's.
const VALUE_MOST: usize = 300;

/// The values of one reader, by field. None holds a control character or a sign that turns the direction of writing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values(Vec<Option<String>>);

impl Values {
    /// Sets a field; an empty value is as if it were not known.
    pub fn set(&mut self, field: Field, value: &str) {
        let value = harmless(value.trim());
        let value: String = value.chars().take(VALUE_MOST).collect();
        if self.0.len() < Field::ALL.len() {
            self.0.resize(Field::ALL.len(), None);
        }
        if let Some(place) = self.0.get_mut(field as usize) {
            *place = Some(value).filter(|value| !value.is_empty());
        }
    }

    /// Sets a field that may be unknown.
    pub fn set_some(&mut self, field: Field, value: Option<&str>) {
        if let Some(value) = value {
            self.set(field, value);
        }
    }

    /// What is known.
    pub fn get(&self, field: Field) -> Option<&str> {
        self.0.get(field as usize)?.as_deref()
    }
}
