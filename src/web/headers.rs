//! Security headers, on every answer (S8).

use actix_web::HttpResponse;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::error::AppResult;

/// 128 random bits that mark a page's own scripts and styles (CSP level 3, `nonce-source`).
///
/// A cached view and its nonce live and die together: whoever gets the bytes gets the header they were rendered for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nonce(String);

impl Nonce {
    /// A new nonce.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn fresh() -> AppResult<Self> {
        let mut bytes = [0u8; 16];
        getrandom::fill(&mut bytes)?;
        Ok(Self(STANDARD_NO_PAD.encode(bytes)))
    }

    /// The text for `nonce="…"`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The content security policy of a page whose scripts and styles carry this nonce.
    pub fn policy(&self) -> HeaderValue {
        let nonce = &self.0;
        let text = format!(
            "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; {REST_OF_POLICY}"
        );
        HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(BARE_POLICY))
    }
}

/// What every page's policy has besides its nonces. Forms lead to this site (the sandbox's pay page too) or to Stripe's.
const REST_OF_POLICY: &str = "img-src 'self' data:; font-src 'self'; connect-src 'self'; \
form-action 'self' https://checkout.stripe.com; frame-ancestors 'none'; base-uri 'none'; object-src 'none'";

/// The policy of answers that are no pages: JSON, images, plain text.
const BARE_POLICY: &str =
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

const PERMISSIONS: HeaderName = HeaderName::from_static("permissions-policy");
const OPENER: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// The headers that do not depend on the answer.
#[derive(Debug, Clone)]
pub struct SecurityHeaders {
    fixed: Vec<(HeaderName, HeaderValue)>,
}

impl SecurityHeaders {
    /// The headers of a site that is reached over https or not.
    pub fn new(is_https: bool) -> Self {
        let mut fixed = vec![
            (
                header::X_CONTENT_TYPE_OPTIONS,
                HeaderValue::from_static("nosniff"),
            ),
            (
                header::REFERRER_POLICY,
                HeaderValue::from_static("strict-origin-when-cross-origin"),
            ),
            (OPENER, HeaderValue::from_static("same-origin")),
            (
                PERMISSIONS,
                HeaderValue::from_static(
                    "camera=(), microphone=(), geolocation=(), browsing-topics=()",
                ),
            ),
            (
                header::CONTENT_SECURITY_POLICY,
                HeaderValue::from_static(BARE_POLICY),
            ),
        ];
        if is_https {
            // One year, as S8 asks; subdomains may be somebody else's.
            fixed.push((
                header::STRICT_TRANSPORT_SECURITY,
                HeaderValue::from_static("max-age=31536000"),
            ));
        }
        Self { fixed }
    }

    /// Adds each header that the answer does not set itself.
    pub fn complete(&self, headers: &mut HeaderMap) {
        // A view that came with all of them says so by this one; no other code sets it.
        if headers.contains_key(header::X_CONTENT_TYPE_OPTIONS) {
            return;
        }
        for (name, value) in &self.fixed {
            if !headers.contains_key(name) {
                headers.insert(name.clone(), value.clone());
            }
        }
    }
}

/// For pages reached by a private link: no other site may learn the address (S7), and nothing keeps the page.
pub fn keep_address_private(response: &mut HttpResponse) {
    let headers = response.headers_mut();
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        HeaderName::from_static("x-robots-tag"),
        HeaderValue::from_static("noindex"),
    );
}
