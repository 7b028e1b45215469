//! Named places at which a test can end the process, as a power cut would (P8, F4).
//!
//! They act only in builds that hold the tests; `FAILPOINTS=name=return` in the environment arms one.

/// Every place on the path of a gift, so that a test can go through all of them.
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

/// The places in an import of people.
pub const IMPORT_POINTS: &[&str] = &["import-before-commit", "import-committed"];

/// Ends the process here, without unwinding, if the place is armed.
pub fn point(name: &'static str) {
    debug_assert!(POINTS.contains(&name) || IMPORT_POINTS.contains(&name));
    fail::fail_point!(name, |_| std::process::abort());
}
