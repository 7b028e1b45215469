//! The staff of partners: who may sit at which desk, and how they come there: by a mailed invitation that holds a week and
//! works once, for the account of that address alone (S7).

use chrono::Duration;
use diesel::prelude::*;
use secrecy::SecretString;

use super::mails::PartnerLetters;
use super::model::{self, Partner};
use super::{InvitationId, PartnerId};
use crate::audit::{self, Deed};
use crate::auth::roles::{SetRole, set_role};
use crate::auth::{Role, UserId, grant_role};
use crate::db::Conn;
use crate::db::schema::{partner_invitations, partner_staff, partners, users};
use crate::each;
use crate::error::{AppError, AppResult};
use crate::kernel::secret::{random_token, sha256_hex};
use crate::kernel::{Email, Timestamp};

/// How long an invitation holds.
pub const HOLDS: Duration = Duration::days(7);

/// Somebody of a partner's staff.
#[derive(Debug, Clone, Queryable)]
pub struct StaffMember {
    /// The person.
    pub id: UserId,
    /// How they are called.
    pub name: String,
    /// Where their mail goes.
    pub email: Email,
    /// Since when they sit at the desk.
    pub since: Timestamp,
}

/// The partners at whose desks `user` sits.
///
/// # Errors
/// The database's.
pub fn partners_of(conn: &mut Conn, user: UserId) -> AppResult<Vec<PartnerId>> {
    let query = partner_staff::table
        .filter(partner_staff::user_id.eq(user))
        .order(partner_staff::partner_id)
        .select(partner_staff::partner_id);
    Ok(each!(conn, c => query.load(c))?)
}

/// The staff of a partner who can sign in, in the order of their coming.
///
/// # Errors
/// The database's.
pub fn staff_of(conn: &mut Conn, partner: PartnerId) -> AppResult<Vec<StaffMember>> {
    let query = partner_staff::table
        .inner_join(users::table.on(users::id.eq(partner_staff::user_id)))
        .filter(partner_staff::partner_id.eq(partner))
        .filter(users::disabled_at.is_null())
        .order((partner_staff::created_at, users::id))
        .select((
            users::id,
            users::name,
            users::email,
            partner_staff::created_at,
        ));
    Ok(each!(conn, c => query.load(c))?)
}

/// Gives somebody a place at a partner's desk, and the role that goes with it.
///
/// # Errors
/// The database's.
pub fn seat(conn: &mut Conn, partner: PartnerId, user: UserId, now: Timestamp) -> AppResult<()> {
    let row = (
        partner_staff::partner_id.eq(partner),
        partner_staff::user_id.eq(user),
        partner_staff::created_at.eq(now),
    );
    each!(conn, c => diesel::insert_into(partner_staff::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    grant_role(conn, user, Role::Partner, now)
}

/// Takes somebody's place at a partner's desk away; with their last place the role goes too.
///
/// # Errors
/// [`AppError::NotFound`] when they have no place there.
pub fn remove(
    conn: &mut Conn,
    partner: PartnerId,
    user: UserId,
    by: UserId,
    now: Timestamp,
) -> AppResult<()> {
    let place = partner_staff::table
        .filter(partner_staff::partner_id.eq(partner))
        .filter(partner_staff::user_id.eq(user));
    if each!(conn, c => diesel::delete(place).execute(c))? == 0 {
        return Err(AppError::NotFound("the person"));
    }
    if partners_of(conn, user)?.is_empty() {
        let without = SetRole {
            user,
            role: Role::Partner,
            has: false,
            campaigns: Vec::new(),
        };
        set_role(conn, &without, now)?;
    }
    let deed = Deed::new(by, "partner.remove_staff", ("partner", partner.to_string()))
        .saying(user.to_string());
    audit::record(conn, &deed, now)
}

/// An invitation to be stored; its secret exists here and in the mail.
#[derive(Debug, Clone)]
pub struct NewInvitation {
    /// The id.
    pub id: InvitationId,
    /// To whose desk.
    pub partner: PartnerId,
    /// For the account of this address alone.
    pub to: Email,
    /// Who invites.
    pub by: UserId,
    secret: SecretString,
    hash: String,
}

impl NewInvitation {
    /// A new invitation.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn make(partner: PartnerId, to: Email, by: UserId) -> AppResult<Self> {
        let secret = random_token()?;
        Ok(Self {
            id: InvitationId::new(),
            partner,
            to,
            by,
            hash: sha256_hex(&secret),
            secret: SecretString::from(secret),
        })
    }
}

/// Stores an invitation and mails it; an earlier one to the same address is taken back.
///
/// # Errors
/// [`AppError::Conflict`] `seated` when the address sits at this desk already.
pub fn invite(
    conn: &mut Conn,
    letters: &PartnerLetters,
    new: &NewInvitation,
    now: Timestamp,
) -> AppResult<()> {
    let partner = model::partner_by_id(conn, new.partner)?;
    let seated = staff_of(conn, new.partner)?
        .iter()
        .any(|one| one.email.folded() == new.to.folded());
    if seated {
        return Err(AppError::Conflict {
            code: "seated",
            detail: "this address sits at the partner's desk already".into(),
        });
    }
    let earlier = partner_invitations::table
        .filter(partner_invitations::partner_id.eq(new.partner))
        .filter(partner_invitations::to_email.eq(&new.to))
        .filter(partner_invitations::used_at.is_null())
        .filter(partner_invitations::revoked_at.is_null());
    each!(conn, c => diesel::update(earlier)
        .set(partner_invitations::revoked_at.eq(now))
        .execute(c))?;
    let row = (
        partner_invitations::id.eq(new.id),
        partner_invitations::partner_id.eq(new.partner),
        partner_invitations::to_email.eq(&new.to),
        partner_invitations::token_hash.eq(&new.hash),
        partner_invitations::invited_by.eq(new.by),
        partner_invitations::created_at.eq(now),
        partner_invitations::expires_at.eq(now.plus(HOLDS)),
    );
    each!(conn, c => diesel::insert_into(partner_invitations::table).values(row).execute(c))?;
    letters.invitation(conn, &partner, new.id, (&new.to, &new.secret), now)?;
    let deed = Deed::new(
        new.by,
        "partner.invite",
        ("partner", new.partner.to_string()),
    )
    .saying(new.id.to_string());
    audit::record(conn, &deed, now)
}

/// An invitation that holds.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = partner_invitations)]
pub struct Invitation {
    /// The invitation.
    pub id: InvitationId,
    /// To whose desk.
    pub partner_id: PartnerId,
    /// For whom alone.
    pub to_email: Email,
    /// Until when it holds.
    pub expires_at: Timestamp,
}

/// The invitations to a partner's desk that hold, the newest first, at most 100.
///
/// # Errors
/// The database's.
pub fn invitations(
    conn: &mut Conn,
    partner: PartnerId,
    now: Timestamp,
) -> AppResult<Vec<Invitation>> {
    let query = partner_invitations::table
        .filter(partner_invitations::partner_id.eq(partner))
        .filter(partner_invitations::used_at.is_null())
        .filter(partner_invitations::revoked_at.is_null())
        .filter(partner_invitations::expires_at.gt(now))
        .order(partner_invitations::id.desc())
        .limit(100);
    Ok(each!(conn, c => query.select(Invitation::as_select()).load(c))?)
}

/// The invitation of a link's secret and whose desk it leads to, while it holds, without using it.
///
/// # Errors
/// [`AppError::Gone`].
pub fn peek(conn: &mut Conn, secret: &str, now: Timestamp) -> AppResult<(Invitation, Partner)> {
    let gone = AppError::Gone("this invitation");
    if secret.len() > 64 {
        return Err(gone);
    }
    let query = partner_invitations::table
        .inner_join(partners::table.on(partners::id.eq(partner_invitations::partner_id)))
        .filter(partner_invitations::token_hash.eq(sha256_hex(secret)))
        .filter(partner_invitations::used_at.is_null())
        .filter(partner_invitations::revoked_at.is_null())
        .filter(partner_invitations::expires_at.gt(now));
    each!(conn, c => query
        .select((Invitation::as_select(), Partner::as_select()))
        .first(c)
        .optional())?
    .ok_or(gone)
}

/// Takes a place at the desk by an invitation, once.
///
/// # Errors
/// [`AppError::Gone`] for an invitation that does not hold; [`AppError::Forbidden`] for one to another address.
pub fn accept(
    conn: &mut Conn,
    secret: &str,
    (user, email): (UserId, &Email),
    now: Timestamp,
) -> AppResult<Partner> {
    let (found, partner) = peek(conn, secret, now)?;
    if found.to_email.folded() != email.folded() {
        return Err(AppError::Forbidden(
            "this invitation was sent to another address; sign in with that one",
        ));
    }
    let target = partner_invitations::table
        .find(found.id)
        .filter(partner_invitations::used_at.is_null())
        .filter(partner_invitations::revoked_at.is_null());
    let used = each!(conn, c => diesel::update(target)
        .set((
            partner_invitations::used_at.eq(now),
            partner_invitations::used_by.eq(user),
        ))
        .execute(c))?;
    if used == 0 {
        return Err(AppError::Gone("this invitation"));
    }
    seat(conn, partner.id, user, now)?;
    let deed = Deed::new(
        user,
        "partner.take_seat",
        ("partner", partner.id.to_string()),
    )
    .saying(found.id.to_string());
    audit::record(conn, &deed, now)?;
    Ok(partner)
}

/// Takes an invitation back.
///
/// # Errors
/// [`AppError::NotFound`] when it was used or taken back already.
pub fn revoke(
    conn: &mut Conn,
    (partner, invitation): (PartnerId, InvitationId),
    by: UserId,
    now: Timestamp,
) -> AppResult<()> {
    let target = partner_invitations::table
        .find(invitation)
        .filter(partner_invitations::partner_id.eq(partner))
        .filter(partner_invitations::used_at.is_null())
        .filter(partner_invitations::revoked_at.is_null());
    let moved = each!(conn, c => diesel::update(target)
        .set(partner_invitations::revoked_at.eq(now))
        .execute(c))?;
    if moved == 0 {
        return Err(AppError::NotFound("the invitation"));
    }
    let deed = Deed::new(
        by,
        "partner.revoke_invitation",
        ("partner", partner.to_string()),
    )
    .saying(invitation.to_string());
    audit::record(conn, &deed, now)
}
