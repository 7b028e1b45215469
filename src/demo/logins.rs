//! Who can sign in to the demo, and the words with which it greets.

use std::fmt::Write as _;

use super::DemoLogin;
use crate::auth::{Password, Role};
use crate::config::Config;
use crate::error::{AppError, AppResult};
use crate::kernel::Line;

/// One person a role. The passwords are printed at every start: the demo listens on this machine and moves no money.
const PEOPLE: [(Role, &str, &str); 5] = [
    (Role::Owner, "Ines Falk", "owner"),
    (Role::Coordinator, "Noor Haddad", "coordinator"),
    (Role::Finance, "Theo Marsh", "finance"),
    (Role::Partner, "Rina Paul", "partner"),
    (Role::Participant, "Lena Brook", "participant"),
];

fn email(word: &str) -> String {
    format!("{word}@selvedge.example")
}

fn password(word: &str) -> String {
    format!("demo-{word}-of-the-cloth")
}

/// The demo's logins, passwords hashed.
///
/// # Errors
/// When a password cannot be hashed.
pub fn logins() -> AppResult<Vec<DemoLogin>> {
    PEOPLE
        .iter()
        .map(|(role, name, word)| {
            Ok(DemoLogin {
                role: *role,
                name: Line::parse(name, 80).map_err(AppError::internal)?,
                email: email(word).parse().map_err(AppError::internal)?,
                password_hash: Password::parse(&password(word))
                    .map_err(AppError::internal)?
                    .hash()?,
            })
        })
        .collect()
}

/// What the demo prints when it is ready.
pub fn welcome(config: &Config) -> String {
    let base = config.public_url();
    let season = super::SEASON;
    let mut text = format!(
        "\nThe demo season is open. No real money moves: cards and mail are test ones.\n\n\
         \x20 Home           {base}/\n\
         \x20 Campaign       {base}/campaigns/{season}\n\
         \x20 A page         {base}/pages/maya-roy\n\
         \x20 A story        {base}/stories/hope-for-kolkata\n\
         \x20 Give           {base}/give/{season}?page=maya-roy\n\
         \x20 Sign up        {base}/signup?next=/start/{season}\n\
         \x20 Sign in        {base}/login\n\
         \x20 Test mailbox   {base}/sandbox/mail\n\
         \x20 API document   {base}/api/openapi.json\n\n\
         Card 4242 4242 4242 4242 pays, 4000 0000 0000 0002 is declined, 4000 0025 0000 3155 asks for authentication,\n\
         4000 0000 0000 0259 is disputed a minute later; any future date and any three digits go with them.\n\n\
         One person a role, to sign in with (a real installation asks these who work here for a second factor; the demo\n\
         does not, unless SELVEDGE__AUTH__STAFF_SECOND_FACTOR=true). `selvedge user token --email E --scope S` makes API\n\
         tokens:\n"
    );
    for (role, _, word) in PEOPLE {
        // Writing to a String cannot fail.
        if writeln!(
            text,
            "  {:<12} {:<32} {}",
            role.as_str(),
            email(word),
            password(word)
        )
        .is_err()
        {
            break;
        }
    }
    text.push_str("\nCtrl-C stops it.\n");
    text
}
