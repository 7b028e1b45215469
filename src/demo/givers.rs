//! The demo's first gifts: made as a donor makes them, through the processor's hosted page, so that what a visitor
//! sees was never put there by hand.

use serde_json::json;

use crate::donations::{GiveRequest, Giving};
use crate::error::{AppError, AppResult};
use crate::kernel::{Currency, Money};

/// Who gives what: page (empty: the campaign), minor units, name, comment, program, whether anonymous, whether the fee
/// is covered. Invented.
type Gift = (
    &'static str,
    i64,
    &'static str,
    &'static str,
    &'static str,
    bool,
    bool,
);

const GIFTS: &[Gift] = &[
    (
        "maya-roy",
        5_000,
        "Ruth Amsel",
        "For every day of December. Proud of you.",
        "",
        false,
        true,
    ),
    ("maya-roy", 2_500, "Jonas Pietsch", "", "", false, false),
    (
        "maya-roy",
        10_000,
        "সোহিনী দত্ত",
        "শুভকামনা রইল!",
        "ijm-kolkata",
        false,
        true,
    ),
    ("maya-roy", 3_500, "A neighbour", "", "", true, false),
    (
        "johanna-lindqvist",
        6_700,
        "Elsa Holm",
        "The green one again tomorrow?",
        "",
        false,
        false,
    ),
    (
        "johanna-lindqvist",
        15_000,
        "Per Lindqvist",
        "",
        "ijm-kolkata",
        false,
        true,
    ),
    (
        "abena-owusu",
        2_000,
        "Kofi Mensah",
        "Started with a question at lunch.",
        "",
        false,
        false,
    ),
    ("abena-owusu", 4_000, "Esi Baiden", "", "", true, false),
    (
        "tomas-brandt",
        5_000,
        "Clara Voss",
        "Ties suit you after all.",
        "",
        false,
        true,
    ),
    (
        "priya-nair",
        25_000,
        "Anand Nair",
        "For Kolkata.",
        "ijm-kolkata",
        false,
        true,
    ),
    ("priya-nair", 3_000, "Leah Stone", "", "", false, false),
    (
        "dewi-hughes",
        1_500,
        "Gwen Parry",
        "Da iawn!",
        "",
        false,
        false,
    ),
    ("maya-sen", 8_000, "Tara Bose", "", "", false, true),
    (
        "arjun-and-lila",
        6_000,
        "Grandma Lila",
        "Wear the red one for me.",
        "",
        false,
        false,
    ),
    ("sam-okafor", 4_500, "Ngozi Eze", "", "", false, false),
    (
        "greta-and-the-book-club",
        9_900,
        "The Tuesday readers",
        "Chapter by chapter.",
        "",
        false,
        true,
    ),
    ("hannah-weiss", 3_000, "Daniel Weiss", "", "", true, false),
    (
        "",
        50_000,
        "Corner Bakery Ltd",
        "One day's bread.",
        "",
        false,
        true,
    ),
    ("", 7_500, "M. Aldous", "", "ijm-kolkata", true, false),
    (
        "lena-brook",
        4_000,
        "Tomás Brandt",
        "Bring it back in January.",
        "",
        false,
        true,
    ),
    ("lena-brook", 2_000, "Mo Brook", "", "", false, false),
];

/// Makes the demo's first gifts, unless some were made before. Faults are logged; the demo goes on without.
pub async fn givers(giving: Giving) {
    if let Err(error) = give_all(&giving).await {
        tracing::warn!(cause = %error, "the demo's first gifts could not all be made");
    }
}

async fn give_all(giving: &Giving) -> AppResult<()> {
    let made = giving.site.db.read(crate::donations::model::any).await?;
    if made {
        return Ok(());
    }
    let http = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(std::time::Duration::from_secs(10))
        .build()
        .map_err(AppError::internal)?;
    super::books::pool(giving).await?;
    for (number, gift) in GIFTS.iter().enumerate() {
        let donation = giving
            .give(request(number, gift)?.parse()?, &format!("demo:{number}"))
            .await?;
        let Some(url) = donation.checkout_url else {
            continue;
        };
        let form = "card_number=4242424242424242&exp=12%2F34&cvc=123&name=Demo+donor";
        http.post(url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form)
            .send()
            .await
            .map_err(AppError::internal)?;
    }
    super::books::after_gifts(giving, &http).await?;
    tracing::info!(gifts = GIFTS.len(), "the demo's first gifts were made");
    Ok(())
}

fn request(number: usize, gift: &Gift) -> AppResult<GiveRequest> {
    let (page, minor, name, comment, program, anonymous, cover_fees) = *gift;
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let amount = Money::new(minor, Currency::USD);
    Ok(serde_json::from_value(json!({
        "campaign": super::SEASON, "page": some(page), "program": some(program), "amount": amount,
        "donor": { "name": name, "email": format!("giver{number}@example.net") },
        "comment": some(comment), "anonymous": anonymous, "cover_fees": cover_fees,
        "consent": { "newsletter": !anonymous },
    }))?)
}
