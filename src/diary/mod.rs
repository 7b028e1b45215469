//! The style diary: an entry a day, conversations, and the sponsors of days.

/// Mounts the pages and the API.
pub fn routes(_cfg: &mut actix_web::web::ServiceConfig) {}
