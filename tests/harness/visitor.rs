//! A person with a browser: signed in by a session of their own, with the seal that forms need.

use secrecy::ExposeSecret;
use selvedge::auth::sessions::{self, NewSession};
use selvedge::auth::token::{self, NewToken};
use selvedge::auth::{NewUser, Role, UserId, insert_user, user_by_email};
use selvedge::kernel::Line;
use serde_json::Value;

use super::world::{CAMPAIGN, World};

pub struct Visitor {
    pub user: UserId,
    base: String,
    http: reqwest::Client,
    cookies: String,
    seal: String,
}

/// What a page or form answered.
pub struct Answer {
    pub status: u16,
    pub location: String,
    pub text: String,
}

impl Answer {
    /// Where a 303 leads; anything else fails the test.
    pub fn to(&self) -> &str {
        assert_eq!(self.status, 303, "{}", self.said());
        &self.location
    }

    /// The page without its tags, for a failing test's message.
    pub fn said(&self) -> String {
        let main = self.text.split("<main").nth(1).unwrap_or(&self.text);
        let mut words = String::new();
        let mut inside = true;
        for symbol in main.chars() {
            match symbol {
                '<' => inside = true,
                '>' => inside = false,
                _ if !inside => words.push(symbol),
                _ => {}
            }
        }
        words.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

impl Visitor {
    /// Signs in the person of this address, who is there already.
    pub async fn sign_in(world: &World, email: &str) -> Self {
        let email = email.parse().unwrap();
        let found = world.app.site.db.read(move |c| user_by_email(c, &email));
        let user = found.await.unwrap().expect("a user of this address").id;
        Self::of(world, user).await
    }

    /// The owner of one of the demo's pages.
    pub async fn owner_of(world: &World, page: &str) -> Self {
        Self::sign_in(world, &format!("{page}@example.org")).await
    }

    /// A new person with this role.
    pub async fn new(world: &World, name: &str, email: &str, role: Role) -> Self {
        let new = NewUser {
            id: UserId::new(),
            email: email.parse().unwrap(),
            name: Line::parse(name, 80).unwrap(),
            password_hash: None,
            roles: vec![role],
        };
        let (user, now) = (new.id, world.clock.now());
        let made = world.app.site.db.tx(move |c| insert_user(c, &new, now));
        made.await.unwrap();
        Self::of(world, user).await
    }

    async fn of(world: &World, user: UserId) -> Self {
        let (mut session, secret) = NewSession::make(user, "test").unwrap();
        session.second_factor = true;
        let now = world.clock.now();
        let begun = world
            .app
            .site
            .db
            .tx(move |c| sessions::begin(c, &session, now));
        begun.await.unwrap();
        let mut visitor = Self {
            user,
            base: world.base.clone(),
            http: world.http.clone(),
            cookies: format!("selvedge-session={}", secret.expose_secret()),
            seal: String::new(),
        };
        let form = visitor.http.get(format!("{}/give/{CAMPAIGN}", world.base));
        let form = form.send().await.unwrap();
        let cookie = form.headers()["set-cookie"].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        visitor.cookies = format!("{}; {cookie}", visitor.cookies);
        let text = form.text().await.unwrap();
        let seal = text.split("name=\"csrf\" value=\"").nth(1).unwrap();
        visitor.seal = seal.split('"').next().unwrap().to_owned();
        visitor
    }

    pub async fn get(&self, path: &str) -> Answer {
        let request = self.http.get(format!("{}{path}", self.base));
        Self::answer(request.header("cookie", &self.cookies)).await
    }

    /// Posts a form with the seal.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("csrf", &self.seal);
        form.extend_pairs(fields);
        let request = self
            .http
            .post(format!("{}{path}", self.base))
            .header("cookie", &self.cookies)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.finish());
        Self::answer(request).await
    }

    async fn answer(request: reqwest::RequestBuilder) -> Answer {
        let answer = request.send().await.unwrap();
        let location = answer.headers().get("location");
        Answer {
            status: answer.status().as_u16(),
            location: location.map_or(String::new(), |to| to.to_str().unwrap().to_owned()),
            text: answer.text().await.unwrap(),
        }
    }

    /// A token of this person with these scopes.
    pub async fn token(&self, world: &World, scopes: &[&str]) -> String {
        let scopes = scopes.iter().map(|scope| scope.parse().unwrap()).collect();
        let (new, secret) = NewToken::make(self.user, scopes).unwrap();
        let now = world.clock.now();
        let stored = world.app.site.db.tx(move |c| token::insert(c, &new, now));
        stored.await.unwrap();
        secret.expose_secret().to_owned()
    }
}

/// Asks the API with a token; answers status and JSON (`null` for an empty body).
pub async fn ask(
    world: &World,
    method: reqwest::Method,
    path: &str,
    (token, body): (&str, Option<Value>),
) -> (u16, Value) {
    let mut request = world
        .http
        .request(method, world.url(path))
        .header("authorization", format!("Bearer {token}"));
    if let Some(body) = body {
        request = request.json(&body);
    }
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}
