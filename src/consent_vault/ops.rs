//! Recording, signing off, revoking, and looking behind a pseudonym. Each is a deed in the record (S15).

use diesel::prelude::*;

use super::model::{self, Consent, ConsentId};
use super::rules::GivenBy;
use super::safe::NewConsent;
use crate::audit::{self, Deed};
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::{vault_consents, vault_documents, vault_people};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::{Day, Line, Timestamp, Zone};

/// What is noted of a consent, for the record.
fn deed(by: UserId, action: &'static str, id: ConsentId) -> Deed {
    Deed::new(by, action, ("consent", id.to_string()))
}

/// Records a consent with its paper; nobody has signed it off yet.
///
/// # Errors
/// The database's.
pub fn record(conn: &mut Conn, new: &NewConsent, now: Timestamp) -> AppResult<()> {
    let person = (
        vault_people::id.eq(new.person),
        vault_people::sealed_name.eq(&new.sealed_name),
        vault_people::sealed_guardian.eq(&new.sealed_guardian),
        vault_people::created_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(vault_people::table).values(person).execute(c))?;
    let terms = new.terms.get();
    let row = (
        vault_consents::id.eq(new.id),
        vault_consents::person_id.eq(new.person),
        vault_consents::pseudonym.eq(new.pseudonym.as_str()),
        vault_consents::giver.eq(new.given_by.giver()),
        vault_consents::covers_web.eq(terms.channels.web),
        vault_consents::covers_mail.eq(terms.channels.mail),
        vault_consents::covers_social.eq(terms.channels.social),
        vault_consents::covers_print.eq(terms.channels.print),
        vault_consents::image_rule.eq(terms.image_rule),
        vault_consents::out_of_care_since.eq(terms.out_of_care_since),
        vault_consents::signed_on.eq(terms.signed_on),
        vault_consents::expires_on.eq(terms.expires_on),
        vault_consents::created_by.eq(new.by),
        vault_consents::created_at.eq(now),
        vault_consents::revoked_because.eq(""),
    );
    each!(conn, c => diesel::insert_into(vault_consents::table).values(row).execute(c))?;
    let paper = (
        vault_documents::consent_id.eq(new.id),
        vault_documents::kind.eq(new.kind),
        vault_documents::bytes.eq(new.bytes),
        vault_documents::sha256.eq(&new.digest),
        vault_documents::sealed.eq(&new.sealed_paper),
    );
    each!(conn, c => diesel::insert_into(vault_documents::table).values(paper).execute(c))?;
    let said = match new.given_by {
        GivenBy::Own => "given by the person",
        GivenBy::Guardian(_) => "given by a guardian, for somebody under age",
    };
    audit::record(
        conn,
        &deed(new.by, "consent.record", new.id).saying(said),
        now,
    )
}

/// Signs a consent off: the first to do so is its reviewer, the second must be somebody else.
///
/// # Errors
/// [`AppError::Conflict`] `same_person`, `signed_already` or `consent_over`; [`AppError::NotFound`].
pub fn sign(conn: &mut Conn, id: ConsentId, by: UserId, now: Timestamp) -> AppResult<()> {
    let today = today(now)?;
    let open = vault_consents::table
        .filter(vault_consents::id.eq(id))
        .filter(vault_consents::revoked_at.is_null())
        .filter(vault_consents::expires_on.ge(today));
    let first = open.filter(vault_consents::first_by.is_null());
    let changed = each!(conn, c => diesel::update(first)
        .set((vault_consents::first_by.eq(by), vault_consents::first_at.eq(now)))
        .execute(c))?;
    if changed == 1 {
        return audit::record(conn, &deed(by, "consent.sign_first", id), now);
    }
    let second = open
        .filter(vault_consents::first_by.ne(by))
        .filter(vault_consents::second_by.is_null());
    let changed = each!(conn, c => diesel::update(second)
        .set((vault_consents::second_by.eq(by), vault_consents::second_at.eq(now)))
        .execute(c))?;
    if changed == 1 {
        return audit::record(conn, &deed(by, "consent.sign_second", id), now);
    }
    Err(why_not(&model::by_id(conn, id)?, by, today))
}

fn why_not(consent: &Consent, by: UserId, today: Day) -> AppError {
    let (code, detail) = if consent.revoked_at.is_some() || today > consent.expires_on {
        ("consent_over", "this consent does not hold any more")
    } else if consent.second_by.is_some() {
        ("signed_already", "two people have signed this off already")
    } else if consent.first_by == Some(by) {
        (
            "same_person",
            "you have signed this off; the second signature must be somebody else’s",
        )
    } else {
        ("changed", "somebody was quicker; look at it again")
    };
    AppError::Conflict {
        code,
        detail: detail.into(),
    }
}

/// Taking a consent back.
#[derive(Debug, Clone)]
pub struct Revocation {
    /// Which one.
    pub consent: ConsentId,
    /// Who notes it.
    pub by: UserId,
    /// The day on which the person said so.
    pub on: Day,
    /// Why, as far as it was told; names no person.
    pub because: Line,
}

/// Marks a consent as taken back. Call [`crate::stories::takedown::revoke_consent`], which takes down what stands on it.
///
/// # Errors
/// [`AppError::Invalid`] of `revoked_on`; [`AppError::Conflict`] `revoked_already`; [`AppError::NotFound`].
pub fn mark_revoked(conn: &mut Conn, asked: &Revocation, now: Timestamp) -> AppResult<()> {
    if asked.on > today(now)? {
        return Err(AppError::field("revoked_on", "this day has not come yet"));
    }
    let target = vault_consents::table
        .filter(vault_consents::id.eq(asked.consent))
        .filter(vault_consents::revoked_at.is_null());
    let changed = each!(conn, c => diesel::update(target)
        .set((
            vault_consents::revoked_on.eq(asked.on),
            vault_consents::revoked_at.eq(now),
            vault_consents::revoked_by.eq(asked.by),
            vault_consents::revoked_because.eq(asked.because.as_str()),
        ))
        .execute(c))?;
    if changed == 0 {
        model::by_id(conn, asked.consent)?;
        return Err(AppError::Conflict {
            code: "revoked_already",
            detail: "this consent was revoked before".into(),
        });
    }
    let said = format!("taken back on {}", asked.on);
    let deed = deed(asked.by, "consent.revoke", asked.consent).saying(said);
    audit::record(conn, &deed, now)
}

/// Puts on record that somebody looks at the real name behind a pseudonym; only then [`super::Safe::names`].
///
/// # Errors
/// The database's.
pub fn note_name_seen(conn: &mut Conn, id: ConsentId, by: UserId, now: Timestamp) -> AppResult<()> {
    audit::record(conn, &deed(by, "consent.see_name", id), now)
}

/// Puts on record that somebody takes the signed paper along; only then [`super::Safe::paper`].
///
/// # Errors
/// The database's.
pub fn note_paper_seen(
    conn: &mut Conn,
    id: ConsentId,
    by: UserId,
    now: Timestamp,
) -> AppResult<()> {
    audit::record(conn, &deed(by, "consent.see_paper", id), now)
}

/// UTC's day of `now`: the vault counts in it wherever its keepers are.
///
/// # Errors
/// When the clock is out of range.
pub fn today(now: Timestamp) -> AppResult<Day> {
    Zone::UTC
        .day_of(now)
        .ok_or_else(|| AppError::internal("the clock is out of range"))
}
