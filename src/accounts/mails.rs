//! The mails about an account. They are wanted or must come: none has a switch.

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use crate::auth::User;
use crate::auth::mailed::Purpose;
use crate::config::Config;
use crate::kernel::Email;
use crate::mail::{MailId, NewMail};
use crate::web::views::palette::DEFAULT_ACCENT;

/// Which mail with a link; its word is the folder of its templates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Letter {
    /// Confirm the address of a new account.
    Verify,
    /// Somebody signed up with an address that has an account.
    Known,
    /// Sign in without a password.
    SignIn,
    /// Choose a new password.
    Reset,
    /// A link was asked for, but there is no account.
    Nobody,
    /// Confirm another address of an account.
    Address,
}

impl Letter {
    fn kind(self) -> &'static str {
        match self {
            Self::Verify => "account_verify",
            Self::Known => "account_known",
            Self::SignIn => "account_link",
            Self::Reset => "account_reset",
            Self::Nobody => "account_nobody",
            Self::Address => "account_address",
        }
    }

    /// Where its link leads.
    fn path(self) -> &'static str {
        match self {
            Self::Verify => "/verify",
            Self::Known | Self::SignIn => "/login/link",
            Self::Reset => "/reset",
            Self::Nobody => "/signup",
            Self::Address => "/account/address",
        }
    }

    /// How long its link holds, in words.
    fn holds(self) -> String {
        let purpose = match self {
            Self::Verify => Purpose::Verify,
            Self::Address => Purpose::ChangeAddress,
            Self::Known | Self::SignIn | Self::Nobody => Purpose::SignIn,
            Self::Reset => Purpose::Reset,
        };
        match purpose.holds().num_hours() {
            0 => format!("{} minutes", purpose.holds().num_minutes()),
            hours => format!("{hours} hours"),
        }
    }

    /// The mail with its link's secret; [`Letter::Nobody`] has none.
    pub(super) fn mail(
        self,
        config: &Config,
        to: &Email,
        name: Option<&str>,
        secret: Option<&SecretString>,
    ) -> NewMail {
        let id = MailId::new();
        let secret = secret.map_or(String::new(), |secret| {
            format!("/{}", secret.expose_secret())
        });
        NewMail {
            id,
            kind: self.kind(),
            // Each asking is a fact of its own.
            source_id: id.to_string(),
            to: to.clone(),
            to_name: name.map(str::to_owned),
            context: json!({
                "name": name,
                "link": format!("{}{}{secret}", config.public_url(), self.path()),
                "holds": self.holds(),
                "accent": DEFAULT_ACCENT,
                "organisation": config.site.name,
            }),
        }
    }
}

/// Tells the person of a change that they should know of if it was not they who made it.
pub(super) fn changed(config: &Config, user: &User, what: &str) -> NewMail {
    let id = MailId::new();
    NewMail {
        id,
        kind: "account_changed",
        source_id: id.to_string(),
        to: user.email.clone(),
        to_name: Some(user.name.clone()),
        context: json!({
            "name": user.name,
            "what": what,
            "link": format!("{}/account/security", config.public_url()),
            "accent": DEFAULT_ACCENT,
            "organisation": config.site.name,
        }),
    }
}
