//! Three gifts, followed from the card to a published result: one chosen for a program, one doubled by a sponsor, one of which
//! a part went back after it had been granted. What each giver reads, what everybody reads and what the ledger holds are the
//! same cents.

use std::collections::BTreeMap;

use diesel::prelude::*;
use selvedge::auth::{Role, UserId};
use selvedge::db::schema::funds;
use selvedge::each;
use selvedge::ids::{DonationId, FundId, ProgramId};
use selvedge::kernel::{Currency, Money};
use selvedge::ledger::Account;
use selvedge::matching::PoolId;
use serde_json::json;

use super::the_same_cents::{PROGRAM, agree, between, books_agree};

use crate::harness::people::{Visitor, fields_of};
use crate::harness::world::{CAMPAIGN, World};
use crate::payouts::holds;

const SETTINGS: &[(&str, &str)] = &[
    ("auth.staff_second_factor", "false"),
    ("grants.two_people_above", "100"),
];

async fn person(world: &World, name: &str, role: Role) -> Visitor {
    let user: UserId = world.user(&format!("{name}@staff.example"), role).await;
    world.visitor(Some(user)).await
}

/// A date of the season's own calendar, some days from now.
fn day(world: &World, days: i64) -> String {
    let at = world.clock.now().plus(chrono::Duration::days(days));
    let zone: selvedge::kernel::Zone = "America/Los_Angeles".parse().unwrap();
    zone.day_of(at).unwrap().to_string()
}

/// A sponsor's pool of $80 that doubles what is given on one page.
async fn pool(world: &World, finance: &Visitor) {
    let id = PoolId::new().to_string();
    let at = |days| format!("{} 00:00", day(world, days));
    let (from, to) = (at(-1), at(3));
    let form = [
        ("id", id.as_str()),
        ("campaign", CAMPAIGN),
        ("sponsor", "Weavers Guild"),
        ("basis", "gift"),
        ("amount", "80"),
        ("ratio", "100"),
        ("starts_at", &from),
        ("ends_at", &to),
        ("pages", "johanna-lindqvist"),
    ];
    world.send(finance, "/console/matching", &form).await;
    world
        .send(
            finance,
            &format!("/console/matching/{id}"),
            &[("act", "confirm")],
        )
        .await;
}

/// The partner's staff take the place that a coordinator offers.
async fn at_desk(world: &World, coordinator: &Visitor) -> Visitor {
    let rina = person(world, "rina", Role::Participant).await;
    let page = "/console/partners/international-justice-mission";
    world
        .send(
            coordinator,
            page,
            &[("do", "invite"), ("email", "rina@staff.example")],
        )
        .await;
    world.work().await;
    let mail = world.mails_to("rina@staff.example").await.remove(0);
    let link = between(mail["text"].as_str().unwrap(), "/desk/invitations/", "\n")[0];
    world
        .send(&rina, &format!("/desk/invitations/{}", link.trim()), &[])
        .await;
    rina
}

/// Writes the report on the first tranche and sends it in; answers its id and that of its document.
async fn reported(world: &World, rina: &Visitor, tranche: &str) -> (String, String) {
    let place = world
        .send(rina, "/desk/reports", &[("tranche", tranche)])
        .await;
    let report = place.trim_end_matches("/answers").to_owned();
    let steps: [(&str, &[(&str, &str)]); 3] = [
        (
            "answers",
            &[
                ("title", "Half a year in Kolkata"),
                ("scope", "Gathering intelligence."),
                ("progress", "What was planned was done."),
                ("measurement", "Counted monthly from the case book."),
                ("challenges", "The monsoon."),
                ("sustainability", "Two officers were trained."),
            ],
        ),
        (
            "budget",
            &[("label", "Staff"), ("planned", "100"), ("spent", "95.40")],
        ),
        (
            "figures",
            &[
                ("figure", ""),
                ("label", "people brought to safety"),
                ("count", "41"),
                ("period", "in 2026"),
                ("source", "Case book"),
                ("method", "Each person once"),
                ("document", ""),
            ],
        ),
    ];
    for (step, fields) in steps {
        let path = format!("{report}/{step}");
        let basis = fields_of(&world.look(rina, &path).await, &path)["basis"][0].clone();
        let mut form = vec![("basis", basis.as_str()), ("do", "save")];
        form.extend_from_slice(fields);
        world.send(rina, &path, &form).await;
    }
    let name = [("name", "Case book".to_owned())];
    let papers = format!("{report}/documents");
    let sent = world
        .upload(
            rina,
            &papers,
            &name,
            Some(("document", b"%PDF-1.7\ncases\n")),
        )
        .await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    let html = world.look(rina, &report).await;
    let paper = between(&html, &format!("{papers}/"), "\"")[0].to_owned();
    world
        .send(
            rina,
            &report,
            &[("do", "submit"), ("message", "Here it is.")],
        )
        .await;
    (report.rsplit('/').next().unwrap().to_owned(), paper)
}

/// A coordinator accepts the report, grades its figure by the document and publishes it in plain words.
async fn published(world: &World, coordinator: &Visitor, report: &str, paper: &str) {
    let review = format!("/console/partner-reports/{report}");
    let html = world.look(coordinator, &review).await;
    let figure = format!("fig_{}", between(&html, "<li id=\"fig_", "\"")[0]);
    let grade = [
        ("do", "grade"),
        ("figure", figure.as_str()),
        ("grade", "evidence_attached"),
        ("document", paper),
    ];
    world.send(coordinator, &review, &grade).await;
    world.send(coordinator, &review, &[("do", "accept")]).await;
    let plain = [
        ("do", "plain"),
        ("plain_title", "Forty-one people"),
        ("plain", "They are **safe**."),
    ];
    world.send(coordinator, &review, &plain).await;
    world.send(coordinator, &review, &[("do", "publish")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gift_from_card_to_result() {
    let world = World::with(SETTINGS).await;
    let (finance, owner) = (
        person(&world, "theo", Role::Finance).await,
        person(&world, "ines", Role::Owner).await,
    );
    let coordinator = person(&world, "noor", Role::Coordinator).await;
    let rina = at_desk(&world, &coordinator).await;
    pool(&world, &finance).await;

    // Three people give. The clock moves on between them, as it does.
    let mut gifts = Vec::new();
    for (who, minor, page, program) in [
        ("Asha", 10_000, "maya-roy", Some(PROGRAM)),
        ("Bela", 8_000, "johanna-lindqvist", None),
        ("Chidi", 6_001, "sam-okafor", None),
    ] {
        let mut gift = World::gift(minor);
        gift["page"] = page.into();
        gift["donor"] =
            json!({ "name": who, "email": format!("{}@example.org", who.to_lowercase()) });
        if let Some(program) = program {
            gift["program"] = program.into();
        }
        gifts.push(world.paid(&gift).await);
        world.clock.advance(chrono::Duration::seconds(1));
    }
    let [asha, bela, chidi] = [&gifts[0], &gifts[1], &gifts[2]];
    assert_eq!(world.donation(bela).await["matched"]["minor"], 8_000);
    world.control(json!({ "payout": true })).await;
    world.settle().await;

    // A grant of all that lies in the program's fund, in two tranches, approved by two people, the first one paid.
    let db = world.app.site.db.clone();
    let (program, fund, names) = db
        .read(|c| {
            let program = selvedge::partners::model::program_by_slug(c, &PROGRAM.parse().unwrap())?
                .program
                .id;
            let fund = selvedge::funds::fund_of_program(c, program, Currency::USD)?
                .unwrap()
                .id;
            let all: Vec<(FundId, Option<ProgramId>, String)> = each!(c, c => funds::table
                .select((funds::id, funds::program_id, funds::name)).load(c))?;
            let mut names = BTreeMap::new();
            for (id, of, name) in all {
                let name = match of {
                    Some(program) => selvedge::partners::model::program_by_id(c, program)?.name,
                    None => name,
                };
                names.insert(id.to_string(), name);
            }
            Ok((program, fund, names))
        })
        .await
        .unwrap();
    let rest = Money::new(
        holds(&world, Account::fund(fund)).await - 12_000,
        Currency::USD,
    )
    .decimal();
    let (program, days) = (
        program.to_string(),
        [day(&world, 0), day(&world, 30), day(&world, 60)],
    );
    let plan = [
        ("campaign", CAMPAIGN),
        ("program", &program),
        ("fund", "program"),
        ("purpose", "Gathering of intelligence"),
        ("amount_1", "120"),
        ("planned_on_1", &days[0]),
        ("report_due_on_1", &days[1]),
        ("amount_2", &rest),
        ("planned_on_2", &days[0]),
        ("report_due_on_2", &days[2]),
    ];
    let place = world.send(&finance, "/console/grants", &plan).await;
    let grant = place.split('?').next().unwrap().to_owned();
    world.send(&finance, &grant, &[("deed", "approve")]).await;
    world.send(&owner, &grant, &[("deed", "approve")]).await;
    let number = grant.rsplit('/').next().unwrap().to_owned();
    let wanted = number.clone();
    let rows = db.read(move |c| {
        let found = selvedge::grants::model::by_number(c, &wanted)?.grant;
        Ok((found.id, selvedge::grants::model::tranches_of(c, found.id)?))
    });
    let (id, tranches) = rows.await.unwrap();
    let account = Account::granted(id);
    let pay = async |nth: usize| {
        let form = [
            ("tranche", tranches[nth].id.to_string()),
            ("paid_on", days[0].clone()),
            ("bank_reference", format!("SEPA {nth}")),
            ("report_due_on", days[nth + 1].clone()),
        ];
        let paid = world
            .upload(&owner, &format!("{grant}/pay"), &form, None)
            .await;
        assert_eq!(paid.status, 303, "{}", paid.text);
    };
    pay(0).await;
    let everything = async || {
        let mut all = Vec::new();
        for gift in &gifts {
            all.push(agree(&world, gift, &names).await);
        }
        books_agree(&world, &all, &fund.to_string(), account.clone()).await;
        assert_eq!(world.findings().await, Vec::<String>::new());
        all
    };
    let all = everything().await;
    // All of Asha's gift went first; what Chidi gave last still waits.
    assert_eq!(
        all[0].0[&fund.to_string()],
        (9_680, vec![(number.clone(), 9_680)])
    );
    assert_eq!(all[2].0[&fund.to_string()].1, []);

    pay(1).await;
    everything().await;

    // A third of Chidi's gift goes back, though the partner has it: the reserve carries that, and everybody can see it.
    let who: DonationId = chidi.parse().unwrap();
    let intent = db.read(move |c| Ok(selvedge::donations::model::by_id(c, who)?.payment_intent_id));
    let refund = json!({ "refund": { "payment_intent": intent.await.unwrap(), "amount": 2_000 } });
    world.control(refund).await;
    world.settle().await;
    everything().await;
    let books = world
        .json(&format!("/api/v1/campaigns/{CAMPAIGN}/books"))
        .await;
    let carried = books["carried"]["minor"].as_i64().unwrap();
    assert!(
        carried > 0 && books["refunded"]["minor"] == 2_000,
        "{books}"
    );
    let (_, html) = world.get(&format!("/campaigns/{CAMPAIGN}/books")).await;
    assert!(html.contains(&number));

    // The partner tells what came of the first tranche; it is graded and published.
    let (report, paper) = reported(&world, &rina, &tranches[0].id.to_string()).await;
    published(&world, &coordinator, &report, &paper).await;
    everything().await;
    let public = format!("/programs/{PROGRAM}/reports/1");
    for (gift, reads) in [(asha, true), (bela, true), (chidi, false)] {
        let told = world.donation(gift).await;
        let led = told["grants"]
            .as_array()
            .unwrap()
            .iter()
            .any(|took| took["report"] == public.as_str());
        assert_eq!(led, reads, "{told}");
    }
    let (_, html) = world.get(&public).await;
    for words in ["<strong>safe</strong>", &number, "$120", "41"] {
        assert!(html.contains(words), "{words}: {html}");
    }
    world.done().await;
}
