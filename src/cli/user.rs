//! `selvedge user create|token|second-factor`

use std::io::BufRead;
use std::process::ExitCode;

use clap::Subcommand;
use secrecy::ExposeSecret;

use super::{CliError, CliResult};
use crate::accounts::take_factor_away;
use crate::app::App;
use crate::audit::{Deed, Via};
use crate::auth::{self, NewToken, NewUser, Password, Role, Scope, UserId};
use crate::config::Config;
use crate::kernel::{Clock, Email, Line};

/// Staff and tokens without a browser.
#[derive(Subcommand)]
pub(super) enum User {
    /// Makes a user, or gives a known one another role; a known one keeps the password.
    Create {
        /// The mail address to sign in with.
        #[arg(long)]
        email: String,
        /// owner, coordinator, finance, partner or participant.
        #[arg(long)]
        role: String,
        /// The name shown; the address's first part if left out.
        #[arg(long)]
        name: Option<String>,
        /// Reads the password from standard input, one line; else the user signs in by mailed link.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Makes an API token and prints it as the last line; it is not shown again.
    Token {
        /// Whose token.
        #[arg(long)]
        email: String,
        /// What it may do: noun:read or noun:write; several with spaces or commas.
        #[arg(long, required = true, num_args = 1.., value_delimiter = ',')]
        scope: Vec<String>,
    },
    /// For somebody who lost the second factor: takes app codes, passkeys and recovery codes away, and ends every session.
    SecondFactor {
        /// Whose.
        #[arg(long)]
        email: String,
        /// Take it away; make sure first that it is they who ask.
        #[arg(long, required = true)]
        reset: bool,
    },
}

impl User {
    pub(super) async fn run(&self, config: Config) -> CliResult {
        let db = App::open_db(&config, false).await?;
        let now = Clock::system().now();
        let said =
            |what: &str, error: &dyn std::fmt::Display| CliError::Said(format!("{what}: {error}"));
        match self {
            Self::Create {
                email,
                role,
                name,
                password_stdin,
            } => {
                let email: Email = email.parse().map_err(|e| said("--email", &e))?;
                let role: Role = role.parse().map_err(|e| said("--role", &e))?;
                let shown = name.clone().unwrap_or_else(|| {
                    email
                        .as_str()
                        .split('@')
                        .next()
                        .unwrap_or("user")
                        .to_owned()
                });
                let name = Line::parse(&shown, 80).map_err(|e| said("--name", &e))?;
                let password_hash = if *password_stdin {
                    Some(read_password()?)
                } else {
                    None
                };
                let id = UserId::new();
                let made = db
                    .tx(move |conn| {
                        if let Some(known) = auth::user_by_email(conn, &email)? {
                            auth::grant_role(conn, known.id, role, now)?;
                            return Ok(false);
                        }
                        let new = NewUser {
                            id,
                            email: email.clone(),
                            name: name.clone(),
                            password_hash: password_hash.clone(),
                            roles: vec![role],
                        };
                        auth::insert_user(conn, &new, now)?;
                        Ok(true)
                    })
                    .await?;
                println!(
                    "{}",
                    match (made, password_stdin) {
                        (true, _) => "made",
                        (false, false) => "was known; has the role now",
                        (false, true) =>
                            "was known; has the role now; the password was NOT changed: /reset mails a link for that",
                    }
                );
            }
            Self::Token { email, scope } => {
                let email: Email = email.parse().map_err(|e| said("--email", &e))?;
                let scopes = scope
                    .iter()
                    .flat_map(|text| text.split_whitespace())
                    .map(|text| text.parse::<Scope>().map_err(|e| said("--scope", &e)))
                    .collect::<Result<Vec<_>, _>>()?;
                let user = db
                    .read(move |conn| auth::user_by_email(conn, &email))
                    .await?;
                let user = user.ok_or_else(|| {
                    CliError::Said("--email: nobody has this address; make the user first".into())
                })?;
                let (token, text) = NewToken::make(user.id, scopes)?;
                db.tx(move |conn| auth::token::insert(conn, &token, now))
                    .await?;
                println!("{}", text.expose_secret());
            }
            Self::SecondFactor { email, reset: _ } => {
                let email: Email = email.parse().map_err(|e| said("--email", &e))?;
                let mails = App::mails(&config)?;
                let taken = db
                    .tx(move |conn| {
                        let Some(user) = auth::user_by_email(conn, &email)? else {
                            return Ok(None);
                        };
                        let deed = Deed {
                            actor: None,
                            via: Via::CommandLine,
                            ..Deed::new(user.id, "user.reset_factor", ("user", user.id.to_string()))
                        };
                        take_factor_away(conn, (&config, &mails), user.id, deed, now).map(Some)
                    })
                    .await?;
                let taken = taken
                    .ok_or_else(|| CliError::Said("--email: nobody has this address".into()))?;
                println!("{taken}");
                println!(
                    "they sign in by password or mailed link, and set a new one up at /account/security"
                );
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn read_password() -> Result<String, CliError> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    let password = Password::choose(line.trim_end_matches(['\r', '\n']), &[])
        .map_err(|e| CliError::Said(e.to_string()))?;
    Ok(password.hash()?)
}
