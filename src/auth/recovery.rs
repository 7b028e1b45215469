//! Recovery codes for whoever lost the second factor (S6): ten of 80 bit, shown once, kept as digests, each good once.

use diesel::prelude::*;

use super::model::UserId;
use crate::db::Conn;
use crate::db::schema::recovery_codes;
use crate::each;
use crate::error::AppResult;
use crate::kernel::Timestamp;
use crate::kernel::secret::sha256_hex;

/// How many there are.
pub const COUNT: usize = 10;

/// Without I, L, O and U, which are misread (Crockford's Base32).
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// New codes, as they are shown: four groups of four.
///
/// # Errors
/// When the operating system has no randomness to give.
pub fn fresh() -> AppResult<Vec<String>> {
    (0..COUNT)
        .map(|_| {
            let mut bytes = [0u8; 16];
            getrandom::fill(&mut bytes)?;
            let letters = bytes
                .iter()
                .filter_map(|byte| LETTERS.get(usize::from(byte % 32)))
                .map(|letter| char::from(*letter));
            let mut code = String::with_capacity(19);
            for (place, letter) in letters.enumerate() {
                if place > 0 && place % 4 == 0 {
                    code.push('-');
                }
                code.push(letter);
            }
            Ok(code)
        })
        .collect()
}

/// Whether a text looks like such a code rather than six digits of an app.
pub fn looks_like(typed: &str) -> bool {
    plain(typed).len() == 16
}

/// As typed from paper: any case, any grouping, the letters that look like digits read as those.
fn plain(typed: &str) -> String {
    typed
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        })
        .collect()
}

fn digest(user: UserId, code: &str) -> String {
    sha256_hex(format!("recovery:{user}:{}", plain(code)))
}

/// Keeps `codes` instead of all that the user had.
///
/// # Errors
/// The database's.
pub fn replace(conn: &mut Conn, user: UserId, codes: &[String]) -> AppResult<()> {
    remove(conn, user)?;
    let rows: Vec<_> = codes
        .iter()
        .map(|code| {
            (
                recovery_codes::user_id.eq(user),
                recovery_codes::code_hash.eq(digest(user, code)),
            )
        })
        .collect();
    each!(conn, c => diesel::insert_into(recovery_codes::table).values(&rows).execute(c))?;
    Ok(())
}

/// Takes all codes away.
///
/// # Errors
/// The database's.
pub fn remove(conn: &mut Conn, user: UserId) -> AppResult<()> {
    let all = recovery_codes::table.filter(recovery_codes::user_id.eq(user));
    each!(conn, c => diesel::delete(all).execute(c))?;
    Ok(())
}

/// Uses a code: the first caller gets `true`, every later one `false`.
///
/// # Errors
/// The database's.
pub fn use_up(conn: &mut Conn, user: UserId, typed: &str, now: Timestamp) -> AppResult<bool> {
    if !looks_like(typed) {
        return Ok(false);
    }
    let target = recovery_codes::table
        .find((user, digest(user, typed)))
        .filter(recovery_codes::used_at.is_null());
    let used = each!(conn, c => diesel::update(target)
        .set(recovery_codes::used_at.eq(now))
        .execute(c))?;
    Ok(used == 1)
}

/// How many codes are left.
///
/// # Errors
/// The database's.
pub fn left(conn: &mut Conn, user: UserId) -> AppResult<i64> {
    let query = recovery_codes::table
        .filter(recovery_codes::user_id.eq(user))
        .filter(recovery_codes::used_at.is_null())
        .count();
    Ok(each!(conn, c => query.get_result(c))?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn codes_differ_and_are_read_as_people_type_them() {
        let codes = fresh().unwrap();
        assert_eq!(codes.len(), COUNT);
        let distinct: std::collections::BTreeSet<_> = codes.iter().collect();
        assert_eq!(distinct.len(), COUNT);
        let user = UserId::new();
        for code in &codes {
            assert!(looks_like(code), "{code}");
            assert_eq!(code.len(), 19);
            let typed = code.to_lowercase().replace('-', " ").replace('0', "o");
            assert_eq!(digest(user, code), digest(user, &typed));
        }
        assert!(!looks_like("123 456"));
        assert_ne!(
            digest(user, "0000-0000-0000-0000"),
            digest(UserId::new(), "0000-0000-0000-0000")
        );
    }
}
