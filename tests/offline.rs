//! Gifts outside the processor: entered, confirmed into the books, brought to the bank, given back.

use selvedge::auth::Role;
use selvedge::campaigns;
use selvedge::ledger::Account;
use selvedge::offline::OfflineGiftId;

use crate::harness::people::{Visitor, fields_of};
use crate::harness::world::{CAMPAIGN, PAGE, World};
use crate::payouts::{OPEN, holds, open_findings};

async fn coordinator(world: &World) -> Visitor {
    let user = world.user("noor@staff.example", Role::Coordinator).await;
    world.visitor(Some(user)).await
}

async fn in_hand(world: &World) -> i64 {
    let slug = CAMPAIGN.parse().unwrap();
    let db = &world.app.site.db;
    let found = db.read(move |c| campaigns::model::any_by_slug(c, &slug));
    let id = found.await.unwrap().unwrap().id;
    holds(world, Account::in_hand(id)).await
}

/// Enters and confirms a gift; answers the entry's place in the console.
async fn enter(world: &World, noor: &Visitor, changes: &[(&str, &str)]) -> String {
    let id = OfflineGiftId::new().to_string();
    let day = world.season_day();
    let day = day.as_str();
    let mut form = vec![
        ("id", id.as_str()),
        ("campaign", CAMPAIGN),
        ("kind", "cash"),
        ("amount", "40"),
        ("donor_name", "Uncle Tobias"),
        ("received_on", day),
        ("page", PAGE),
    ];
    form.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    form.extend_from_slice(changes);
    let answer = world.ask(noor, "POST", "/console/offline/new", &form).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    // A form sent twice is one gift.
    let again = world.ask(noor, "POST", "/console/offline/new", &form).await;
    assert_eq!(again.place, answer.place);
    answer.place.split('?').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn cash_counts_once_confirmed_goes_to_the_bank_and_is_given_back_from_where_it_lies() {
    let world = World::with(OPEN).await;
    let noor = coordinator(&world).await;
    let first = enter(&world, &noor, &[("donor_email", "tobias@example.org")]).await;
    let second = enter(
        &world,
        &noor,
        &[
            ("kind", "cheque"),
            ("amount", "25.50"),
            ("reference", "1042"),
        ],
    )
    .await;
    world.settle().await;
    assert_eq!(world.page_totals(PAGE).await, (6_550, 2, 2));
    assert_eq!(in_hand(&world).await, 6_550);
    let mails = world.mails_to("tobias@example.org").await;
    let text = mails[0]["text"].as_str().unwrap();
    assert!(
        text.contains("Given in cash: $40.00") || text.contains("Given in cash: $40"),
        "{text}"
    );
    assert!(
        text.contains("none was taken") && !text.contains("card"),
        "{text}"
    );
    let printed = world.look(&noor, &format!("{second}/receipt")).await;
    assert!(printed.contains("by cheque 1042"), "{printed}");
    let pdf = world.look(&noor, &format!("{second}/receipt.pdf")).await;
    assert!(
        pdf.starts_with("%PDF-") && pdf.len() > 4_000,
        "{}",
        pdf.len()
    );
    // A part of the cash goes back before the bank, by what remains.
    let back = [("amount", "10"), ("reason", "Half of it was her brother's")];
    world
        .send(&noor, &format!("{first}/give-back"), &back)
        .await;
    assert_eq!(in_hand(&world).await, 5_550);
    let html = world.look(&noor, "/console/deposits").await;
    let fields = fields_of(
        html.split("id=\"held\"").nth(1).unwrap(),
        "/console/deposits",
    );
    assert_eq!(fields["gift"].len(), 2);
    let mut form: Vec<(&str, &str)> = vec![("campaign", CAMPAIGN), ("id", &fields["id"][0])];
    form.extend(fields["gift"].iter().map(|gift| ("gift", gift.as_str())));
    world.send(&noor, "/console/deposits", &form).await;
    let twice = world
        .ask(
            &noor,
            "POST",
            "/console/deposits",
            &[("campaign", CAMPAIGN), ("gift", &fields["gift"][0])],
        )
        .await;
    assert_eq!(twice.status, 422, "{}", twice.text);
    let way = world
        .ask(
            &noor,
            "POST",
            &format!("{second}/give-back"),
            &[("amount", "1"), ("reason", "x")],
        )
        .await;
    assert_eq!(way.status, 409, "it is on its way");
    // The bank counts half a dollar less: it is booked as it is, and a finding.
    let place = format!("/console/deposits/{}", fields["id"][0]);
    let day = world.season_day();
    let line = [
        ("banked_on", day.as_str()),
        ("reference", "CASH IN 7781"),
        ("amount", "55"),
    ];
    let done = world.send(&noor, &place, &line).await;
    assert!(done.ends_with("done=differs"), "{done}");
    assert_eq!(
        (in_hand(&world).await, holds(&world, Account::bank()).await),
        (0, 5_500)
    );
    let found = open_findings(&world).await;
    assert_eq!(found[0].0, "deposit_differs");
    // The cheque bounces after all: out of the bank, and the page shows it.
    let back = [("amount", "25.50"), ("reason", "It bounced")];
    world
        .send(&noor, &format!("{second}/give-back"), &back)
        .await;
    assert_eq!(holds(&world, Account::bank()).await, 2_950);
    assert_eq!(world.page_totals(PAGE).await, (3_000, 1, 1));
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_has_the_receipt_that_fits_it() {
    let world = World::with(OPEN).await;
    let noor = coordinator(&world).await;
    let to = |name: &str| format!("{name}@example.org");
    let (daf, stock, wire) = (to("daf"), to("stock"), to("wire"));
    enter(
        &world,
        &noor,
        &[
            ("kind", "daf"),
            ("sponsor", "Harbour Giving"),
            ("by_bank", "1"),
            ("donor_email", &daf),
        ],
    )
    .await;
    enter(
        &world,
        &noor,
        &[
            ("kind", "stock"),
            ("shares", "12 shares of Northwind Mills"),
            ("donor_email", &stock),
        ],
    )
    .await;
    enter(
        &world,
        &noor,
        &[
            ("kind", "bank_transfer"),
            ("page", ""),
            ("donor_email", &wire),
        ],
    )
    .await;
    world.settle().await;
    let text = async |address: &str| {
        world.mails_to(address).await[0]["text"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let said = text(&daf).await;
    assert!(
        said.contains("Harbour Giving sponsors the fund and gives the tax receipt"),
        "{said}"
    );
    assert!(!said.contains("This mail is your receipt"), "{said}");
    assert!(text(&stock).await.contains("12 shares of Northwind Mills"));
    assert!(text(&wire).await.contains("This mail is your receipt"));
    // Stock lies in hand until it is sold; the others are at the bank.
    assert_eq!(
        (in_hand(&world).await, holds(&world, Account::bank()).await),
        (4_000, 8_000)
    );
    let missing = world
        .ask(
            &noor,
            "POST",
            "/console/offline/new",
            &[
                ("campaign", CAMPAIGN),
                ("kind", "stock"),
                ("amount", "40"),
                ("donor_name", "A"),
                ("received_on", "2026-11-20"),
            ],
        )
        .await;
    assert_eq!(missing.status, 422);
    assert!(missing.text.contains("how many shares"), "{}", missing.text);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_participant_entered_is_completed_and_confirmed_once() {
    let world = World::with(OPEN).await;
    let noor = coordinator(&world).await;
    let owner = world.user_of("maya-roy@example.org").await;
    let maya = world.visitor(Some(owner)).await;
    let (id, day) = (OfflineGiftId::new().to_string(), world.season_day());
    let form = [
        ("id", id.as_str()),
        ("kind", "cash"),
        ("amount", "15"),
        ("donor_name", "Aunt Ida"),
        ("received_on", &day),
    ];
    world
        .send(&maya, &format!("/pages/{PAGE}/gifts/offline"), &form)
        .await;
    assert_eq!(
        world.page_totals(PAGE).await,
        (0, 0, 0),
        "pending money counts in no total"
    );
    let place = format!("/console/offline/{id}");
    let html = world.look(&noor, &place).await;
    let fields = fields_of(&html, &format!("{place}/confirm"));
    assert_eq!(fields["amount"][0], "15.00");
    let mut confirm: Vec<(&str, &str)> = fields
        .iter()
        .filter(|(name, _)| *name != "amount")
        .map(|(name, values)| (name.as_str(), values[0].as_str()))
        .collect();
    confirm.extend([("kind", "cash"), ("amount", "14")]);
    world
        .send(&noor, &format!("{place}/confirm"), &confirm)
        .await;
    world.settle().await;
    assert_eq!(world.page_totals(PAGE).await, (1_400, 1, 1));
    let again = world
        .ask(&noor, "POST", &format!("{place}/confirm"), &confirm)
        .await;
    assert_eq!(again.status, 409);
    assert_eq!(world.page_totals(PAGE).await, (1_400, 1, 1));
    world.done().await;
}

/// S9: the id of an entry is no key to it. Whoever runs one season confirms nothing of another by a form of their own.
#[tokio::test(flavor = "multi_thread")]
async fn a_form_under_the_id_of_another_entry_confirms_nothing() {
    let world = World::with(OPEN).await;
    let owner = world.user_of("maya-roy@example.org").await;
    let maya = world.visitor(Some(owner)).await;
    let other = "dressember-2025";
    let cleo = world
        .user_of_one("cleo@staff.example", Role::Coordinator, other)
        .await;
    let cleo = world.visitor(Some(cleo)).await;
    let (id, day) = (OfflineGiftId::new().to_string(), world.season_day());
    let form = [
        ("id", id.as_str()),
        ("kind", "cash"),
        ("amount", "15"),
        ("donor_name", "Aunt Ida"),
        ("received_on", &day),
    ];
    let entries = format!("/pages/{PAGE}/gifts/offline");
    world.send(&maya, &entries, &form).await;
    let mut theirs = form.to_vec();
    theirs.push(("campaign", other));
    let refused = world
        .ask(&cleo, "POST", "/console/offline/new", &theirs)
        .await;
    assert_eq!(refused.status, 409, "{}", refused.text);
    assert!(
        refused.text.contains("this form was sent before"),
        "{}",
        refused.text
    );
    // Nor does one of the season itself, who was not asked whether the money is there.
    let noor = coordinator(&world).await;
    let mut ours = form.to_vec();
    ours.extend([("campaign", CAMPAIGN), ("page", PAGE)]);
    let refused = world
        .ask(&noor, "POST", "/console/offline/new", &ours)
        .await;
    assert_eq!(refused.status, 409, "{}", refused.text);
    assert_eq!(world.page_totals(PAGE).await, (0, 0, 0));
    assert_eq!(in_hand(&world).await, 0);
    let html = world.look(&noor, &format!("/console/offline/{id}")).await;
    let confirm = format!("/console/offline/{id}/confirm");
    assert_eq!(fields_of(&html, &confirm)["amount"][0], "15.00");
    world.done().await;
}

/// A form that is sent twice is one deed; one that was changed in between is not answered as if it had been done.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_form_with_other_words_is_not_said_to_be_done() {
    let world = World::with(OPEN).await;
    let noor = coordinator(&world).await;
    let id = OfflineGiftId::new().to_string();
    let place = enter(&world, &noor, &[("id", &id)]).await;
    let day = world.season_day();
    let again = |amount| {
        [
            ("id", id.as_str()),
            ("campaign", CAMPAIGN),
            ("kind", "cash"),
            ("amount", amount),
            ("donor_name", "Uncle Tobias"),
            ("received_on", day.as_str()),
            ("page", PAGE),
        ]
    };
    let other = world
        .ask(&noor, "POST", "/console/offline/new", &again("4000"))
        .await;
    assert_eq!(other.status, 409, "{}", other.text);
    assert!(other.text.contains("open a new one"), "{}", other.text);
    world
        .send(&noor, "/console/offline/new", &again("40.00"))
        .await;
    assert_eq!(in_hand(&world).await, 4_000);
    let path = format!("{place}/give-back");
    let html = world.look(&noor, &place).await;
    let back = fields_of(&html, &path)["back"][0].clone();
    let form = |amount, reason| {
        [
            ("back", back.as_str()),
            ("amount", amount),
            ("reason", reason),
        ]
    };
    world.send(&noor, &path, &form("10", "It was hers")).await;
    world.send(&noor, &path, &form("10", "It was hers")).await;
    for changed in [form("30", "It was hers"), form("10", "It was his")] {
        let other = world.ask(&noor, "POST", &path, &changed).await;
        assert_eq!(other.status, 409, "{}", other.text);
        assert!(other.text.contains("open a new one"), "{}", other.text);
    }
    assert_eq!(in_hand(&world).await, 3_000);
    world.done().await;
}
