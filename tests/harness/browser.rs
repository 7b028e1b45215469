//! Somebody at a browser: cookies, forms with their seal, and the mailbox.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use super::world::World;

/// An answer, as far as tests look at it.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub text: String,
    pub location: String,
    pub retry_after: Option<String>,
    pub headers: reqwest::header::HeaderMap,
}

impl Answer {
    /// The answer to a form that was done: where it leads.
    pub fn leads_to(&self, place: &str) {
        assert_eq!(
            (self.status, self.location.as_str()),
            (303, place),
            "{}",
            self.text
        );
    }

    /// The page without what differs each time: seals and nonces.
    pub fn masked(&self) -> String {
        let mut text = self.text.clone();
        for mark in ["name=\"csrf\" value=\"", "nonce=\""] {
            let mut parts = text.split(mark);
            let mut out = parts.next().unwrap().to_owned();
            for part in parts {
                out.push_str(mark);
                out.push_str(part.split_once('"').unwrap().1);
            }
            text = out;
        }
        text
    }
}

pub struct Browser<'a> {
    world: &'a World,
    http: reqwest::Client,
    pub cookies: BTreeMap<String, String>,
    pub forwarded: Option<String>,
}

/// The name of the cookie that signs in, over plain http.
pub const SESSION: &str = "selvedge-session";

impl<'a> Browser<'a> {
    pub fn new(world: &'a World) -> Self {
        Self {
            world,
            http: world.http.clone(),
            cookies: BTreeMap::new(),
            forwarded: None,
        }
    }

    async fn send(&mut self, request: reqwest::RequestBuilder) -> Answer {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut request = request
            .header("accept", "text/html")
            .header("user-agent", "Mozilla/5.0 (Android 15) Firefox/140.0")
            .header("cookie", cookies.join("; "));
        if let Some(address) = &self.forwarded {
            request = request.header("x-forwarded-for", address);
        }
        let answer = request.send().await.unwrap();
        for set in answer.headers().get_all("set-cookie") {
            let pair = set.to_str().unwrap().split(';').next().unwrap().to_owned();
            let (name, value) = pair.split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let header = |name: &str| {
            let value = answer.headers().get(name);
            value.map(|value| value.to_str().unwrap().to_owned())
        };
        Answer {
            status: answer.status().as_u16(),
            location: header("location").unwrap_or_default(),
            retry_after: header("retry-after"),
            headers: answer.headers().clone(),
            text: answer.text().await.unwrap(),
        }
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        let request = self.http.get(self.world.url(path));
        self.send(request).await
    }

    /// Posts a form, with the seal of the page that it stands on.
    pub async fn post_from(&mut self, page: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let shown = self.get(page).await;
        let seal = shown
            .text
            .split_once("name=\"csrf\" value=\"")
            .unwrap_or_else(|| panic!("{page} has no form: {} {}", shown.status, shown.location))
            .1
            .split_once('"')
            .unwrap()
            .0
            .to_owned();
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("csrf", &seal);
        for (name, value) in fields {
            form.append_pair(name, value);
        }
        let request = self
            .http
            .post(self.world.url(path))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.finish());
        self.send(request).await
    }

    /// Posts a form that stands on a page of its own address.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_from(path, path, fields).await
    }

    pub async fn sign_in(&mut self, email: &str, password: &str) -> Answer {
        self.post("/login", &[("email", email), ("password", password)])
            .await
    }

    /// The path of the newest link to `door` that was mailed to `address`.
    pub async fn mailed_link(&self, address: &str, door: &str) -> String {
        self.world.work().await;
        for mail in self.world.mails_to(address).await {
            let text = mail["text"].as_str().unwrap();
            let start = format!("{}{door}/", self.world.base);
            if let Some(at) = text.find(&start) {
                let link = text[at..].split_whitespace().next().unwrap();
                return link[self.world.base.len()..].to_owned();
            }
        }
        panic!("no link to {door} was mailed");
    }

    /// Signs up and follows the mailed link; answers where it led.
    pub async fn join(&mut self, name: &str, email: &str, password: &str) -> String {
        let fields = [("name", name), ("email", email), ("password", password)];
        self.post("/signup", &fields).await.leads_to("/signup/sent");
        let link = self.mailed_link(email, "/verify").await;
        let done = self.post(&link, &[]).await;
        assert_eq!(done.status, 303, "{}", done.text);
        done.location
    }
}

/// An address that no other test has.
pub fn address() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("mira{}@example.org", COUNT.fetch_add(1, Ordering::Relaxed))
}
