//! A reader, a donor and an account that are one person (N19). A donor and an account belong to one reader's row each, for
//! good: an address that moved or was merged away takes neither from whoever has it.

use diesel::prelude::*;

use super::model::{SubscriberId, by_email, standing_for};
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::{subscribers, supporters, users};
use crate::each;
use crate::error::AppResult;
use crate::ids::SupporterId;
use crate::kernel::Email;

/// The donor of an address, unless another subscriber is linked to it (whose own address has changed since).
pub(super) fn donor_of(conn: &mut Conn, folded: &str) -> AppResult<Option<SupporterId>> {
    use diesel::dsl::{exists, not};
    let taken = subscribers::table.filter(subscribers::supporter_id.eq(supporters::id.nullable()));
    let query = supporters::table
        .filter(supporters::email_folded.eq(folded))
        .filter(not(exists(taken)))
        .select(supporters::id);
    Ok(each!(conn, c => query.first(c).optional())?)
}

/// As [`donor_of`], the account.
pub(super) fn account_of(conn: &mut Conn, folded: &str) -> AppResult<Option<UserId>> {
    use diesel::dsl::{exists, not};
    let taken = subscribers::table.filter(subscribers::user_id.eq(users::id.nullable()));
    let query = users::table
        .filter(users::email_folded.eq(folded))
        .filter(not(exists(taken)))
        .select(users::id);
    Ok(each!(conn, c => query.first(c).optional())?)
}

/// Links the subscriber of this address, if there is one, to a donor: two rows are one person (N19). A donor whom another
/// subscriber has stays theirs.
///
/// # Errors
/// The database's.
pub fn link_donor(conn: &mut Conn, email: &Email, donor: SupporterId) -> AppResult<()> {
    let has = subscribers::table
        .filter(subscribers::supporter_id.eq(donor))
        .count();
    if each!(conn, c => has.get_result::<i64>(c))? > 0 {
        return Ok(());
    }
    for id in rows_of(conn, email)? {
        let free = subscribers::table
            .find(id)
            .filter(subscribers::supporter_id.is_null());
        let linked = each!(conn, c => diesel::update(free)
            .set(subscribers::supporter_id.eq(donor))
            .execute(c))?;
        if linked > 0 {
            break;
        }
    }
    Ok(())
}

/// As [`link_donor`], of an account.
///
/// # Errors
/// The database's.
pub fn link_account(conn: &mut Conn, email: &Email, account: UserId) -> AppResult<()> {
    let has = subscribers::table
        .filter(subscribers::user_id.eq(account))
        .count();
    if each!(conn, c => has.get_result::<i64>(c))? > 0 {
        return Ok(());
    }
    for id in rows_of(conn, email)? {
        let free = subscribers::table
            .find(id)
            .filter(subscribers::user_id.is_null());
        let linked = each!(conn, c => diesel::update(free)
            .set(subscribers::user_id.eq(account))
            .execute(c))?;
        if linked > 0 {
            break;
        }
    }
    Ok(())
}

/// The rows that may take what belongs to an address: whoever reads in its place first, then its own.
fn rows_of(conn: &mut Conn, email: &Email) -> AppResult<Vec<SubscriberId>> {
    let Some(own) = by_email(conn, email)? else {
        return Ok(Vec::new());
    };
    let mut rows = vec![standing_for(conn, own.id)?.id, own.id];
    rows.dedup();
    Ok(rows)
}
