//! `GET /matches/{token}`: what became of a match pool, for its sponsor alone. Everything on it is a row of the ledger or a
//! sum of such rows; the givers whose gifts it was added to stay out of it.

use actix_web::HttpResponse;
use actix_web::web::Data;
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::trace_parts::Divided;
use crate::campaigns::frame::{self, Destinations};
use crate::campaigns::{self, Campaign};
use crate::db::Conn;
use crate::db::schema::{funds, grant_layers, matches, programs, splits};
use crate::donations::Giving;
use crate::donations::model::GiftPart;
use crate::donations::views::sponsored::SponsoredView;
use crate::each;
use crate::error::{AppError, AppResult};
use crate::funds::{FundId, Origin};
use crate::grants::trace::{self, GiftGrant};
use crate::ids::{ProgramId, TrancheId};
use crate::impact::reports::public::{TrancheReport, published_for_tranches};
use crate::kernel::{Money, Slug, Timestamp};
use crate::matching::model::{self as pools, Pool};
use crate::walls::Shades;
use crate::web::Path;
use crate::web::headers::{Nonce, keep_address_private};
use crate::web::views::shell::Link;

/// A pool and where its money is.
struct Sponsored {
    campaign: Campaign,
    pool: Pool,
    holds: Money,
    outstanding: Money,
    gifts: i64,
    added: Money,
    parts: Vec<GiftPart>,
    grants: Vec<GiftGrant>,
    reports: Vec<TrancheReport>,
    shades: Shades,
}

impl Sponsored {
    fn read(conn: &mut Conn, token: &str, now: Timestamp) -> AppResult<Self> {
        let pool = pools::by_token(conn, token)?;
        let campaign = campaigns::model::shown_by_id(conn, pool.campaign_id)?
            .ok_or(AppError::NotFound("the campaign"))?
            .campaign;
        let (gifts, added) = pools::matched_sum(conn, pool.id)?;
        let grants = grants(conn, &pool)?;
        let tranches: Vec<_> = grants.iter().map(|grant| grant.tranche_id).collect();
        Ok(Self {
            holds: pool.holds(conn)?,
            outstanding: pool.outstanding(conn)?,
            gifts,
            added: Money::new(added, pool.currency),
            parts: parts(conn, &pool)?,
            grants,
            reports: published_for_tranches(conn, &tranches)?,
            shades: Destinations::of(conn, &campaign, now)?.shades(),
            campaign,
            pool,
        })
    }
}

fn sum(column: &str) -> SqlLiteral<BigInt> {
    sql(&format!("CAST(SUM({column}) AS BIGINT)"))
}

/// Each fund's part of what the pool added, largest first: as many rows as funds, out of as many parts as gifts were matched.
fn parts(conn: &mut Conn, pool: &Pool) -> AppResult<Vec<GiftPart>> {
    let sums = matches::table
        .inner_join(splits::table.on(splits::donation_id.eq(matches::donation_id)))
        .filter(matches::pool_id.eq(pool.id))
        .filter(splits::origin.eq(Origin::Match))
        .group_by(splits::fund_id)
        .select((
            splits::fund_id,
            sum("splits.amount"),
            sum("splits.reversed"),
            sum("splits.carried"),
            sum("splits.granted"),
            sum("splits.held"),
        ));
    let sums: Vec<(FundId, i64, i64, i64, i64, i64)> = each!(conn, c => sums.load(c))?;
    let ids: Vec<FundId> = sums.iter().map(|row| row.0).collect();
    let named = funds::table
        .left_join(programs::table.on(programs::id.nullable().eq(funds::program_id)))
        .filter(funds::id.eq_any(ids))
        .select((
            funds::id,
            funds::name,
            funds::program_id,
            programs::slug.nullable(),
            programs::name.nullable(),
        ));
    let named: Vec<Named> = each!(conn, c => named.load(c))?;
    let part = |(id, fund_name, program_id, program_slug, program_name): Named| {
        let row = sums.iter().find(|row| row.0 == id)?;
        Some(GiftPart {
            fund_id: id,
            amount: row.1,
            reversed: row.2,
            carried: row.3,
            granted: row.4,
            held: row.5,
            fund_name,
            program_id,
            program_slug,
            program_name,
        })
    };
    let mut parts: Vec<GiftPart> = named.into_iter().filter_map(part).collect();
    parts.sort_by_key(|part| (std::cmp::Reverse(part.amount), part.fund_id));
    Ok(parts)
}

/// A fund with its program.
type Named = (
    FundId,
    String,
    Option<ProgramId>,
    Option<Slug>,
    Option<String>,
);

/// The grants that took of it, oldest first.
fn grants(conn: &mut Conn, pool: &Pool) -> AppResult<Vec<GiftGrant>> {
    let sums = matches::table
        .inner_join(grant_layers::table.on(grant_layers::donation_id.eq(matches::donation_id)))
        .filter(matches::pool_id.eq(pool.id))
        .filter(grant_layers::origin.eq(Origin::Match))
        .group_by(grant_layers::tranche_id)
        .select((grant_layers::tranche_id, sum("grant_layers.amount")));
    let sums: Vec<(TrancheId, i64)> = each!(conn, c => sums.load(c))?;
    trace::of_tranches(conn, &sums, Origin::Match)
}

pub(super) async fn sponsored(giving: Data<Giving>, path: Path<String>) -> AppResult<HttpResponse> {
    let (site, token) = (&giving.site, path.0);
    let now = site.clock.now();
    let read = site
        .db
        .read(move |c| Sponsored::read(c, &token, now))
        .await?;
    let nonce = Nonce::fresh()?;
    let (pool, campaign) = (&read.pool, &read.campaign);
    let title = format!("What {} became", pool.reserved());
    let about = (title.as_str(), campaign.appeal.as_str());
    let mut shell = frame::shell(&site.config, nonce.as_str(), campaign, now, about).private();
    shell.give_url = None;
    let divided = Divided {
        campaign,
        shades: &read.shades,
        parts: &read.parts,
        grants: &read.grants,
        reports: &read.reports,
        went: "went back into your pool",
    };
    let view = SponsoredView {
        sponsor: pool.sponsor.clone(),
        campaign: Link::new(&campaign.title, &frame::path(campaign)),
        reserved: pool.reserved().into(),
        added: read.added.into(),
        gifts: read.gifts,
        holds: read.holds.into(),
        outstanding: (read.outstanding.minor() > 0).then(|| read.outstanding.into()),
        starts_at: pool.starts_at.rfc3339(),
        ends_at: pool.ends_at.rfc3339(),
        is_over: now >= pool.ends_at,
        parts: divided.views(),
        shell,
    };
    let mut response = site.page("sponsored", &view, &nonce)?;
    keep_address_private(&mut response);
    Ok(response)
}
