//! What a rule comes to: the sentence, the number of people, and a few of them.

use diesel::prelude::*;
use serde::Serialize;

use super::super::mask::{masked, masked_address};
use crate::db::Conn;
use crate::db::schema::subscribers;
use crate::each;
use crate::error::AppResult;
use crate::ids::CampaignId;
use crate::kernel::Timestamp;
use crate::segments::words::{Names, sentence};
use crate::segments::{Among, Rule, compile_rule, run};
use crate::subscribers::SubscriberId;

/// People of a sample.
const SAMPLE: i64 = 10;

/// One of the sample.
#[derive(Debug, Serialize)]
pub(super) struct PersonView {
    name: String,
    email: String,
    country: String,
    language: String,
}

/// What a rule comes to, as `console/segment_outcome` draws it.
#[derive(Debug, Serialize)]
pub(super) struct Outcome {
    pub(super) sentence: String,
    pub(super) count: i64,
    people: Vec<PersonView>,
    pub(super) has_names: bool,
}

/// Of a rule that can be asked. People who could be written to are counted: on a list, or with a page that is shown; for
/// staff of single seasons those of `reach` alone (S9).
pub(super) fn outcome(
    conn: &mut Conn,
    (rule, within): (&Rule, Option<CampaignId>),
    reach: Option<CampaignId>,
    has_names: bool,
    now: Timestamp,
) -> AppResult<Outcome> {
    let names = Names::of(conn, rule, within)?;
    let who = compile_rule(conn, Among::Reachable(reach), (rule, within), now)?;
    let count = run::count(conn, &who)?;
    let ids: Vec<SubscriberId> = run::newest(conn, &who, SAMPLE)?;
    let query = subscribers::table
        .filter(subscribers::id.eq_any(ids))
        .order(subscribers::id.desc())
        .select((
            subscribers::name,
            subscribers::email,
            subscribers::country,
            subscribers::language,
        ));
    let rows: Vec<(String, String, String, String)> = each!(conn, c => query.load(c))?;
    let people = rows
        .into_iter()
        .map(|(name, email, country, language)| PersonView {
            name: if has_names { name } else { masked(&name) },
            // Addresses are for the table of subscribers, where looking at them is on record one by one.
            email: masked_address(&email),
            country,
            language,
        });
    Ok(Outcome {
        sentence: sentence(rule, &names, within),
        count,
        people: people.collect(),
        has_names,
    })
}
