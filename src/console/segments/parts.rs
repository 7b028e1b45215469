//! The parts that a rule is built of, and the fields of each.

crate::words! {
    /// A part of a rule.
    pub enum Part {
        /// All of these.
        All = "all",
        /// One of these at least.
        Any = "any",
        /// None of these.
        None = "none",
        /// Gave.
        Gave = "gave",
        /// Did not give.
        NotGave = "not_gave",
        /// Gave last season and not this one.
        Lapsed = "lapsed",
        /// Has a page.
        Participant = "participant",
        /// Leads a team.
        Captain = "captain",
        /// Reads a language.
        Language = "language",
        /// Lives in a country.
        Country = "country",
        /// Is on a list.
        OnList = "on_list",
        /// Opened a newsletter.
        Opened = "opened",
        /// Followed a link.
        Clicked = "clicked",
    }
}

/// How a field is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A line, and what to write.
    Text(&'static str),
    /// A day.
    Date,
    /// A whole number.
    Number,
    /// One of these words.
    Words(&'static [(&'static str, &'static str)]),
    /// A season.
    Season,
    /// A program.
    Program,
    /// A list.
    List,
}

/// A field of a condition.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ask {
    /// Its name.
    pub(super) name: &'static str,
    /// What it is called.
    pub(super) label: &'static str,
    /// How it is drawn.
    pub(super) shape: Shape,
}

const fn ask(name: &'static str, label: &'static str, shape: Shape) -> Ask {
    Ask { name, label, shape }
}

const SIDES: Shape = Shape::Words(&[
    ("", "does not matter"),
    ("below", "below"),
    ("at_least", "at or above"),
]);

const GIFTS: &[Ask] = &[
    ask("season", "Season", Shape::Season),
    ask("program", "Whose money went to", Shape::Program),
    ask(
        "page",
        "On the page",
        Shape::Text("its name in the address: maya-roy"),
    ),
    ask(
        "team",
        "To the team",
        Shape::Text("its name in the address"),
    ),
    ask(
        "of",
        "The amount is that of",
        Shape::Words(&[
            ("one", "a single gift"),
            ("sum", "all these gifts together"),
        ]),
    ),
    ask("at_least", "At least", Shape::Text("an amount, like 50")),
    ask("at_most", "At most", Shape::Text("an amount")),
    ask(
        "currency",
        "Currency",
        Shape::Text("three letters, where no season says"),
    ),
    ask(
        "when",
        "When",
        Shape::Words(&[
            ("any", "whenever"),
            ("between", "between two days"),
            ("last", "in the last days"),
        ]),
    ),
    ask("from", "From", Shape::Date),
    ask("until", "Up to", Shape::Date),
    ask("last_days", "Last so many days", Shape::Number),
];

const SEASON: &[Ask] = &[ask("season", "Season", Shape::Season)];

const PAGE: &[Ask] = &[
    ask("season", "Season", Shape::Season),
    ask(
        "team",
        "In the team",
        Shape::Text("its name in the address"),
    ),
    ask(
        "shown",
        "The page is",
        Shape::Words(&[("live", "shown"), ("draft", "a draft")]),
    ),
    ask("raised_side", "What it raised is", SIDES),
    ask("raised", "Percent of its goal", Shape::Number),
    ask("days_side", "Its diary’s days are", SIDES),
    ask("days", "Days logged", Shape::Number),
    ask(
        "photo",
        "Photo",
        Shape::Words(&[
            ("", "does not matter"),
            ("no", "it has none"),
            ("yes", "it has one"),
        ]),
    ),
];

const LANGUAGE: &[Ask] = &[ask(
    "language",
    "Language",
    Shape::Text("like en or es; empty: not known"),
)];
const COUNTRY: &[Ask] = &[ask(
    "country",
    "Country",
    Shape::Text("two letters, like US; empty: not known"),
)];
const LIST: &[Ask] = &[ask("list", "List", Shape::List)];
const NEWSLETTER: &[Ask] = &[ask(
    "newsletter",
    "Newsletter",
    Shape::Text("the last part of its address; empty: any"),
)];

impl Part {
    /// What it says, before its fields.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::All => "All of these hold",
            Self::Any => "One of these holds, or more",
            Self::None => "None of these holds",
            Self::Gave => "They gave",
            Self::NotGave => "They did not give",
            Self::Lapsed => "They gave the season before, and not this one",
            Self::Participant => "They have a page",
            Self::Captain => "They lead a team",
            Self::Language => "They read",
            Self::Country => "They live in",
            Self::OnList => "They are on a list",
            Self::Opened => "They opened a newsletter",
            Self::Clicked => "They followed a link in a newsletter",
        }
    }

    /// Whether other parts stand in it.
    pub(super) const fn is_group(self) -> bool {
        matches!(self, Self::All | Self::Any | Self::None)
    }

    /// What is asked of it.
    pub(super) const fn asks(self) -> &'static [Ask] {
        match self {
            Self::All | Self::Any | Self::None => &[],
            Self::Gave | Self::NotGave => GIFTS,
            Self::Lapsed | Self::Captain => SEASON,
            Self::Participant => PAGE,
            Self::Language => LANGUAGE,
            Self::Country => COUNTRY,
            Self::OnList => LIST,
            Self::Opened | Self::Clicked => NEWSLETTER,
        }
    }
}
