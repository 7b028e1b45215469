//! The tables of the sandbox's file, and new ids.
//!
//! The file stands for another company's database, so it shares no table with the program's own. WAL with
//! `synchronous=NORMAL` outlives a killed process; a power cut may cost a rehearsal its last second.

use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use super::SandboxError;

diesel::table! {
    objects (seq) {
        seq -> BigInt,
        id -> Text,
        kind -> Text,
        created -> BigInt,
        body -> Text,
        notes -> Text,
        parent -> Nullable<Text>,
        tag -> Nullable<Text>,
        due -> Nullable<BigInt>,
    }
}
diesel::table! {
    idempotency (key) {
        key -> Text,
        request -> Text,
        status -> Integer,
        body -> Text,
        created -> BigInt,
    }
}
diesel::table! {
    events (seq) {
        seq -> BigInt,
        id -> Text,
        kind -> Text,
        created -> BigInt,
        body -> Text,
        pending -> Integer,
    }
}
diesel::table! {
    sends (id) {
        id -> BigInt,
        event -> Text,
        due_at -> BigInt,
        attempt -> Integer,
        state -> Text,
    }
}
diesel::table! {
    payout_items (entry) {
        entry -> Text,
        payout -> Text,
    }
}
diesel::table! {
    control (name) {
        name -> Text,
        body -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(objects, payout_items);

const TABLES: &str = "
PRAGMA busy_timeout = 10000;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, created BIGINT NOT NULL,
    body TEXT NOT NULL, notes TEXT NOT NULL, parent TEXT, tag TEXT, due BIGINT);
CREATE INDEX IF NOT EXISTS objects_kind ON objects (kind, seq);
CREATE INDEX IF NOT EXISTS objects_parent ON objects (parent) WHERE parent IS NOT NULL;
CREATE INDEX IF NOT EXISTS objects_due ON objects (due) WHERE due IS NOT NULL;
CREATE TABLE IF NOT EXISTS idempotency (
    key TEXT PRIMARY KEY NOT NULL, request TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL, created BIGINT NOT NULL);
CREATE INDEX IF NOT EXISTS idempotency_created ON idempotency (created);
CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, created BIGINT NOT NULL,
    body TEXT NOT NULL, pending INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS sends (
    id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, due_at BIGINT NOT NULL, attempt INTEGER NOT NULL, state TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS sends_open ON sends (due_at) WHERE state IN ('waiting', 'leased');
CREATE TABLE IF NOT EXISTS payout_items (entry TEXT PRIMARY KEY NOT NULL, payout TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS payout_items_payout ON payout_items (payout);
CREATE TABLE IF NOT EXISTS control (name TEXT PRIMARY KEY NOT NULL, body TEXT NOT NULL);
";

/// Opens the file, making it and its tables where they are missing.
pub(super) fn open(file: &Path) -> Result<SqliteConnection, SandboxError> {
    let mut conn = SqliteConnection::establish(&file.to_string_lossy())?;
    conn.batch_execute(TABLES)?;
    Ok(conn)
}

/// A new id: the kind's prefix and `bytes` random bytes.
pub(super) fn new_id(prefix: &str, bytes: usize) -> Result<String, SandboxError> {
    let mut random = vec![0u8; bytes];
    getrandom::fill(&mut random)?;
    Ok(format!("{prefix}{}", hex::encode(random)))
}
