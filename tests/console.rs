//! The staff's console: what staff see, what they do, and that each deed is on record.

use std::collections::HashMap;

use selvedge::audit::Recorded;
use selvedge::auth::roles::{SetRole, set_role};
use selvedge::auth::{Role, UserId};
use selvedge::campaigns::{self, Campaign, CampaignStatus};
use selvedge::pages::model::{self as pages, PageStatus};
use serde_json::{Value, json};

use crate::harness::people::{Visitor, fields_of};
use crate::harness::world::{CAMPAIGN, PAGE, World};

const OPEN: &[(&str, &str)] = &[("auth.staff_second_factor", "false")];

async fn staff(world: &World, role: Role) -> (UserId, Visitor) {
    let user = world.user(&format!("{role}@staff.example"), role).await;
    let visitor = world.visitor(Some(user)).await;
    (user, visitor)
}

async fn season(world: &World, slug: &str) -> Campaign {
    let slug = slug.parse().unwrap();
    let db = &world.app.site.db;
    db.read(move |c| campaigns::model::any_by_slug(c, &slug))
        .await
        .unwrap()
        .unwrap()
}

async fn status_of(world: &World, slug: &str) -> PageStatus {
    let slug = slug.parse().unwrap();
    let db = &world.app.site.db;
    let found = db
        .read(move |c| pages::any_by_slug(c, &slug))
        .await
        .unwrap();
    found.unwrap().page.status
}

/// Puts a page of the demo into another state, by hand.
async fn put(world: &World, slug: &'static str, status: PageStatus) {
    use diesel::prelude::*;
    use selvedge::db::schema::pages::dsl;
    world
        .app
        .site
        .db
        .tx(move |c| {
            let target = dsl::pages.filter(dsl::slug.eq(slug));
            selvedge::each!(c, c => diesel::update(target)
                .set(dsl::status.eq(status))
                .execute(c))?;
            Ok(())
        })
        .await
        .unwrap();
}

/// The deeds of one kind, oldest first.
async fn deeds(world: &World, action: &'static str) -> Vec<Recorded> {
    use diesel::prelude::*;
    use selvedge::db::schema::audit_log;
    world
        .app
        .site
        .db
        .read(move |c| {
            let query = audit_log::table
                .filter(audit_log::action.eq(action))
                .order(audit_log::id);
            Ok(selvedge::each!(c, c => query.select(Recorded::as_select()).load(c))?)
        })
        .await
        .unwrap()
}

/// The fields of a form as they stand, with some of them changed.
fn changed<'a>(
    fields: &'a HashMap<String, Vec<String>>,
    changes: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let mut form: Vec<(&str, &str)> = Vec::new();
    for (name, values) in fields {
        if changes.iter().all(|(changed, _)| changed != name) {
            form.extend(values.iter().map(|value| (name.as_str(), value.as_str())));
        }
    }
    form.extend_from_slice(changes);
    form
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_found_sorted_and_listed_in_pieces_by_url() {
    let world = World::with(OPEN).await;
    let (_, noor) = staff(&world, Role::Coordinator).await;
    world.paid(&World::gift(5_000)).await;
    for (query, wanted) in [
        ("q=TOM%C3%81S", "A tie a day in the staff room"),
        ("q=grandmother", "My grandmother&#x27;s cloth"),
        ("q=sam-okafor@", "Running December in a dress"),
        ("q=%E0%A6%AE%E0%A6%BE", "/console/pages/maya-sen"),
    ] {
        let html = world.look(&noor, &format!("/console/pages?{query}")).await;
        assert_eq!(html.matches("<th scope=\"row\">").count(), 1, "{query}");
        assert!(html.contains(wanted), "{query}: {html}");
    }
    // Letters beyond ASCII are found in titles and in people's names as well, large or small.
    {
        use diesel::prelude::*;
        use selvedge::db::schema::{pages, teams, users};
        let named = world.app.site.db.tx(|c| {
            let target = pages::table.filter(pages::slug.eq(PAGE));
            selvedge::each!(c, c => diesel::update(target)
                .set(pages::title.eq("Élan in December"))
                .execute(c))?;
            let target = users::table.filter(users::email_folded.eq("sam-okafor@example.org"));
            selvedge::each!(c, c => diesel::update(target)
                .set(users::name.eq("Łucja Okafor"))
                .execute(c))?;
            let target = teams::table.filter(teams::slug.eq("the-tuesday-seams"));
            selvedge::each!(c, c => diesel::update(target)
                .set((teams::name.eq("ÖLAND"), teams::name_key.eq("öland")))
                .execute(c))?;
            Ok(())
        });
        named.await.unwrap();
    }
    for (path, wanted) in [
        ("pages?q=%C3%A9lan", "/console/pages/maya-roy"),
        ("pages?q=%C3%89lan", "/console/pages/maya-roy"),
        ("participants?q=%C5%82ucja", "sam-okafor@example.org"),
        ("participants?q=%C5%81UCJA", "sam-okafor@example.org"),
        ("teams?q=%C3%B6land", "ÖLAND"),
    ] {
        let html = world.look(&noor, &format!("/console/{path}")).await;
        assert!(html.contains(wanted), "{path}: {html}");
    }
    let none = world.look(&noor, "/console/pages?q=%25").await;
    assert!(
        none.contains("No page fits."),
        "a percent sign is no wildcard"
    );
    let html = world.look(&noor, "/console/pages?sort=raised").await;
    let first = html.split("<th scope=\"row\">").nth(1).unwrap();
    assert!(first.contains("/console/pages/maya-roy"), "{first}");
    for wrong in ["status=lively", "sort=up", "after=x"] {
        let answer = world
            .ask(&noor, "GET", &format!("/console/pages?{wrong}"), &[])
            .await;
        assert_eq!(answer.status, 422, "{wrong}");
    }
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coordinator_of_one_season_sees_no_other() {
    let world = World::with(OPEN).await;
    let (user, visitor) = staff(&world, Role::Coordinator).await;
    let last = season(&world, selvedge::demo::LAST_SEASON).await;
    let (now, id) = (world.clock.now(), last.id);
    let narrow = SetRole {
        user,
        role: Role::Coordinator,
        has: true,
        campaigns: vec![id],
    };
    let db = &world.app.site.db;
    db.tx(move |c| set_role(c, &narrow, now)).await.unwrap();
    let html = world.look(&visitor, "/console/pages").await;
    assert!(
        !html.contains("maya-roy") && !html.contains("Hope for Kolkata"),
        "{html}"
    );
    let person = world.user_of("maya-roy@example.org").await;
    for (path, status) in [
        (format!("/console/pages?campaign={CAMPAIGN}"), 403),
        (format!("/console/pages/{PAGE}"), 403),
        (format!("/console/seasons/{CAMPAIGN}"), 403),
        (format!("/console/people/{person}"), 404),
        ("/console/new-season".to_owned(), 403),
    ] {
        let answer = world.ask(&visitor, "GET", &path, &[]).await;
        assert_eq!(answer.status, status, "{path}");
    }
    let html = world.look(&visitor, "/console/audit").await;
    assert!(!html.contains("maya-roy"), "{html}");
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_approved_asked_about_hidden_and_shown_each_time_on_record_and_by_mail() {
    let world = World::with(OPEN).await;
    let (user, noor) = staff(&world, Role::Coordinator).await;
    put(&world, PAGE, PageStatus::Submitted).await;
    put(&world, "sam-okafor", PageStatus::Submitted).await;
    let home = world.look(&noor, "/console").await;
    assert!(home.contains("<b>2</b> pages to approve"), "{home}");
    let here = format!("/console/pages/{PAGE}");

    let empty = world
        .ask(&noor, "POST", &here, &[("do", "ask"), ("message", " ")])
        .await;
    assert_eq!(empty.status, 422);
    assert!(
        empty.text.contains("id=\"message-error\""),
        "{}",
        empty.text
    );
    world
        .send(
            &noor,
            &here,
            &[("do", "ask"), ("message", "Which school do you mean?")],
        )
        .await;
    assert_eq!(status_of(&world, PAGE).await, PageStatus::NeedsInfo);
    assert!(
        world
            .look(&noor, &here)
            .await
            .contains("Which school do you mean?")
    );
    let twice = world.ask(&noor, "POST", &here, &[("do", "approve")]).await;
    assert_eq!(twice.status, 409, "its owner has the next step");

    put(&world, PAGE, PageStatus::Submitted).await;
    let table = world.look(&noor, "/console/pages?status=submitted").await;
    let ids: Vec<&str> = table
        .split("name=\"page\" value=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    assert_eq!(ids.len(), 2);
    let form: Vec<(&str, &str)> = ids.iter().map(|id| ("page", *id)).collect();
    let place = world.send(&noor, "/console/pages", &form).await;
    assert_eq!(place, "/console/pages?done=approved");
    assert_eq!(status_of(&world, "sam-okafor").await, PageStatus::Live);

    let answer = world
        .ask(&noor, "POST", &here, &[("do", "hide"), ("reason", "")])
        .await;
    assert_eq!(answer.status, 422);
    world
        .send(
            &noor,
            &here,
            &[("do", "hide"), ("reason", "The photo is not yours.")],
        )
        .await;
    assert_eq!(
        world.get(&format!("/pages/{PAGE}")).await.0,
        404,
        "gone at once"
    );
    world.send(&noor, &here, &[("do", "show")]).await;
    assert_eq!(status_of(&world, PAGE).await, PageStatus::Live);
    world.send(&noor, &here, &[("do", "archive")]).await;
    assert_eq!(status_of(&world, PAGE).await, PageStatus::Archived);

    for (action, count) in [
        ("page.ask_for_more", 1),
        ("page.approve", 2),
        ("page.hide", 1),
        ("page.show", 1),
        ("page.archive", 1),
    ] {
        let found = deeds(&world, action).await;
        assert_eq!(found.len(), count, "{action}");
        assert!(found.iter().all(|deed| deed.actor_id == Some(user)));
    }
    world.work().await;
    assert_eq!(
        world.mails_to(&format!("{PAGE}@example.org")).await.len(),
        4
    );
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_season_is_made_filled_shared_out_and_goes_live_when_nothing_is_missing() {
    let world = World::with(OPEN).await;
    let (_, noor) = staff(&world, Role::Coordinator).await;
    let html = world.look(&noor, "/console/new-season").await;
    let fields = fields_of(&html, "/console/seasons");
    let wrong = changed(
        &fields,
        &[("slug", "No Slug"), ("title", ""), ("starts_on", "soon")],
    );
    let answer = world.ask(&noor, "POST", "/console/seasons", &wrong).await;
    assert_eq!(answer.status, 422);
    for field in ["slug", "title", "starts_on", "appeal"] {
        let said = format!("id=\"{field}-error\"");
        assert!(answer.text.contains(&said), "{field}: {}", answer.text);
    }
    assert!(
        answer.text.contains("value=\"No Slug\""),
        "what was typed stays"
    );
    let right = changed(
        &fields,
        &[
            ("slug", "spring-2027"),
            ("title", "বসন্ত 2027"),
            ("appeal", "Wear it in May."),
            ("starts_on", "2027-05-01"),
            ("ends_on", "2027-05-31"),
            ("giving_until", "2027-06-30"),
            ("goal", "1,000"),
            ("page_goal", "250"),
            ("approve_pages", "1"),
        ],
    );
    let place = world.send(&noor, "/console/seasons", &right).await;
    assert_eq!(place, "/console/seasons/spring-2027?done=made");
    let made = season(&world, "spring-2027").await;
    assert_eq!(
        (made.status, made.rules.0.page_goal),
        (CampaignStatus::Draft, 25_000)
    );
    assert!(made.rules.0.approve_pages);

    let here = "/console/seasons/spring-2027";
    let live = [("to", "live"), ("confirm", "spring-2027")];
    let early = world
        .ask(&noor, "POST", &format!("{here}/state"), &live)
        .await;
    assert_eq!(early.status, 409);
    assert!(
        early.text.contains("undesignated money is shared out"),
        "{}",
        early.text
    );

    let html = world.look(&noor, here).await;
    let fields = fields_of(&html, here);
    let program = html.split("name=\"program\" value=\"").nth(1).unwrap();
    let program = program.split('"').next().unwrap();
    let edit = changed(
        &fields,
        &[
            ("program", program),
            ("faq_question", "Do I need a dress?"),
            ("faq_answer", "No."),
        ],
    );
    world.send(&noor, here, &edit).await;
    let stale = world.ask(&noor, "POST", here, &edit).await;
    assert_eq!(stale.status, 409, "the form is older than the season");
    assert!(
        stale.text.contains("somebody else saved this season"),
        "{}",
        stale.text
    );
    assert_eq!(season(&world, "spring-2027").await.faq.0.len(), 1);

    let html = world.look(&noor, here).await;
    let shares = fields_of(&html, &format!("{here}/policy"));
    let share = format!("share_{program}");
    let short = changed(&shares, &[(&share, "99.5"), ("note", "All of it.")]);
    let answer = world
        .ask(&noor, "POST", &format!("{here}/policy"), &short)
        .await;
    assert_eq!(answer.status, 422);
    assert!(answer.text.contains("9950 basis points"), "{}", answer.text);
    let whole = changed(&shares, &[(&share, "100"), ("note", "All of it.")]);
    world.send(&noor, &format!("{here}/policy"), &whole).await;

    let mistyped = [("to", "live"), ("confirm", "spring")];
    let answer = world
        .ask(&noor, "POST", &format!("{here}/state"), &mistyped)
        .await;
    assert_eq!(answer.status, 422);
    world.send(&noor, &format!("{here}/state"), &live).await;
    assert_eq!(world.get("/campaigns/spring-2027").await.0, 200);
    let closed = [("to", "closed"), ("confirm", "spring-2027")];
    world.send(&noor, &format!("{here}/state"), &closed).await;
    for action in [
        "season.create",
        "season.edit",
        "policy.draft",
        "season.live",
        "season.close",
    ] {
        assert_eq!(deeds(&world, action).await.len(), 1, "{action}");
    }
    let edit = deeds(&world, "season.edit").await.remove(0);
    assert!(edit.before_hash.is_some() && edit.before_hash != edit.after_hash);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn last_years_season_comes_over_with_its_days_a_year_later() {
    let world = World::with(OPEN).await;
    let (_, noor) = staff(&world, Role::Coordinator).await;
    let here = format!("/console/seasons/{CAMPAIGN}/again");
    let html = world.look(&noor, &here).await;
    assert!(html.contains("Dressember 2027: Hope for Kolkata"), "{html}");
    let taken = [("title", "Again"), ("slug", "dressember-2027")];
    let answer = world.ask(&noor, "POST", &here, &taken).await;
    assert_eq!(answer.status, 409, "that address is taken");
    let fine = [("title", "Dressember 2027"), ("slug", "hope-2027")];
    let place = world.send(&noor, &here, &fine).await;
    assert_eq!(place, "/console/seasons/hope-2027?done=made");
    let (old, new) = (
        season(&world, CAMPAIGN).await,
        season(&world, "hope-2027").await,
    );
    assert_eq!(new.previous_id, Some(old.id));
    assert_eq!(new.status, CampaignStatus::Draft);
    assert_eq!(
        [new.starts_on, new.ends_on, new.giving_until].map(|day| day.to_string()),
        ["2027-12-01", "2027-12-31", "2028-01-31"]
    );
    assert_eq!(
        (&new.story, &new.faq, new.goal()),
        (&old.story, &old.faq, old.goal())
    );
    let html = world.look(&noor, "/console/seasons/hope-2027").await;
    assert!(html.contains("Version 1, in force since"), "{html}");
    let live = [("to", "live"), ("confirm", "hope-2027")];
    world
        .send(&noor, "/console/seasons/hope-2027/state", &live)
        .await;
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_are_given_narrowed_and_taken_but_the_last_owner_stays() {
    let world = World::with(OPEN).await;
    let (ines, owner) = staff(&world, Role::Owner).await;
    let (noor, noors) = staff(&world, Role::Coordinator).await;
    let own = format!("/console/people/{ines}");
    let revoke = [("role", "owner")];
    let answer = world
        .ask(&owner, "POST", &format!("{own}/role"), &revoke)
        .await;
    assert_eq!(answer.status, 409, "somebody must own the installation");
    assert!(
        answer.text.contains("make another owner first"),
        "{}",
        answer.text
    );
    let answer = world
        .ask(
            &owner,
            "POST",
            &format!("{own}/access"),
            &[("do", "disable")],
        )
        .await;
    assert_eq!(answer.status, 409, "nobody keeps themselves out");
    assert_eq!(world.ask(&owner, "GET", "/console", &[]).await.status, 200);

    let hers = format!("/console/people/{noor}");
    let last = season(&world, selvedge::demo::LAST_SEASON)
        .await
        .id
        .to_string();
    let narrow = [
        ("role", "coordinator"),
        ("has", "1"),
        ("campaign", last.as_str()),
    ];
    world.send(&owner, &format!("{hers}/role"), &narrow).await;
    let answer = world
        .ask(&noors, "GET", &format!("/console/pages/{PAGE}"), &[])
        .await;
    assert_eq!(answer.status, 403, "from the next request on");
    let wrong = [
        ("role", "partner"),
        ("has", "1"),
        ("campaign", last.as_str()),
    ];
    let answer = world
        .ask(&owner, "POST", &format!("{hers}/role"), &wrong)
        .await;
    assert_eq!(answer.status, 422);

    world
        .send(
            &owner,
            &format!("{hers}/role"),
            &[("role", "owner"), ("has", "1")],
        )
        .await;
    world.send(&owner, &format!("{own}/role"), &revoke).await;
    assert_eq!(world.ask(&owner, "GET", "/console", &[]).await.status, 403);

    let hers_now = world.visitor(Some(noor)).await;
    let theirs = world.user_of("sam-okafor@example.org").await;
    let sam = world.visitor(Some(theirs)).await;
    let out = [("do", "disable")];
    world
        .send(&hers_now, &format!("/console/people/{theirs}/access"), &out)
        .await;
    assert_eq!(
        world.ask(&sam, "GET", "/console", &[]).await.status,
        401,
        "signed out everywhere"
    );
    world
        .send(
            &hers_now,
            &format!("/console/people/{theirs}/access"),
            &[("do", "enable")],
        )
        .await;
    assert_eq!(deeds(&world, "user.grant").await.len(), 2);
    assert_eq!(deeds(&world, "user.revoke").await.len(), 1);
    assert_eq!(deeds(&world, "user.disable").await.len(), 1);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_go_out_as_safe_csv_and_addresses_seen_are_on_record() {
    let world = World::with(OPEN).await;
    let (_, noor) = staff(&world, Role::Coordinator).await;
    use diesel::prelude::*;
    use selvedge::db::schema::pages::dsl;
    let db = &world.app.site.db;
    db.tx(|c| {
        let target = dsl::pages.filter(dsl::slug.eq(PAGE));
        selvedge::each!(c, c => diesel::update(target)
            .set(dsl::title.eq("=HYPERLINK(\"http://evil.example\")"))
            .execute(c))?;
        Ok(())
    })
    .await
    .unwrap();
    let csv = world.look(&noor, "/console/pages.csv?q=maya-roy").await;
    assert!(
        csv.contains("\"'=HYPERLINK(\"\"http://evil.example\"\")\""),
        "{csv}"
    );
    assert_eq!(
        csv.lines().count(),
        2,
        "the filter holds for the file too: {csv}"
    );
    let csv = world.look(&noor, "/console/participants.csv").await;
    assert_eq!(csv.lines().count(), 13, "{csv}");
    assert!(csv.contains("maya-roy@example.org"));
    assert_eq!(
        world
            .look(&noor, "/console/teams.csv")
            .await
            .lines()
            .count(),
        4
    );
    world.look(&noor, "/console/participants?q=maya").await;
    let views = deeds(&world, "people.view").await;
    assert_eq!(views.len(), 1);
    assert!(
        !views[0].detail.contains("maya"),
        "the record holds no names"
    );
    for action in ["page.export", "people.export", "team.export"] {
        assert_eq!(deeds(&world, action).await.len(), 1, "{action}");
    }
    let log = world
        .look(&noor, "/console/audit?action=people.export")
        .await;
    assert_eq!(
        log.matches("<code>people.export</code>").count(),
        1,
        "{log}"
    );
    world.clock.advance(chrono::Duration::minutes(16));
    let answer = world
        .ask(&noor, "GET", "/console/participants.csv", &[])
        .await;
    assert_eq!(
        answer.status, 403,
        "addresses leave with a fresh proof alone (S6)"
    );
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_second_factor_is_taken_away_by_an_owner_and_by_nobody_else() {
    use diesel::prelude::*;
    use selvedge::db::schema::users::dsl;
    let world = World::with(OPEN).await;
    let (ines, owner) = staff(&world, Role::Owner).await;
    let (noor, noors) = staff(&world, Role::Coordinator).await;
    let now = world.clock.now();
    let (db, ids) = (&world.app.site.db, [noor]);
    let done = db.tx(move |c| {
        let both = dsl::users.filter(dsl::id.eq_any(ids));
        selvedge::each!(c, c => diesel::update(both)
            .set((dsl::totp_secret.eq("sealed"), dsl::totp_confirmed_at.eq(now)))
            .execute(c))?;
        selvedge::auth::recovery::replace(c, noor, &["0000-0000-0000-0000".to_owned()])
    });
    done.await.unwrap();
    let reset = [("do", "reset_factor")];
    let hers = format!("/console/people/{noor}/access");
    let own = format!("/console/people/{ines}/access");
    let answer = world.ask(&noors, "POST", &own, &reset).await;
    assert_eq!(answer.status, 403);
    let answer = world.ask(&owner, "POST", &own, &reset).await;
    assert_eq!(answer.status, 409, "one's own goes another way");
    world.send(&owner, &hers, &reset).await;
    let left = db.read(move |c| {
        let user = selvedge::auth::model::user_by_id(c, noor)?;
        let codes = selvedge::auth::recovery::left(c, noor)?;
        Ok((user.totp_secret, user.totp_confirmed_at, codes))
    });
    assert_eq!(left.await.unwrap(), (None, None, 0));
    world.settle().await;
    let told = world.mails_to("coordinator@staff.example").await;
    let says = |mail: &Value| {
        let text = mail["text"].as_str().unwrap();
        text.contains("second factor was taken away")
    };
    assert_eq!(
        told.iter().filter(|mail| says(mail)).count(),
        1,
        "whoever was impersonated hears of it at once"
    );
    let out = world.ask(&noors, "GET", "/console", &[]).await;
    assert_eq!(out.status, 401, "signed out everywhere");
    assert_eq!(deeds(&world, "user.reset_factor").await.len(), 1);
    // Not with a proof from this morning.
    world.clock.advance(chrono::Duration::minutes(20));
    let answer = world.ask(&owner, "POST", &hers, &reset).await;
    assert_eq!(answer.status, 303);
    assert_eq!(deeds(&world, "user.reset_factor").await.len(), 1);
    world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_was_given_up_is_run_again_by_staff() {
    use diesel::prelude::*;
    use selvedge::db::schema::{findings, jobs};
    let world = World::with(OPEN).await;
    let (_, owner) = staff(&world, Role::Owner).await;
    let (now, job) = (world.clock.now(), selvedge::jobs::JobId::new());
    // As the queue leaves it after its last try.
    let bury = world.app.site.db.tx(move |c| {
        let new = selvedge::jobs::NewJob {
            id: job,
            kind: "forget_sessions",
            payload: json!({}),
            dedup_key: None,
            run_at: now,
        };
        selvedge::jobs::enqueue(c, &new, now)?;
        let dead = jobs::state.eq(selvedge::jobs::JobState::Dead);
        selvedge::each!(c, c => diesel::update(jobs::table.find(job)).set(dead).execute(c))?;
        selvedge::findings::open(c, "job_dead", &job.to_string(), "given up", now)
    });
    bury.await.unwrap();
    let html = world.look(&owner, "/console/findings").await;
    assert!(html.contains("Run it again"), "{html}");
    let id = html.split("<li id=\"").nth(1).unwrap();
    let place = format!("/console/findings/{}", id.split('"').next().unwrap());
    world.send(&owner, &place, &[("act", "run")]).await;
    let stands = world.app.site.db.read(move |c| {
        let state = selvedge::each!(c, c => jobs::table.find(job).select(jobs::state).first::<selvedge::jobs::JobState>(c).optional())?;
        let open = selvedge::each!(c, c => findings::table.filter(findings::closed_at.is_null()).count().get_result::<i64>(c))?;
        Ok((state, open))
    });
    let (state, open) = stands.await.unwrap();
    assert_ne!(state, Some(selvedge::jobs::JobState::Dead));
    assert_eq!(open, 0);
    let twice = world.ask(&owner, "POST", &place, &[("act", "run")]).await;
    assert_eq!(twice.status, 409, "a second click says what is so");
    assert_eq!(deeds(&world, "finding.run_job").await.len(), 1);
    world.done().await;
}
