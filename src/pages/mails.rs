//! The mails of pages: what staff decided, an owner's thanks to a giver, a page offered to somebody else.

use diesel::prelude::*;
use serde_json::{Value, json};

use super::PageId;
use crate::config::Config;
use crate::db::Conn;
use crate::db::schema::{campaigns, pages, users};
use crate::each;
use crate::error::AppResult;
use crate::kernel::{Email, Timestamp};
use crate::mail::{MailId, Mails, NewMail};

/// Writes the mails of pages into the outbox. Clones share the templates.
#[derive(Clone)]
pub struct PageMails {
    mails: Mails,
    public_url: String,
    organisation: String,
}

/// What staff decided about a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Approved,
    Asked,
    Questioned,
    Hidden,
    Shown,
}

/// What every mail about a page says.
#[derive(Debug, Clone, Queryable)]
pub(super) struct About {
    pub slug: String,
    pub title: String,
    pub participant: String,
    pub campaign: String,
    pub accent: String,
    pub owner: Option<(Email, String)>,
}

impl About {
    pub(super) fn of(conn: &mut Conn, page: PageId) -> AppResult<Self> {
        let query = pages::table
            .inner_join(campaigns::table.on(campaigns::id.eq(pages::campaign_id)))
            .left_join(users::table.on(users::id.nullable().eq(pages::owner_id)))
            .filter(pages::id.eq(page))
            .select((
                pages::slug,
                pages::title,
                pages::participant,
                campaigns::title,
                campaigns::accent,
                (users::email, users::name).nullable(),
            ));
        Ok(each!(conn, c => query.first(c))?)
    }
}

impl PageMails {
    /// The mails of pages, as the settings sign them.
    pub fn new(mails: Mails, config: &Config) -> Self {
        Self {
            mails,
            public_url: config.public_url(),
            organisation: config.site.name.clone(),
        }
    }

    /// The address of `path` (from `/` on) as mails write it.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.public_url)
    }

    /// Tells a page's owner what staff decided; once a decision, whatever is replayed.
    pub(super) fn verdict(
        &self,
        conn: &mut Conn,
        page: PageId,
        verdict: Verdict,
        words: Option<&str>,
        now: Timestamp,
    ) -> AppResult<()> {
        let about = About::of(conn, page)?;
        let Some((to, name)) = about.owner.clone() else {
            return Ok(());
        };
        let shown = matches!(verdict, Verdict::Approved | Verdict::Shown);
        let tool = if shown { "" } else { "/edit" };
        let context = json!({
            "participant": about.participant,
            "approved": verdict == Verdict::Approved,
            "asked": verdict == Verdict::Asked,
            "questioned": verdict == Verdict::Questioned,
            "hidden": verdict == Verdict::Hidden,
            "shown": verdict == Verdict::Shown,
            "words": words,
            "url": self.url(&format!("/pages/{}{tool}", about.slug)),
        });
        let source = format!("{page}:{verdict:?}:{}", now.micros());
        self.queue(
            conn,
            ("page_review", source),
            (to, Some(name)),
            &about,
            context,
            now,
        )
    }

    pub(super) fn queue(
        &self,
        conn: &mut Conn,
        (kind, source_id): (&'static str, String),
        (to, name): (Email, Option<String>),
        about: &About,
        mut context: Value,
        now: Timestamp,
    ) -> AppResult<()> {
        if let Some(fields) = context.as_object_mut() {
            fields.insert("page".into(), json!({ "title": about.title }));
            fields.insert("campaign".into(), json!({ "title": about.campaign }));
            fields.insert("accent".into(), json!(about.accent));
            fields.insert("organisation".into(), json!(self.organisation));
        }
        // The outbox keeps one mail a kind and source, so an id made anew when the transaction runs again does no harm.
        let mail = NewMail {
            id: MailId::new(),
            kind,
            source_id,
            to,
            to_name: name,
            context,
        };
        self.mails.queue(conn, &[mail], now)?;
        Ok(())
    }
}
