//! Forms that only this site's own pages can post (S2): a random cookie and, in the form, its seal.
//!
//! The gate refuses every state-changing request whose form does not carry the seal, before a handler is chosen, so a
//! handler cannot forget. Programs' paths ([`EXEMPT`]) have proofs of their own: signatures, bearer tokens, mailed tokens.

use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::future::{Ready, ready};
use serde::de::DeserializeOwned;
use url::form_urlencoded;

use super::body::{self, Pace};
use super::upload::{self, Files, Uploads};
use crate::config::Config;
use crate::db::{Db, installation};
use crate::error::{AppError, AppResult};
use crate::kernel::secret;

/// A form's bytes at most (F11).
pub const FORM_MAX: usize = 256 * 1024;

/// The name of the form field that carries the seal.
pub const FIELD: &str = "csrf";

/// A seal sent beside a body that is no form (a script's request, an upload).
const HEADER: &str = "x-csrf-token";

/// Paths whose requests prove themselves otherwise.
const EXEMPT: [&str; 5] = [
    "/webhooks/",
    "/api/",
    "/unsubscribe/",
    "/mail/",
    "/sandbox/",
];

const KEY_NAME: &str = "csrf_key";

/// Makes and checks seals.
pub struct Csrf {
    key: String,
    cookie: &'static str,
    is_https: bool,
    origin: String,
    uploads: Uploads,
}

/// The seal for a page's forms.
pub struct Seal {
    /// The value of the hidden field [`FIELD`].
    pub value: String,
    /// To be set on the answer, when the browser has none yet.
    pub cookie: Option<Cookie<'static>>,
}

impl Csrf {
    /// Reads the installation's key; a first start makes it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn load(db: &Db, config: &Config) -> AppResult<Self> {
        let made = secret::random_token()?;
        let key = match db.read(|conn| installation::kept(conn, KEY_NAME)).await? {
            Some(key) => key,
            None => {
                db.tx(move |conn| installation::keep(conn, KEY_NAME, &made))
                    .await?
            }
        };
        let is_https = config.is_https();
        let origin = url::Url::parse(&config.public_url())
            .map(|url| url.origin().ascii_serialization())
            .map_err(AppError::internal)?;
        let cookie = if is_https {
            "__Host-selvedge-csrf"
        } else {
            "selvedge-csrf"
        };
        Ok(Self {
            key,
            cookie,
            is_https,
            origin,
            uploads: Uploads::default(),
        })
    }

    /// The seal for the forms of a page asked for by `request`; its cookie, if any, goes on the answer.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn token(&self, request: &HttpRequest) -> AppResult<Seal> {
        if let Some(known) = self.cookie_of(request.headers()) {
            return Ok(Seal {
                value: self.seal(known),
                cookie: None,
            });
        }
        let fresh = secret::random_token()?;
        let value = self.seal(&fresh);
        let cookie = Cookie::build(self.cookie, fresh)
            .path("/")
            .http_only(true)
            .secure(self.is_https)
            .same_site(SameSite::Lax)
            .finish();
        Ok(Seal {
            value,
            cookie: Some(cookie),
        })
    }

    fn seal(&self, cookie: &str) -> String {
        secret::hmac_sha256_hex(self.key.as_bytes(), &[b"csrf:", cookie.as_bytes()])
    }

    /// The browser's cookie, when it looks like one of ours. Read from the header, for `HttpRequest::cookies` parses
    /// and keeps them all.
    fn cookie_of<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        headers
            .get_all(header::COOKIE)
            .filter_map(|value| value.to_str().ok())
            .flat_map(|text| text.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(name, value)| *name == self.cookie && value.len() == 43)
            .map(|(_, value)| value)
    }

    fn opens(&self, headers: &HeaderMap, seal: &str) -> bool {
        self.cookie_of(headers)
            .is_some_and(|cookie| secret::equal(self.seal(cookie).as_bytes(), seal.as_bytes()))
    }

    /// Lets a request pass to its handler, or refuses it; a form's bytes are read here and kept for [`CsrfForm`].
    ///
    /// # Errors
    /// 403 for a request that does not come from a page of this site; those of reading a body.
    pub(super) async fn admit(&self, request: &mut ServiceRequest, pace: Pace) -> AppResult<()> {
        if is_safe(request.method()) {
            return Ok(());
        }
        let headers = request.headers();
        if EXEMPT
            .iter()
            .any(|prefix| request.path().starts_with(prefix))
        {
            return admit_program(request.path(), headers);
        }
        if !self.is_same_site(headers) {
            return Err(REFUSED);
        }
        let in_header = headers.get(HEADER).and_then(|value| value.to_str().ok());
        if let Some(seal) = in_header {
            return self.opens(headers, seal).then_some(()).ok_or(REFUSED);
        }
        // Without a cookie no seal can fit: nothing is read for such a request.
        if self.cookie_of(headers).is_none() {
            return Err(REFUSED);
        }
        let form = if upload::is_upload(headers) {
            let payload = request.take_payload();
            let read = upload::read(&self.uploads, request.headers(), payload, pace).await?;
            Admitted::new(read.fields.into_iter(), read.files)
        } else if is_form(headers) {
            let declared = body::declared_length(headers);
            let bytes = body::read(&mut request.take_payload(), declared, FORM_MAX, pace).await?;
            Admitted::new(form_urlencoded::parse(&bytes), Files::default())
        } else {
            return Err(REFUSED);
        };
        match &form.seal {
            Some(seal) if self.opens(request.headers(), seal) => {
                request.extensions_mut().insert(form);
                Ok(())
            }
            _ => Err(REFUSED),
        }
    }

    /// What the browser itself says about where a request comes from (Fetch Metadata; RFC 6454 `Origin`).
    ///
    /// A page sent with `no-referrer` posts `Origin: null` even to its own site; where `Sec-Fetch-Site` is missing too
    /// (plain http) the seal alone decides.
    fn is_same_site(&self, headers: &HeaderMap) -> bool {
        let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
        match (text("sec-fetch-site"), text("origin")) {
            (Some(site), _) => matches!(site, "same-origin" | "none"),
            (None, None | Some("null")) => true,
            (None, Some(origin)) => {
                let host = text("host").unwrap_or("");
                origin == self.origin
                    || origin
                        .split_once("://")
                        .is_some_and(|(_, from)| !host.is_empty() && from == host)
            }
        }
    }
}

const REFUSED: AppError = AppError::Forbidden(
    "this form was not sent from a page of this site, or the page had been open for too long; go back, reload the page and send it again",
);

fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// A foreign page can make a browser send a "simple" request, but not one of `application/json`.
fn admit_program(path: &str, headers: &HeaderMap) -> AppResult<()> {
    let says = |name: &str, what: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.starts_with(what))
    };
    let foreign = says("sec-fetch-site", "cross-site");
    if path.starts_with("/api/") && foreign && !says("content-type", "application/json") {
        return Err(AppError::Forbidden(
            "another site's page may only send application/json here",
        ));
    }
    Ok(())
}

fn is_form(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| {
            kind.trim()
                .eq_ignore_ascii_case("application/x-www-form-urlencoded")
        })
}

/// A form whose seal was good.
struct Admitted {
    seal: Option<String>,
    /// Urlencoded, whichever way the form came. The seal is the platform's own field: a form that refuses unknown fields
    /// must not see it.
    fields: String,
    files: Files,
}

impl Admitted {
    fn new<N, V>(all: impl Iterator<Item = (N, V)>, files: Files) -> Self
    where
        N: AsRef<str>,
        V: AsRef<str>,
    {
        let (mut seal, mut fields) = (None, form_urlencoded::Serializer::new(String::new()));
        for (name, value) in all {
            if name.as_ref() == FIELD {
                seal.get_or_insert_with(|| value.as_ref().to_owned());
            } else {
                fields.append_pair(name.as_ref(), value.as_ref());
            }
        }
        Self {
            seal,
            fields: fields.finish(),
            files,
        }
    }
}

/// The form that the gate let in, and its files, which can be had once.
pub(super) fn admitted<T: DeserializeOwned>(request: &HttpRequest) -> AppResult<(T, Files)> {
    let mut extensions = request.extensions_mut();
    let form = extensions.get_mut::<Admitted>().ok_or(REFUSED)?;
    let fields = body::from_urlencoded(&form.fields)?;
    Ok((fields, std::mem::take(&mut form.files)))
}

/// A posted form, its seal already checked by the gate. One with files: [`super::UploadForm`].
///
/// Fields are read as `T` says; give them `String`s and parse them where the form can be shown again with what was typed.
pub struct CsrfForm<T>(pub T);

impl<T: DeserializeOwned> FromRequest for CsrfForm<T> {
    type Error = AppError;
    type Future = Ready<AppResult<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(admitted(request).map(|(fields, _)| Self(fields)))
    }
}
