//! The four mails of a promise. None of them tells a sponsor's name to an owner unless the sponsor shows it.

use serde_json::{Value, json};

use super::model::{Promise, SponsorId};
use super::ops::NewPromise;
use crate::campaigns::Campaign;
use crate::config::Config;
use crate::db::Conn;
use crate::error::AppResult;
use crate::kernel::{Email, Money, Timestamp};
use crate::mail::{MailId, Mails, NewMail};
use crate::pages::model::PageOverview;
use crate::pages::{Page, PageStatus};

/// "Shall it hold?", to the sponsor; its link also takes the promise back.
const CONFIRM: &str = "day_sponsor_confirm";
/// "Somebody sponsors your days", to the owner.
const NEW: &str = "day_sponsor_new";
/// The sum and the link to give, to the sponsor.
const REQUEST: &str = "day_sponsor_request";
/// Nothing to give, to the sponsor.
const THANKS: &str = "day_sponsor_thanks";

/// The source of gifts that come by a request, as the give form keeps it.
const SOURCE: &str = "day_sponsor";

/// What mails are written with.
#[derive(Clone)]
pub struct Letterhead {
    /// The outbox.
    pub mails: Mails,
    /// The site from outside.
    pub public_url: String,
    /// Who runs it.
    pub organisation: String,
}

/// A promise whose season has ended.
pub(super) struct Ended<'a> {
    pub campaign: &'a Campaign,
    pub page: &'a Page,
    pub promise: &'a Promise,
    pub days: i64,
}

impl Letterhead {
    /// As the settings have it.
    pub fn new(config: &Config, mails: &Mails) -> Self {
        Self {
            mails: mails.clone(),
            public_url: config.public_url(),
            organisation: config.site.name.clone(),
        }
    }

    /// What every mail says: whose page, of which campaign. A page that was put away is not to be seen; its season is.
    fn context(&self, campaign: &Campaign, page: &Page, more: Value) -> Value {
        let place = match page.status {
            PageStatus::Live => format!("pages/{}/diary", page.slug),
            _ => format!("campaigns/{}", campaign.slug),
        };
        let mut context = json!({
            "participant": page.participant,
            "page": { "title": page.title },
            "campaign": { "title": campaign.title },
            "page_url": format!("{}/{place}", self.public_url),
            "accent": campaign.accent.to_string(),
            "organisation": self.organisation,
        });
        if let (Value::Object(fields), Value::Object(more)) = (&mut context, more) {
            fields.extend(more);
        }
        context
    }

    /// The outbox keeps one mail a kind and source, so an id made anew when a transaction runs again does no harm.
    fn mail(kind: &'static str, source_id: String, to: (&Email, &str), context: Value) -> NewMail {
        NewMail {
            id: MailId::new(),
            kind,
            source_id,
            to: to.0.clone(),
            to_name: Some(to.1.to_owned()),
            context,
        }
    }

    pub(super) fn confirm(
        &self,
        conn: &mut Conn,
        of: &PageOverview,
        new: &NewPromise,
        (id, asks): (SponsorId, i32),
        now: Timestamp,
    ) -> AppResult<()> {
        let context = json!({
            "name": new.name.as_str(),
            "per_day": new.per_day,
            "cap": new.cap,
            "ends_on": of.campaign.ends_on,
            "promise_url": format!("{}/sponsor/{}", self.public_url, new.secret),
        });
        let context = self.context(&of.campaign, &of.page, context);
        let to = (&new.email, new.name.as_str());
        let mail = Self::mail(CONFIRM, format!("{id}-{asks}"), to, context);
        self.mails.queue(conn, &[mail], now).map(|_| ())
    }

    pub(super) fn told(
        &self,
        conn: &mut Conn,
        of: &PageOverview,
        promise: &Promise,
        owner: Email,
        now: Timestamp,
    ) -> AppResult<()> {
        let context = json!({
            "sponsor": promise.is_named.then_some(&promise.name),
            "per_day": promise.per_day(),
            "cap": promise.cap(),
        });
        let context = self.context(&of.campaign, &of.page, context);
        let to = (&owner, of.page.participant.as_str());
        let mail = Self::mail(NEW, promise.id.to_string(), to, context);
        self.mails.queue(conn, &[mail], now).map(|_| ())
    }

    pub(super) fn request(&self, of: &Ended<'_>, sum: Money) -> NewMail {
        let minimum = of.campaign.minimum();
        let is_small = sum.minor() < minimum.minor();
        // A page that was put away takes no gifts: they go to its season.
        let page = (of.page.status == PageStatus::Live).then(|| format!("page={}&", of.page.slug));
        let amount = (!is_small).then(|| format!("amount={}&", sum.decimal()));
        let (page, amount) = (page.unwrap_or_default(), amount.unwrap_or_default());
        let campaign = &of.campaign.slug;
        let give = format!("{}/give/{campaign}?{page}{amount}", self.public_url);
        let context = json!({
            "name": of.promise.name,
            "days": of.days,
            "one_day": of.days == 1,
            "per_day": of.promise.per_day(),
            "sum": sum,
            "is_capped": sum.minor() < of.promise.per_day().minor().saturating_mul(of.days),
            "minimum": is_small.then_some(minimum),
            "giving_until": of.campaign.giving_until,
            "give_url": format!("{give}utm_source={SOURCE}"),
        });
        let context = self.context(of.campaign, of.page, context);
        Self::letter(REQUEST, of.promise, context)
    }

    pub(super) fn thanks(&self, of: &Ended<'_>) -> NewMail {
        let context = json!({
            "name": of.promise.name,
            "is_late": of.days > 0,
        });
        let context = self.context(of.campaign, of.page, context);
        Self::letter(THANKS, of.promise, context)
    }

    fn letter(kind: &'static str, promise: &Promise, context: Value) -> NewMail {
        let to = (&promise.email, promise.name.as_str());
        Self::mail(kind, promise.id.to_string(), to, context)
    }
}
