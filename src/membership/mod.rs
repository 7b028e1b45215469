//! A page's place in a team, as its owner sees it: which team, finding one, joining by its policy or by an invitation,
//! leaving.
//!
//! The rules are those of [`crate::teams`]; this noun stands above teams and pages, since whoever joins is a page's owner.
//!
//! Invariant: every deed here is the owner's, or that of staff on the owner's behalf, who may put a page into any team;
//! theirs goes into the record.

pub mod api;
pub mod html;
pub mod ops;

/// Mounts the tab, the ways in and the API.
pub fn routes(cfg: &mut actix_web::web::ServiceConfig) {
    html::routes(cfg);
    api::routes(cfg);
}
