//! Lists that are read narrowly: one object with a word that the library does not know must not hide the others.

use stripe::StripeRequest;
use stripe_client_core::{RequestBuilder, StripeMethod};
use stripe_types::RangeQueryTs;

/// A GET whose answer is read into a type of our own.
pub(super) struct Narrow<T> {
    path: &'static str,
    query: String,
    answer: std::marker::PhantomData<T>,
}

impl<T> Narrow<T> {
    pub(super) fn get(path: &'static str, query: &impl serde::Serialize) -> Self {
        let built = RequestBuilder::new(StripeMethod::Get, path).query(query);
        Self {
            path,
            query: built.query.unwrap_or_default(),
            answer: std::marker::PhantomData,
        }
    }
}

impl<T> StripeRequest for Narrow<T> {
    type Output = T;

    fn build(&self) -> RequestBuilder {
        let mut request = RequestBuilder::new(StripeMethod::Get, self.path);
        request.query = (!self.query.is_empty()).then(|| self.query.clone());
        request
    }
}

#[derive(serde::Serialize)]
pub(super) struct EventQuery<'a> {
    pub(super) created: RangeQueryTs,
    pub(super) types: &'a [&'a str],
    pub(super) limit: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) starting_after: Option<&'a str>,
}

/// An event of the processor's list, in the little that we read.
#[derive(Debug, miniserde::Deserialize)]
pub struct ListedEvent {
    /// `evt_…`
    pub id: String,
    /// `checkout.session.completed` …
    #[serde(rename = "type")]
    pub kind: String,
    /// Real money or test money.
    pub livemode: bool,
    /// When it happened, UTC seconds.
    pub created: i64,
    /// The version in which it is written.
    pub api_version: Option<String>,
    data: ListedData,
}

#[derive(Debug, miniserde::Deserialize)]
struct ListedData {
    object: miniserde::json::Value,
}

impl ListedEvent {
    /// The event as a webhook would have brought it.
    pub fn body(&self) -> String {
        let text = |word: &str| miniserde::json::to_string(word);
        format!(
            r#"{{"id":{},"type":{},"livemode":{},"created":{},"api_version":{},"data":{{"object":{}}}}}"#,
            text(&self.id),
            text(&self.kind),
            self.livemode,
            self.created,
            miniserde::json::to_string(&self.api_version),
            miniserde::json::to_string(&self.data.object),
        )
    }
}

#[derive(miniserde::Deserialize)]
pub(super) struct EventPage {
    pub(super) data: Vec<ListedEvent>,
    pub(super) has_more: bool,
}

/// A webhook endpoint of the account.
#[derive(Debug, Clone, miniserde::Deserialize)]
pub struct Endpoint {
    /// Where events are sent.
    pub url: String,
    /// The version in which they are written; none: the account's default.
    pub api_version: Option<String>,
    /// Real money or test money.
    pub livemode: bool,
}

#[derive(miniserde::Deserialize)]
pub(super) struct EndpointList {
    pub(super) data: Vec<Endpoint>,
}
