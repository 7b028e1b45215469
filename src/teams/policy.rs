//! The five ways in which a page comes to belong to a team.

crate::words! {
    /// How a page comes to belong to a team.
    pub enum JoinPolicy {
        /// Whoever asks belongs to it at once.
        Open = "open",
        /// The captain is asked.
        Confirm = "confirm",
        /// By a link from the captain.
        Invite = "invite",
        /// By a password that the captain gives on.
        Password = "password",
        /// Staff put pages into it.
        Staff = "staff",
    }
}

impl JoinPolicy {
    /// What it is called where a captain chooses it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Open => "Open to everybody",
            Self::Confirm => "The captain confirms",
            Self::Invite => "By invitation",
            Self::Password => "With a password",
            Self::Staff => "Staff put pages into it",
        }
    }

    /// What it means, to a captain who chooses it.
    pub const fn explains(self) -> &'static str {
        match self {
            Self::Open => "Whoever finds the team is in it with one press.",
            Self::Confirm => "You get a mail for each request, and say yes or no.",
            Self::Invite => "You send links. Each is good for one page and holds seven days.",
            Self::Password => "You give the password to whom you like.",
            Self::Staff => "Nobody joins without the people who run the campaign.",
        }
    }

    /// What the button says that joins under this policy; `None` where there is nothing to press.
    pub const fn button(self) -> Option<&'static str> {
        match self {
            Self::Open => Some("Join this team"),
            Self::Confirm => Some("Ask to join"),
            Self::Password => Some("Join with the password"),
            Self::Invite | Self::Staff => None,
        }
    }

    /// What will happen, to somebody who looks at the team.
    pub const fn tells(self) -> &'static str {
        match self {
            Self::Open => "Your page belongs to the team at once.",
            Self::Confirm => "The captain is asked, and you get the answer by mail.",
            Self::Password => "The captain gives the password to the people of the team.",
            Self::Invite => "This team is joined by invitation: ask its captain for a link.",
            Self::Staff => "The people who run the campaign put pages into this team.",
        }
    }
}
