//! Machines told from people: mail servers fetch links and pictures before anybody reads, and would make every number a lie.
//!
//! Told by what a request says of itself, and by its time: a link that is followed within seconds of the mail, or with most of its
//! neighbours at once, was followed by a scanner. In doubt it is a machine's: a number too small misleads nobody.

use actix_web::http::header::{HeaderMap, USER_AGENT};
use chrono::Duration;

use crate::kernel::Timestamp;

/// Nobody reads and clicks sooner after the server took the mail.
pub const TOO_SOON_SECONDS: i64 = 5;
/// So many different links of one mail within [`AT_ONCE_SECONDS`] are a scanner's.
pub const AT_ONCE_LINKS: usize = 3;
/// See [`AT_ONCE_LINKS`].
pub const AT_ONCE_SECONDS: i64 = 3;

/// Words in the names of programs that fetch what people have not asked for, in small letters.
const MACHINES: [&str; 34] = [
    "bot",
    "crawl",
    "spider",
    "scan",
    "preview",
    "slurp",
    "fetch",
    "monitor",
    "prerender",
    "headless",
    "phantomjs",
    "barracuda",
    "mimecast",
    "proofpoint",
    "urldefense",
    "safelinks",
    "trendmicro",
    "symantec",
    "messagelabs",
    "forcepoint",
    "sophos",
    "fortinet",
    "cloudmark",
    "microsoft office existence",
    "facebookexternalhit",
    "whatsapp",
    "curl/",
    "wget/",
    "python-",
    "go-http-client",
    "java/",
    "okhttp",
    "libwww",
    "axios",
];

/// Whether the program that asks says by its headers that no person looks: no name at all, a name of [`MACHINES`], or a
/// browser that fetches ahead. `Mozilla/5.0` alone is how Apple's mail proxy calls itself, which fetches every picture of every mail
/// whether it is opened or not.
pub fn is_machine(headers: &HeaderMap) -> bool {
    let text = |value: Option<&actix_web::http::header::HeaderValue>| {
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase()
    };
    let ahead = |name: &str| text(headers.get(name)).contains("prefetch");
    if ahead("sec-purpose") || ahead("purpose") || ahead("x-moz") {
        return true;
    }
    let agent = text(headers.get(USER_AGENT));
    agent.is_empty()
        || agent == "mozilla/5.0"
        || MACHINES.iter().any(|machine| agent.contains(machine))
}

/// Whether a click comes so soon after its mail that nobody can have read it.
pub fn is_too_soon(sent: Option<Timestamp>, now: Timestamp) -> bool {
    sent.is_some_and(|sent| now < sent.plus(Duration::seconds(TOO_SOON_SECONDS)))
}

/// Whether this click and the last ones of the same mail, each its link and its time, are too many at once.
pub fn is_a_sweep(link: i32, now: Timestamp, last: &[(i32, Timestamp)]) -> bool {
    let from = now.minus(Duration::seconds(AT_ONCE_SECONDS));
    let mut links: Vec<i32> = last
        .iter()
        .filter(|(_, at)| *at >= from)
        .map(|(link, _)| *link)
        .chain([link])
        .collect();
    links.sort_unstable();
    links.dedup();
    links.len() >= AT_ONCE_LINKS
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    #[test]
    fn people_are_told_from_machines() {
        let people = [
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1",
            "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Thunderbird/140.1",
        ];
        for agent in people {
            assert!(!is_machine(&headers(&[("user-agent", agent)])), "{agent}");
        }
        let machines = [
            "",
            "Mozilla/5.0",
            "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
            "Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/139.0.0.0 Safari/537.36",
            "Microsoft Office Existence Discovery",
            "python-requests/2.32.5",
            "curl/8.5.0",
            "Mimecast-URL-Protect",
            "BarracudaCentral link checker",
        ];
        for agent in machines {
            assert!(is_machine(&headers(&[("user-agent", agent)])), "{agent}");
        }
        assert!(is_machine(&HeaderMap::new()));
        let ahead = [
            ("user-agent", people[0]),
            ("sec-purpose", "prefetch;prerender"),
        ];
        assert!(is_machine(&headers(&ahead)));
    }

    #[test]
    fn what_comes_too_soon_or_all_at_once_is_a_scanner() {
        let now = Timestamp::from_seconds(1_800_000_000).unwrap();
        let before = |seconds| now.minus(Duration::seconds(seconds));
        assert!(is_too_soon(Some(before(4)), now));
        assert!(!is_too_soon(Some(before(5)), now));
        assert!(!is_too_soon(None, now));
        let last = [(1, before(1)), (2, before(2)), (3, before(60))];
        assert!(is_a_sweep(0, now, &last));
        assert!(!is_a_sweep(1, now, &last));
        assert!(!is_a_sweep(0, now, &last[1..]));
    }
}
