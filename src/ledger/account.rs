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

    /// What a grant took out of its fund, for good: the other side of what was paid to the partner.
    pub fn granted(grant: impl fmt::Display) -> Self {
        Self(format!("granted:{grant}"))
    }

    /// What was paid to a partner.
    pub fn partner(partner: impl fmt::Display) -> Self {
        Self(format!("partner:{partner}"))
    }

    /// A campaign's reserve: carries what is given back of money that had been granted. It may be overdrawn, as the money
    /// leaves whether or not anything lies there; the books show the deficit until a decision covers it.
    pub fn reserve(campaign: impl fmt::Display) -> Self {
        Self(format!("reserve:{campaign}"))
    }

    /// A match pool: what is reserved to match gifts.
    pub fn matching(pool: impl fmt::Display) -> Self {
        Self(format!("match:{pool}"))
    }

    /// What was promised to a match pool in writing and has not arrived.
    pub fn pledged(pool: impl fmt::Display) -> Self {
        Self(format!("pledged:{pool}"))
    }

    /// Cash and cheques that staff of a campaign hold until they bring them to the bank.
    pub fn in_hand(campaign: impl fmt::Display) -> Self {
        Self(format!("in_hand:{campaign}"))
    }

    /// The organisation's bank account.
    pub fn bank() -> Self {
        Self("bank".into())
    }

    /// The world outside.
    pub fn outside(name: &str) -> Self {
        Self(format!("outside:{name}"))
    }

    /// The name as it stands in the tables.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The side on which an account of this name grows. The table's CHECK lets no account but `outside:`, `processor:` and
    /// `reserve:` be overdrawn.
    pub fn side_of(name: &str) -> Side {
        let debit = ["processor:", "partner:", "in_hand:", "pledged:"];
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
