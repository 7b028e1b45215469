//! The one thing that this noun asks of the outside: a certificate or a confirmation at Amazon's notification service (N16).

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Url;

/// Bytes of an answer at most.
const MOST: u64 = 64 * 1024;
/// How long it is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// An answer's body, or why there is none.
pub type Got = Result<Vec<u8>, String>;

/// Gets what is at an address. Tests have one of their own.
pub trait Fetch: Send + Sync {
    /// A GET of `url`, which is HTTPS.
    fn get<'a>(&'a self, url: &'a Url) -> Pin<Box<dyn Future<Output = Got> + Send + 'a>>;
}

/// Over the net: one request a connection, no redirects, nothing larger than a certificate.
pub struct Net;

impl Fetch for Net {
    fn get<'a>(&'a self, url: &'a Url) -> Pin<Box<dyn Future<Output = Got> + Send + 'a>> {
        Box::pin(async move {
            tokio::time::timeout(PATIENCE, get(url))
                .await
                .map_err(|_| "no answer in time".to_owned())?
                .map_err(|cause| cause.to_string())
        })
    }
}

async fn get(url: &Url) -> std::io::Result<Vec<u8>> {
    let bad = |why: &str| std::io::Error::other(why.to_owned());
    let host = url.host_str().ok_or_else(|| bad("no host"))?;
    let socket = TcpStream::connect((host, url.port_or_known_default().unwrap_or(443))).await?;
    let roots = rustls::RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(std::io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).map_err(std::io::Error::other)?;
    let mut stream = TlsConnector::from(Arc::new(config))
        .connect(name, socket)
        .await?;
    let query = url
        .query()
        .map_or(String::new(), |query| format!("?{query}"));
    // HTTP/1.0: the answer ends with the connection, in no chunks.
    let request = format!("GET {}{query} HTTP/1.0\r\nHost: {host}\r\n\r\n", url.path());
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    // Some servers close without TLS's good-bye: what came is looked at all the same.
    let read = (&mut stream).take(MOST).read_to_end(&mut answer).await;
    if let Err(cause) = read
        && cause.kind() != std::io::ErrorKind::UnexpectedEof
    {
        return Err(cause);
    }
    let head = answer
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .ok_or_else(|| bad("no answer"))?;
    let status = answer.get(9..12).unwrap_or_default();
    if status != b"200" {
        return Err(bad("the answer is not 200"));
    }
    Ok(answer.split_off(head + 4))
}
