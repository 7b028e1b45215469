//! The list of gifts, its table, and thanks.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::entry::Typed;
use super::model::{self, Place};
use super::thanks;
use super::view::{GiftsView, Read, Shown};
use crate::audit;
use crate::error::{AppError, AppResult};
use crate::kernel::{Cursor, Limit};
use crate::offline;
use crate::pages::{PageMails, PageOwner};
use crate::web::csv::Csv;
use crate::web::site::see;
use crate::web::{CsrfForm, Query, Site};

/// Gifts of one table at most.
const TABLE_MOST: i64 = 100_000;

/// Gifts thanked for in one transaction.
const BATCH: i64 = 50;

/// Gifts thanked for by one click.
const CLICK_MOST: usize = 1_000;

/// What may stand behind `?`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    after: String,
    thanked: String,
    entered: String,
}

pub(super) async fn wall(
    site: Data<Site>,
    request: HttpRequest,
    query: Query<Asked>,
    owner: PageOwner,
) -> AppResult<HttpResponse> {
    let asked = query.0;
    let notice = match (asked.thanked.parse::<i64>(), asked.entered.is_empty()) {
        (Ok(0), _) => Some("You had thanked for everything already.".to_owned()),
        (Ok(1), _) => Some("Thanks are on their way.".to_owned()),
        (Ok(many), _) => Some(format!("Thanks for {many} gifts are on their way.")),
        (Err(_), false) => {
            Some("Entered. It waits until the people who run the campaign confirm it.".to_owned())
        }
        (Err(_), true) => None,
    };
    let shown = Shown {
        typed: Typed::fresh(&owner, site.clock.now()),
        notice,
        after: Cursor::parse(&asked.after).ok(),
        ..Shown::default()
    };
    show(&site, &request, &owner, shown, StatusCode::OK).await
}

pub(super) async fn show(
    site: &Site,
    request: &HttpRequest,
    owner: &PageOwner,
    shown: Shown,
    status: StatusCode,
) -> AppResult<HttpResponse> {
    let (id, currency) = (owner.overview.page.id, owner.overview.campaign.currency);
    let after: Option<Place> = shown.after.clone();
    let read = site
        .db
        .read(move |c| {
            Ok(Read {
                gifts: model::of_page(c, id, after.as_ref(), Limit::default())?,
                has_unthanked: !model::unthanked(c, id, 1)?.is_empty(),
                entries: offline::model::of_page(c, id, None, Limit::MOST)?.items,
                unconfirmed: offline::unconfirmed(c, id, currency)?,
            })
        })
        .await?;
    site.form_page(request, "page_gifts", status, |nonce, csrf| {
        Ok(GiftsView::new(
            site,
            nonce.as_str(),
            csrf,
            owner,
            &read,
            shown,
        ))
    })
}

pub(super) async fn csv(site: Data<Site>, owner: PageOwner) -> AppResult<HttpResponse> {
    let page = owner.overview.page.id;
    let gifts = site
        .db
        .read(move |c| model::table(c, page, TABLE_MOST))
        .await?;
    if let Some(deed) = owner.deed("page.gifts_csv") {
        let now = site.clock.now();
        site.db.tx(move |c| audit::record(c, &deed, now)).await?;
    }
    let mut csv = Csv::new(&[
        "Date", "Giver", "Amount", "Currency", "Words", "Tribute", "Thanked",
    ]);
    for gift in gifts {
        csv.row(&[
            gift.paid_at.rfc3339(),
            gift.donor.unwrap_or_else(|| "Anonymous".to_owned()),
            gift.amount.map(|sum| sum.decimal()).unwrap_or_default(),
            gift.amount
                .map(|sum| sum.currency().code().to_owned())
                .unwrap_or_default(),
            gift.comment.unwrap_or_default(),
            gift.tribute.unwrap_or_default(),
            gift.thanked_at.map(|at| at.rfc3339()).unwrap_or_default(),
        ]);
    }
    Ok(csv.respond(&format!("gifts-{}.csv", owner.overview.page.slug)))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Thanks {
    gift: String,
    words: String,
    /// Where the list was, to go back there.
    after: String,
}

fn back(owner: &PageOwner, after: &str, thanked: usize) -> HttpResponse {
    let after: String = after
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        .collect();
    let at = if after.is_empty() {
        String::new()
    } else {
        format!("&after={after}")
    };
    see(&format!(
        "/pages/{}/gifts?thanked={thanked}{at}",
        owner.overview.page.slug
    ))
}

pub(super) async fn thank(
    site: Data<Site>,
    mails: Data<PageMails>,
    request: HttpRequest,
    owner: PageOwner,
    form: CsrfForm<Thanks>,
) -> AppResult<HttpResponse> {
    let typed = form.0;
    let words = match thanks::words(&typed.words) {
        Ok(words) => words,
        Err(AppError::Invalid(faults)) => {
            let shown = Shown {
                typed: Typed::fresh(&owner, site.clock.now()),
                faults,
                words_of: typed.gift,
                words: typed.words,
                after: Cursor::parse(&typed.after).ok(),
                ..Shown::default()
            };
            return show(
                &site,
                &request,
                &owner,
                shown,
                StatusCode::UNPROCESSABLE_ENTITY,
            )
            .await;
        }
        Err(error) => return Err(error),
    };
    let (page, by, now) = (
        owner.overview.page.id,
        owner.signed.user(),
        site.clock.now(),
    );
    let (mails, deed, gift) = (
        mails.get_ref().clone(),
        owner.deed("gift.thank"),
        typed.gift,
    );
    let new = site
        .db
        .tx(move |c| {
            let new = thanks::thank(c, &mails, page, &gift, by, &words, now)?;
            if let (true, Some(deed)) = (new, &deed) {
                audit::record(c, deed, now)?;
            }
            Ok(new)
        })
        .await?;
    Ok(back(&owner, &typed.after, usize::from(new)))
}

pub(super) async fn thank_all(
    site: Data<Site>,
    mails: Data<PageMails>,
    request: HttpRequest,
    owner: PageOwner,
    form: CsrfForm<Thanks>,
) -> AppResult<HttpResponse> {
    let typed = form.0;
    let words = match thanks::words(&typed.words) {
        Ok(words) => words,
        Err(AppError::Invalid(faults)) => {
            let shown = Shown {
                typed: Typed::fresh(&owner, site.clock.now()),
                faults,
                words_of: "all".to_owned(),
                words: typed.words,
                ..Shown::default()
            };
            return show(
                &site,
                &request,
                &owner,
                shown,
                StatusCode::UNPROCESSABLE_ENTITY,
            )
            .await;
        }
        Err(error) => return Err(error),
    };
    let (page, by, now) = (
        owner.overview.page.id,
        owner.signed.user(),
        site.clock.now(),
    );
    let deed = owner.deed("gift.thank_all");
    let mut thanked = 0;
    // In small steps, so that nobody else's write waits for a thousand mails.
    while thanked < CLICK_MOST {
        let (mails, words, deed) = (mails.get_ref().clone(), words.clone(), deed.clone());
        let step = site
            .db
            .tx(move |c| {
                let gifts = model::unthanked(c, page, BATCH)?;
                let mut new = 0;
                for gift in &gifts {
                    new += usize::from(thanks::thank(c, &mails, page, gift, by, &words, now)?);
                }
                if let (true, Some(deed)) = (new > 0, &deed) {
                    audit::record(c, deed, now)?;
                }
                Ok(new)
            })
            .await?;
        if step == 0 {
            break;
        }
        thanked += step;
    }
    Ok(back(&owner, "", thanked))
}
