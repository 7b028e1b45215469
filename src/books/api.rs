//! `/api/v1/campaigns/{slug}/books`: the open books as JSON.

use actix_web::HttpRequest;
use actix_web::web::{self, Data, Json, Path, ServiceConfig};
use serde::Serialize;

use super::model::FundBook;
use super::{Books, Line};
use crate::db::Db;
use crate::error::{AppResult, Problem};
use crate::kernel::{Clock, Day, Money, Slug};
use crate::web::query::{self, NoQuery};

/// Mounts the books.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/api/v1/campaigns/{slug}/books").route(web::get().to(books)));
}

/// A campaign's open books. `raised - refunded - disputed + matched + carried = fees_borne + granted + held`, to the unit.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct BooksItem {
    /// The campaign's place in URLs.
    #[schema(value_type = String)]
    pub campaign: Slug,
    /// Came in, before any fee.
    pub raised: Money,
    /// Added from match pools.
    pub matched: Money,
    /// Begun and not yet paid; in no other sum.
    pub pending: Money,
    /// Went back to donors.
    pub refunded: Money,
    /// Lost to donors' banks.
    pub disputed: Money,
    /// Kept by processors.
    pub fees: Money,
    /// The part of the fees that gifts have borne; the rest is the loss on gifts that went back.
    pub fees_borne: Money,
    /// Set aside in funds, matched money and what went back from them not counted.
    pub allocated: Money,
    /// Paid to partners.
    pub granted: Money,
    /// What the reserve carries of money that went back after it had been granted.
    pub carried: Money,
    /// Lies in funds.
    pub held: Money,
    /// The same by fund.
    pub funds: Vec<FundItem>,
    /// How far into the ledger they reach.
    pub position: PositionItem,
}

/// One fund's part.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct FundItem {
    /// Its name.
    pub name: String,
    /// The program that it is restricted to; `null` for the campaign's own fund.
    #[schema(value_type = Option<String>)]
    pub program: Option<Slug>,
    /// Set aside.
    pub allocated: Money,
    /// Added from match pools.
    pub matched: Money,
    /// Gone back to donors.
    pub given_back: Money,
    /// Paid to the partner.
    pub granted: Money,
    /// Lies there.
    pub held: Money,
    /// The day of the oldest gift of which something lies there.
    #[schema(value_type = Option<String>, format = Date)]
    pub held_since: Option<Day>,
    /// Whole days for which it has lain there, on average by amount.
    pub held_days: i64,
}

/// A place in the ledger.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct PositionItem {
    /// The last transfer that the books hold.
    pub transfer: i64,
    /// The newest seal; 0 before the first.
    pub seal: i64,
    /// Its hash.
    pub seal_hash: Option<String>,
}

impl BooksItem {
    fn of(campaign: Slug, books: &Books) -> Self {
        let total = |line| books.total(line);
        let seal = books.seal.as_ref();
        Self {
            campaign,
            raised: total(Line::Raised),
            matched: total(Line::Matched),
            pending: Money::new(books.pending, books.currency),
            refunded: total(Line::Refunded),
            disputed: total(Line::Disputed),
            fees: total(Line::Fees),
            fees_borne: total(Line::FeePart),
            allocated: total(Line::Allocated),
            granted: total(Line::Granted),
            carried: total(Line::Carried),
            held: total(Line::Held),
            funds: books.funds.iter().map(|fund| item(books, fund)).collect(),
            position: PositionItem {
                transfer: books.transfer,
                seal: seal.map_or(0, |seal| seal.id),
                seal_hash: seal.map(|seal| seal.hash.clone()),
            },
        }
    }
}

fn item(books: &Books, fund: &FundBook) -> FundItem {
    let money = |minor| Money::new(minor, books.currency);
    FundItem {
        name: fund.name.clone(),
        program: fund.program.as_ref().map(|(_, slug)| slug.clone()),
        allocated: money(fund.allocated),
        matched: money(fund.matched),
        given_back: money(fund.given_back),
        granted: money(fund.granted),
        held: money(fund.held),
        held_since: fund.held_since,
        held_days: fund.held_days,
    }
}

/// The open books of a campaign.
#[utoipa::path(get, operation_id = "campaign_books", path = "/api/v1/campaigns/{slug}/books", tag = "campaigns",
    params(("slug" = String, Path, description = "The campaign")), responses(
    (status = 200, body = BooksItem),
    (status = 404, description = "No such campaign", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "A query key that is not known", body = Problem, content_type = "application/problem+json"),
))]
pub async fn books(
    request: HttpRequest,
    db: Data<Db>,
    clock: Data<Clock>,
    path: Path<String>,
) -> AppResult<Json<BooksItem>> {
    let NoQuery {} = query::query(&request)?;
    let (slug, now) = (super::html::slug(&path)?, clock.now());
    let (campaign, books, _) = db.read(move |c| super::html::whole(c, &slug, now)).await?;
    Ok(Json(BooksItem::of(campaign.slug, &books)))
}
