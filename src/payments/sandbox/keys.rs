//! Answers kept under an idempotency key (<https://docs.stripe.com/api/idempotent_requests>).

use diesel::prelude::*;

use super::refusal::Fault;
use super::schema::idempotency;
use super::store::Teller;

/// Stripe may forget a key after 24 hours; the sandbox always does (P6).
const KEPT_SECONDS: i64 = 86_400;

/// What was answered the first time.
pub(super) struct Kept {
    /// The fingerprint of the first request.
    pub request: String,
    pub status: u16,
    pub body: String,
}

impl Teller<'_> {
    /// The answer kept under `key`, if it is not too old.
    pub fn kept_answer(&mut self, key: &str) -> Result<Option<Kept>, Fault> {
        let oldest = self.now.seconds().saturating_sub(KEPT_SECONDS);
        diesel::delete(idempotency::table.filter(idempotency::created.lt(oldest)))
            .execute(self.conn)?;
        let row: Option<(String, i32, String)> = idempotency::table
            .filter(idempotency::key.eq(key))
            .select((idempotency::request, idempotency::status, idempotency::body))
            .first(self.conn)
            .optional()?;
        Ok(row.map(|(request, status, body)| Kept {
            request,
            status: u16::try_from(status).unwrap_or(500),
            body,
        }))
    }

    /// Keeps an answer, in the transaction that did what it tells of: a killed process leaves both or neither.
    pub fn keep_answer(&mut self, key: &str, kept: &Kept) -> Result<(), Fault> {
        diesel::insert_into(idempotency::table)
            .values((
                idempotency::key.eq(key),
                idempotency::request.eq(&kept.request),
                idempotency::status.eq(i32::from(kept.status)),
                idempotency::body.eq(&kept.body),
                idempotency::created.eq(self.now.seconds()),
            ))
            .execute(self.conn)?;
        Ok(())
    }
}
