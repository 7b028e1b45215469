//! People with a browser: a session of their own and the seal of a form page.

use std::collections::HashMap;

use diesel::prelude::*;
use secrecy::ExposeSecret;
use selvedge::auth::roles::{SetRole, set_role};
use selvedge::auth::sessions::{self, NewSession};
use selvedge::auth::{NewToken, NewUser, Role, Scope, UserId, insert_user, user_by_email};
use selvedge::campaigns::CampaignId;
use selvedge::db::schema::campaigns;
use selvedge::each;
use selvedge::kernel::{Email, Line};

use super::world::{CAMPAIGN, World};

/// Somebody at a browser, signed in or not.
pub struct Visitor {
    cookies: String,
    seal: String,
}

impl Visitor {
    /// The cookies of this browser.
    /// What the browser sends along.
    pub fn cookies(&self) -> &str {
        &self.cookies
    }

    /// What goes into the field `csrf`.
    /// The seal of its forms.
    pub fn seal(&self) -> &str {
        &self.seal
    }
}

/// An answer as tests look at it.
pub struct Answer {
    pub status: u16,
    pub place: String,
    pub text: String,
}

impl World {
    /// A new user of this role.
    pub async fn user(&self, email: &str, role: Role) -> UserId {
        let id = UserId::new();
        let new = NewUser {
            id,
            email: email.parse::<Email>().unwrap(),
            name: Line::parse(email, 80).unwrap(),
            password_hash: None,
            roles: vec![role],
        };
        let now = self.clock.now();
        self.app
            .site
            .db
            .tx(move |c| insert_user(c, &new, now))
            .await
            .unwrap();
        id
    }

    /// A new user of this role, for one season alone.
    pub async fn user_of_one(&self, email: &str, role: Role, season: &str) -> UserId {
        let user = self.user(email, role).await;
        let (slug, now) = (season.parse().unwrap(), self.clock.now());
        let narrowed = self.app.site.db.tx(move |c| {
            let season = selvedge::campaigns::model::any_by_slug(c, &slug)?.unwrap();
            let new = selvedge::auth::roles::SetRole {
                user,
                role,
                has: true,
                campaigns: vec![season.id],
            };
            selvedge::auth::roles::set_role(c, &new, now)
        });
        narrowed.await.unwrap();
        user
    }

    /// The user of an address.
    pub async fn user_of(&self, email: &str) -> UserId {
        let email: Email = email.parse().unwrap();
        let found = self
            .app
            .site
            .db
            .read(move |c| user_by_email(c, &email))
            .await
            .unwrap();
        found.unwrap().id
    }

    /// A new coordinator of this season alone.
    pub async fn coordinator_of(&self, email: &str, season: CampaignId) -> UserId {
        let user = self.user(email, Role::Coordinator).await;
        let narrow = SetRole {
            user,
            role: Role::Coordinator,
            has: true,
            campaigns: vec![season],
        };
        let now = self.clock.now();
        self.app
            .site
            .db
            .tx(move |c| set_role(c, &narrow, now))
            .await
            .unwrap();
        user
    }

    /// A season by its slug.
    pub async fn season(&self, slug: &'static str) -> CampaignId {
        let query = campaigns::table
            .filter(campaigns::slug.eq(slug))
            .select(campaigns::id);
        let read = self
            .app
            .site
            .db
            .read(move |c| Ok(each!(c, c => query.first(c))?));
        read.await.unwrap()
    }

    /// A browser that is signed in as `user`, or as nobody.
    pub async fn visitor(&self, user: Option<UserId>) -> Visitor {
        let mut cookies = String::new();
        if let Some(user) = user {
            let (session, secret) = NewSession::make(user, "a test").unwrap();
            let now = self.clock.now();
            self.app
                .site
                .db
                .tx(move |c| sessions::begin(c, &session, now))
                .await
                .unwrap();
            cookies = format!("selvedge-session={}; ", secret.expose_secret());
        }
        let answer = self
            .http
            .get(self.url(&format!("/give/{CAMPAIGN}")))
            .send()
            .await
            .unwrap();
        let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
        cookies.push_str(cookie.split(';').next().unwrap());
        let text = answer.text().await.unwrap();
        let seal = text.split("name=\"csrf\" value=\"").nth(1).unwrap();
        Visitor {
            cookies,
            seal: seal.split('"').next().unwrap().to_owned(),
        }
    }

    /// An API token of `user` with every scope that a test needs.
    pub async fn token(&self, user: UserId, scopes: &[&str]) -> String {
        let scopes: Vec<Scope> = scopes.iter().map(|scope| scope.parse().unwrap()).collect();
        let (token, text) = NewToken::make(user, scopes).unwrap();
        let now = self.clock.now();
        self.app
            .site
            .db
            .tx(move |c| selvedge::auth::token::insert(c, &token, now))
            .await
            .unwrap();
        text.expose_secret().to_owned()
    }

    /// Asks as `visitor`; a form is sent with its seal.
    pub async fn ask(
        &self,
        visitor: &Visitor,
        method: &str,
        path: &str,
        form: &[(&str, &str)],
    ) -> Answer {
        let mut request = self
            .http
            .request(method.parse().unwrap(), self.url(path))
            .header("cookie", &visitor.cookies)
            .header("accept", "text/html");
        if method != "GET" {
            let mut body = url::form_urlencoded::Serializer::new(String::new());
            body.append_pair("csrf", &visitor.seal).extend_pairs(form);
            request = request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body.finish());
        }
        let answer = request.send().await.unwrap();
        let place = answer.headers().get("location");
        Answer {
            status: answer.status().as_u16(),
            place: place
                .map(|place| place.to_str().unwrap().to_owned())
                .unwrap_or_default(),
            text: answer.text().await.unwrap(),
        }
    }

    /// A page for `visitor`, which must be there.
    pub async fn look(&self, visitor: &Visitor, path: &str) -> String {
        let answer = self.ask(visitor, "GET", path, &[]).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.text
    }

    /// A form that must be taken; answers where it leads.
    pub async fn send(&self, visitor: &Visitor, path: &str, form: &[(&str, &str)]) -> String {
        let answer = self.ask(visitor, "POST", path, form).await;
        assert_eq!(answer.status, 303, "{path}: {}", answer.text);
        answer.place
    }
}

impl World {
    /// A form with files, as a browser sends it: `file` is its field and its bytes.
    pub async fn upload(
        &self,
        visitor: &Visitor,
        path: &str,
        fields: &[(&str, String)],
        file: Option<(&str, &[u8])>,
    ) -> Answer {
        let mut body = Vec::new();
        let mut part = |head: &str, value: &[u8]| {
            let lead = format!("--cloth\r\nContent-Disposition: form-data; {head}\r\n\r\n");
            body.extend_from_slice(lead.as_bytes());
            body.extend_from_slice(value);
            body.extend_from_slice(b"\r\n");
        };
        for (name, value) in fields {
            part(&format!("name=\"{name}\""), value.as_bytes());
        }
        part("name=\"csrf\"", visitor.seal.as_bytes());
        if let Some((name, bytes)) = file {
            part(&format!("name=\"{name}\"; filename=\"a.pdf\""), bytes);
        }
        body.extend_from_slice(b"--cloth--\r\n");
        let answer = self
            .http
            .post(self.url(path))
            .header("cookie", &visitor.cookies)
            .header("accept", "text/html")
            .header("content-type", "multipart/form-data; boundary=cloth")
            .body(body)
            .send()
            .await
            .unwrap();
        let place = answer.headers().get("location");
        Answer {
            status: answer.status().as_u16(),
            place: place.map_or_else(String::new, |place| place.to_str().unwrap().to_owned()),
            text: answer.text().await.unwrap(),
        }
    }
}

/// The fields of the form on `html` that is sent to `action`, as a browser would send them untouched.
pub fn fields_of(html: &str, action: &str) -> HashMap<String, Vec<String>> {
    let form = html
        .split("<form ")
        .find(|form| form.contains(&format!("action=\"{action}\"")))
        .unwrap_or_else(|| panic!("no form leads to {action}"));
    let form = form.split("</form>").next().unwrap();
    let attribute = |tag: &str, name: &str| {
        let text = tag.split(&format!(" {name}=\"")).nth(1)?;
        Some(unescaped(text.split('"').next()?))
    };
    let mut fields: HashMap<String, Vec<String>> = HashMap::new();
    for tag in form.split('<') {
        let is_input = tag.starts_with("input ");
        let is_area = tag.starts_with("textarea ");
        let Some(name) = attribute(tag, "name").filter(|_| is_input || is_area) else {
            continue;
        };
        let head = tag.split('>').next().unwrap();
        let is_box = head.contains("type=\"checkbox\"");
        if is_box && !head.contains(" checked") {
            continue;
        }
        let value = if is_area {
            unescaped(tag.split_once('>').unwrap().1)
        } else {
            attribute(head, "value").unwrap_or_default()
        };
        fields.entry(name).or_default().push(value);
    }
    fields.remove("csrf");
    fields
}

fn unescaped(text: &str) -> String {
    text.replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&#x27;", "'")
        .replace("&#x60;", "`")
        .replace("&#x3D;", "=")
        .replace("&amp;", "&")
}
