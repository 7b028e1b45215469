//! Selvedge: a self-hosted platform for awareness campaigns that raise funds, and the whole path of a gift.
//!
//! This page is the map. Open the noun, and stay there.
//!
//! # The storeys
//!
//! An arrow points down only; a test ([`tests/house.rs`]) reads the sources and fails on one that does not.
//!
//! | storey | modules |
//! |---|---|
//! | values | [`kernel`]: ids, money, apportioning, time, secrets, texts; no SQL, no HTTP |
//! | faults | [`error`]: what can go wrong, and its one mapping to HTTP; [`ids`]: ids that several nouns name |
//! | database | [`db`]: two engines behind two doors, `read` and `tx`; migrations; the schema |
//! | settings | [`config`]: built-in file, operator's file, environment |
//! | platform | [`jobs`] queue and schedules · [`mail`] outbox and transports · [`payments`] processor client, webhooks, sandbox · [`ledger`] transfers, seals, proofs · [`auth`] users, roles, sessions, tokens · [`audit`] who did what · [`media`] photographs · [`documents`] files that prove what people say · [`web`] gate, views, forms, drawing |
//! | nouns | [`campaigns`] · [`pages`] · [`teams`] · [`membership`] · [`partners`] · [`impact`] · [`desk`] · [`funds`] · [`grants`] · [`totals`] · [`walls`] · [`findings`] · [`matching`] · [`donations`] · [`offline`] · [`payouts`] · [`books`] · [`diary`] · [`coaching`] · [`consent_vault`] · [`stories`] · [`subscribers`] · [`segments`] · [`newsletters`] · [`analytics`] · [`deliveries`] · [`bounces`] · [`sequences`] · [`accounts`] · [`console`] · [`home`] · [`demo`] · [`openapi`] |
//! | program | [`app`]: everything that is mounted |
//! | command line | [`cli`]: one file a subcommand |
//!
//! # The path of a gift
//!
//! [`donations`]`::command` parses what a donor asks; `ops` begins it; `checkout` opens the processor's page; `webhook`
//! stores what the processor sends; `events`, the thank-you page and `reconcile` ask it how things stand; `settle`
//! writes ledger, splits, totals, receipt and mails in one transaction; `refunds` takes back; `check` proves it all.
//! [`funds`]`::layers` are what lies in the funds, [`grants`] take them to partners, oldest first, and `grants::trace` says where
//! one gift went.
//!
//! # A participant's month
//!
//! [`accounts`] makes the account that a mailed link asks for; [`pages`]`::start` the page, in six steps; [`media`] takes the
//! photograph; [`membership`] finds the team; [`diary`] keeps days, conversations and sponsors, and [`totals`]`::tallies`
//! counts them; [`coaching`]`::walk` passes by and [`coaching::rules`] says what to say; [`console`] is the staff's side of it,
//! and [`audit`] the record of what they did. [`home`] draws what the public sees of it all.
//!
//! # A story and what it stands on
//!
//! [`consent_vault`] keeps who agreed to what, until when, signed off by two; [`stories`] shows what stands on it:
//! `harm` asks the editor, `grounds` holds the story against the vault, `takedown` takes it down everywhere, `copies` lists
//! what had left before.
//!
//! # A newsletter
//!
//! [`newsletters`] are blocks in a layout: `merge` is the language of what differs from reader to reader, `fields` the list of
//! what may be said, `prepare` makes one ready once, `facts` reads a batch of readers, `render` makes their mails; `checks` say
//! what keeps it, `approval` is a second person's word, `update` the one about a partner's report, `html` the archive.
//!
//! What readers do with it is counted, where that is switched on, by [`analytics`].
//!
//! # What came of it
//!
//! A partner's staff ([`partners::PartnerStaff`]) report at the [`desk`]; [`impact::reports`] keeps, grades and publishes what they
//! write, and figures stand in [`impact`] with period, source and grade. What a partner withholds is [`partners::Withheld`].
//!
//! # Who reads
//!
//! [`subscribers`] knows readers apart from accounts and donors, and links the three: `joining` is the double opt-in, `gifts` the
//! tick beside a gift, `leaving` and `links` the way out, `consent` what every sending asks; `imports` takes files of people,
//! `merge` makes one of two, `linking` gives a donor and an account their one reader, `moving` goes along to another address;
//! `own` is their data, taken along and wiped, `of_account` that of an account's owner, `erased` who must not be known again.
//!
//! # Where do I add …
//!
//! | what | where |
//! |---|---|
//! | a page for people | the noun's `html.rs`, its context in `views.rs`, a template in `templates/web/`; one that shows several nouns to the public in [`home`] |
//! | an API route | the noun's `api.rs`, and its line in [`openapi`] |
//! | any route | its row in `tests/permissions.rs` |
//! | a rule about money | the noun's `ops.rs`, a proof of it in the noun's `check.rs` |
//! | a column | both trees of `migrations/`, `db/schema.rs`; the parity test holds them together |
//! | a mail | a folder in `templates/mail/` with its `sample.json`; queue it where the fact is written |
//! | a kind of mail that can be switched off | [`auth::MailKind`](auth::mutes::MailKind), asked where the mail is queued |
//! | a rule of a season | [`campaigns::rules`], and the console's season form |
//! | a rule of the coach, a badge, a tip | [`coaching::rules`] |
//! | a column with people's words | what becomes of it in `accounts/deletion.rs`, its line in `accounts/export.rs`; of a reader: `subscribers/own.rs` |
//! | a condition of segments | [`segments::rule`], its SQL in `segments/sql.rs`, its words in `segments/words.rs`, its fields in `console/segments/parts.rs` |
//! | a trigger of sequences | [`sequences::rules`], its SQL in `sequences/trigger.rs` |
//! | a word of the harm screen | `config/harm_words.toml`; staff add theirs in the console |
//! | something that a newsletter may say of its reader | `newsletters/fields.rs`, and where `newsletters/facts.rs` reads it |
//! | a kind of block | [`newsletters::content`], drawn in `blocks`, its form in `console/newsletters/views.rs`, its check in `checks` |
//! | a newsletter's layout | `templates/newsletters/`, and its word in `newsletters/layout.rs` |
//! | something that sends a story | ask [`stories::copies`] first, and note there what left |
//! | something that runs by itself | the noun's `jobs.rs`, mounted in [`app`] |
//! | a setting | `config/default.toml` with its comment, and `config.rs` |
//! | a subcommand | a file in `cli/` |

// So many tables may stand in one query: diesel says it of every pair.
#![recursion_limit = "256"]

pub mod accounts;
pub mod analytics;
pub mod app;
pub mod audit;
pub mod auth;
pub mod books;
pub mod bounces;
pub mod campaigns;
pub mod cli;
pub mod coaching;
pub mod config;
pub mod consent_vault;
pub mod console;
pub mod db;
pub mod deliveries;
pub mod demo;
pub mod desk;
pub mod diary;
pub mod documents;
pub mod donations;
pub mod error;
pub mod findings;
pub mod funds;
pub mod grants;
pub mod home;
pub mod ids;
pub mod impact;
pub mod jobs;
pub mod kernel;
pub mod ledger;
pub mod mail;
pub mod matching;
pub mod media;
pub mod membership;
pub mod newsletters;
pub mod offline;
pub mod openapi;
pub mod pages;
pub mod partners;
pub mod payments;
pub mod payouts;
pub mod segments;
pub mod sequences;
pub mod stories;
pub mod subscribers;
pub mod teams;
pub mod totals;
pub mod walls;
pub mod web;
