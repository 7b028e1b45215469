//! What a consent may say (S17), parsed once.

use chrono::{Days, Months};

use crate::error::{AppError, AppResult, FieldError};
use crate::kernel::{Day, Line};

crate::words! {
    /// Where something may be shown.
    pub enum Channel {
        /// Pages, feeds and the API.
        Web = "web",
        /// Mails and newsletters.
        Mail = "mail",
        /// Posts and previews on other sites.
        Social = "social",
        /// Paper.
        Print = "print",
    }
}

crate::words! {
    /// What pictures may show of the person.
    pub enum ImageRule {
        /// No picture of the person.
        None = "none",
        /// Pictures in which nobody can know the person.
        NoFaces = "no_faces",
        /// Pictures of the person.
        Released = "released",
    }
}

crate::words! {
    /// What a picture shows of people.
    pub enum Shows {
        /// Nobody: a drawing, a place, a thing.
        Nobody = "nobody",
        /// Somebody who cannot be known by it.
        NoFace = "no_face",
        /// Somebody who can.
        Face = "face",
    }
}

impl ImageRule {
    /// Whether a picture of this kind may be shown under the rule.
    pub fn allows(self, shows: Shows) -> bool {
        match (self, shows) {
            (_, Shows::Nobody) | (Self::Released, _) | (Self::NoFaces, Shows::NoFace) => true,
            (Self::None | Self::NoFaces, _) => false,
        }
    }
}

crate::words! {
    /// Who gave a consent.
    pub enum Giver {
        /// The person, who is of age.
        Own = "own",
        /// A guardian, for somebody under age.
        Guardian = "guardian",
    }
}

/// Who gave a consent: somebody under age cannot give it alone, and for a grown person nobody else can.
#[derive(Debug, Clone)]
pub enum GivenBy {
    /// The person, who is of age.
    Own,
    /// This guardian, for somebody under age.
    Guardian(Line),
}

impl GivenBy {
    /// In a word.
    pub fn giver(&self) -> Giver {
        match self {
            Self::Own => Giver::Own,
            Self::Guardian(_) => Giver::Guardian,
        }
    }
}

/// The channels that a consent covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Channels {
    /// Pages, feeds and the API.
    pub web: bool,
    /// Mails and newsletters.
    pub mail: bool,
    /// Posts and previews on other sites.
    pub social: bool,
    /// Paper.
    pub print: bool,
}

impl Channels {
    /// Whether it covers this one.
    pub fn cover(self, channel: Channel) -> bool {
        match channel {
            Channel::Web => self.web,
            Channel::Mail => self.mail,
            Channel::Social => self.social,
            Channel::Print => self.print,
        }
    }

    fn is_none(self) -> bool {
        Channel::ALL.iter().all(|channel| !self.cover(*channel))
    }
}

/// What a consent is asked to say, not yet held against the rules.
#[derive(Debug, Clone, Copy)]
pub struct AskedTerms {
    /// Where.
    pub channels: Channels,
    /// What pictures may show.
    pub image_rule: ImageRule,
    /// Since when the person has been out of care.
    pub out_of_care_since: Day,
    /// When it was signed.
    pub signed_on: Day,
    /// Its last day.
    pub expires_on: Day,
}

/// What a consent says, within the rules.
#[derive(Debug, Clone, Copy)]
pub struct Terms(AskedTerms);

/// Years that a consent holds at most.
const MOST_YEARS: u32 = 3;
/// Years out of care before somebody may be asked.
const YEARS_OUT_OF_CARE: u32 = 1;

fn years_after(day: Day, years: u32) -> Option<Day> {
    let later = day.date().checked_add_months(Months::new(12 * years))?;
    Day::try_from(later).ok()
}

impl Terms {
    /// Holds what is asked against the rules; `today` is UTC's day.
    ///
    /// # Errors
    /// [`AppError::Invalid`] of `channels`, `signed_on`, `expires_on`, `out_of_care_since`: everything that does not fit.
    pub fn parse(asked: AskedTerms, today: Day) -> AppResult<Self> {
        let mut faults = Vec::new();
        let mut wrong = |field: &str, message: &str| faults.push(FieldError::new(field, message));
        if asked.channels.is_none() {
            wrong("channels", "name at least one place where it may be shown");
        }
        if asked.signed_on > today {
            wrong("signed_on", "this day has not come yet");
        }
        if asked.expires_on < asked.signed_on {
            wrong("expires_on", "it ends before it was signed");
        } else if asked.expires_on < today {
            wrong("expires_on", "it has ended already: ask for a new one");
        }
        // Three years from the first of May end on the thirtieth of April.
        let longest = years_after(asked.signed_on, MOST_YEARS)
            .and_then(|day| day.date().checked_sub_days(Days::new(1)))
            .and_then(|day| Day::try_from(day).ok());
        if longest.is_none_or(|longest| asked.expires_on > longest) {
            wrong(
                "expires_on",
                "a consent holds for three years at most; then the person is asked anew",
            );
        }
        let askable = years_after(asked.out_of_care_since, YEARS_OUT_OF_CARE);
        if askable.is_none_or(|askable| asked.signed_on < askable) {
            wrong(
                "out_of_care_since",
                "on the day of signing the person must have been out of care for a year at least",
            );
        }
        if faults.is_empty() {
            Ok(Self(asked))
        } else {
            Err(AppError::Invalid(faults))
        }
    }

    /// What it says.
    pub fn get(&self) -> &AskedTerms {
        &self.0
    }
}
