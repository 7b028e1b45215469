//! The pages of a gift's way (give, thanks, trace), the error page and the sandbox.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use super::*;
use crate::donations::views::{give::*, thanks::*, trace::*};
use crate::web::views::{error::*, sandbox::*};

fn give_sample() -> GiveView {
    let suggestion = |minor, covers: Option<&str>| SuggestionView {
        amount: usd(minor),
        covers: covers.map(Into::into),
        checked: minor == 5_000,
    };
    GiveView {
        shell: Shell { give_url: None, ..shell("Give to Mira Sen") },
        action: "/give/dressember-2026".into(),
        campaign_slug: "dressember-2026".into(),
        campaign: dressember(),
        recipient: Some(RecipientView {
            photo_url: None,
            name: "Mira Sen’s page".into(),
            page_slug: Some("mira-sen".into()),
            team_slug: None,
            href: "/pages/mira-sen".into(),
            portrait_svg: placeholder::portrait("mira-sen", "", &accent()),
        }),
        currency: "USD".into(),
        exponent: 2,
        sign: "$".into(),
        offers: vec![MatchOfferView {
            sponsor: "The Weavers’ Guild".into(),
            until: "2026-12-01T23:59:00Z".into(),
            doubles: true,
            per_unit: usd(100),
            unit: usd(100),
            cap: Some(usd(10_000)),
            left: usd(1_234_500),
            programs: vec!["IJM Kolkata".into()],
        }],
        suggestions: vec![
            suggestion(3_000, Some("a therapy session")),
            suggestion(5_000, None),
            suggestion(8_000, Some("school supplies, a year")),
            suggestion(12_500, Some("trial fees")),
            suggestion(20_000, Some("medical costs")),
        ],
        programs: vec![ProgramChoice { slug: "ijm-kolkata".into(), name: "IJM Kolkata".into(), selected: false }],
        fee_basis_points: 290,
        fee_fixed: usd(30),
        fee_extra: usd(181),
        consent_wording: "Send me the newsletter: what gifts did, about once a month. I can leave with one click.".into(),
        unit_costs: unit_costs()[..4].to_vec(),
        typed: TypedView::default(),
        errors: vec![],
        field_errors: GiveErrors::default(),
        source: String::new(),
        csrf: "token".into(),
        idempotency_key: "0193".into(),
    }
}

#[test]
fn give() {
    let t = templates();
    let html = show(&t, "give", "give", &give_sample());
    assert!(
        html.contains("name=\"page\" value=\"mira-sen\"")
            && html.contains("name=\"team\" value=\"\"")
    );
    let error = |field: &str, message: &str| FieldError {
        field: field.into(),
        message: message.into(),
    };
    let wrong = GiveView {
        typed: TypedView { amount_own: "fifty".into(), name: "O’Brien \"<b>".into(), email: "mira@".into(), tribute_kind: "memory".into(), more_open: true, cover_fees: true, ..TypedView::default() },
        errors: vec![error("amount_own", "Write the amount in digits, like 50 or 50.25."), error("email", "This address is not complete: something is missing after the @."), error("tribute_name", "Write the name of the person.")],
        field_errors: GiveErrors {
            amount: Some("Write the amount in digits, like 50 or 50.25.".into()),
            email: Some("This address is not complete: something is missing after the @.".into()),
            tribute: Some("Write the name of the person.".into()),
            form: Some("The payment processor does not answer just now. Nothing was charged; please try again in a minute.".into()),
            ..GiveErrors::default()
        },
        ..give_sample()
    };
    let html = show(&t, "give", "give-errors", &wrong);
    assert!(
        html.contains("value=\"O’Brien &quot;&lt;b&gt;\""),
        "what was typed comes back"
    );
    let empty = GiveView {
        shell: bare("Give"),
        recipient: None,
        suggestions: vec![],
        programs: vec![],
        unit_costs: vec![],
        offers: vec![],
        ..give_sample()
    };
    show(&t, "give", "give-empty", &empty);
    let closed = GiveClosedView {
        shell: bare("Give"),
        campaign: dressember(),
        recipient: Link::new("Mira Sen", "/pages/mira-sen"),
        giving_until: "2027-01-31".into(),
    };
    show(&t, "give_closed", "give-closed", &closed);
}

#[test]
fn thanks() {
    let t = templates();
    let state = |state: &str, band: Option<BandView>| ThanksView {
        shell: Shell {
            og: None,
            noindex: true,
            refresh_seconds: (state == "pending").then_some(4),
            ..shell("Your gift")
        },
        state: state.into(),
        amount: usd(5_181),
        matched: band.is_some().then(|| MatchedView {
            amount: usd(5_000),
            sponsor: "The Weavers’ Guild".into(),
        }),
        donor: "Theo Marchetti".into(),
        recipient: Link::new("Mira Sen’s page", "/pages/mira-sen"),
        mailed_to: "t…@example.org".into(),
        trace_url: band.is_some().then(|| "/gifts/abc".into()),
        share: band.is_some().then(share),
        band,
        retry_url: (state == "failed" || state == "expired")
            .then(|| "/give/dressember-2026?page=mira-sen".into()),
        reason: (state == "failed").then(|| {
            "Your bank declined the card. It does not tell us why; another card often works.".into()
        }),
    };
    show(
        &t,
        "thanks",
        "thanks",
        &state(
            "paid",
            Some(BandView {
                live_url: None,
                ..band(32, 250_000, true)
            }),
        ),
    );
    show(&t, "thanks", "thanks-paid-bare", &state("paid", None));
    let html = show(&t, "thanks", "thanks-pending", &state("pending", None));
    assert!(html.contains("http-equiv=\"refresh\" content=\"4\""));
    show(&t, "thanks", "thanks-failed", &state("failed", None));
    show(&t, "thanks", "thanks-expired", &state("expired", None));
}

#[test]
fn trace() {
    let t = templates();
    let step =
        |title: &str, detail: &str, minor: Option<i64>, at: Option<&str>, state: &str| StepView {
            title: title.into(),
            detail: detail.into(),
            amount: minor.map(usd),
            at: at.map(Into::into),
            state: state.into(),
        };
    let part = |name: &str, shade, minor, state: &str, detail: &str, figures| PartView {
        program: Link::new(name, "/programs/ijm-kolkata"),
        shade,
        amount: usd(minor),
        state: state.into(),
        detail: detail.into(),
        grants: match state {
            "held" => vec![],
            _ => vec![PartGrantView {
                number: "G-2026-007".into(),
                purpose: "Gathering of intelligence.".into(),
                amount: usd(minor),
                paid_on: Some("2026-11-20".into()),
                due_on: (state == "granted").then(|| "2027-01-31".into()),
                word: "The partner’s report is still to come.".into(),
                report: (state == "reported")
                    .then(|| Link::new("What it did", "/programs/ijm-kolkata")),
            }],
        },
        carried: (state == "granted").then(|| "$2 is carried by the reserve.".into()),
        figures,
    };
    let full = TraceView {
        shell: Shell {
            og: None,
            noindex: true,
            ..shell("Your gift, the whole way")
        },
        donor: "Theo Marchetti".into(),
        paid_at: "2026-11-23T19:04:00Z".into(),
        recipient: Link::new("Mira Sen’s page", "/pages/mira-sen"),
        receipt: Some("2026-000412".into()),
        gross: usd(5_181),
        fee: usd(180),
        fee_note: None,
        fee_provisional: false,
        net: usd(5_001),
        matched: Some(MatchedView {
            amount: usd(5_000),
            sponsor: "The Weavers’ Guild".into(),
        }),
        is_online: true,
        refunds: vec![RefundView {
            at: "2026-11-24T08:00:00Z".into(),
            amount: usd(1_000),
            label: "Refund".into(),
        }],
        remaining: usd(4_001),
        steps: vec![
            step(
                "Card",
                "Paid at the processor.",
                Some(5_181),
                Some("2026-11-23T19:04:00Z"),
                "done",
            ),
            step(
                "Fee",
                "Kept by the processor.",
                Some(180),
                Some("2026-11-23T19:04:00Z"),
                "done",
            ),
            step(
                "Fund",
                "Set aside; it cannot be used for anything else.",
                Some(5_001),
                Some("2026-11-23T19:05:00Z"),
                "done",
            ),
            step(
                "Program",
                "Divided between three programs.",
                Some(4_001),
                Some("2026-11-23T19:05:00Z"),
                "now",
            ),
            step(
                "Grant",
                "Paid to the partner when the next grant is due.",
                None,
                None,
                "ahead",
            ),
            step(
                "Result",
                "The partner reports what it did.",
                None,
                None,
                "ahead",
            ),
        ],
        is_gone: false,
        matched_parts: vec![part(
            "Kolkata investigations",
            1,
            5_000,
            "held",
            "in the fund until the next grant.",
            vec![],
        )],
        parts: vec![
            part(
                "IJM Kolkata",
                0,
                2_501,
                "reported",
                "Paid on 20 November 2026 with grant 7; reported on 23 November.",
                figures(),
            ),
            part(
                "Legal aid fund",
                1,
                1_000,
                "granted",
                "Paid on 20 November 2026 with grant 8; the report is due on 31 January.",
                vec![],
            ),
            part(
                "Restoration homes",
                2,
                500,
                "held",
                "Held in the program’s fund until the next grant.",
                vec![],
            ),
        ],
        division: "You left the choice to the campaign: divided by policy version 2.".into(),
        band: BandView {
            live_url: None,
            ..band(32, 250_000, true)
        },
    };
    show(&t, "trace", "trace", &full);
    let empty = TraceView {
        shell: bare("A gift"),
        receipt: None,
        refunds: vec![],
        parts: vec![],
        matched_parts: vec![],
        fee_provisional: true,
        matched: None,
        is_online: false,
        band: no_band(),
        ..full
    };
    show(&t, "trace", "trace-empty", &empty);
}

#[test]
fn error_and_sandbox() {
    let t = templates();
    let full = ErrorView {
        shell: shell("Not found"),
        status: 404,
        title: "There is no page here.".into(),
        detail: "The link may be old, or a letter is missing.".into(),
        safe: Some("Nothing was charged and nothing is lost.".into()),
        ways: vec![
            Link::new("All campaigns", "/"),
            Link::new("Give to Dressember 2026", "/give/dressember-2026"),
        ],
        error_id: Some("req_0193a7".into()),
        sign_in: None,
    };
    show(&t, "error", "error", &full);
    show(
        &t,
        "error",
        "error-empty",
        &ErrorView {
            shell: bare("Error"),
            safe: None,
            ways: vec![],
            error_id: None,
            ..full
        },
    );
    let mail = |subject: &str| MailRow {
        href: "/sandbox/mail/1".into(),
        to: "theo@example.org".into(),
        subject: subject.into(),
        sent_at: "2026-11-23T19:05:00Z".into(),
    };
    let list = SandboxMailView {
        shell: bare("Mailbox"),
        items: vec![
            mail("Your gift of $51.81: receipt 2026-000412"),
            mail("Theo gave $50 on your page"),
        ],
        next_url: None,
    };
    show(&t, "sandbox_mail", "sandbox_mail", &list);
    show(
        &t,
        "sandbox_mail",
        "sandbox_mail-empty",
        &SandboxMailView {
            items: vec![],
            ..list
        },
    );
    let message = SandboxMailMessageView {
        shell: bare("A mail"),
        list_url: "/sandbox/mail".into(),
        from: "Selvedge <gifts@example.org>".into(),
        to: "theo@example.org".into(),
        subject: "Your gift of $51.81: receipt 2026-000412".into(),
        sent_at: "2026-11-23T19:05:00Z".into(),
        html_url: Some("/thanks.html".into()),
        text: "Dear Theo,\n\nthank you.".into(),
        source: "From: gifts@example.org\r\nSubject: …".into(),
    };
    show(&t, "sandbox_mail_message", "sandbox_mail_message", &message);
    show(
        &t,
        "sandbox_mail_message",
        "sandbox_mail_message-empty",
        &SandboxMailMessageView {
            html_url: None,
            ..message
        },
    );
}

/// The band as mails, receipts and embeds carry it: no stylesheet, colours of its own.
#[test]
fn small_band() {
    let threads = gifts(31, true);
    let raised = threads.iter().map(|t| t.minor).sum();
    let band = Band {
        threads,
        raised,
        matched: 20_000,
        goal: 250_000,
    };
    let svg = band.svg(Size::Small, &accent().light, "$1,960 raised of $2,500");
    assert!(!svg.contains("var(") && svg.contains(&accent().light.accent));
    if let Ok(folder) = std::env::var("SELVEDGE_RENDER_DIR") {
        std::fs::write(format!("{folder}/band-small.svg"), svg).unwrap();
    }
}
