//! Rows of consents, and the proof that one is in force.

use diesel::prelude::*;

use super::paper::PaperRow;
use super::rules::{Channel, Channels, Giver, ImageRule};
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::{vault_consents, vault_documents};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::{Day, Limit, Listed, Timestamp};

crate::id!(
    /// A consent.
    pub ConsentId,
    "con"
);
crate::id!(
    /// Whoever agreed to something.
    pub PersonId,
    "vpe"
);

/// A consent, without the real name and the paper.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = vault_consents)]
pub struct Consent {
    /// The id.
    pub id: ConsentId,
    /// How the person is called in public.
    pub pseudonym: String,
    /// Who gave it.
    pub giver: Giver,
    covers_web: bool,
    covers_mail: bool,
    covers_social: bool,
    covers_print: bool,
    /// What pictures may show of the person.
    pub image_rule: ImageRule,
    /// Since when the person has been out of care.
    pub out_of_care_since: Day,
    /// When it was signed.
    pub signed_on: Day,
    /// Its last day.
    pub expires_on: Day,
    /// Who recorded it.
    pub created_by: UserId,
    /// When.
    pub created_at: Timestamp,
    /// The reviewer.
    pub first_by: Option<UserId>,
    /// When the reviewer signed.
    pub first_at: Option<Timestamp>,
    /// Who signed beside the reviewer.
    pub second_by: Option<UserId>,
    /// When.
    pub second_at: Option<Timestamp>,
    /// The day on which the person took it back.
    pub revoked_on: Option<Day>,
    /// When staff noted that.
    pub revoked_at: Option<Timestamp>,
    /// Who did.
    pub revoked_by: Option<UserId>,
    /// Why.
    pub revoked_because: String,
}

crate::words! {
    /// Where a consent stands on a day.
    pub enum State {
        /// Nobody has signed it off.
        Recorded = "recorded",
        /// One of two has.
        HalfSigned = "half_signed",
        /// It holds.
        InForce = "in_force",
        /// Its last day has passed.
        Ended = "ended",
        /// It was taken back.
        Revoked = "revoked",
    }
}

impl Consent {
    /// Where it may be shown.
    pub fn channels(&self) -> Channels {
        Channels {
            web: self.covers_web,
            mail: self.covers_mail,
            social: self.covers_social,
            print: self.covers_print,
        }
    }

    /// Where it stands on `today` (UTC).
    pub fn state(&self, today: Day) -> State {
        if self.revoked_at.is_some() {
            State::Revoked
        } else if today > self.expires_on {
            State::Ended
        } else if self.second_by.is_some() {
            State::InForce
        } else if self.first_by.is_some() {
            State::HalfSigned
        } else {
            State::Recorded
        }
    }
}

/// That a consent covers a channel now: what publishing asks for, to be had from [`in_force`] alone.
#[derive(Debug, Clone, Copy)]
pub struct InForce {
    consent: ConsentId,
    channel: Channel,
    until: Day,
    image_rule: ImageRule,
}

impl InForce {
    /// Which consent.
    pub fn consent(&self) -> ConsentId {
        self.consent
    }

    /// For which channel.
    pub fn channel(&self) -> Channel {
        self.channel
    }

    /// The last day on which it holds.
    pub fn until(&self) -> Day {
        self.until
    }

    /// What pictures may show of the person.
    pub fn image_rule(&self) -> ImageRule {
        self.image_rule
    }
}

/// The proof that a consent covers `channel` on `today`.
///
/// # Errors
/// [`AppError::Conflict`] `consent_not_in_force` or `consent_does_not_cover`, in words; [`AppError::NotFound`].
pub fn in_force(
    conn: &mut Conn,
    id: ConsentId,
    channel: Channel,
    today: Day,
) -> AppResult<InForce> {
    let consent = by_id(conn, id)?;
    let refuse = |code: &'static str, why: String| AppError::Conflict {
        code,
        detail: format!("The consent of “{}” {why}.", consent.pseudonym),
    };
    let not_yet = "consent_not_in_force";
    match consent.state(today) {
        State::InForce => {}
        State::Recorded => {
            return Err(refuse(not_yet, "has not been signed off by anybody".into()));
        }
        State::HalfSigned => {
            let why = "has been signed off by one person; a second one must do so too";
            return Err(refuse(not_yet, why.into()));
        }
        State::Ended => {
            return Err(refuse(not_yet, format!("ended on {}", consent.expires_on)));
        }
        State::Revoked => return Err(refuse(not_yet, "was revoked".into())),
    }
    if !consent.channels().cover(channel) {
        let why = format!("does not cover this channel: {channel}");
        return Err(refuse("consent_does_not_cover", why));
    }
    Ok(InForce {
        consent: consent.id,
        channel,
        until: consent.expires_on,
        image_rule: consent.image_rule,
    })
}

/// The consent of an id.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn by_id(conn: &mut Conn, id: ConsentId) -> AppResult<Consent> {
    let query = vault_consents::table.find(id);
    each!(conn, c => query.select(Consent::as_select()).first(c).optional())?
        .ok_or(AppError::NotFound("this consent"))
}

/// The consents of these ids, by their last day.
///
/// # Errors
/// The database's.
pub fn by_ids(conn: &mut Conn, ids: &[ConsentId]) -> AppResult<Vec<Consent>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let query = vault_consents::table
        .filter(vault_consents::id.eq_any(ids))
        .order((vault_consents::expires_on, vault_consents::id));
    Ok(each!(conn, c => query.select(Consent::as_select()).load(c))?)
}

/// The vault's consents, the ones that end first coming first, going on after one.
///
/// # Errors
/// The database's.
pub fn list(
    conn: &mut Conn,
    after: Option<(Day, ConsentId)>,
    limit: Limit,
) -> AppResult<Listed<Consent>> {
    let rows = each!(conn, c: Db => {
        let mut query = vault_consents::table
            .select(Consent::as_select())
            .order((vault_consents::expires_on, vault_consents::id))
            .limit(limit.and_one())
            .into_boxed::<Db>();
        if let Some((day, id)) = after {
            query = query.filter(vault_consents::expires_on.gt(day).or(
                vault_consents::expires_on.eq(day).and(vault_consents::id.gt(id)),
            ));
        }
        query.load(c)
    })?;
    Ok(Listed::cut(rows, limit, |row: &Consent| {
        (row.expires_on, row.id)
    }))
}

/// Consents that hold on `today` and end before `until`, the first to end first: to be asked for anew.
///
/// # Errors
/// The database's.
pub fn ending(conn: &mut Conn, today: Day, until: Day, most: i64) -> AppResult<Vec<Consent>> {
    let query = vault_consents::table
        .filter(vault_consents::expires_on.ge(today))
        .filter(vault_consents::expires_on.lt(until))
        .filter(vault_consents::second_by.is_not_null())
        .filter(vault_consents::revoked_at.is_null())
        .order((vault_consents::expires_on, vault_consents::id))
        .limit(most);
    Ok(each!(conn, c => query.select(Consent::as_select()).load(c))?)
}

/// What is known of a consent's paper.
///
/// # Errors
/// The database's.
pub fn paper_of(conn: &mut Conn, id: ConsentId) -> AppResult<Option<PaperRow>> {
    let query = vault_documents::table.find(id);
    Ok(each!(conn, c => query.select(PaperRow::as_select()).first(c).optional())?)
}
