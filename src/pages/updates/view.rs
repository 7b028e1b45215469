//! News as pages show it.

use serde::Serialize;

use super::News;
use crate::media::PhotoView;
use crate::web::markdown;

/// News as a page shows it.
#[derive(Debug, Clone, Serialize)]
pub struct NewsView {
    /// The id, for its place on the page and for taking it down.
    pub id: String,
    /// When it was posted (RFC 3339).
    pub posted_at: String,
    /// Its words, sanitised.
    pub body_html: String,
    /// Its photograph.
    pub photo: Option<PhotoView>,
}

impl NewsView {
    /// The view of news.
    pub fn new(news: &News) -> Self {
        Self {
            id: news.update.id.to_string(),
            posted_at: news.update.created_at.rfc3339(),
            body_html: markdown::html(&news.update.body).into_string(),
            photo: news.photo(),
        }
    }
}
