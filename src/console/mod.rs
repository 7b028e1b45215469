//! The staff's console: participants, pages, reports, seasons, the record of deeds.

/// Mounts the pages and the API.
pub fn routes(_cfg: &mut actix_web::web::ServiceConfig) {}
