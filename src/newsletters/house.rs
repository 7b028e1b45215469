//! What every newsletter of this installation shares: how the outside reaches it, and who writes.

use crate::config::Config;

/// Where links lead, and who writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct House {
    /// The site's address without a slash at its end.
    pub base: String,
    /// The organisation's name.
    pub organisation: String,
}

impl House {
    /// Of the settings.
    pub fn of(config: &Config) -> Self {
        Self {
            base: config.public_url(),
            organisation: config.site.name.clone(),
        }
    }

    /// A path of this site as a whole address.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}
