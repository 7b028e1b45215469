//! `GET /gifts/{token}`: trace my gift, for the giver alone. Everything on it is a row of the ledger, of the gift's
//! splits or of its refunds.

use actix_web::HttpResponse;
use actix_web::web::Data;

use super::aim::Aim;
use crate::db::Conn;
use crate::donations::Giving;
use crate::donations::disputes::{self, DisputeRow};
use crate::donations::model::{self, Donation, DonationStatus, GiftPart};
use crate::donations::refunds::{self, RefundRow, RefundState};
use crate::error::AppResult;
use crate::funds::{self, Policy};
use crate::grants::{self, trace::GiftGrant};
use crate::impact::reports::public::{TrancheReport, published_for_tranches};
use crate::impact::{self, Figure};
use crate::kernel::Timestamp;
use crate::matching::{self, Match};
use crate::walls::{Shades, Weave};
use crate::web::Path;
use crate::web::headers::{Nonce, keep_address_private};
use crate::web::site::see;

/// A gift's path.
pub(super) struct Traced {
    pub gift: Donation,
    pub aim: Aim,
    pub weave: Weave,
    /// Each fund's part, largest first.
    pub parts: Vec<GiftPart>,
    /// The grants that took of it, oldest first.
    pub grants: Vec<GiftGrant>,
    /// Each fund's part of what a match pool added, largest first.
    pub matched_parts: Vec<GiftPart>,
    /// The grants that took of that, oldest first.
    pub matched_grants: Vec<GiftGrant>,
    /// What partners published on them.
    pub reports: Vec<TrancheReport>,
    /// What is known of the programs' work.
    pub figures: Vec<Figure>,
    /// Refunds in force, oldest first, each with what it took out of the funds.
    pub refunds: Vec<(RefundRow, i64)>,
    /// What the giver's bank asked about.
    pub disputes: Vec<DisputeRow>,
    /// The policy that the gift was made under.
    pub policy: Option<Policy>,
    pub shades: Shades,
    /// What a pool added, and who gave it.
    pub matched: Option<(Match, String)>,
}

impl Traced {
    /// Whether a bank holds something of it, or has kept it.
    pub(super) fn is_disputed(&self) -> bool {
        self.gift.status == DonationStatus::Disputed
    }

    /// Whether it was divided, and all of it has been taken back since.
    pub(super) fn is_gone(&self) -> bool {
        !self.parts.is_empty() && self.parts.iter().all(|part| part.remaining() == 0)
    }

    /// `None` while no money has arrived.
    pub(super) fn read(conn: &mut Conn, token: &str, now: Timestamp) -> AppResult<Option<Self>> {
        let gift = model::by_token(conn, token)?;
        if !gift.status.is_settled() {
            return Ok(None);
        }
        let aim = Aim::of(conn, &gift)?;
        let parts = model::parts_of(conn, gift.id, funds::Origin::Gift)?;
        let programs: Vec<_> = parts.iter().filter_map(|part| part.program_id).collect();
        let taken = refunds::taken_from_funds(conn, gift.id)?;
        let refunds = refunds::of_donation(conn, gift.id)?
            .into_iter()
            .filter(|row| row.state == RefundState::Posted)
            .map(|row| {
                let from_funds = taken.get(&row.id).copied().unwrap_or_default();
                (row, from_funds)
            })
            .collect();
        let disputes = disputes::of_donation(conn, gift.id)?;
        let all = grants::trace::of_gift(conn, gift.id)?;
        let tranches: Vec<_> = all.iter().map(|grant| grant.tranche_id).collect();
        let (grants, matched_grants): (Vec<GiftGrant>, Vec<GiftGrant>) = all
            .into_iter()
            .partition(|grant| grant.origin == funds::Origin::Gift);
        let to = crate::campaigns::frame::Destinations::of(conn, aim.campaign(), now)?;
        Ok(Some(Self {
            weave: aim.weave(conn, Some(&gift.id.to_string()), now)?,
            figures: impact::figures_of(conn, &programs)?,
            policy: funds::model::policy(conn, gift.policy_id)?,
            shades: to.shades(),
            matched: matching::match_of(conn, gift.id)?,
            matched_parts: model::parts_of(conn, gift.id, funds::Origin::Match)?,
            matched_grants,
            gift,
            aim,
            parts,
            reports: published_for_tranches(conn, &tranches)?,
            grants,
            refunds,
            disputes,
        }))
    }
}

pub(super) async fn trace(giving: Data<Giving>, path: Path<String>) -> AppResult<HttpResponse> {
    let (site, token) = (&giving.site, path.0);
    let (asked, now) = (token.clone(), site.clock.now());
    let Some(traced) = site.db.read(move |c| Traced::read(c, &asked, now)).await? else {
        return Ok(see(&format!("/thanks/{token}")));
    };
    let nonce = Nonce::fresh()?;
    let view = super::trace_page::view(&site.config, nonce.as_str(), &traced, now)?;
    let mut response = site.page("trace", &view, &nonce)?;
    keep_address_private(&mut response);
    Ok(response)
}
