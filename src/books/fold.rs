//! What a transfer means for the books: from its two accounts alone, so that no slice has to tell them anything.

use std::collections::BTreeMap;

use super::Line;
use crate::error::{AppError, AppResult};
use crate::ids::{CampaignId, GrantId, PageId};
use crate::kernel::{Day, Timestamp, Zone};

/// A transfer with the gift that it moves money of.
#[derive(Debug, Clone)]
pub(super) struct Movement {
    pub id: i64,
    pub debit: String,
    pub credit: String,
    pub amount: i64,
    pub source_kind: String,
    pub source_id: String,
    pub created_at: Timestamp,
    pub campaign: Option<CampaignId>,
    pub page: Option<PageId>,
    pub paid_at: Option<Timestamp>,
}

/// What a tranche took of one gift.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    pub tranche: String,
    pub grant: GrantId,
    pub campaign: CampaignId,
    pub page: Option<PageId>,
    pub settled_at: Timestamp,
    pub amount: i64,
}

/// The sums that transfers add up to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sums {
    /// By campaign, day, line and fund.
    pub campaigns: BTreeMap<(CampaignId, Day, Line, String), i64>,
    /// By page, line, fund and grant.
    pub pages: BTreeMap<(PageId, Line, String, String), i64>,
}

/// What an account is to the books.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place<'a> {
    /// Processor, bank, cash in hand, the world: where money is.
    Outside,
    Fees,
    Received(&'a str),
    Fund(&'a str),
    Reserve(&'a str),
    Matching,
    Granted,
    /// Its other side tells all that there is to tell.
    Silent,
}

impl<'a> Place<'a> {
    fn of(account: &'a str) -> Self {
        let (kind, id) = account.split_once(':').unwrap_or((account, ""));
        match kind {
            "processor" | "bank" | "in_hand" | "outside" => Self::Outside,
            "fees" => Self::Fees,
            "received" => Self::Received(id),
            "fund" => Self::Fund(id),
            "reserve" => Self::Reserve(id),
            "match" => Self::Matching,
            "granted" => Self::Granted,
            _ => Self::Silent,
        }
    }

    fn campaign(self) -> Option<CampaignId> {
        match self {
            Self::Received(id) | Self::Reserve(id) => id.parse().ok(),
            _ => None,
        }
    }
}

/// Adds up transfers.
pub(super) struct Fold<'a> {
    /// Where each campaign's days begin and end.
    pub zones: &'a BTreeMap<CampaignId, Zone>,
    /// What the tranches among the transfers took of each gift.
    pub layers: &'a [Layer],
    pub sums: Sums,
}

impl Fold<'_> {
    /// Adds one transfer. Payouts, the reserving of pools and other movements that are no campaign's add nothing.
    pub(super) fn add(&mut self, moved: &Movement) -> AppResult<()> {
        let (debit, credit) = (Place::of(&moved.debit), Place::of(&moved.credit));
        match (debit, credit) {
            (Place::Fund(fund), Place::Granted) => return self.granted(moved, fund, 1),
            (Place::Granted, Place::Fund(fund)) => return self.granted(moved, fund, -1),
            _ => {}
        }
        let campaign = moved.campaign.or(debit.campaign()).or(credit.campaign());
        let Some(campaign) = campaign else {
            return Ok(());
        };
        for (line, fund, sign) in meaning(debit, credit, &moved.source_kind) {
            let at = match line {
                Line::Held => moved.paid_at.unwrap_or(moved.created_at),
                _ => moved.created_at,
            };
            self.put(campaign, at, line, fund, sign * moved.amount)?;
            if let Some(page) = moved.page.filter(|_| !fund.is_empty()) {
                self.put_page(page, line, fund, "", sign * moved.amount);
            }
        }
        Ok(())
    }

    /// A grant takes of gifts of several campaigns: its layers say how much of each.
    fn granted(&mut self, moved: &Movement, fund: &str, sign: i64) -> AppResult<()> {
        let layers = self.layers;
        for layer in layers
            .iter()
            .filter(|layer| layer.tranche == moved.source_id)
        {
            let amount = sign * layer.amount;
            let (campaign, at) = (layer.campaign, moved.created_at);
            self.put(campaign, at, Line::Granted, fund, amount)?;
            self.put(campaign, layer.settled_at, Line::Held, fund, -amount)?;
            if let Some(page) = layer.page {
                let grant = layer.grant.to_string();
                self.put_page(page, Line::Granted, fund, &grant, amount);
                self.put_page(page, Line::Held, fund, "", -amount);
            }
        }
        Ok(())
    }

    fn put(
        &mut self,
        campaign: CampaignId,
        at: Timestamp,
        line: Line,
        fund: &str,
        amount: i64,
    ) -> AppResult<()> {
        let zone = self.zones.get(&campaign).copied().unwrap_or(Zone::UTC);
        let day = zone
            .day_of(at)
            .ok_or_else(|| AppError::internal("a transfer outside the calendar"))?;
        *self
            .sums
            .campaigns
            .entry((campaign, day, line, fund.to_owned()))
            .or_default() += amount;
        Ok(())
    }

    fn put_page(&mut self, page: PageId, line: Line, fund: &str, grant: &str, amount: i64) {
        let key = (page, line, fund.to_owned(), grant.to_owned());
        *self.sums.pages.entry(key).or_default() += amount;
    }
}

/// The lines that a transfer from `credit` to `debit` adds to, with the fund and the sign.
fn meaning<'a>(
    debit: Place<'a>,
    credit: Place<'a>,
    source_kind: &str,
) -> Vec<(Line, &'a str, i64)> {
    let is_return = source_kind.ends_with("_failed") || source_kind.ends_with("_won");
    let back = if source_kind.starts_with("dispute") {
        Line::Disputed
    } else {
        Line::Refunded
    };
    match (debit, credit) {
        (Place::Outside, Place::Received(_)) if is_return => {
            vec![(back, "", -1), (Line::FeePart, "", 1)]
        }
        (Place::Outside, Place::Received(_)) => vec![(Line::Raised, "", 1), (Line::FeePart, "", 1)],
        // What was left of a pool became its sponsor's own gift.
        (Place::Matching, Place::Received(_)) => {
            vec![(Line::Raised, "", 1), (Line::FeePart, "", 1)]
        }
        (Place::Received(_), Place::Matching) => vec![(back, "", 1), (Line::FeePart, "", -1)],
        (Place::Received(_), Place::Outside) => vec![(back, "", 1), (Line::FeePart, "", -1)],
        (Place::Fees, Place::Outside) => vec![(Line::Fees, "", 1)],
        (Place::Outside, Place::Fees) => vec![(Line::Fees, "", -1)],
        (Place::Received(_), Place::Fund(fund)) => vec![
            (Line::Allocated, fund, 1),
            (Line::Held, fund, 1),
            (Line::FeePart, "", -1),
        ],
        (Place::Fund(fund), Place::Received(_)) => vec![
            (Line::Allocated, fund, -1),
            (Line::Held, fund, -1),
            (Line::FeePart, "", 1),
        ],
        (Place::Matching, Place::Fund(fund)) => {
            vec![(Line::Matched, fund, 1), (Line::Held, fund, 1)]
        }
        (Place::Fund(fund), Place::Matching) => {
            vec![(Line::Matched, fund, -1), (Line::Held, fund, -1)]
        }
        (Place::Fund(fund), Place::Outside) => vec![
            (back, "", 1),
            (Line::GivenBack, fund, 1),
            (Line::Held, fund, -1),
        ],
        (Place::Outside, Place::Fund(fund)) => vec![
            (back, "", -1),
            (Line::GivenBack, fund, -1),
            (Line::Held, fund, 1),
        ],
        (Place::Reserve(_), Place::Outside) => vec![(back, "", 1), (Line::Carried, "", 1)],
        (Place::Outside, Place::Reserve(_)) if is_return => {
            vec![(back, "", -1), (Line::Carried, "", -1)]
        }
        (Place::Outside, Place::Reserve(_)) => vec![(Line::Covered, "", 1)],
        (Place::Reserve(_), Place::Received(_)) => {
            vec![(Line::Carried, "", 1), (Line::FeePart, "", 1)]
        }
        // What a pool added went back to it, though it had been granted: less was matched, and the reserve carries it.
        (Place::Reserve(_), Place::Matching) => {
            vec![(Line::Carried, "", 1), (Line::Matched, "", -1)]
        }
        (Place::Matching, Place::Reserve(_)) => {
            vec![(Line::Carried, "", -1), (Line::Matched, "", 1)]
        }
        _ => Vec::new(),
    }
}
