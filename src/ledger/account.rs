//! Accounts: named places where money is, was owed, or is set aside.

use std::fmt;

/// The side on which an account grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// What we hold or have spent: grows by debits.
    Debit,
    /// What money is for: grows by credits.
    Credit,
    /// The world outside: either.
    Either,
}

/// The name of an account.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Account(String);

impl Account {
    /// Money that a processor holds for us. It may be overdrawn, as the processor's own balance may: a gift refunded in
    /// full takes out more than it brought, for its fee is not returned (P18).
    pub fn processor(name: &str) -> Self {
        Self(format!("processor:{name}"))
    }

    /// What processors kept as their fees. The fee of a gift that was given back stays here as a loss (P18).
    pub fn fees() -> Self {
        Self("fees".into())
    }

    /// Gifts of a campaign, as far as they are not set aside in a fund: what remains here is what fees cost.
    pub fn received(campaign: impl fmt::Display) -> Self {
        Self(format!("received:{campaign}"))
    }

    /// Money set aside for a purpose.
    pub fn fund(fund: impl fmt::Display) -> Self {
        Self(format!("fund:{fund}"))
    }

    /// The world outside.
    pub fn outside(name: &str) -> Self {
        Self(format!("outside:{name}"))
    }

    /// The name as it stands in the tables.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The side on which an account of this name grows. The table's CHECK lets no account but `outside:` and
    /// `processor:` be overdrawn.
    pub fn side_of(name: &str) -> Side {
        let debit = ["processor:", "partner:"];
        if name.starts_with("outside:") {
            Side::Either
        } else if name == "bank"
            || name == "fees"
            || debit.iter().any(|kind| name.starts_with(kind))
        {
            Side::Debit
        } else {
            Side::Credit
        }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}
