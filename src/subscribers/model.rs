//! Rows, and how they are found.

use diesel::prelude::*;

use crate::auth::UserId;
use crate::db::schema::{lists, subscribers};
use crate::ids::{CampaignId, SupporterId};
use crate::kernel::{Email, Slug, Timestamp};

crate::id!(
    /// Somebody whom newsletters may reach.
    pub SubscriberId,
    "sub"
);
crate::id!(
    /// A mailing list.
    pub ListId,
    "lst"
);

crate::words! {
    /// How a subscriber stands to a list. Moves: pending → confirmed → left, left → pending.
    pub enum SubscriptionState {
        /// Asked for; the mailed link has not been followed yet.
        Pending = "pending",
        /// Agreed, and the proof is kept.
        Confirmed = "confirmed",
        /// Left.
        Left = "left",
    }
}

crate::words! {
    /// Why an address gets no bulk mail.
    pub enum SuppressionReason {
        /// It does not exist (5.1.1), N14.
        HardBounce = "hard_bounce",
        /// Three soft bounces within 30 days, N14.
        SoftBounces = "soft_bounces",
        /// Its owner called a mail spam, N14.
        Complaint = "complaint",
        /// Staff said so.
        Staff = "staff",
        /// Its owner had everything erased.
        Erased = "erased",
    }
}

/// Somebody whom newsletters may reach.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = subscribers)]
pub struct Subscriber {
    /// The id.
    pub id: SubscriberId,
    /// Where they are written to.
    pub email: Email,
    /// How addresses are compared (N19).
    pub email_folded: String,
    /// Their name, or nothing.
    pub name: String,
    /// The language they read (BCP 47), or nothing.
    pub language: String,
    /// Their country (ISO 3166, two letters), or nothing.
    pub country: String,
    /// Their time zone (IANA), if known.
    pub time_zone: Option<String>,
    /// The donor of this address.
    pub supporter_id: Option<SupporterId>,
    /// The account of this address.
    pub user_id: Option<UserId>,
    /// What opens their preferences: 256 random bits.
    pub token: String,
    /// Since when they want nothing at all.
    pub left_all_at: Option<Timestamp>,
    /// When they were first known.
    pub created_at: Timestamp,
}

/// A mailing list.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = lists)]
pub struct List {
    /// The id.
    pub id: ListId,
    /// The season it belongs to, if to one.
    pub campaign_id: Option<CampaignId>,
    /// In addresses.
    pub slug: Slug,
    /// What it is called.
    pub name: String,
    /// What comes, how often.
    pub about: String,
    /// Whether anybody may join.
    pub is_public: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was put away.
    pub archived_at: Option<Timestamp>,
}
