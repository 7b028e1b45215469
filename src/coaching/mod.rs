//! Coaching: checklist, badges, milestones, nudges and tips; every rule deterministic, every mail explained.

/// Mounts the pages and the API.
pub fn routes(_cfg: &mut actix_web::web::ServiceConfig) {}
