//! Kinds of mail that a person may switch off, and the links that do it without signing in.
//!
//! Mails that somebody asked for or must get (links, receipts, changes of the account) have no kind here. Whoever sends
//! a mail of a kind asks [`is_muted`] in the transaction that queues it, and puts [`OffLinks::url`] into it.

use diesel::prelude::*;

use super::model::UserId;
use crate::config::Config;
use crate::db::schema::mail_mutes;
use crate::db::{Conn, Db, installation};
use crate::each;
use crate::error::AppResult;
use crate::kernel::Timestamp;
use crate::kernel::secret::{equal, hmac_sha256_hex, random_token};

crate::words! {
    /// A kind of mail that comes until it is switched off.
    pub enum MailKind {
        /// The season's series of tips.
        Tips = "tips",
        /// Amounts, shares of the goal and numbers of donors that a page reached.
        Milestones = "milestones",
        /// After some quiet days.
        Nudges = "nudges",
        /// A badge was earned.
        Badges = "badges",
        /// A gift arrived on one's page.
        PageGifts = "page_gifts",
        /// What staff and readers do with one's page: approved, questions, offline gifts confirmed.
        PageNews = "page_news",
        /// A captain writes to the team.
        TeamMessages = "team_messages",
        /// Requests to join, and who came or left, for captains.
        TeamNews = "team_news",
    }
}

impl MailKind {
    /// What it is called.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Tips => "Tips through the season",
            Self::Milestones => "Milestones of your page",
            Self::Nudges => "A nudge after quiet days",
            Self::Badges => "Badges",
            Self::PageGifts => "Gifts on your page",
            Self::PageNews => "News about your page",
            Self::TeamMessages => "Messages from your captain",
            Self::TeamNews => "News about your team",
        }
    }

    /// Why it comes, after "you get this mail because": for the foot of the mail and for the switch.
    pub const fn why(self) -> &'static str {
        match self {
            Self::Tips => "you have a page in this season",
            Self::Milestones => "your page reached a mark",
            Self::Nudges => "your page has been quiet for some days",
            Self::Badges => "you earned a badge",
            Self::PageGifts => "somebody gave on your page",
            Self::PageNews => "something was decided or asked about your page",
            Self::TeamMessages => "you are in this team and its captain wrote to it",
            Self::TeamNews => "you lead this team",
        }
    }
}

/// Whether a user switched this kind off.
///
/// # Errors
/// The database's.
pub fn is_muted(conn: &mut Conn, user: UserId, kind: MailKind) -> AppResult<bool> {
    let query = mail_mutes::table.find((user, kind)).count();
    Ok(each!(conn, c => query.get_result::<i64>(c))? > 0)
}

/// Who of `users` switched this kind off: one query for a whole team.
///
/// # Errors
/// The database's.
pub fn muted_among(conn: &mut Conn, users: &[UserId], kind: MailKind) -> AppResult<Vec<UserId>> {
    let mut muted = Vec::new();
    for chunk in users.chunks(1_000) {
        let query = mail_mutes::table
            .filter(mail_mutes::kind.eq(kind))
            .filter(mail_mutes::user_id.eq_any(chunk))
            .select(mail_mutes::user_id);
        muted.extend(each!(conn, c => query.load::<UserId>(c))?);
    }
    Ok(muted)
}

/// The kinds that a user switched off.
///
/// # Errors
/// The database's.
pub fn muted_by(conn: &mut Conn, user: UserId) -> AppResult<Vec<MailKind>> {
    let query = mail_mutes::table
        .filter(mail_mutes::user_id.eq(user))
        .order(mail_mutes::kind)
        .select(mail_mutes::kind);
    Ok(each!(conn, c => query.load(c))?)
}

/// Switches a kind off; nothing changes when it was off.
///
/// # Errors
/// The database's.
pub fn mute(conn: &mut Conn, user: UserId, kind: MailKind, now: Timestamp) -> AppResult<()> {
    let row = (
        mail_mutes::user_id.eq(user),
        mail_mutes::kind.eq(kind),
        mail_mutes::muted_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(mail_mutes::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(())
}

/// Switches a kind on again; nothing changes when it was on.
///
/// # Errors
/// The database's.
pub fn unmute(conn: &mut Conn, user: UserId, kind: MailKind) -> AppResult<()> {
    let target = mail_mutes::table.find((user, kind));
    each!(conn, c => diesel::delete(target).execute(c))?;
    Ok(())
}

const KEY_NAME: &str = "mail_off_key";

/// Makes and opens the links that switch a kind of mail off without signing in: the user and a seal over user and kind.
///
/// Such a link holds for good, since a mail may be read after years; it can do nothing but switch that kind off.
#[derive(Clone)]
pub struct OffLinks {
    key: String,
    base: String,
}

impl OffLinks {
    /// Reads the installation's key; a first call makes it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn load(db: &Db, config: &Config) -> AppResult<Self> {
        let key = match db.read(|conn| installation::kept(conn, KEY_NAME)).await? {
            Some(key) => key,
            None => {
                let made = random_token()?;
                db.tx(move |conn| installation::keep(conn, KEY_NAME, &made))
                    .await?
            }
        };
        Ok(Self {
            key,
            base: config.public_url(),
        })
    }

    /// The whole address of the page that switches `kind` off for `user`.
    pub fn url(&self, user: UserId, kind: MailKind) -> String {
        format!(
            "{}/mail/{kind}/off/{user}.{}",
            self.base,
            self.seal(user, kind)
        )
    }

    /// Whose link it is, if it is one for `kind`.
    pub fn open(&self, kind: MailKind, token: &str) -> Option<UserId> {
        let (user, seal) = token.split_once('.')?;
        let user: UserId = user.parse().ok()?;
        equal(self.seal(user, kind).as_bytes(), seal.as_bytes()).then_some(user)
    }

    fn seal(&self, user: UserId, kind: MailKind) -> String {
        let user = user.to_string();
        let parts = [
            b"mail-off:",
            kind.as_str().as_bytes(),
            b":",
            user.as_bytes(),
        ];
        hmac_sha256_hex(self.key.as_bytes(), &parts)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::auth::{NewUser, insert_user};
    use crate::db::testing::fresh;
    use crate::kernel::{Clock, Line};

    #[test]
    fn a_link_switches_off_its_own_kind_for_its_own_user_alone() {
        let links = |key: &str| OffLinks {
            key: key.to_owned(),
            base: "https://give.example.org".into(),
        };
        let (maya, other) = (UserId::new(), UserId::new());
        let url = links("a").url(maya, MailKind::Tips);
        let token = url.rsplit('/').next().unwrap();
        assert!(url.starts_with("https://give.example.org/mail/tips/off/"));
        assert_eq!(links("a").open(MailKind::Tips, token), Some(maya));
        assert_eq!(links("a").open(MailKind::Nudges, token), None);
        assert_eq!(links("b").open(MailKind::Tips, token), None);
        let forged = token.replace(&maya.to_string(), &other.to_string());
        assert_eq!(links("a").open(MailKind::Tips, &forged), None);
        assert_eq!(links("a").open(MailKind::Tips, "nonsense"), None);
    }

    #[tokio::test]
    async fn a_switch_holds_for_one_user_and_one_kind() {
        let (db, _guard) = fresh().await;
        let now = Clock::system().now();
        let ids = [UserId::new(), UserId::new()];
        let muted = db
            .tx(move |c| {
                for (id, email) in ids.iter().zip(["maya@example.org", "ravi@example.org"]) {
                    let new = NewUser {
                        id: *id,
                        email: email.parse().unwrap(),
                        name: Line::parse("Somebody", 80).unwrap(),
                        password_hash: None,
                        roles: Vec::new(),
                    };
                    insert_user(c, &new, now)?;
                }
                mute(c, ids[0], MailKind::Tips, now)?;
                mute(c, ids[0], MailKind::Tips, now)?;
                assert!(is_muted(c, ids[0], MailKind::Tips)?);
                assert!(!is_muted(c, ids[0], MailKind::Nudges)?);
                assert_eq!(muted_by(c, ids[0])?, [MailKind::Tips]);
                let among = muted_among(c, &ids, MailKind::Tips)?;
                unmute(c, ids[0], MailKind::Tips)?;
                assert!(!is_muted(c, ids[0], MailKind::Tips)?);
                Ok(among)
            })
            .await
            .unwrap();
        assert_eq!(muted, [ids[0]]);
    }
}
