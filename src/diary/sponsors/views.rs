//! What the templates of promises are given.

use serde::Serialize;

use super::model::Promise;
use crate::diary::forms::Faults;
use crate::web::views::money::MoneyView;
use crate::web::views::shell::{Link, Shell};

/// A promise as the page's owner sees it.
#[derive(Debug, Clone, Serialize)]
pub struct PromiseView {
    /// The sponsor's name; `None` for one who is not shown.
    pub name: Option<String>,
    /// For each logged day.
    pub per_day: MoneyView,
    /// At most.
    pub cap: MoneyView,
    /// What was asked for in the end.
    pub requested: Option<MoneyView>,
}

impl PromiseView {
    /// As the owner sees `promise`.
    pub fn of(promise: &Promise) -> Self {
        Self {
            name: promise.is_named.then(|| promise.name.clone()),
            per_day: promise.per_day().into(),
            cap: promise.cap().into(),
            requested: promise.requested().map(Into::into),
        }
    }
}

/// What was typed, given back unchanged.
#[derive(Debug, Clone, Default, Serialize)]
pub(in crate::diary) struct TypedView {
    pub name: String,
    pub email: String,
    pub per_day: String,
    pub cap: String,
    pub is_named: bool,
}

/// Context of `sponsor`: the form, or after it that a mail is on its way.
#[derive(Debug, Clone, Serialize)]
pub(in crate::diary) struct SponsorView {
    pub shell: Shell,
    pub participant: String,
    pub page: Link,
    pub campaign: Link,
    pub action: String,
    pub currency: String,
    /// The currency's sign.
    pub sign: String,
    /// The season's days.
    pub days: i64,
    pub starts_on: String,
    pub ends_on: String,
    /// Why nobody can become a sponsor, if that is so.
    pub closed: Option<String>,
    /// The mail is on its way.
    pub is_sent: bool,
    pub give_url: Option<String>,
    pub typed: TypedView,
    pub faults: Faults,
    pub csrf: String,
}

/// Context of `sponsor_promise`: what the mailed link shows.
#[derive(Debug, Clone, Serialize)]
pub(in crate::diary) struct PromisedView {
    pub shell: Shell,
    pub participant: String,
    pub page: Link,
    pub per_day: MoneyView,
    pub cap: MoneyView,
    pub is_named: bool,
    pub name: String,
    /// The word of its state.
    pub state: &'static str,
    pub requested: Option<MoneyView>,
    pub days: Option<i64>,
    pub ends_on: String,
    pub confirm_url: String,
    pub cancel_url: String,
    pub give_url: Option<String>,
    pub csrf: String,
}
