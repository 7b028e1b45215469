//! A newsletter's mail to one reader, as a message with all that bulk mail must carry (N6).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use diesel::prelude::*;

use super::claim::Claimed;
use super::grounds::Grounds;
use super::return_path::{Purpose, ReturnPath, hex_of};
use crate::analytics::{Counting, settings};
use crate::config::Config;
use crate::db::Conn;
use crate::db::schema::lists;
use crate::each;
use crate::error::AppResult;
use crate::kernel::{Email, Slug, Timestamp};
use crate::mail::Dkim;
use crate::mail::letter::{Draft, Letter, Origin, one_click};
use crate::newsletters::NewsletterId;
use crate::newsletters::render::{Facts, MailLinks, Prepared};
use crate::subscribers::links::Links;

/// What every newsletter of this installation has in common.
#[derive(Clone)]
pub struct House {
    /// How the outside reaches us, without a slash at the end.
    pub public_url: String,
    /// Whom newsletters come from; the domain ends every Message-ID and List-Id.
    pub from: Email,
    /// Where reports and wishes to leave come back.
    pub return_path: ReturnPath,
    /// What signs them.
    pub dkim: Arc<Vec<Dkim>>,
    /// Leaves lists without a login (N7).
    pub links: Links,
    /// What the writing of every newsletter shares.
    pub written: crate::newsletters::house::House,
}

impl House {
    /// As the settings have it.
    pub fn new(
        config: &Config,
        return_path: ReturnPath,
        dkim: Arc<Vec<Dkim>>,
        links: Links,
    ) -> Self {
        Self {
            dkim,
            links,
            written: crate::newsletters::house::House::of(config),
            public_url: config.public_url(),
            from: config.newsletters_from(),
            return_path,
        }
    }

    /// The domain that newsletters come from.
    pub fn domain(&self) -> &str {
        self.from.as_str().rsplit('@').next().unwrap_or_default()
    }
}

/// A newsletter made ready: prepared once a version, used for every reader.
pub(super) struct Bulk {
    pub(super) prepared: Prepared,
    /// By whose word it comes to its readers.
    pub(super) grounds: Arc<Grounds>,
    /// What is counted of it.
    pub(super) counting: Counting,
    origin: Origin,
    list_id: String,
    feedback_id: String,
}

impl Bulk {
    /// Reads and prepares a newsletter.
    pub(super) fn load(conn: &mut Conn, id: NewsletterId, house: &House) -> AppResult<Self> {
        let prepared = Prepared::load(conn, id, &house.written)?;
        let newsletter = &prepared.newsletter;
        let grounds = Grounds::of(newsletter);
        let list: Option<Slug> = match grounds.lists() {
            [one] => each!(conn, c => lists::table
                .find(one)
                .select(lists::slug)
                .first(c)
                .optional())?,
            _ => None,
        };
        let list = list.map_or("newsletters".to_owned(), |slug| slug.to_string());
        let season = newsletter
            .campaign_id
            .map_or("all".to_owned(), |id| id.to_string());
        Ok(Self {
            origin: Origin {
                email: house.from.clone(),
                name: newsletter.from_name.clone(),
                dkim: Arc::clone(&house.dkim),
            },
            list_id: format!("<{list}.lists.{}>", house.domain()),
            feedback_id: format!("{}:{season}:newsletter:selvedge", newsletter.id),
            grounds: Arc::new(grounds),
            counting: settings::of(conn, id)?,
            prepared,
        })
    }

    /// Where what this mail's reader does is counted: an address of their own only where they agreed, everybody's otherwise.
    fn counted(&self, house: &House, claimed: &Claimed, facts: &Facts) -> String {
        let reader = facts.is_counted.then_some(facts.subscriber);
        house.links.counted(&claimed.newsletter, reader)
    }

    /// A pixel is for those alone who agreed.
    fn pixel(&self, house: &House, claimed: &Claimed, facts: &Facts) -> Option<String> {
        let wanted = self.counting.opens && facts.is_counted;
        wanted.then(|| format!("{}/open.gif", self.counted(house, claimed, facts)))
    }

    /// One reader's mail, the same at every try but for its date.
    ///
    /// # Errors
    /// Why none can be made, without personal data; a panic on the way counts (N10).
    pub(super) fn letter(
        &self,
        house: &House,
        claimed: &Claimed,
        facts: &Facts,
        now: Timestamp,
    ) -> Result<Letter, String> {
        let links = MailLinks {
            unsubscribe: house.links.unsubscribe(
                facts.subscriber,
                Some(&claimed.newsletter),
                self.grounds.left_by_link(),
            ),
            preferences: format!("{}/preferences/{}", house.public_url, facts.token),
            pixel: self.pixel(house, claimed, facts),
            click: self
                .counting
                .clicks
                .then(|| self.counted(house, claimed, facts)),
        };
        let render = || self.prepared.render(facts, &claimed.variant, &links);
        let texts = catch_unwind(AssertUnwindSafe(render))
            .map_err(|_| "the newsletter's renderer panicked".to_owned())??;
        let back = |purpose| house.return_path.address(purpose, claimed.id);
        let leave = back(Purpose::Leave);
        let leave = leave.as_ref().unwrap_or(&house.from).as_str();
        let mut headers = vec![
            ("List-Id", self.list_id.clone()),
            ("Precedence", "bulk".to_owned()),
            ("Feedback-ID", self.feedback_id.clone()),
        ];
        let leave = format!("{leave}?subject=unsubscribe");
        headers.extend(one_click(&links.unsubscribe, Some(&leave)));
        let id = format!("mail_{}", hex_of(claimed.id));
        let draft = Draft {
            id: id.parse().map_err(|_| "no mail id".to_owned())?,
            to: facts.email.clone(),
            to_name: Some(facts.name.clone()).filter(|name| !name.is_empty()),
            subject: texts.subject,
            html: texts.html,
            text: texts.text,
            message_id: claimed.message_id.clone(),
            written_at: now,
            headers,
            reply_to: self.prepared.newsletter.reply_to.clone(),
            return_path: back(Purpose::Report),
        };
        Letter::compose(draft, &self.origin)
    }
}
