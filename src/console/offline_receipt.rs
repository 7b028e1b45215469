//! `/console/offline/{id}/receipt` and its PDF: for somebody whose mail address nobody knows, or who wants paper.

use std::fmt::Write as _;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::desk::{Desk, Room};
use super::offline_entry::{find, id_of};
use crate::auth::Coordinator;
use crate::donations::hands;
use crate::error::{AppError, AppResult};
use crate::kernel::{Day, Money};
use crate::web::lettering::{self, FALLBACK, SERIF, drawable};
use crate::web::print;
use crate::web::views::money::MoneyView;
use crate::web::views::wording;
use crate::web::{Path, Site};

/// Context of `console/offline_receipt`.
#[derive(Serialize)]
struct ReceiptView {
    id: String,
    organisation: String,
    campaign: String,
    serial: String,
    donor: String,
    amount: MoneyView,
    how: String,
    on: String,
    note: String,
    is_receipt: bool,
    given_back: Option<MoneyView>,
    matched: Option<MatchedView>,
}

#[derive(Serialize)]
struct MatchedView {
    amount: MoneyView,
    sponsor: String,
}

/// What a receipt says.
struct Receipt {
    id: String,
    organisation: String,
    campaign: String,
    serial: String,
    donor: String,
    amount: Money,
    how: String,
    on: Day,
    note: String,
    is_receipt: bool,
    /// What was given back of it since.
    given_back: Option<Money>,
    /// What a pool adds to it now, and whose.
    matched: Option<(Money, String)>,
}

impl Receipt {
    async fn of(desk: &Desk, id: &str) -> AppResult<Self> {
        let found = find(desk, id_of(id)?).await?;
        let donation = found.donation.ok_or(AppError::NotFound("this receipt"))?;
        let gift = donation.id;
        let read = desk
            .site
            .db
            .read(move |c| crate::matching::match_of(c, gift));
        let matched = read.await?.map(|(found, sponsor)| {
            let amount = Money::new(found.remaining(), donation.currency);
            (amount, sponsor)
        });
        let (how, on, note, is_receipt) = hands::receipt_words(&found.gift);
        let back = Money::new(donation.refunded, donation.currency);
        Ok(Self {
            id: id.to_owned(),
            organisation: desk.site.config.site.name.clone(),
            campaign: found.campaign.title.clone(),
            serial: donation.receipt.clone().unwrap_or_default(),
            donor: donation.donor_name.clone(),
            amount: donation.charge(),
            how,
            on,
            note,
            is_receipt,
            given_back: (back.minor() > 0).then_some(back),
            matched: matched.filter(|(amount, _)| amount.minor() > 0),
        })
    }

    fn title(&self) -> String {
        let what = if self.is_receipt { "Receipt" } else { "Record" };
        format!("{what} {}", self.serial)
    }
}

pub(super) async fn page(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Offline);
    let receipt = Receipt::of(&desk, &path.0).await?;
    let view = ReceiptView {
        id: receipt.id,
        organisation: receipt.organisation,
        campaign: receipt.campaign,
        serial: receipt.serial,
        donor: receipt.donor,
        amount: receipt.amount.into(),
        how: receipt.how,
        on: receipt.on.to_string(),
        note: receipt.note,
        is_receipt: receipt.is_receipt,
        given_back: receipt.given_back.map(Into::into),
        matched: receipt.matched.map(|(amount, sponsor)| MatchedView {
            amount: amount.into(),
            sponsor,
        }),
    };
    desk.page("offline_receipt", "Receipt", view)
}

/// The same on A4 paper.
pub(super) async fn pdf(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Offline);
    let receipt = Receipt::of(&desk, &path.0).await?;
    let name = format!("receipt-{}.pdf", receipt.serial);
    let drawn = tokio::task::spawn_blocking(move || {
        let svg = drawing(&receipt)?;
        print::pdf((WIDTH, HEIGHT), &svg, None, &receipt.title()).map_err(AppError::internal)
    });
    let bytes = drawn.await.map_err(AppError::internal)??;
    Ok(HttpResponse::Ok()
        .insert_header(("Content-Type", "application/pdf"))
        .insert_header((
            "Content-Disposition",
            format!("attachment; filename=\"{name}\""),
        ))
        .insert_header(("Cache-Control", "no-store"))
        .body(bytes))
}

/// A4, in points.
const WIDTH: f32 = 595.28;
/// See [`WIDTH`].
const HEIGHT: f32 = 841.89;
/// The margin, in points.
const MARGIN: f32 = 64.0;
/// The width of a line of text, in points.
const COLUMN: f32 = WIDTH - 2.0 * MARGIN;

/// Lines of text from the top to the bottom of a page.
struct Sheet {
    out: String,
    y: f32,
}

impl Sheet {
    /// Text from the left margin, broken where it is too long.
    fn say(&mut self, text: &str, size: f32, colour: &str) {
        let (lines, _) = lettering::lines(&drawable(text), size, COLUMN, 12);
        for line in lines {
            self.y += size * 1.35;
            self.put(&line, (MARGIN, "start"), size, colour);
        }
    }

    /// A line of the sums: what it is, and how much.
    fn sum(&mut self, label: &str, amount: &str) {
        self.y += 27.0;
        self.put(&drawable(label), (MARGIN, "start"), 13.0, INK);
        self.put(&drawable(amount), (WIDTH - MARGIN, "end"), 13.0, INK);
        let (y, right) = (self.y + 8.0, WIDTH - MARGIN);
        // Writing to a String cannot fail.
        write!(
            self.out,
            "<path d=\"M{MARGIN} {y:.1}H{right}\" stroke=\"#d8cfc0\" stroke-width=\"0.6\"/>"
        )
        .unwrap_or_default();
    }

    fn put(&mut self, text: &str, (x, anchor): (f32, &str), size: f32, colour: &str) {
        let (y, text) = (self.y, handlebars::html_escape(text));
        write!(
            self.out,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" font-size=\"{size}\" fill=\"{colour}\">{text}</text>"
        )
        .unwrap_or_default();
    }
}

const INK: &str = "#1f1b18";
const QUIET: &str = "#6b625a";

/// The receipt as a drawing.
fn drawing(receipt: &Receipt) -> AppResult<String> {
    let said = |money: Money| {
        let view = MoneyView::from(money);
        let value = serde_json::to_value(view).map_err(AppError::internal)?;
        wording::cents(&value).map_err(AppError::internal)
    };
    let day = wording::date(&receipt.on.to_string().into(), "long").map_err(AppError::internal)?;
    let head = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{HEIGHT}\" viewBox=\"0 0 {WIDTH} {HEIGHT}\"><g font-family=\"{SERIF}, {FALLBACK}\">"
    );
    let mut sheet = Sheet {
        out: head,
        y: MARGIN,
    };
    let from = format!("{} · {}", receipt.organisation, receipt.campaign);
    sheet.say(&from, 11.0, QUIET);
    sheet.y += 14.0;
    sheet.say(&receipt.title(), 30.0, INK);
    sheet.y += 6.0;
    sheet.say(&format!("Thank you, {}.", receipt.donor), 16.0, INK);
    sheet.y += 16.0;
    sheet.sum(&format!("Given {}", receipt.how), &said(receipt.amount)?);
    sheet.sum("Day", &day);
    sheet.sum("Fee", "none was taken");
    if let Some(back) = receipt.given_back {
        sheet.sum("Given back since", &format!("−{}", said(back)?));
        let left = receipt.amount.minus(back)?;
        sheet.sum("Left of the gift", &said(left)?);
    }
    if let Some((amount, sponsor)) = &receipt.matched {
        sheet.sum(&format!("Added by {sponsor}"), &said(*amount)?);
    }
    sheet.sum("Received by", &receipt.organisation);
    sheet.y += 18.0;
    sheet.say(&receipt.note, 12.0, QUIET);
    let edge = HEIGHT - 40.0;
    write!(
        sheet.out,
        "<path d=\"M{MARGIN} {edge}H{}\" stroke=\"{QUIET}\" stroke-width=\"1.4\" stroke-dasharray=\"7 5\"/></g></svg>",
        WIDTH - MARGIN
    )
    .unwrap_or_default();
    Ok(sheet.out)
}
