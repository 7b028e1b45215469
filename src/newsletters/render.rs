//! From a newsletter and one reader's facts to the three texts of a mail.
//!
//! [`Prepared`] parses, sanitises and lays out once; [`Prepared::facts`] reads a batch of readers in a fixed number of
//! queries; [`Prepared::render`] copies pieces and escapes values, touches no database and takes microseconds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::content::Content;
pub use super::facts::Facts;
use super::facts::{Common, figures};
use super::fields::{Field, Values};
use super::fill::{Filling, shortened, tidy};
use super::house::House;
use super::impact::Impact;
use super::model::{Newsletter, NewsletterId, by_id};
use super::prepare::{self, Compiled};
use super::shape::{escaped, harmless};
use super::sources::{self, Sources};
use crate::consent_vault::Channel;
use crate::db::Conn;
use crate::error::AppResult;
use crate::kernel::{Line, Timestamp};
use crate::stories::copies;
use crate::subscribers::SubscriberId;

/// Bytes of one part of a mail at most (N11).
pub const OUTPUT_MOST: usize = 1024 * 1024;

/// A newsletter made ready to be rendered many times: parsed, checked, laid out once.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// What was prepared.
    pub newsletter: Newsletter,
    /// Its links by number, from 0: what `MailLinks::click` + `/` + number leads to. Links that differ from reader to reader
    /// are not among them and go as they are.
    pub links: Vec<String>,
    house: House,
    content: Content,
    sources: Arc<Sources>,
    compiled: Arc<Compiled>,
}

/// The links that differ from mail to mail.
#[derive(Debug, Clone)]
pub struct MailLinks {
    /// The confirm page of leaving, and what the one-click POST is sent to (N7).
    pub unsubscribe: String,
    /// The preference centre.
    pub preferences: String,
    /// What counts an opening, where that is switched on.
    pub pixel: Option<String>,
    /// What counts a click: followed by `/` and the link's number; links are as written where it is off.
    pub click: Option<String>,
}

/// The texts of one mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// One line.
    pub subject: String,
    /// The HTML part.
    pub html: String,
    /// The text part.
    pub text: String,
}

impl Prepared {
    /// Reads and prepares a newsletter.
    ///
    /// # Errors
    /// [`crate::error::AppError::NotFound`]; [`crate::error::AppError::Invalid`] says what is wrong with its texts.
    pub fn load(conn: &mut Conn, id: NewsletterId, house: &House) -> AppResult<Self> {
        let newsletter = by_id(conn, id)?;
        Self::of(conn, newsletter, house)
    }

    /// Prepares a newsletter as it stands here, saved or not.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn of(conn: &mut Conn, newsletter: Newsletter, house: &House) -> AppResult<Self> {
        let content = Content::parse(&newsletter.content)?;
        let sources = Sources::read(conn, &newsletter, &content)?;
        Self::with(newsletter, content, sources, house)
    }

    pub(super) fn with(
        newsletter: Newsletter,
        content: Content,
        sources: Sources,
        house: &House,
    ) -> AppResult<Self> {
        let compiled = prepare::compile(&newsletter, &content, &sources, house)?;
        Ok(Self {
            links: compiled.links().to_vec(),
            house: house.clone(),
            sources: Arc::new(sources),
            compiled: Arc::new(compiled),
            content,
            newsletter,
        })
    }

    /// What its blocks speak of.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Its blocks.
    pub fn content(&self) -> &Content {
        &self.content
    }

    fn common(&self, withheld: BTreeSet<usize>) -> Common<'_> {
        let programs = self.sources.programs.iter();
        Common {
            house: &self.house,
            campaign: self.sources.campaign.as_ref(),
            programs: programs.map(|one| (one.id, one.name.clone())).collect(),
            needs_season: self.compiled.needs_season(),
            archive: self
                .house
                .url(&format!("/newsletters/{}", self.newsletter.slug)),
            withheld: Arc::new(withheld),
        }
    }

    fn withheld(
        &self,
        conn: &mut Conn,
        channel: Channel,
        now: Timestamp,
    ) -> AppResult<BTreeSet<usize>> {
        let all = sources::withheld(conn, &self.content, &self.sources, channel, now)?;
        Ok(all.into_iter().collect())
    }

    /// The facts of `people` that this newsletter uses: a fixed number of queries however many they are. Whether its stories
    /// may still leave is asked here, anew for each batch (S17).
    ///
    /// # Errors
    /// The database's.
    pub fn facts(
        &self,
        conn: &mut Conn,
        people: &[SubscriberId],
        now: Timestamp,
    ) -> AppResult<BTreeMap<SubscriberId, Facts>> {
        let withheld = self.withheld(conn, Channel::Mail, now)?;
        self.common(withheld).of(conn, people, now)
    }

    /// The facts of nobody: what the archive shows, and previews without a reader.
    ///
    /// # Errors
    /// The database's.
    pub fn stand_in(
        &self,
        conn: &mut Conn,
        channel: Channel,
        now: Timestamp,
    ) -> AppResult<StandIn> {
        let withheld = self.withheld(conn, channel, now)?;
        let common = self.common(withheld);
        let mut values = common.values();
        for field in Field::ALL {
            values.set_some(*field, field.stand_in());
        }
        let impact = Impact {
            figures: figures(conn, &common.programs)?,
            ..Impact::default()
        };
        Ok(StandIn {
            values,
            impact,
            withheld: common.withheld,
        })
    }

    /// Notes that copies of its stories have left with mails to so many: in the transaction that hands them over, with the
    /// facts by which they were rendered (S17).
    ///
    /// # Errors
    /// The database's.
    pub fn note_copies(
        &self,
        conn: &mut Conn,
        withheld: &BTreeSet<usize>,
        recipients: i64,
        now: Timestamp,
    ) -> AppResult<()> {
        let reference = Line::parse(self.newsletter.slug.as_str(), 100)
            .map_err(crate::error::AppError::internal)?;
        for (number, block) in self.content.blocks.iter().enumerate() {
            let super::content::Block::Story { story: Some(story) } = block else {
                continue;
            };
            if withheld.contains(&number) {
                continue;
            }
            // A consent that was revoked since is the list's business too: the copy has left.
            if let Ok(leave) = copies::may_leave(conn, *story, Channel::Mail, now) {
                copies::note(conn, &leave, &reference, recipients, now)?;
            }
        }
        Ok(())
    }

    /// One reader's mail. `variant` is `a`, or `b` for the other subject of a test.
    ///
    /// # Errors
    /// Why this reader's mail cannot be made, without personal data.
    pub fn render(
        &self,
        facts: &Facts,
        variant: &str,
        links: &MailLinks,
    ) -> Result<Rendered, String> {
        let filling = Filling {
            values: &facts.values,
            impact: &facts.impact,
            withheld: &facts.withheld,
            links: Some(links),
            is_public: self.newsletter.is_public,
            compiled: &self.compiled,
        };
        self.fill(&filling, variant)
    }

    /// What the public archive shows: nobody's name, nobody's money.
    ///
    /// # Errors
    /// As [`Self::render`].
    pub fn render_archive(&self, stand_in: &StandIn) -> Result<Rendered, String> {
        let filling = Filling {
            values: &stand_in.values,
            impact: &stand_in.impact,
            withheld: &stand_in.withheld,
            links: None,
            is_public: true,
            compiled: &self.compiled,
        };
        self.fill(&filling, "a")
    }

    /// The mail as somebody gets it of whom nothing is known: for previews and tests.
    ///
    /// # Errors
    /// As [`Self::render`].
    pub fn render_example(
        &self,
        stand_in: &StandIn,
        variant: &str,
        links: &MailLinks,
    ) -> Result<Rendered, String> {
        let filling = Filling {
            values: &stand_in.values,
            impact: &stand_in.impact,
            withheld: &stand_in.withheld,
            links: Some(links),
            is_public: self.newsletter.is_public,
            compiled: &self.compiled,
        };
        self.fill(&filling, variant)
    }

    fn fill(&self, filling: &Filling<'_>, variant: &str) -> Result<Rendered, String> {
        let compiled = &self.compiled;
        let mut subject = String::new();
        filling.text(compiled.subject(variant), &mut subject)?;
        let subject = shortened(&harmless(&subject));
        if subject.is_empty() {
            return Err("the subject is empty for this reader".into());
        }
        let mut html = String::with_capacity(compiled.size());
        filling.html(&compiled.html, &mut html)?;
        if let Some(pixel) = filling.links.and_then(|links| links.pixel.as_deref()) {
            html.push_str("<img src=\"");
            html.push_str(&escaped(pixel));
            html.push_str("\" width=\"1\" height=\"1\" alt=\"\">");
        }
        html.push_str(&compiled.tail);
        let mut text = String::with_capacity(4_096);
        filling.text(compiled.text(filling.withheld), &mut text)?;
        filling.text(&compiled.text_footer, &mut text)?;
        Ok(Rendered {
            subject,
            html,
            text: tidy(&text),
        })
    }
}

/// What stands in for a reader where there is none.
#[derive(Debug, Clone, Default)]
pub struct StandIn {
    values: Values,
    impact: Impact,
    /// Blocks that may not be shown.
    pub withheld: Arc<BTreeSet<usize>>,
}
