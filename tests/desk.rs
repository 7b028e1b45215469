//! The partners' desk, the review of reports, figures with their grades, what is withheld, and the unit-cost book.

use std::str::FromStr;

use diesel::prelude::*;
use selvedge::auth::{Role, UserId};
use selvedge::campaigns::model as campaigns;
use selvedge::each;
use selvedge::grants::ops::{PayTranche, PlanGrant, PlanTranche, approve, pay, plan};
use selvedge::ids::{GrantId, ProgramId, TrancheId};
use selvedge::kernel::{Currency, Day, Line, Money, Slug, Timestamp, Zone};
use selvedge::ledger::{self, Account, Code, NewTransfer, Source};
use selvedge::partners::{model as partners, staff};

use crate::harness::people::{Answer, Visitor, fields_of};
use crate::harness::world::{CAMPAIGN, World};

const OPEN: &[(&str, &str)] = &[("auth.staff_second_factor", "false")];
const PROGRAM: &str = "ijm-kolkata";
/// The number of the first grant of a year.
const NUMBER: &str = "G-2026-001";

async fn person(world: &World, email: &str, role: Role) -> (UserId, Visitor) {
    let user = world.user(email, role).await;
    (user, world.visitor(Some(user)).await)
}

/// Somebody at the desk of the partner that runs this program.
async fn at_desk(world: &World, email: &str, program: &str) -> Visitor {
    let (user, visitor) = person(world, email, Role::Partner).await;
    let (slug, now): (Slug, _) = (program.parse().unwrap(), world.clock.now());
    world
        .app
        .site
        .db
        .tx(move |c| {
            let row = partners::program_by_slug(c, &slug)?;
            staff::seat(c, row.partner.id, user, now)
        })
        .await
        .unwrap();
    visitor
}

/// A paid tranche of a grant to the program, whose report is due on a day: given, at the bank, planned, approved, paid.
async fn paid_tranche(world: &World, by: UserId, due_on: &str) -> TrancheId {
    let gift = serde_json::json!({
        "campaign": CAMPAIGN, "page": "maya-roy", "program": PROGRAM,
        "amount": { "minor": 500_000, "currency": "USD" },
        "donor": { "name": "Asha Verma", "email": "asha@example.org" }
    });
    world.paid(&gift).await;
    let (tranche, grant, now) = (TrancheId::new(), GrantId::new(), world.clock.now());
    let (usd, due_on): (_, Day) = (Currency::USD, due_on.parse().unwrap());
    let today = Zone::from_str("America/Los_Angeles")
        .unwrap()
        .day_of(now)
        .unwrap();
    let line = |text: &str| Line::parse(text, 200).unwrap();
    let (purpose, reference) = (line("Intelligence"), line("WIRE 7"));
    world
        .app
        .site
        .db
        .tx(move |c| {
            let campaign = campaigns::any_by_slug(c, &CAMPAIGN.parse().unwrap())?.unwrap();
            let program = partners::program_by_slug(c, &PROGRAM.parse().unwrap())?;
            let program = program.program.id;
            let fund = selvedge::funds::fund_of_program(c, program, usd)?.unwrap();
            let amount = Money::new(450_000, usd);
            let at_bank = NewTransfer {
                debit: Account::bank(),
                credit: Account::processor("stripe"),
                amount,
                code: Code::new("payout"),
                source: Source {
                    kind: "test_payout",
                    id: "po_1".into(),
                },
                donation: None,
                reverses: None,
            };
            ledger::post(c, &[at_bank], now)?;
            let new = PlanGrant {
                id: grant,
                campaign: campaign.id,
                program,
                fund: fund.id,
                purpose: purpose.clone(),
                tranches: vec![PlanTranche {
                    id: tranche,
                    amount,
                    planned_on: today,
                    report_due_on: due_on,
                }],
                by,
            };
            assert_eq!(plan(c, &new, now)?, NUMBER);
            approve(c, grant, by, Money::new(1_000_000, usd), now)?;
            let slip = PayTranche {
                tranche,
                paid_on: today,
                bank_reference: reference.clone(),
                report_due_on: due_on,
                document: None,
                by,
            };
            pay(c, &slip, now)
        })
        .await
        .unwrap();
    tranche
}

async fn tranche_state(world: &World, id: TrancheId) -> String {
    use selvedge::db::schema::grant_tranches;
    world
        .app
        .site
        .db
        .read(move |c| {
            let query = grant_tranches::table.find(id).select(grant_tranches::state);
            Ok(each!(c, c => query.first(c))?)
        })
        .await
        .unwrap()
}

const ANSWERS: [(&str, &str); 6] = [
    ("title", "প্রথম ছয় মাস, রিনা পাল"),
    ("scope", "Gathering intelligence in the region."),
    ("progress", "What was planned was done."),
    ("measurement", "Counted once a month from the case book."),
    ("challenges", "The monsoon."),
    ("sustainability", "Two officers were trained."),
];

fn with<'a>(basis: &'a str, fields: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut form = vec![("basis", basis), ("do", "save")];
    form.extend_from_slice(fields);
    form
}

async fn basis(world: &World, visitor: &Visitor, path: &str) -> String {
    let html = world.look(visitor, path).await;
    fields_of(&html, path)["basis"][0].clone()
}

async fn fill(world: &World, visitor: &Visitor, path: &str, fields: &[(&str, &str)]) {
    let basis = basis(world, visitor, path).await;
    world.send(visitor, path, &with(&basis, fields)).await;
}

/// A report with everything that it needs, still a draft; answers where it is.
async fn written(world: &World, visitor: &Visitor, tranche: TrancheId) -> String {
    let place = world
        .send(
            visitor,
            "/desk/reports",
            &[("tranche", &tranche.to_string())],
        )
        .await;
    let report = place.trim_end_matches("/answers").to_owned();
    fill(world, visitor, &format!("{report}/answers"), &ANSWERS).await;
    let budget = [
        ("label", "Staff"),
        ("planned", "3,000"),
        ("spent", "3,100.50"),
    ];
    fill(world, visitor, &format!("{report}/budget"), &budget).await;
    let figures = [
        ("figure", ""),
        ("label", "survivors rescued"),
        ("count", "412"),
        ("period", "since 2006"),
        ("source", "Case book"),
        ("method", ""),
        ("document", ""),
        ("figure", ""),
        ("label", "traffickers convicted"),
        ("count", "7"),
        ("period", "in 2026"),
        ("source", "Court records"),
        ("method", "Judgments, each once"),
        ("document", ""),
    ];
    fill(world, visitor, &format!("{report}/figures"), &figures).await;
    report
}

async fn upload(world: &World, visitor: &Visitor, path: &str, name: &str) -> Answer {
    let body = format!(
        "--b\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{}\r\n\
         --b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\n{name}\r\n\
         --b\r\nContent-Disposition: form-data; name=\"document\"; filename=\"r.pdf\"\r\n\
         Content-Type: application/pdf\r\n\r\n%PDF-1.7\nregister\n\r\n--b--\r\n",
        visitor.seal()
    );
    let answer = world
        .http
        .post(world.url(path))
        .header("cookie", visitor.cookies())
        .header("content-type", "multipart/form-data; boundary=b")
        .body(body)
        .send()
        .await
        .unwrap();
    Answer {
        status: answer.status().as_u16(),
        place: String::new(),
        text: answer.text().await.unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_at_the_desk_is_taken_by_the_mailed_link_and_by_its_address_alone() {
    let world = World::with(OPEN).await;
    let (_, coordinator) = person(&world, "c@staff.example", Role::Coordinator).await;
    let (rina, at_home) = person(&world, "rina@partner.example", Role::Participant).await;
    let (_, other) = person(&world, "other@partner.example", Role::Participant).await;
    let page = "/console/partners/international-justice-mission";
    let wrong = world
        .ask(
            &coordinator,
            "POST",
            page,
            &[("do", "invite"), ("email", "no address")],
        )
        .await;
    assert_eq!(wrong.status, 422);
    assert!(
        wrong.text.contains("no address"),
        "what was typed is shown again"
    );
    world
        .send(
            &coordinator,
            page,
            &[("do", "invite"), ("email", "rina@partner.example")],
        )
        .await;
    world.work().await;
    let mail = world.mails_to("rina@partner.example").await.remove(0);
    let text = mail["text"].as_str().unwrap();
    let link = text.split("/desk/invitations/").nth(1).unwrap();
    let path = format!(
        "/desk/invitations/{}",
        link.split_whitespace().next().unwrap()
    );
    assert!(world.look(&other, &path).await.contains("another address"));
    assert_eq!(world.ask(&other, "POST", &path, &[]).await.status, 403);
    assert_eq!(world.ask(&at_home, "GET", "/desk", &[]).await.status, 403);
    assert!(world.look(&at_home, &path).await.contains("Take the place"));
    assert_eq!(world.send(&at_home, &path, &[]).await, "/desk?done=seated");
    world.look(&at_home, "/desk").await;
    assert_eq!(world.ask(&at_home, "POST", &path, &[]).await.status, 410);
    world
        .send(
            &coordinator,
            page,
            &[("do", "remove"), ("person", &rina.to_string())],
        )
        .await;
    assert_eq!(world.ask(&at_home, "GET", "/desk", &[]).await.status, 403);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_typed_is_lost_by_a_mistake_a_closed_tab_or_a_second_one() {
    let world = World::with(OPEN).await;
    let (staff, _) = person(&world, "c@staff.example", Role::Coordinator).await;
    let rina = at_desk(&world, "rina@partner.example", PROGRAM).await;
    let tranche = paid_tranche(&world, staff, "2027-03-01").await;
    let report = written(&world, &rina, tranche).await;
    let budget = format!("{report}/budget");
    let began = basis(&world, &rina, &budget).await;
    let typed = [("label", "যাতায়াত"), ("planned", "12.345"), ("spent", "a lot")];
    let wrong = world
        .ask(&rina, "POST", &budget, &with(&began, &typed))
        .await;
    assert_eq!(wrong.status, 422);
    for (_, value) in typed {
        assert!(wrong.text.contains(value), "{value}");
    }
    assert!(wrong.text.contains("id=\"planned_0-error\""));
    // The tab is closed; another one goes on.
    let again = world.look(&rina, &budget).await;
    assert!(again.contains("a lot") && again.contains("was kept, and is not saved yet"));
    assert!(!again.contains("3100.50"));
    world.send(&rina, &budget, &[("do", "discard")]).await;
    assert!(world.look(&rina, &budget).await.contains("3100.50"));
    // Two tabs: the second to save is told, and nothing of either is gone.
    let answers = format!("{report}/answers");
    let began = basis(&world, &rina, &answers).await;
    let first = [("title", "First tab"), ("scope", "from the first tab")];
    world.send(&rina, &answers, &with(&began, &first)).await;
    let second = [("title", "Second tab"), ("scope", "from the second tab")];
    let told = world
        .ask(&rina, "POST", &answers, &with(&began, &second))
        .await;
    assert_eq!(told.status, 409);
    assert!(told.text.contains("from the second tab"));
    let fresh = fields_of(&told.text, &answers)["basis"][0].clone();
    world.send(&rina, &answers, &with(&fresh, &second)).await;
    assert!(
        world
            .look(&rina, &answers)
            .await
            .contains("from the second tab")
    );
    // A script keeps what is being typed.
    let keep = [
        ("do", "keep"),
        ("basis", fresh.as_str()),
        ("title", "half a wo"),
    ];
    assert_eq!(world.ask(&rina, "POST", &answers, &keep).await.status, 204);
    assert!(world.look(&rina, &answers).await.contains("half a wo"));
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_asked_about_accepted_graded_and_published_with_its_figures() {
    let world = World::with(OPEN).await;
    let (staff, coordinator) = person(&world, "c@staff.example", Role::Coordinator).await;
    let rina = at_desk(&world, "rina@partner.example", PROGRAM).await;
    let tranche = paid_tranche(&world, staff, "2027-03-01").await;
    assert!(world.look(&rina, "/desk").await.contains(NUMBER));
    let early = world
        .send(&rina, "/desk/reports", &[("tranche", &tranche.to_string())])
        .await;
    let early = early.trim_end_matches("/answers");
    let missing = world.ask(&rina, "POST", early, &[("do", "submit")]).await;
    assert_eq!(missing.status, 422);
    assert!(missing.text.contains("Answer the question of scope"));
    let report = written(&world, &rina, tranche).await;
    assert_eq!(report, early, "a tranche has one report");
    let id = report.rsplit('/').next().unwrap().to_owned();
    assert_eq!(
        upload(&world, &rina, &format!("{report}/documents"), "Register")
            .await
            .status,
        303
    );
    let html = world.look(&rina, &report).await;
    let paper = html.split(&format!("{report}/documents/")).nth(1).unwrap();
    let paper = paper.split('"').next().unwrap().to_owned();
    let review = format!("/console/partner-reports/{id}");
    assert_eq!(
        world.ask(&coordinator, "GET", &review, &[]).await.status,
        404,
        "a draft"
    );
    world
        .send(
            &rina,
            &report,
            &[("do", "submit"), ("message", "Here it is.")],
        )
        .await;
    let late = world
        .ask(&rina, "POST", &format!("{report}/budget"), &with("x", &[]))
        .await;
    assert_eq!(late.status, 409, "it is with the staff now");

    world
        .send(
            &coordinator,
            &review,
            &[("do", "ask"), ("message", "How was it counted?")],
        )
        .await;
    world.work().await;
    let mails = world.mails_to("rina@partner.example").await;
    assert!(
        mails[0]["text"]
            .as_str()
            .unwrap()
            .contains("How was it counted?")
    );
    assert!(
        world
            .look(&rina, &report)
            .await
            .contains("How was it counted?")
    );
    world
        .send(
            &rina,
            &report,
            &[("do", "submit"), ("message", "By judgment.")],
        )
        .await;

    let html = world.look(&coordinator, &review).await;
    assert!(html.contains("<b>7</b>") && html.contains("in public: fewer than 10"));
    let figure = |label: &str| {
        let before = html.split(label).next().unwrap();
        let start = before.rfind("<li id=\"fig_").unwrap() + "<li id=\"".len();
        before[start..start + 36].to_owned()
    };
    let (rescued, convicted) = (figure("survivors rescued"), figure("traffickers convicted"));
    let grade = |figure: &str, fields: &[(&'static str, &str)]| {
        let mut form = vec![
            ("do".to_owned(), "grade".to_owned()),
            ("figure".into(), figure.into()),
        ];
        form.extend(
            fields
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned())),
        );
        form
    };
    for (form, wanted) in [
        (grade(&convicted, &[("grade", "verified")]), 422),
        (grade(&rescued, &[("grade", "evidence_attached")]), 422),
        (
            grade(
                &rescued,
                &[("grade", "evidence_attached"), ("document", &paper)],
            ),
            303,
        ),
        (
            grade(
                &convicted,
                &[("grade", "verified"), ("note", "The court's clerk")],
            ),
            303,
        ),
    ] {
        let form: Vec<(&str, &str)> = form.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        let answer = world.ask(&coordinator, "POST", &review, &form).await;
        assert_eq!(answer.status, wanted, "{form:?}");
    }
    let html = world.look(&coordinator, &review).await;
    assert!(html.contains("by c@staff.example"), "the grader is named");

    let publish = world
        .ask(&coordinator, "POST", &review, &[("do", "publish")])
        .await;
    assert_eq!(
        publish.status, 422,
        "not before it was accepted and written"
    );
    world.send(&coordinator, &review, &[("do", "accept")]).await;
    assert_eq!(tranche_state(&world, tranche).await, "reported");
    world.work().await;
    assert!(world.mails_to("rina@partner.example").await.len() >= 2);
    let plain = [
        ("do", "plain"),
        ("plain_title", "Half a year"),
        ("plain", "In **plain** words."),
    ];
    world.send(&coordinator, &review, &plain).await;
    let public = format!("/programs/{PROGRAM}/reports/1");
    assert_eq!(world.get(&public).await.0, 404);
    world
        .send(&coordinator, &review, &[("do", "publish")])
        .await;

    // The giver's own page leads from the gift to the grant and on to what came of it.
    let token: String = world
        .app
        .site
        .db
        .read(|c| {
            use selvedge::db::schema::donations;
            Ok(each!(c, c => donations::table.select(donations::token).first(c))?)
        })
        .await
        .unwrap();
    let (_, trace) = world.get(&format!("/gifts/{token}")).await;
    for wanted in [NUMBER, public.as_str(), "$4,500", "Half a year"] {
        assert!(trace.contains(wanted), "{wanted}: {trace}");
    }

    let (status, html) = world.get(&public).await;
    assert_eq!(status, 200);
    for wanted in [
        "<strong>plain</strong>",
        NUMBER,
        "$4,500",
        "fewer than 10",
        "412",
    ] {
        assert!(html.contains(wanted), "{wanted}: {html}");
    }
    for secret in ["c@staff.example", "rina@partner.example", "monsoon"] {
        assert!(!html.contains(secret), "{secret}");
    }
    let (_, page) = world.get(&format!("/programs/{PROGRAM}")).await;
    assert!(page.contains(&public) && page.contains("fewer than 10"));
    let api = world.json(&format!("/api/v1/programs/{PROGRAM}")).await;
    let figures = api["figures"].as_array().unwrap();
    let small = figures
        .iter()
        .find(|one| one["label"] == "traffickers convicted")
        .unwrap();
    assert!(small["value"].is_null());
    assert_eq!(small["shown"], "fewer than 10");
    assert_eq!(small["grade"], "verified");
    assert_eq!(small["report"], public.as_str());
    let big = figures.iter().find(|one| one["value"] == 412).unwrap();
    assert_eq!(big["grade"], "evidence_attached");

    world
        .send(&coordinator, &review, &[("do", "take_down")])
        .await;
    assert_eq!(world.get(&public).await.0, 410);
    let api = world.json(&format!("/api/v1/programs/{PROGRAM}")).await;
    assert!(!api.to_string().contains("traffickers convicted"));
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_partners_staff_find_nothing() {
    let world = World::with(OPEN).await;
    let (staff, coordinator) = person(&world, "c@staff.example", Role::Coordinator).await;
    let rina = at_desk(&world, "rina@partner.example", PROGRAM).await;
    let stranger = at_desk(
        &world,
        "lawyer@other.example",
        "harbour-light-court-companions",
    )
    .await;
    let tranche = paid_tranche(&world, staff, "2027-03-01").await;
    let report = written(&world, &rina, tranche).await;
    upload(&world, &rina, &format!("{report}/documents"), "Register").await;
    let html = world.look(&rina, &report).await;
    let paper = html.split(&format!("{report}/documents/")).nth(1).unwrap();
    let paper = format!("{report}/documents/{}", paper.split('"').next().unwrap());
    assert_eq!(world.ask(&rina, "GET", &paper, &[]).await.status, 200);
    let id = paper.rsplit('/').next().unwrap();
    for path in [
        report.clone(),
        format!("{report}/answers"),
        format!("{report}/budget"),
        format!("{report}/figures"),
        paper.clone(),
        format!("/desk/programs/{PROGRAM}"),
    ] {
        assert_eq!(
            world.ask(&stranger, "GET", &path, &[]).await.status,
            404,
            "{path}"
        );
        let form = [("do", "keep"), ("tranche", "x")];
        assert_eq!(
            world.ask(&stranger, "POST", &path, &form).await.status,
            404,
            "{path}"
        );
    }
    let begun = [("tranche", tranche.to_string())];
    let begun: Vec<(&str, &str)> = begun.iter().map(|(k, v)| (*k, v.as_str())).collect();
    assert_eq!(
        world
            .ask(&stranger, "POST", "/desk/reports", &begun)
            .await
            .status,
        404
    );
    assert!(!world.look(&stranger, "/desk").await.contains(NUMBER));
    let nobody = world.visitor(None).await;
    assert_eq!(world.ask(&nobody, "GET", &paper, &[]).await.status, 401);
    // A draft's documents are the partner's own; staff get them when it was sent in.
    let theirs = format!("/console/partner-reports/documents/{id}");
    assert_eq!(
        world.ask(&coordinator, "GET", &theirs, &[]).await.status,
        404
    );
    world.send(&rina, &report, &[("do", "submit")]).await;
    assert_eq!(
        world.ask(&coordinator, "GET", &theirs, &[]).await.status,
        200
    );
    assert_eq!(world.ask(&stranger, "GET", &theirs, &[]).await.status, 403);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn places_and_names_are_told_to_nobody_until_they_are_released() {
    let world = World::with(OPEN).await;
    let (_, coordinator) = person(&world, "c@staff.example", Role::Coordinator).await;
    let rina = at_desk(&world, "rina@partner.example", PROGRAM).await;
    let own = format!("/desk/programs/{PROGRAM}");
    let half = [
        ("do", "add_shelter"),
        ("region", "West Bengal"),
        ("shelter", "MARKER-HOUSE"),
    ];
    let wrong = world.ask(&rina, "POST", &own, &half).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text.contains("MARKER-HOUSE"));
    let shelter = [
        ("do", "add_shelter"),
        ("region", "MARKER-REGION"),
        ("shelter", "MARKER-HOUSE"),
        ("place", "MARKER-STREET 7"),
    ];
    world.send(&rina, &own, &shelter).await;
    let contact = [
        ("do", "add_contact"),
        ("contact", "মার্কার দেবী"),
        ("duty", "Visits"),
    ];
    world.send(&rina, &own, &contact).await;
    let public = [
        "/".to_owned(),
        format!("/programs/{PROGRAM}"),
        "/partners/international-justice-mission".into(),
        format!("/campaigns/{CAMPAIGN}"),
        format!("/give/{CAMPAIGN}"),
        "/api/v1/programs".into(),
        format!("/api/v1/programs/{PROGRAM}"),
    ];
    for path in &public {
        let (_, text) = world.get(path).await;
        for marker in ["MARKER-HOUSE", "MARKER-STREET", "মার্কার দেবী"] {
            assert!(!text.contains(marker), "{path} tells {marker}");
        }
    }
    assert!(world.get(&public[1]).await.1.contains("MARKER-REGION"));
    let page = format!("/console/programs/{PROGRAM}");
    let html = world.look(&coordinator, &page).await;
    assert!(html.contains("MARKER-STREET 7"));
    let entry = html
        .split("value=\"she_")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let entry = format!("she_{entry}");
    world
        .send(&coordinator, &page, &[("do", "release"), ("entry", &entry)])
        .await;
    let (_, text) = world.get(&public[1]).await;
    assert!(text.contains("MARKER-HOUSE") && !text.contains("মার্কার দেবী"));
    world
        .send(
            &coordinator,
            &page,
            &[("do", "withhold"), ("entry", &entry)],
        )
        .await;
    assert!(!world.get(&public[1]).await.1.contains("MARKER-HOUSE"));
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_unit_cost_leaves_every_page_and_stays_in_the_book() {
    let world = World::starting("2026-12-10T12:00:00Z").await;
    let (coordinator, factor) = person(&world, "c@staff.example", Role::Owner).await;
    drop(factor);
    let program: ProgramId = {
        let slug: Slug = PROGRAM.parse().unwrap();
        let db = &world.app.site.db;
        let row = db
            .read(move |c| partners::program_by_slug(c, &slug))
            .await
            .unwrap();
        row.program.id
    };
    let now: Timestamp = world.clock.now();
    world
        .app
        .site
        .db
        .tx(move |c| {
            use selvedge::impact::UnitCostId;
            use selvedge::impact::ops::{AddUnitCost, end_unit_cost, enter_unit_cost};
            use selvedge::kernel::{Currency, Line, Money};
            let new = AddUnitCost {
                id: UnitCostId::new(),
                program,
                amount: Money::new(1_700, Currency::USD),
                covers: Line::parse("a marked kindness", 80).unwrap(),
                source: Line::parse("A price list", 80).unwrap(),
                valid_from: "2026-12-01".parse().unwrap(),
                valid_to: None,
            };
            enter_unit_cost(c, &new, coordinator, now)?;
            let yesterday = "2026-12-09".parse().unwrap();
            let past = "2026-12-01".parse().unwrap();
            let ended = end_unit_cost(c, (new.id, past), (coordinator, yesterday), now);
            assert!(ended.is_err(), "what was shown cannot be undone");
            let last = "2026-12-12".parse().unwrap();
            end_unit_cost(c, (new.id, last), (coordinator, yesterday), now)
        })
        .await
        .unwrap();
    let places = [
        format!("/give/{CAMPAIGN}?program={PROGRAM}"),
        format!("/programs/{PROGRAM}"),
        format!("/api/v1/programs/{PROGRAM}"),
    ];
    for place in &places {
        assert!(
            world.get(place).await.1.contains("a marked kindness"),
            "{place}"
        );
    }
    crate::harness::world::turn(&world.clock, "2026-12-13T12:00:00Z");
    // The clock was turned within the second that a view is fresh.
    world
        .app
        .site
        .views
        .changed("program", &program.to_string());
    for place in &places {
        assert!(
            !world.get(place).await.1.contains("a marked kindness"),
            "{place}"
        );
    }
    let db = &world.app.site.db;
    let book = db
        .read(selvedge::impact::model::unit_cost_book)
        .await
        .unwrap();
    assert!(
        book.iter()
            .any(|line| line.cost.covers == "a marked kindness")
    );
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reminders_of_a_report_come_once_each_and_end_when_it_is_sent_in() {
    let world = World::starting("2026-12-20T08:00:00Z").await;
    let (staff, _) = person(&world, "c@staff.example", Role::Coordinator).await;
    let rina = at_desk(&world, "rina@partner.example", PROGRAM).await;
    drop(rina);
    paid_tranche(&world, staff, "2027-01-15").await;
    let count = async || world.mails_to("rina@partner.example").await.len();
    for (time, wanted) in [
        ("2026-12-20T10:00:00Z", 1),
        ("2027-01-01T10:00:00Z", 1),
        ("2027-01-15T10:00:00Z", 2),
        ("2027-01-16T10:00:00Z", 3),
        ("2027-01-30T10:00:00Z", 3),
    ] {
        crate::harness::world::turn(&world.clock, time);
        world.work().await;
        assert_eq!(count().await, wanted, "{time}");
    }
    let mails = world.mails_to("rina@partner.example").await;
    assert!(mails[0]["subject"].as_str().unwrap().starts_with("Overdue"));
    world.done().await;
}

/// Whoever runs the campaign hears that a report waits, and a figure keeps the grade of its evidence only as long as that is
/// attached and it is counted as it was.
#[tokio::test(flavor = "multi_thread")]
async fn reviewers_are_told_and_a_grade_does_not_outlive_its_evidence() {
    let world = World::with(OPEN).await;
    let (staff, coordinator) = person(&world, "c@staff.example", Role::Coordinator).await;
    let rina = at_desk(&world, "rina@partner.example", PROGRAM).await;
    let tranche = paid_tranche(&world, staff, "2027-03-01").await;
    let report = written(&world, &rina, tranche).await;
    upload(&world, &rina, &format!("{report}/documents"), "Register").await;
    let html = world.look(&rina, &report).await;
    let paper = html.split(&format!("{report}/documents/")).nth(1).unwrap();
    let paper = paper.split('"').next().unwrap().to_owned();
    let waits = world.look(&coordinator, "/console").await;
    assert!(!waits.contains("to review"), "nothing is sent in yet");
    world
        .send(
            &rina,
            &report,
            &[("do", "submit"), ("message", "May is estimated.")],
        )
        .await;
    world.work().await;
    let mails = world.mails_to("c@staff.example").await;
    assert_eq!(mails.len(), 1);
    let text = mails[0]["text"].as_str().unwrap();
    let id = report.rsplit('/').next().unwrap();
    let review = format!("/console/partner-reports/{id}");
    assert!(
        text.contains(&review) && text.contains("May is estimated."),
        "{text}"
    );
    let waits = world.look(&coordinator, "/console").await;
    assert!(
        waits.contains("<b>1</b> partners’ report to review"),
        "{waits}"
    );

    let html = world.look(&coordinator, &review).await;
    let before = html.split("survivors rescued").next().unwrap();
    let start = before.rfind("<li id=\"fig_").unwrap() + "<li id=\"".len();
    let figure = before[start..start + 36].to_owned();
    let grade = [
        ("do", "grade"),
        ("figure", &figure),
        ("grade", "evidence_attached"),
        ("document", &paper),
    ];
    world.send(&coordinator, &review, &grade).await;
    let graded = |html: &str| {
        let figure = html.split("survivors rescued").nth(1).unwrap();
        let figure = figure.split("figure-grade").nth(1).unwrap();
        figure
            .split("</p>")
            .next()
            .unwrap()
            .to_lowercase()
            .contains("evidence")
    };
    assert!(graded(&world.look(&coordinator, &review).await));
    world
        .send(
            &coordinator,
            &review,
            &[("do", "ask"), ("message", "A clearer scan, please.")],
        )
        .await;
    // The paper goes, and the grade with it.
    world
        .send(&rina, &format!("{report}/documents/{paper}"), &[])
        .await;
    assert!(!graded(&world.look(&rina, &report).await));
    world.send(&rina, &report, &[("do", "submit")]).await;
    world.work().await;
    assert_eq!(
        world.mails_to("c@staff.example").await.len(),
        2,
        "sent in again, told again"
    );
    assert!(!graded(&world.look(&coordinator, &review).await));
    world.done().await;
}
