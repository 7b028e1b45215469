//! Grants from plan to close, on the pages of finance and in the ledger; policies of two; reserves; many at once.

use selvedge::auth::{Role, UserId};
use selvedge::db::{Conn, Db};
use selvedge::error::{AppError, AppResult};
use selvedge::funds::{self, FundId, layers};
use selvedge::grants::model::{self as rows, GrantFilter, Tranche};
use selvedge::grants::ops::{PayTranche, PlanGrant, PlanTranche, approve, pay, plan};
use selvedge::grants::{GrantId, GrantState, TrancheId, TrancheState, trace};
use selvedge::ids::{CampaignId, DonationId, ProgramId};
use selvedge::kernel::{Currency, Day, Limit, Line, Money, Timestamp};
use selvedge::ledger::{self, Account, Code, NewTransfer, Source};
use serde_json::json;

use crate::harness::people::Visitor;
use crate::harness::world::{CAMPAIGN, World};

const OPEN: &[(&str, &str)] = &[
    ("auth.staff_second_factor", "false"),
    ("grants.two_people_above", "100"),
];

async fn staff(world: &World, name: &str, role: Role) -> (UserId, Visitor) {
    let user = world.user(&format!("{name}@staff.example"), role).await;
    (user, world.visitor(Some(user)).await)
}

fn line(text: &str) -> Line {
    Line::parse(text, 200).unwrap()
}

fn dollars(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

/// What arrived at the bank, as a payout books it.
fn payout(conn: &mut Conn, minor: i64, now: Timestamp) -> AppResult<()> {
    let transfer = NewTransfer {
        debit: Account::bank(),
        credit: Account::processor("stripe"),
        amount: dollars(minor),
        code: Code::new("payout"),
        source: Source {
            kind: "test_payout",
            id: now.rfc3339(),
        },
        donation: None,
        reverses: None,
    };
    ledger::post(conn, &[transfer], now)
}

struct Ids {
    campaign: CampaignId,
    program: ProgramId,
    fund: FundId,
}

async fn ids(db: &Db) -> Ids {
    db.read(|c| {
        let season =
            selvedge::campaigns::model::any_by_slug(c, &CAMPAIGN.parse().unwrap())?.unwrap();
        let slug = "ijm-kolkata".parse().unwrap();
        let program = selvedge::partners::model::program_by_slug(c, &slug)?
            .program
            .id;
        let fund = funds::fund_of_program(c, program, Currency::USD)?
            .unwrap()
            .id;
        Ok(Ids {
            campaign: season.id,
            program,
            fund,
        })
    })
    .await
    .unwrap()
}

/// A gift to Kolkata alone.
async fn given(world: &World, minor: i64, who: &str) -> DonationId {
    let gift = json!({
        "campaign": CAMPAIGN, "page": "maya-roy", "program": "ijm-kolkata",
        "amount": { "minor": minor, "currency": "USD" },
        "donor": { "name": "Asha Verma", "email": format!("{who}@example.org") }
    });
    world.paid(&gift).await.parse().unwrap()
}

async fn holds(db: &Db, account: Account) -> i64 {
    db.read(move |c| ledger::balance(c, &account, Currency::USD))
        .await
        .unwrap()
        .minor()
}

async fn tranches(db: &Db, number: &'static str) -> (GrantState, Vec<Tranche>) {
    db.read(move |c| {
        let grant = rows::by_number(c, number)?.grant;
        Ok((grant.state, rows::tranches_of(c, grant.id)?))
    })
    .await
    .unwrap()
}

async fn token_of(db: &Db, id: DonationId) -> String {
    db.read(move |c| Ok(selvedge::donations::model::by_id(c, id)?.token))
        .await
        .unwrap()
}

/// A date as the season's own calendar shows it, some days from now.
fn day(world: &World, days: i64) -> String {
    let at = world.clock.now().plus(chrono::Duration::days(days));
    let zone: selvedge::kernel::Zone = "America/Los_Angeles".parse().unwrap();
    zone.day_of(at).unwrap().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_goes_from_plan_to_close_and_each_giver_sees_it_to_the_cent() {
    let world = World::with(OPEN).await;
    let db = world.app.site.db.clone();
    let (_, theo) = staff(&world, "theo", Role::Finance).await;
    let (_, ines) = staff(&world, "ines", Role::Owner).await;
    let first = given(&world, 10_000, "first").await;
    world.clock.advance(chrono::Duration::seconds(1));
    let second = given(&world, 10_000, "second").await;
    let own = ids(&db).await;
    let held = holds(&db, Account::fund(own.fund)).await;
    let form = |amount: &str| {
        vec![
            ("campaign".to_owned(), CAMPAIGN.to_owned()),
            ("program".to_owned(), own.program.to_string()),
            ("fund".to_owned(), "program".to_owned()),
            ("purpose".to_owned(), "Gathering of intelligence".to_owned()),
            ("amount_1".to_owned(), amount.to_owned()),
            ("planned_on_1".to_owned(), day(&world, 0)),
            ("report_due_on_1".to_owned(), day(&world, 30)),
            ("amount_2".to_owned(), "50".to_owned()),
            ("planned_on_2".to_owned(), day(&world, 10)),
            ("report_due_on_2".to_owned(), day(&world, 60)),
        ]
    };
    let sent = |fields: &[(String, String)]| -> Vec<(String, String)> { fields.to_vec() };
    let bad = sent(&form("12.345"));
    let bad: Vec<(&str, &str)> = bad.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let refused = world.ask(&theo, "POST", "/console/grants", &bad).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("tranche 1"), "{}", refused.text);
    assert!(refused.text.contains("12.345"), "what was typed is kept");

    let fields = form("120");
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    let place = world.send(&theo, "/console/grants", &fields).await;
    let year = &world.clock.now().rfc3339()[..4];
    let number: &'static str = Box::leak(format!("G-{year}-001").into_boxed_str());
    let here = format!("/console/grants/{number}");
    assert_eq!(place, format!("{here}?done=planned"));

    // $170 is above the limit: the planner may be the first of two, and not both.
    let deed = |word: &'static str| [("deed", word)];
    world.send(&theo, &here, &deed("approve")).await;
    assert_eq!(tranches(&db, number).await.0, GrantState::Planned);
    let again = world.ask(&theo, "POST", &here, &deed("approve")).await;
    assert_eq!(again.status, 409);
    world.send(&ines, &here, &deed("approve")).await;
    assert_eq!(tranches(&db, number).await.0, GrantState::Approved);

    let one = tranches(&db, number).await.1[0].id;
    let pay_form = |tranche: TrancheId| {
        vec![
            ("tranche", tranche.to_string()),
            ("paid_on", day(&world, 0)),
            ("bank_reference", "SEPA 4711".to_owned()),
            ("report_due_on", day(&world, 30)),
        ]
    };
    let pay_path = format!("{here}/pay");
    let short = upload(&world, &ines, &pay_path, &pay_form(one)).await;
    assert_eq!(short.0, 409);
    assert!(
        short.1.contains("the books show $0 at the bank"),
        "{}",
        short.1
    );
    let now = world.clock.now();
    db.tx(move |c| payout(c, 19_000, now)).await.unwrap();
    let paid = upload(&world, &ines, &pay_path, &pay_form(one)).await;
    assert_eq!(paid.0, 303, "{}", paid.1);
    assert_eq!(holds(&db, Account::bank()).await, 7_000);
    assert_eq!(holds(&db, Account::fund(own.fund)).await, held - 12_000);

    // All of the first gift and a part of the second; each giver's page says so.
    let net = held / 2;
    let (took_first, took_second) = db
        .read(move |c| Ok((trace::of_gift(c, first)?, trace::of_gift(c, second)?)))
        .await
        .unwrap();
    assert_eq!(took_first[0].amount, net);
    assert_eq!(took_second[0].amount, 12_000 - net);
    let page = world
        .get(&format!("/gifts/{}", token_of(&db, first).await))
        .await
        .1;
    assert!(page.contains(number), "{page}");
    assert!(page.contains(&dollars(net).to_string()), "{page}");
    let page = world
        .get(&format!("/gifts/{}", token_of(&db, second).await))
        .await
        .1;
    assert!(page.contains(&dollars(12_000 - net).to_string()), "{page}");
    assert!(page.contains("waits"), "{page}");

    // Its report comes due and is late: the next tranche has to wait.
    world.clock.advance(chrono::Duration::days(30));
    world.work().await;
    assert_eq!(tranches(&db, number).await.0, GrantState::ReportDue);
    world.clock.advance(chrono::Duration::days(1));
    let two = tranches(&db, number).await.1[1].id;
    let mut late = pay_form(two);
    late[3].1 = day(&world, 60);
    // The sessions ended with the month.
    let theo = world
        .visitor(Some(world.user_of("theo@staff.example").await))
        .await;
    let ines = world
        .visitor(Some(world.user_of("ines@staff.example").await))
        .await;
    let finance = world.look(&theo, "/console/finance").await;
    assert!(finance.contains("overdue"), "{finance}");
    let blocked = upload(&world, &ines, &pay_path, &late).await;
    assert_eq!(blocked.0, 409);
    assert!(
        blocked
            .1
            .contains(&format!("the report on {number} was due")),
        "{}",
        blocked.1
    );
    let report = [("deed", "reported"), ("tranche", &one.to_string())];
    world.send(&theo, &here, &report).await;
    assert_eq!(tranches(&db, number).await.0, GrantState::Reported);
    let blocked = upload(&world, &ines, &pay_path, &late).await;
    assert_eq!(blocked.0, 303, "{}", blocked.1);
    assert_eq!(tranches(&db, number).await.0, GrantState::Paid);
    let early = world.ask(&theo, "POST", &here, &deed("close")).await;
    assert_eq!(early.status, 409, "a report is still owed");

    // The second tranche comes back: its money lies in the fund again, and a tranche like it waits.
    let returned = [("deed", "returned"), ("tranche", &two.to_string())];
    world.send(&theo, &here, &returned).await;
    assert_eq!(holds(&db, Account::bank()).await, 7_000);
    assert_eq!(holds(&db, Account::fund(own.fund)).await, held - 12_000);
    let (_, all) = tranches(&db, number).await;
    assert_eq!(all[1].state, TrancheState::Returned);
    assert_eq!(all[2].state, TrancheState::Planned);
    let cancel = [("deed", "cancel"), ("reason", "The account was closed.")];
    world.send(&theo, &here, &cancel).await;
    world.send(&theo, &here, &deed("close")).await;
    assert_eq!(tranches(&db, number).await.0, GrantState::Closed);
    let html = world.look(&theo, &here).await;
    for action in [
        "grant.plan",
        "grant.approve",
        "grant.pay",
        "grant.reported",
        "grant.returned",
        "grant.cancel",
        "grant.close",
        "grant.report_due",
    ] {
        assert!(html.contains(action), "{action}");
    }
    let listed = world.look(&theo, "/console/grants?state=closed").await;
    assert!(listed.contains(number));
    world.done().await;
}

/// A form with files, as a browser sends it without any.
async fn upload(
    world: &World,
    visitor: &Visitor,
    path: &str,
    fields: &[(&str, String)],
) -> (u16, String) {
    let answer = world.upload(visitor, path, fields, None).await;
    (answer.status, answer.text)
}

/// L9: sixty-four people at once, thirty-two who approve and thirty-two who pay, never promise or pay more than there is.
#[tokio::test(flavor = "multi_thread")]
async fn a_fund_is_never_promised_or_paid_twice_by_many_at_once() {
    let world = World::with(OPEN).await;
    let db = world.app.site.db.clone();
    let (theo, _) = staff(&world, "theo", Role::Finance).await;
    for giver in 0..4 {
        given(&world, 10_000, &format!("giver{giver}")).await;
    }
    let own = ids(&db).await;
    let (campaign, program, fund) = (own.campaign, own.program, own.fund);
    let now = world.clock.now();
    let today: Day = day(&world, 0).parse().unwrap();
    let held = holds(&db, Account::fund(fund)).await;
    let piece = held / 20;
    // The bank has less than the fund, so that both bounds are met.
    db.tx(move |c| payout(c, piece * 12, now)).await.unwrap();
    let grants: Vec<(GrantId, TrancheId)> = (0..32)
        .map(|_| (GrantId::new(), TrancheId::new()))
        .collect();
    for (grant, tranche) in grants.clone() {
        let new = PlanGrant {
            id: grant,
            campaign,
            program,
            fund,
            purpose: line("Work."),
            tranches: vec![PlanTranche {
                id: tranche,
                amount: dollars(piece),
                planned_on: today,
                report_due_on: "2999-01-01".parse().unwrap(),
            }],
            by: theo,
        };
        db.tx(move |c| plan(c, &new, now)).await.unwrap();
    }
    let mut tasks = Vec::new();
    for (grant, tranche) in grants {
        let db_of = db.clone();
        tasks.push(tokio::spawn(async move {
            insist(|| {
                db_of.tx(move |c| approve(c, grant, theo, dollars(i64::MAX), now).map(|_| ()))
            })
            .await
        }));
        let db_of = db.clone();
        tasks.push(tokio::spawn(async move {
            // Whoever pays comes again until it is approved, or refused for good.
            for _ in 0..200 {
                let new = PayTranche {
                    tranche,
                    paid_on: today,
                    bank_reference: line("B"),
                    report_due_on: "2999-01-01".parse().unwrap(),
                    document: None,
                    by: theo,
                };
                let done = insist(|| {
                    let new = new.clone();
                    db_of.tx(move |c| pay(c, &new, now).map(|_| ()))
                })
                .await;
                match done {
                    Err(AppError::Conflict {
                        code: "no_such_move",
                        ..
                    }) => {
                        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                    }
                    other => return other,
                }
            }
            Ok(())
        }));
    }
    for task in tasks {
        match task.await.unwrap() {
            Ok(())
            | Err(AppError::Conflict {
                code: "fund_short" | "bank_short",
                ..
            }) => {}
            other => panic!("{other:?}"),
        }
    }
    let filter = GrantFilter::default();
    let all = db
        .read(move |c| rows::list(c, &filter, None, Limit::MOST))
        .await
        .unwrap();
    let count = |state| {
        all.items
            .iter()
            .filter(|one| one.grant.state == state)
            .count()
    };
    assert_eq!(
        count(GrantState::Planned),
        12,
        "the fund holds twenty of thirty-two"
    );
    assert_eq!(count(GrantState::Paid), 12, "the bank holds twelve");
    assert_eq!(count(GrantState::Approved), 8);
    assert_eq!(holds(&db, Account::bank()).await, 0);
    assert_eq!(holds(&db, Account::fund(fund)).await, held - 12 * piece);
    world.done().await;
}

/// Comes again while every race is lost, as a browser told 503 does.
async fn insist<F, Fut>(mut work: F) -> AppResult<()>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = AppResult<()>>,
{
    loop {
        match work().await {
            Err(AppError::Unavailable { .. }) => {
                tokio::time::sleep(std::time::Duration::from_millis(7)).await;
            }
            other => return other,
        }
    }
}

/// What goes back after it was granted is the reserve's, and no other gift's.
#[tokio::test(flavor = "multi_thread")]
async fn a_refund_after_a_grant_is_carried_by_the_reserve_until_two_people_cover_it() {
    let world = World::with(OPEN).await;
    let db = world.app.site.db.clone();
    let (theo, theos) = staff(&world, "theo", Role::Finance).await;
    let (_, ines) = staff(&world, "ines", Role::Owner).await;
    let gift = given(&world, 10_000, "first").await;
    let own = ids(&db).await;
    let (campaign, program, fund) = (own.campaign, own.program, own.fund);
    let held = holds(&db, Account::fund(fund)).await;
    let (now, today) = (world.clock.now(), day(&world, 0).parse().unwrap());
    let (grant, tranche) = (GrantId::new(), TrancheId::new());
    let most = held - 1_000;
    db.tx(move |c| {
        payout(c, held, now)?;
        let due = "2999-01-01".parse().unwrap();
        let new = PlanGrant {
            id: grant,
            campaign,
            program,
            fund,
            purpose: line("Work."),
            tranches: vec![PlanTranche {
                id: tranche,
                amount: dollars(most),
                planned_on: today,
                report_due_on: due,
            }],
            by: theo,
        };
        plan(c, &new, now)?;
        approve(c, grant, theo, dollars(i64::MAX), now)?;
        let new = PayTranche {
            tranche,
            paid_on: today,
            bank_reference: line("B"),
            report_due_on: due,
            document: None,
            by: theo,
        };
        pay(c, &new, now)
    })
    .await
    .unwrap();
    // All of it goes back: $10 still lay in the fund, the rest is carried.
    let state = world.json("/sandbox/state").await;
    let intent = state["sessions"][0]["payment_intent"].clone();
    let refund =
        json!({ "refund": { "payment_intent": intent, "amount": 10_000, "outcome": "succeeded" } });
    world.control(refund).await;
    world.settle().await;
    assert_eq!(holds(&db, Account::fund(fund)).await, 0);
    assert_eq!(holds(&db, Account::reserve(campaign)).await, -most);
    assert_eq!(world.findings().await, Vec::<String>::new());
    let page = world
        .get(&format!("/gifts/{}", token_of(&db, gift).await))
        .await
        .1;
    assert!(page.contains("reserve carries"), "{page}");
    let finance = world.look(&theos, "/console/finance").await;
    assert!(finance.contains("short"), "{finance}");

    let amount = dollars(most).decimal();
    let day = day(&world, 0);
    let form = [
        ("campaign", CAMPAIGN),
        ("amount", amount.as_str()),
        ("paid_on", day.as_str()),
        ("bank_reference", "Own means 1"),
        ("reason", "The board decided it."),
    ];
    world.send(&theos, "/console/finance/covers", &form).await;
    let html = world.look(&theos, "/console/finance").await;
    let id = html.split("/console/finance/covers/").nth(1).unwrap();
    let path = format!("/console/finance/covers/{}", id.split('"').next().unwrap());
    let alone = world.ask(&theos, "POST", &path, &[("deed", "book")]).await;
    assert_eq!(alone.status, 409, "a second person books it");
    assert_eq!(holds(&db, Account::reserve(campaign)).await, -most);
    world.send(&ines, &path, &[("deed", "book")]).await;
    assert_eq!(holds(&db, Account::reserve(campaign)).await, 0);
    let twice = world.ask(&ines, "POST", &path, &[("deed", "book")]).await;
    assert_eq!(twice.status, 409);
    world.done().await;
}

/// A policy is a matter for two, and holds for no gift that was made before.
#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_drafted_previewed_and_approved_by_a_second_person() {
    let world = World::with(OPEN).await;
    let db = world.app.site.db.clone();
    let (_, noor) = staff(&world, "noor", Role::Coordinator).await;
    let (_, theo) = staff(&world, "theo", Role::Finance).await;
    let before = World::gift(10_000);
    let gift: DonationId = world.paid(&before).await.parse().unwrap();
    let own = ids(&db).await;
    let here = format!("/console/policies?campaign={CAMPAIGN}");
    let html = world.look(&noor, &here).await;
    // The season's choice above it is a form of the same address.
    let (_, form) = html.split_once("id=\"new\"").unwrap();
    let fields = crate::harness::people::fields_of(form, "/console/policies");
    let share = format!("share_{}", own.program);
    let form = |kolkata: &str| -> Vec<(String, String)> {
        let mut all = Vec::new();
        for (name, values) in &fields {
            for value in values {
                let value = match name.as_str() {
                    _ if *name == share => kolkata.to_owned(),
                    _ if name.starts_with("share_prg") => "0".to_owned(),
                    "note" => "All of it to Kolkata.".to_owned(),
                    _ => value.clone(),
                };
                all.push((name.clone(), value));
            }
        }
        all
    };
    let pairs = |form: &[(String, String)]| -> Vec<(String, String)> { form.to_vec() };
    let short = pairs(&form("99"));
    let short: Vec<(&str, &str)> = short
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    assert_eq!(
        world
            .ask(&noor, "POST", "/console/policies", &short)
            .await
            .status,
        422
    );
    let whole = pairs(&form("100"));
    let whole: Vec<(&str, &str)> = whole
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    world.send(&noor, "/console/policies", &whole).await;
    let second = world.ask(&noor, "POST", "/console/policies", &whole).await;
    assert_eq!(second.status, 409, "one draft at a time");
    let html = world.look(&theo, &here).await;
    let held = holds(&db, Account::fund(own.fund)).await;
    assert!(html.contains("would hold"), "{html}");
    assert!(html.contains(&dollars(held).to_string()), "{html}");
    let campaign = own.campaign;
    let in_force = || {
        let (db, now) = (db.clone(), world.clock.now());
        async move {
            db.read(move |c| funds::policy_in_force(c, campaign, now))
                .await
                .unwrap()
                .unwrap()
        }
    };
    assert_eq!(in_force().await.version, 1, "a draft holds for nothing");
    let id = html.split("/console/policies/pol_").nth(1).unwrap();
    let path = format!(
        "/console/policies/pol_{}/approve",
        id.split('/').next().unwrap()
    );
    let own_draft = world.ask(&noor, "POST", &path, &[]).await;
    assert_eq!(own_draft.status, 403, "a coordinator does not approve");
    world.send(&theo, &path, &[]).await;
    assert_eq!(in_force().await.version, 2);
    let twice = world.ask(&theo, "POST", &path, &[]).await;
    assert_eq!(twice.status, 409);

    // Its own draft nobody approves, not even an owner.
    let (_, ines) = staff(&world, "ines", Role::Owner).await;
    let html = world.look(&ines, &here).await;
    assert!(html.contains("in force"), "{html}");
    world.send(&ines, "/console/policies", &whole).await;
    let html = world.look(&ines, &here).await;
    let id = html.split("/console/policies/pol_").nth(1).unwrap();
    let path = format!("/console/policies/pol_{}", id.split('/').next().unwrap());
    let alone = world
        .ask(&ines, "POST", &format!("{path}/approve"), &[])
        .await;
    assert_eq!(alone.status, 409);
    world.send(&ines, &format!("{path}/discard"), &[]).await;
    assert_eq!(in_force().await.version, 2);

    let parts = db
        .read(move |c| selvedge::donations::model::splits_of(c, gift))
        .await
        .unwrap();
    assert!(
        parts.len() > 1,
        "the gift keeps the version that it was made under"
    );
    let later: DonationId = world.paid(&before).await.parse().unwrap();
    let parts = db
        .read(move |c| selvedge::donations::model::splits_of(c, later))
        .await
        .unwrap();
    assert_eq!(parts.len(), 1);
    assert_eq!(parts[0].fund_id, own.fund);
    world.done().await;
}

/// The bank's slip is kept, and handed to finance alone.
#[tokio::test(flavor = "multi_thread")]
async fn a_bank_slip_comes_back_as_it_was_sent_and_to_finance_alone() {
    let world = World::with(OPEN).await;
    let db = world.app.site.db.clone();
    let (theo, theos) = staff(&world, "theo", Role::Finance).await;
    let (_, noor) = staff(&world, "noor", Role::Coordinator).await;
    given(&world, 10_000, "first").await;
    let own = ids(&db).await;
    let (grant, tranche) = (GrantId::new(), TrancheId::new());
    let (now, today) = (world.clock.now(), day(&world, 0).parse().unwrap());
    let number = db
        .tx(move |c| {
            payout(c, 5_000, now)?;
            let new = PlanGrant {
                id: grant,
                campaign: own.campaign,
                program: own.program,
                fund: own.fund,
                purpose: line("Work."),
                tranches: vec![PlanTranche {
                    id: tranche,
                    amount: dollars(5_000),
                    planned_on: today,
                    report_due_on: "2999-01-01".parse().unwrap(),
                }],
                by: theo,
            };
            let number = plan(c, &new, now)?;
            approve(c, grant, theo, dollars(i64::MAX), now)?;
            Ok(number)
        })
        .await
        .unwrap();
    let path = format!("/console/grants/{number}/pay");
    let fields = [
        ("tranche", tranche.to_string()),
        ("paid_on", day(&world, 0)),
        ("bank_reference", "B".to_owned()),
        ("report_due_on", day(&world, 30)),
    ];
    let script = world
        .upload(&theos, &path, &fields, Some(("slip", b"<script>")))
        .await;
    assert_eq!(script.status, 422, "{}", script.text);
    let taken = world
        .upload(&theos, &path, &fields, Some(("slip", b"%PDF-1.7 slip")))
        .await;
    assert_eq!(taken.status, 303, "{}", taken.text);
    let slip = format!("/console/grants/{number}/slips/{tranche}");
    assert_eq!(world.look(&theos, &slip).await, "%PDF-1.7 slip");
    assert_eq!(world.ask(&noor, "GET", &slip, &[]).await.status, 403);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn taking_more_than_the_layers_hold_writes_nothing() {
    let world = World::with(OPEN).await;
    let db = world.app.site.db.clone();
    given(&world, 10_000, "first").await;
    let fund = ids(&db).await.fund;
    let held = holds(&db, Account::fund(fund)).await;
    let refused = db
        .tx(move |c| layers::consume(c, fund, held + 1, TrancheId::new()))
        .await;
    assert!(matches!(
        refused,
        Err(AppError::Conflict {
            code: "fund_short",
            ..
        })
    ));
    world.done().await;
}

/// S9: finance of one season promises nothing out of a fund with which that season has nothing to do.
#[tokio::test(flavor = "multi_thread")]
async fn a_grant_goes_to_a_program_that_its_season_names() {
    let world = World::with(OPEN).await;
    let db = world.app.site.db.clone();
    let other = "dressember-2025";
    let cleo = world
        .user_of_one("cleo@staff.example", Role::Finance, other)
        .await;
    let (by, cleo) = (cleo, world.visitor(Some(cleo)).await);
    given(&world, 10_000, "first").await;
    let own = ids(&db).await;
    let (program, fund) = (own.program, own.fund);
    let theirs = db
        .tx(move |c| {
            use diesel::prelude::*;
            use selvedge::db::schema::campaign_programs as named;
            let season = selvedge::campaigns::model::any_by_slug(c, &other.parse().unwrap())?;
            let season = season.unwrap().id;
            let row = named::table.find((season, program));
            selvedge::each!(c, c => diesel::delete(row).execute(c))?;
            Ok(season)
        })
        .await
        .unwrap();
    let html = world.look(&cleo, "/console/grants").await;
    assert!(!html.contains(&program.to_string()), "it is not offered");
    let (first, last) = (day(&world, 0), day(&world, 30));
    let text = program.to_string();
    let form = [
        ("campaign", other),
        ("program", text.as_str()),
        ("fund", "program"),
        ("purpose", "Work"),
        ("amount_1", "50"),
        ("planned_on_1", first.as_str()),
        ("report_due_on_1", last.as_str()),
    ];
    let refused = world.ask(&cleo, "POST", "/console/grants", &form).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert!(
        refused.text.contains("does not pay for that program"),
        "{}",
        refused.text
    );
    let now = world.clock.now();
    let new = |campaign| PlanGrant {
        id: GrantId::new(),
        campaign,
        program,
        fund,
        purpose: line("Work."),
        tranches: vec![PlanTranche {
            id: TrancheId::new(),
            amount: dollars(5_000),
            planned_on: first.parse().unwrap(),
            report_due_on: last.parse().unwrap(),
        }],
        by,
    };
    let plan_of = |campaign| {
        let new = new(campaign);
        db.tx(move |c| plan(c, &new, now))
    };
    let refused = plan_of(theirs).await;
    assert!(matches!(refused, Err(AppError::Invalid(_))), "{refused:?}");
    plan_of(own.campaign).await.unwrap();
    world.done().await;
}

/// A grant takes the oldest gifts of its fund, whichever season they came in; each season's books show their own part of it.
#[tokio::test(flavor = "multi_thread")]
async fn each_seasons_books_list_what_its_own_gifts_paid_of_a_grant() {
    let world = World::with(OPEN).await;
    let db = world.app.site.db.clone();
    let (theo, _) = staff(&world, "theo", Role::Finance).await;
    let (_, noor) = staff(&world, "noor", Role::Coordinator).await;
    let own = ids(&db).await;
    let (other, program, today) = ("dressember-2025", own.program.to_string(), day(&world, 0));
    let form = [
        ("campaign", other),
        ("kind", "bank_transfer"),
        ("amount", "60"),
        ("donor_name", "Aunt Ida"),
        ("received_on", today.as_str()),
        ("program", program.as_str()),
    ];
    world.send(&noor, "/console/offline/new", &form).await;
    world.clock.advance(chrono::Duration::seconds(1));
    given(&world, 10_000, "first").await;
    let (tranche, now) = (TrancheId::new(), world.clock.now());
    let number = db
        .tx(move |c| {
            payout(c, 9_000, now)?;
            let due = "2999-01-01".parse().unwrap();
            let new = PlanGrant {
                id: GrantId::new(),
                campaign: own.campaign,
                program: own.program,
                fund: own.fund,
                purpose: line("Work."),
                tranches: vec![PlanTranche {
                    id: tranche,
                    amount: dollars(10_000),
                    planned_on: today.parse().unwrap(),
                    report_due_on: due,
                }],
                by: theo,
            };
            let number = plan(c, &new, now)?;
            approve(c, new.id, theo, dollars(i64::MAX), now)?;
            let new = PayTranche {
                tranche,
                paid_on: today.parse().unwrap(),
                bank_reference: line("B"),
                report_due_on: due,
                document: None,
                by: theo,
            };
            pay(c, &new, now)?;
            Ok(number)
        })
        .await
        .unwrap();
    world.clock.advance(chrono::Duration::seconds(60));
    world.work().await;
    for (season, part) in [(CAMPAIGN, 4_000), (other, 6_000)] {
        let books = format!("/campaigns/{season}/books");
        let sums = world.json(&format!("/api/v1{books}")).await;
        assert_eq!(sums["granted"]["minor"], part, "{season}");
        let page = world.get(&books).await.1;
        let listed = page.split("grant-list").nth(1).unwrap();
        let listed = listed.split("</ul>").next().unwrap();
        let part = format!("${}.00 of $100.00", part / 100);
        assert!(listed.contains(&number), "{season}: {listed}");
        assert!(listed.contains(&part), "{season}: {part}: {listed}");
    }
    world.done().await;
}
