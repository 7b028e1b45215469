//! What happens by itself as time passes: sessions expire, fees become known, debits and refunds end,
//! payers dispute, money leaves for the bank.

use super::json::{text, truth, whole};
use super::refusal::Fault;
use super::store::{Kind, Record, Teller};

/// At most this many in one transaction; the rest waits for the next.
const BATCH: i64 = 500;

impl Teller<'_> {
    /// Does what is due by now. Each thing is done once: doing it takes its due time away.
    pub fn run_due(&mut self) -> Result<(), Fault> {
        for record in self.due(BATCH)? {
            self.happen(record)?;
        }
        Ok(())
    }

    fn happen(&mut self, mut record: Record) -> Result<(), Fault> {
        match record.kind {
            Kind::Session => self.expire(&mut record),
            Kind::Charge if text(&record.body, "status") == "pending" => {
                let honoured = truth(&record.notes, "honoured");
                self.settle_debit(&mut record, honoured)
            }
            Kind::Charge => self.book_charge(&mut record),
            Kind::Refund => {
                let fails = truth(&record.notes, "fails");
                self.end_refund(record, fails).map(drop)
            }
            Kind::Balance => self.pay_out_by_clock(record),
            Kind::Payout => self.arrive(&mut record),
            Kind::Intent => {
                record.due = None;
                self.save(&record)?;
                let charge = self.paid_charge(&record.id)?;
                let left =
                    whole(&charge.body, "amount_captured") > whole(&charge.body, "amount_refunded");
                // Whoever was given everything back, or has complained already, does not complain.
                if left && !self.is_disputed(&charge.id)? {
                    self.open_dispute(charge, None)?;
                }
                Ok(())
            }
            Kind::Dispute => Ok(()),
        }
    }
}
