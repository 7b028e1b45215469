//! How often somebody may try a password or a code, and ask for mails with links (S5).
//!
//! By the address that asks (IPv6: its /64) and by the account that is meant, known or not, so that neither one machine
//! trying many accounts nor many machines trying one account get far.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::model::UserId;
use crate::config::Config;
use crate::error::{AppError, AppResult};
use crate::kernel::Email;
use crate::kernel::secret::sha256_hex;

/// A classroom or an office that signs up together shares one address: it may ask for this many times the mails that
/// one mailbox gets.
const MAILS_OF_A_ROOM: u32 = 40;

/// After this many counts, keys whose share is whole again are forgotten.
const FORGET_EVERY: u32 = 1_024;

/// Counts tries and mails. Switched off with `limits.enabled`.
pub struct Tries {
    quotas: Option<Quotas>,
    clock: DefaultClock,
    counted: AtomicU32,
}

struct Quotas {
    login_from: DefaultKeyedRateLimiter<u128>,
    login_of: DefaultKeyedRateLimiter<u128>,
    mails_from: DefaultKeyedRateLimiter<u128>,
    mails_to: DefaultKeyedRateLimiter<u128>,
}

impl Tries {
    /// The limits that the settings ask for.
    pub fn new(config: &Config) -> Self {
        let n = |n: u32| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        let auth = &config.auth;
        let login = || {
            let quota = Quota::per_minute(n(auth.login_per_minute));
            RateLimiter::keyed(quota.allow_burst(n(auth.login_burst)))
        };
        let mails = |an_hour: u32| RateLimiter::keyed(Quota::per_hour(n(an_hour)));
        Self {
            quotas: config.limits.enabled.then(|| Quotas {
                login_from: login(),
                login_of: login(),
                mails_from: mails(auth.mails_per_hour.saturating_mul(MAILS_OF_A_ROOM)),
                mails_to: mails(auth.mails_per_hour),
            }),
            clock: DefaultClock::default(),
            counted: AtomicU32::new(0),
        }
    }

    /// Counts a try with a password for `account`, from the client of this key.
    ///
    /// # Errors
    /// [`AppError::TooMany`].
    pub fn sign_in(&self, client: Option<u128>, account: &Email) -> AppResult<()> {
        let Some(quotas) = self.quotas() else {
            return Ok(());
        };
        if let Some(client) = client {
            self.check(&quotas.login_from, client)?;
        }
        self.check(&quotas.login_of, digest(&account.folded()))
    }

    /// Counts a try with a code, or a password shown again, by somebody who is half signed in.
    ///
    /// # Errors
    /// [`AppError::TooMany`].
    pub fn proof(&self, user: UserId) -> AppResult<()> {
        match self.quotas() {
            Some(quotas) => self.check(&quotas.login_of, digest(&user.to_string())),
            None => Ok(()),
        }
    }

    /// Counts a mail with a link that the client of this key asks for.
    ///
    /// # Errors
    /// [`AppError::TooMany`].
    pub fn ask_for_mail(&self, client: Option<u128>) -> AppResult<()> {
        match (self.quotas(), client) {
            (Some(quotas), Some(client)) => self.check(&quotas.mails_from, client),
            _ => Ok(()),
        }
    }

    /// Whether one more mail with a link may go to this mailbox. Whoever asks is told the same in either case: a mailbox
    /// cannot be filled, and nobody learns what was sent to it.
    pub fn may_mail(&self, to: &Email) -> bool {
        self.quotas()
            .is_none_or(|quotas| self.check(&quotas.mails_to, digest(&to.folded())).is_ok())
    }

    fn quotas(&self) -> Option<&Quotas> {
        let quotas = self.quotas.as_ref()?;
        if self.counted.fetch_add(1, Ordering::Relaxed) % FORGET_EVERY == FORGET_EVERY - 1 {
            for limiter in [
                &quotas.login_from,
                &quotas.login_of,
                &quotas.mails_from,
                &quotas.mails_to,
            ] {
                limiter.retain_recent();
                limiter.shrink_to_fit();
            }
        }
        Some(quotas)
    }

    fn check(&self, limiter: &DefaultKeyedRateLimiter<u128>, key: u128) -> AppResult<()> {
        limiter.check_key(&key).map_err(|not_until| {
            metrics::counter!("selvedge_tries_refused_total").increment(1);
            AppError::TooMany {
                retry_after: not_until.wait_time_from(self.clock.now()).as_secs() + 1,
            }
        })
    }
}

/// 128 bit of the SHA-256: addresses themselves are not kept in memory.
fn digest(text: &str) -> u128 {
    let hex = sha256_hex(text);
    hex.get(..32)
        .and_then(|half| u128::from_str_radix(half, 16).ok())
        .unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn tries(enabled: &str) -> Tries {
        let presets = [
            ("limits.enabled", enabled.to_owned()),
            ("auth.login_burst", "3".to_owned()),
            ("auth.mails_per_hour", "2".to_owned()),
        ];
        Tries::new(&Config::load(None, &HashMap::new(), &presets).unwrap())
    }

    fn email(text: &str) -> Email {
        text.parse().unwrap()
    }

    #[test]
    fn an_account_is_counted_from_wherever_it_is_tried_and_an_address_whatever_it_tries() {
        let tries = tries("true");
        for client in 0..3 {
            tries
                .sign_in(Some(client), &email("maya@example.org"))
                .unwrap();
        }
        assert!(tries.sign_in(Some(9), &email("MAYA@example.org")).is_err());
        assert!(tries.sign_in(Some(9), &email("ravi@example.org")).is_ok());
        for name in ["a", "b"] {
            let email = email(&format!("{name}@example.org"));
            assert_eq!(tries.sign_in(Some(9), &email).is_ok(), name == "a");
        }
    }

    #[test]
    fn a_mailbox_gets_few_mails_and_switched_off_limits_count_nothing() {
        let (on, off) = (tries("true"), tries("false"));
        let maya = email("maya@example.org");
        let sent = |tries: &Tries| (0..5).filter(|_| tries.may_mail(&maya)).count();
        assert_eq!((sent(&on), sent(&off)), (2, 5));
    }
}
