//! The integration tests: one binary, over the real router, a real database (a file a test; PostgreSQL with
//! `SELVEDGE_TEST_DATABASE_URL`), the real client against the sandbox processor over HTTP, and a real SMTP server.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod accounts;
mod analytics;
mod articles;
mod books;
mod bounces;
mod coaching;
mod console;
mod crowd;
mod databases;
mod desk;
mod diary;
mod disputes;
mod gifts;
mod grants;
mod harness;
mod house;
mod ledger;
mod matching;
mod media;
mod model;
mod newsletters;
mod offline;
mod pages;
mod payouts;
mod permissions;
mod refunds;
mod segments;
mod sending;
mod sequences;
mod stories;
mod subscribers;
mod teams;
mod unseen;
mod webhooks;
