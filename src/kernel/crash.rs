//! Named places at which a test can end the process, as a power cut would (P8, F4).
//!
//! They act only in builds that hold the tests; `FAILPOINTS=name=return` in the environment arms one.

/// Every place, so that a test can go through all of them.
pub const POINTS: &[&str] = &[
    "gift-begun",
    "checkout-asked",
    "checkout-answered",
    "checkout-stored",
    "event-stored",
    "events-fetched",
    "settle-before-commit",
    "settle-committed",
    "mail-handed-over",
];

/// Ends the process here, without unwinding, if the place is armed.
pub fn point(name: &'static str) {
    debug_assert!(POINTS.contains(&name));
    fail::fail_point!(name, |_| std::process::abort());
}
