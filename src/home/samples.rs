//! A full and an empty sample of every page: each must render. With `SELVEDGE_RENDER_DIR` set they are
//! written there, with the assets beside them, to be looked at and to be checked by axe-core.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod gifts;
mod pages;

use crate::web::band::{Band, Size, Thread};
use crate::web::placeholder;
use crate::web::templates::Templates;
use crate::web::views::figures::*;
use crate::web::views::money::MoneyView;
use crate::web::views::palette::Accent;
use crate::web::views::rows::*;
use crate::web::views::shell::*;
use crate::web::views::wording;

const ACCENT: &str = "#9c2a3c";

fn usd(minor: i64) -> MoneyView {
    MoneyView::new(minor, "USD")
}

fn accent() -> Accent {
    Accent::new(ACCENT)
}

fn shell(title: &str) -> Shell {
    Shell {
        lang: "en".into(),
        title: title.into(),
        description: "A campaign that shows the whole path of every gift.".into(),
        site_name: "Selvedge".into(),
        nonce: "c2FtcGxlLW5vbmNlLTEyMw==".into(),
        accent: accent(),
        og: Some(Og {
            kind: "website".into(),
            title: title.into(),
            description: "Follow a gift the whole way.".into(),
            url: "https://give.example.org/".into(),
            image_url: Some("https://give.example.org/pages/mira/card.png".into()),
            image_alt: "The page’s woven band".into(),
        }),
        noindex: false,
        refresh_seconds: None,
        nav: vec![
            Link::new("Campaign", "/campaigns/dressember-2026"),
            Link::new("Leaderboard", "/campaigns/dressember-2026/leaderboard"),
            Link::new("Kolkata", "/programs/ijm-kolkata"),
        ],
        give_url: Some("/give/dressember-2026".into()),
        footer: vec![Link::new("API", "/api/openapi.json")],
        imprint: "A demonstration season of Selvedge. The people are invented; the figures carry their source.".into(),
        test_mode: true,
    }
}

fn bare(title: &str) -> Shell {
    Shell {
        og: None,
        nav: vec![],
        give_url: None,
        footer: vec![],
        noindex: true,
        test_mode: false,
        ..shell(title)
    }
}

fn gifts(count: usize, own: bool) -> Vec<Thread> {
    let mut seed = 7_u64;
    let mut draw = move |below: u64| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below as usize
    };
    (0..count)
        .map(|n| Thread {
            minor: [2_500, 5_000, 3_000, 10_000, 1_500, 8_000, 20_000, 5_000][draw(8)],
            shade: [0, 0, 1, 0, 2, 1, 0][draw(7)],
            anonymous: draw(6) == 4,
            own: own && n + 3 == count,
            verified: n * 4 < count * 3,
        })
        .collect()
}

fn band(count: usize, goal: i64, own: bool) -> BandView {
    let threads = gifts(count, own);
    let raised: i64 = threads.iter().map(|t| t.minor).sum();
    let matched = if count > 100 { raised / 9 } else { 0 };
    let cloth = Band {
        threads,
        raised,
        matched,
        goal,
    };
    let said = |minor| wording::amount(minor, "USD").unwrap();
    let title = format!("{} raised of {}", said(raised), said(goal));
    BandView {
        band_svg: cloth.svg(Size::Wide, &accent().light, &title),
        raised: usd(raised),
        matched: (matched > 0).then(|| usd(matched)),
        goal: Some(usd(goal)),
        gifts: count as i64,
        donors: count as i64 - count as i64 / 9,
        days_left: Some(38),
        shades: vec![
            ShadeView {
                shade: 0,
                label: "IJM Kolkata".into(),
            },
            ShadeView {
                shade: 1,
                label: "Legal aid fund".into(),
            },
            ShadeView {
                shade: 2,
                label: "Restoration homes".into(),
            },
        ],
        undyed: true,
        verified: true,
        live_url: Some("/campaigns/dressember-2026/live".into()),
    }
}

fn no_band() -> BandView {
    BandView {
        band_svg: Band {
            goal: 100_000,
            ..Band::default()
        }
        .svg(Size::Wide, &accent().light, "No gifts yet"),
        raised: usd(0),
        matched: None,
        goal: None,
        gifts: 0,
        donors: 0,
        days_left: None,
        shades: vec![],
        undyed: false,
        verified: false,
        live_url: None,
    }
}

fn figures() -> Vec<FigureView> {
    [
        (380, "survivors rescued"),
        (69, "survivors in restoration care now"),
        (39, "convictions"),
    ]
    .map(|(value, label): (i64, _)| FigureView {
        value: value.to_string(),
        label: label.into(),
        period: "Since 2006".into(),
        source: "Interview with Pasang Bhutia, Director of Program Management, IJM Kolkata".into(),
        source_url: None,
        grade: "partner_reported".into(),
    })
    .to_vec()
}

/// Invented figures, so that every grade is looked at.
fn every_grade() -> Vec<FigureView> {
    [
        "claimed",
        "partner_reported",
        "evidence_attached",
        "verified",
    ]
    .map(|grade| FigureView {
        value: "1,234".into(),
        label: "invented things".into(),
        period: "2026".into(),
        source: "An invented report".into(),
        source_url: Some("https://give.example.org/report".into()),
        grade: grade.into(),
    })
    .to_vec()
}

fn unit_costs() -> Vec<UnitCostView> {
    [
        (3_000, "one therapy session"),
        (8_000, "a year of school supplies"),
        (12_500, "the fees of a trial"),
        (20_000, "medical costs"),
        (240_000, "a college semester"),
    ]
    .map(|(minor, covers)| UnitCostView {
        amount: usd(minor),
        covers: covers.into(),
        source: "Dressember cost ladder 2022, demo data".into(),
        valid_from: "2022-11-01".into(),
        valid_to: None,
    })
    .to_vec()
}

fn programs() -> Vec<ProgramRow> {
    vec![
        ProgramRow {
            name: "IJM Kolkata".into(),
            href: "/programs/ijm-kolkata".into(),
            partner: "International Justice Mission".into(),
            country: "India".into(),
            summary: "Rescue with police and anti-trafficking units, justice in court, and restoration. This season pays for the gathering of intelligence.".into(),
            cover_svg: placeholder::cover("ijm-kolkata", &accent()),
            figures: figures(),
        },
        ProgramRow {
            name: "Restoration homes".into(),
            href: "/programs/restoration".into(),
            partner: "Partner organisations in West Bengal".into(),
            country: "India".into(),
            summary: "Job skills and education after rescue.".into(),
            cover_svg: placeholder::cover("restoration", &accent()),
            figures: vec![],
        },
    ]
}

fn pages() -> Vec<PageRow> {
    [
        ("Mira Sen", "Thirty-one days in one green dress", 184_000, 1),
        ("Jonas Albrecht", "A tie for every working day", 143_500, 2),
        (
            "Ananya Rao-Whitfield-Constantinopolitanskaya",
            "Same dress, every day, no apology",
            97_000,
            3,
        ),
        ("মীরা গোমেজ", "কলকাতার জন্য", 97_000, 3),
        ("Bea Okafor", "My uniform counts", 41_250, 5),
    ]
    .map(|(participant, title, minor, rank)| PageRow {
        rank,
        participant: participant.into(),
        title: title.into(),
        href: "/pages/mira-sen".into(),
        team: (rank == 1).then(|| "Loom & Lantern".into()),
        photo_url: None,
        portrait_svg: placeholder::portrait(title, participant, &accent()),
        raised: usd(minor),
        goal: (rank != 5).then(|| usd(200_000)),
        gifts: 31,
        role: None,
    })
    .to_vec()
}

fn teams() -> Vec<TeamRow> {
    [
        ("Loom & Lantern", 327_500, 1),
        ("St Brigid’s College", 212_000, 2),
    ]
    .map(|(name, minor, rank)| TeamRow {
        rank,
        name: name.into(),
        href: "/teams/loom-and-lantern".into(),
        portrait_svg: placeholder::portrait(name, name, &accent()),
        raised: usd(minor),
        goal: Some(usd(500_000)),
        pages: rank * 4,
    })
    .to_vec()
}

fn wall() -> Vec<GiftRow> {
    vec![
        GiftRow {
            donor: Some("Theo Marchetti".into()),
            amount: Some(usd(5_000)),
            paid_at: "2026-11-23T19:04:00Z".into(),
            comment: Some("You wore it to the ice rink. I have no more excuses.".into()),
            tribute: None,
        },
        GiftRow {
            donor: None,
            amount: Some(usd(10_025)),
            paid_at: "2026-11-23T08:40:00Z".into(),
            comment: None,
            tribute: Some("In memory of Ruth Abara".into()),
        },
        GiftRow {
            donor: Some("<script>alert(1)</script>".into()),
            amount: None,
            paid_at: "2026-11-22T08:40:00Z".into(),
            comment: None,
            tribute: None,
        },
    ]
}

fn share() -> crate::web::views::rows::ShareView {
    crate::web::views::rows::ShareView {
        url: "https://give.example.org/pages/mira-sen".into(),
        mail_url: "mailto:?subject=A%20page&body=https%3A%2F%2Fgive.example.org".into(),
        sms_url: "sms:?&body=https%3A%2F%2Fgive.example.org".into(),
        whatsapp_url: "https://wa.me/?text=https%3A%2F%2Fgive.example.org".into(),
        facebook_url: "https://www.facebook.com/sharer/sharer.php?u=https%3A%2F%2Fgive.example.org"
            .into(),
        card_url: Some("/pages/mira-sen/card.png".into()),
    }
}

/// Renders one sample; writes it when asked to.
fn show(
    templates: &Templates,
    template: &str,
    file: &str,
    context: &impl serde::Serialize,
) -> String {
    let html = templates
        .render(template, context)
        .unwrap_or_else(|error| panic!("{file}: {error}"));
    assert!(html.starts_with("<!doctype html>"), "{file}");
    assert!(!html.contains("<script>alert"), "{file}: not escaped");
    if let Ok(folder) = std::env::var("SELVEDGE_RENDER_DIR") {
        std::fs::write(format!("{folder}/{file}.html"), &html).unwrap();
    }
    html
}

/// The assets under the URLs that the pages name.
fn write_assets() {
    let Ok(folder) = std::env::var("SELVEDGE_RENDER_DIR") else {
        return;
    };
    for name in crate::web::assets::names() {
        let target = format!("{folder}{}", crate::web::assets::url(&name).unwrap());
        std::fs::create_dir_all(std::path::Path::new(&target).parent().unwrap()).unwrap();
        std::fs::copy(
            format!("{}/assets/{name}", env!("CARGO_MANIFEST_DIR")),
            target,
        )
        .unwrap();
    }
}

fn templates() -> Templates {
    write_assets();
    Templates::load(None).unwrap()
}

fn dressember() -> Link {
    Link::new("Dressember 2026", "/campaigns/dressember-2026")
}
