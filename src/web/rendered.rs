//! A rendered view with its headers and encodings, ready to be sent any number of times.

use std::io::Write as _;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use sha2::{Digest, Sha256};

use super::headers::{Nonce, SecurityHeaders};
use super::view_cache::View;

/// Smaller bodies are sent as they are: the saving would be less than the headers.
const WORTH_COMPRESSING: usize = 1_024;

/// One encoding of a view, with every header of its answer.
struct Variant {
    headers: HeaderMap,
    body: Bytes,
}

/// The bytes of a view and all that is sent with them.
pub(super) struct Rendered {
    plain: Variant,
    gzip: OnceLock<Variant>,
    brotli: OnceLock<Variant>,
    /// Identifies the content; the entity tag of each encoding begins with it.
    fingerprint: String,
    /// The nonce in the content, to be used again while the content stays the same.
    pub(super) nonce: Nonce,
    compressible: bool,
    hits: AtomicU32,
}

impl Rendered {
    pub(super) fn new(view: View, nonce: Nonce, security: &SecurityHeaders) -> Self {
        let digest = Sha256::digest(&view.body);
        let fingerprint = hex::encode(digest.get(..16).unwrap_or(&digest));
        let kind = view.content_type;
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(header::ETAG, tag(&fingerprint, ""));
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        let keep = HeaderValue::from_str(&match view.keep_seconds {
            0 => "no-cache".to_owned(),
            seconds => format!("public, max-age={seconds}"),
        });
        headers.insert(
            header::CACHE_CONTROL,
            keep.unwrap_or(HeaderValue::from_static("no-cache")),
        );
        let policy = match view.policy {
            Some(policy) => Some(policy),
            None if kind.starts_with("text/html") => Some(nonce.policy()),
            None => None,
        };
        if let Some(policy) = policy {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        for (name, value) in view.headers {
            headers.insert(name, value);
        }
        security.complete(&mut headers);
        let compressible = view.body.len() >= WORTH_COMPRESSING
            && ["text/", "application/json", "image/svg", "application/xml"]
                .iter()
                .any(|lead| kind.starts_with(lead));
        Self {
            plain: Variant {
                headers,
                body: view.body,
            },
            gzip: OnceLock::new(),
            brotli: OnceLock::new(),
            fingerprint,
            nonce,
            compressible,
            hits: AtomicU32::new(0),
        }
    }

    /// Whether this is sent byte for byte, header for header, as `other`.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let (ours, theirs) = (&self.plain.headers, &other.plain.headers);
        self.fingerprint == other.fingerprint
            && ours.len() == theirs.len()
            && ours
                .iter()
                .all(|(name, value)| theirs.get(name) == Some(value))
    }

    /// About how many bytes this takes in memory once it is compressed.
    pub(super) fn weight(&self) -> u32 {
        let bytes = self.plain.body.len() + self.plain.body.len() / 2 + 4_096;
        u32::try_from(bytes).unwrap_or(u32::MAX)
    }

    /// The answer to `request`: 304 when it has this content already, else the encoding it takes best.
    pub(super) fn answer(self: &Arc<Self>, request: &HttpRequest) -> HttpResponse {
        let headers = request.headers();
        let variant = self.variant(headers);
        if headers
            .get(header::IF_NONE_MATCH)
            .is_some_and(|tags| self.is_among(tags))
        {
            return respond(
                StatusCode::NOT_MODIFIED,
                &variant.headers,
                BoxBody::new(()),
                true,
            );
        }
        let body = BoxBody::new(variant.body.clone());
        respond(StatusCode::OK, &variant.headers, body, false)
    }

    fn variant(self: &Arc<Self>, headers: &HeaderMap) -> &Variant {
        let accepted = headers
            .get(header::ACCEPT_ENCODING)
            .and_then(|value| value.to_str().ok());
        let (Some(accepted), true) = (accepted, self.compressible) else {
            return &self.plain;
        };
        let brotli = takes(accepted, "br");
        if !brotli && !takes(accepted, "gzip") {
            return &self.plain;
        }
        // Compressing costs more than rendering: only a view that is asked for again is worth it.
        if self.hits.load(Ordering::Relaxed) < 2 && self.hits.fetch_add(1, Ordering::Relaxed) == 1 {
            let rendered = Arc::clone(self);
            drop(tokio::task::spawn_blocking(move || rendered.compress()));
        }
        let best = if brotli {
            self.brotli.get()
        } else {
            self.gzip.get()
        };
        best.unwrap_or(&self.plain)
    }

    fn compress(&self) {
        if let Some(bytes) = gzip(&self.plain.body) {
            self.gzip.get_or_init(|| self.encoded(bytes, "gzip", "-gz"));
        }
        if let Some(bytes) = brotli(&self.plain.body) {
            self.brotli.get_or_init(|| self.encoded(bytes, "br", "-br"));
        }
    }

    /// A strong tag stands for bytes, so each encoding has its own (RFC 9110, 8.8.3).
    fn encoded(&self, body: Vec<u8>, coding: &'static str, suffix: &str) -> Variant {
        let mut headers = self.plain.headers.clone();
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
        headers.insert(header::ETAG, tag(&self.fingerprint, suffix));
        Variant {
            headers,
            body: body.into(),
        }
    }

    /// `If-None-Match` (RFC 9110, 13.1.2): any encoding of the same content will do, the reader holds it already.
    fn is_among(&self, tags: &HeaderValue) -> bool {
        let Ok(tags) = tags.to_str() else {
            return false;
        };
        tags.split(',').map(str::trim).any(|tag| {
            let tag = tag.trim_start_matches("W/").trim_matches('"');
            tag == "*" || tag.split('-').next() == Some(self.fingerprint.as_str())
        })
    }
}

fn respond(status: StatusCode, headers: &HeaderMap, body: BoxBody, bare: bool) -> HttpResponse {
    let mut response = HttpResponse::with_body(status, body);
    *response.headers_mut() = headers.clone();
    if bare {
        let of_content: [HeaderName; 2] = [header::CONTENT_TYPE, header::CONTENT_ENCODING];
        for name in of_content {
            response.headers_mut().remove(name);
        }
    }
    response
}

fn tag(fingerprint: &str, suffix: &str) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{fingerprint}{suffix}\""))
        .unwrap_or(HeaderValue::from_static("\"\""))
}

/// Whether `Accept-Encoding` takes `coding` (a weight of zero means no).
fn takes(accepted: &str, coding: &str) -> bool {
    accepted.split(',').any(|item| {
        let mut parts = item.split(';').map(str::trim);
        parts.next() == Some(coding)
            && !parts.any(|part| {
                part.strip_prefix("q=")
                    .is_some_and(|weight| weight.trim_matches(['0', '.']).is_empty())
            })
    })
}

fn gzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok()
}

fn brotli(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    // Quality 5 of 11, window 2^22: the usual choice for pages made on the fly.
    let mut encoder = brotli::CompressorWriter::new(&mut out, 4_096, 5, 22);
    encoder.write_all(bytes).ok()?;
    encoder.flush().ok()?;
    drop(encoder);
    Some(out)
}
