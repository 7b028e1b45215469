//! Rate limits by address (S5), and whose address a request counts for.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::http::header::HeaderMap;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::config::Config;
use crate::error::{AppError, AppResult};

/// Paths that are never limited here: they are signed, the processor's own, or asked for by machines that watch.
const EXEMPT: [&str; 4] = ["/webhooks/", "/sandbox/", "/livez", "/readyz"];

/// The reverse proxies whose word about a client's address is believed.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Arc<[IpAddr]>);

impl TrustedProxies {
    /// Reads addresses separated by commas.
    ///
    /// # Errors
    /// Names the text that is no address.
    pub fn parse(text: &str) -> AppResult<Self> {
        text.split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(|part| {
                part.parse::<IpAddr>()
                    .map(|address| address.to_canonical())
                    .map_err(|_| {
                        AppError::internal(format!(
                            "http.trusted_proxies: {part:?} is no IP address"
                        ))
                    })
            })
            .collect::<AppResult<Vec<_>>>()
            .map(|addresses| Self(addresses.into()))
    }

    /// Whether `address` is such a proxy.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }

    /// The client's address: the peer's, unless the peer is trusted; then the rightmost of `X-Forwarded-For` that is
    /// not. What stands left of it, anybody may have written.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if self.0.is_empty() || !self.contains(peer) {
            return peer.to_canonical();
        }
        let lines: Vec<&str> = headers
            .get_all("x-forwarded-for")
            .filter_map(|line| line.to_str().ok())
            .collect();
        let mut nearest = peer.to_canonical();
        for hop in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
            // Behind a word that is no address, nothing can be believed.
            let Some(address) = hop_address(hop.trim()) else {
                return nearest;
            };
            nearest = address;
            if !self.contains(address) {
                return address;
            }
        }
        nearest
    }
}

/// `192.0.2.1`, `192.0.2.1:443`, `2001:db8::1` or `[2001:db8::1]:443`.
fn hop_address(text: &str) -> Option<IpAddr> {
    let whole = text.parse::<IpAddr>();
    let with_port = || text.parse::<std::net::SocketAddr>().map(|at| at.ip());
    let in_brackets = || {
        text.trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<IpAddr>()
    };
    whole
        .or_else(|_| with_port())
        .or_else(|_| in_brackets())
        .ok()
        .map(|address| address.to_canonical())
}

/// Who shares one limit: an IPv4 address, or the /64 that one IPv6 customer holds.
pub(super) fn limit_key(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(v4) => u128::from(v4.to_ipv6_mapped()),
        IpAddr::V6(v6) => u128::from(v6) & (u128::MAX << 64),
    }
}

/// The limits in force.
pub struct RateLimits {
    /// Whose word about addresses is believed.
    pub proxies: TrustedProxies,
    quotas: Option<Quotas>,
    clock: DefaultClock,
}

struct Quotas {
    read: DefaultKeyedRateLimiter<u128>,
    write: DefaultKeyedRateLimiter<u128>,
}

impl RateLimits {
    /// The limits that the settings ask for.
    ///
    /// # Errors
    /// When a trusted proxy is no IP address.
    pub fn new(config: &Config) -> AppResult<Self> {
        let limits = &config.limits;
        let quota = |per_minute: u32, burst: u32| {
            let at_least_one = |n: u32| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
            RateLimiter::keyed(
                Quota::per_minute(at_least_one(per_minute)).allow_burst(at_least_one(burst)),
            )
        };
        let quotas = limits.enabled.then(|| Quotas {
            read: quota(limits.read_per_minute, limits.read_burst),
            write: quota(limits.write_per_minute, limits.write_burst),
        });
        Ok(Self {
            proxies: TrustedProxies::parse(&config.http.trusted_proxies)?,
            quotas,
            clock: DefaultClock::default(),
        })
    }

    /// Who a request counts for: the key of its client's address, or of the /64 that holds it.
    pub fn client_key(&self, request: &HttpRequest) -> Option<u128> {
        let peer = request.peer_addr()?.ip();
        Some(limit_key(self.proxies.client(peer, request.headers())))
    }

    /// Counts a request.
    ///
    /// # Errors
    /// [`AppError::TooMany`] when its address has used its share up.
    pub fn count(
        &self,
        peer: Option<IpAddr>,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
    ) -> AppResult<()> {
        let (Some(quotas), Some(peer)) = (&self.quotas, peer) else {
            return Ok(());
        };
        if EXEMPT.iter().any(|prefix| path.starts_with(prefix)) {
            return Ok(());
        }
        let reads = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
        let limiter = if reads { &quotas.read } else { &quotas.write };
        let client = self.proxies.client(peer, headers);
        limiter.check_key(&limit_key(client)).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.clock.now());
            metrics::counter!("selvedge_rate_limited_total").increment(1);
            AppError::TooMany {
                retry_after: wait.as_secs() + 1,
            }
        })
    }

    /// Forgets addresses whose share is whole again. Called every few seconds: it is what bounds the memory.
    pub fn forget_idle(&self) {
        if let Some(quotas) = &self.quotas {
            for limiter in [&quotas.read, &quotas.write] {
                limiter.retain_recent();
                limiter.shrink_to_fit();
            }
        }
    }

    /// How many addresses are remembered.
    pub fn remembered(&self) -> usize {
        let count = |quotas: &Quotas| quotas.read.len() + quotas.write.len();
        self.quotas.as_ref().map_or(0, count)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    fn forwarded(lines: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(
                HeaderName::from_static("x-forwarded-for"),
                HeaderValue::from_str(line).unwrap(),
            );
        }
        headers
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn only_a_trusted_peer_may_speak_for_another() {
        let proxies = TrustedProxies::parse("10.0.0.1, 10.0.0.2").unwrap();
        let spoofed = forwarded(&["198.51.100.7"]);
        assert_eq!(
            proxies.client(ip("203.0.113.9"), &spoofed),
            ip("203.0.113.9")
        );
        assert_eq!(proxies.client(ip("10.0.0.1"), &spoofed), ip("198.51.100.7"));
    }

    #[test]
    fn the_rightmost_untrusted_hop_is_the_client() {
        let proxies = TrustedProxies::parse("10.0.0.1,10.0.0.2").unwrap();
        for (lines, client) in [
            (vec!["1.1.1.1, 198.51.100.7, 10.0.0.2"], "198.51.100.7"),
            (vec!["1.1.1.1", "198.51.100.7:4711"], "198.51.100.7"),
            (vec!["1.1.1.1, [2001:db8::5]:443"], "2001:db8::5"),
            (vec!["1.1.1.1, nonsense"], "10.0.0.1"),
            (vec!["::ffff:198.51.100.7"], "198.51.100.7"),
            (vec![], "10.0.0.1"),
        ] {
            assert_eq!(
                proxies.client(ip("10.0.0.1"), &forwarded(&lines)),
                ip(client),
                "{lines:?}"
            );
        }
    }

    #[test]
    fn one_64_network_is_one_client() {
        assert_eq!(
            limit_key(ip("2001:db8:1:2::1")),
            limit_key(ip("2001:db8:1:2:ffff::9"))
        );
        assert_ne!(
            limit_key(ip("2001:db8:1:2::1")),
            limit_key(ip("2001:db8:1:3::1"))
        );
        assert_eq!(
            limit_key(ip("::ffff:192.0.2.1")),
            limit_key(ip("192.0.2.1"))
        );
        assert_ne!(limit_key(ip("192.0.2.2")), limit_key(ip("192.0.2.1")));
    }
}
