//! Accounts: signing up, signing in, and what a person may see and change about their own account.
//!
//! The platform's `auth` keeps users, sessions and factors; this noun is their pages and mails.

/// Mounts the pages and the API.
pub fn routes(_cfg: &mut actix_web::web::ServiceConfig) {}
