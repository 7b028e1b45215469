//! Newsletters: written without a script, previewed as their readers, checked, approved; each mail tells its own reader's
//! facts and nobody else's; the archive tells nobody's, and loses a story whose consent was revoked.

use std::collections::BTreeMap;

use diesel::prelude::*;
use selvedge::auth::{Role, UserId};
use selvedge::campaigns::CampaignId;
use selvedge::db::schema::{
    allocation_policies, audit_log, campaigns, donations, funds, grant_layers, grant_tranches,
    grants, lists, newsletters, segments, splits, stories, subscribers, subscriptions, supporters,
    suppressions, unit_costs, vault_consents,
};
use selvedge::demo;
use selvedge::donations::{DonationId, DonationStatus, SupporterId};
use selvedge::each;
use selvedge::funds::Origin;
use selvedge::grants::{GrantId, TrancheId, TrancheState};
use selvedge::ids::{FundId, PartnerId, PolicyId, ProgramId};
use selvedge::kernel::{Email, Line, Money, Timestamp};
use selvedge::media::MediaId;
use selvedge::newsletters::model::by_id;
use selvedge::newsletters::ops::{self, NewDraft};
use selvedge::newsletters::{
    Block, Content, Facts, House, Layout, MailLinks, NewsletterId, NewsletterState, Prepared,
    approval, audience, checks,
};
use selvedge::segments::rule::Language;
use selvedge::segments::{Audience, Rule, SegmentId};
use selvedge::stories::StoryId;
use selvedge::subscribers::{ListId, SubscriberId, SubscriptionState};

use crate::harness::people::{Visitor, fields_of};
use crate::harness::world::{CAMPAIGN, World};

/// A world with a list, and those who write.
struct Room {
    world: World,
    list: ListId,
    campaign: CampaignId,
    ines: UserId,
    noor: UserId,
}

impl Room {
    async fn open() -> Self {
        let world = World::with(&[("auth.staff_second_factor", "false")]).await;
        let ines = world.user("ines@staff.example", Role::Owner).await;
        let noor = world.user("noor@staff.example", Role::Coordinator).await;
        let (list, now) = (ListId::new(), world.clock.now());
        let campaign = world
            .app
            .site
            .db
            .tx(move |c| {
                let row = (
                    lists::id.eq(list),
                    lists::slug.eq("friends"),
                    lists::name.eq("Friends of the season"),
                    lists::about.eq("Once a month."),
                    lists::is_public.eq(true),
                    lists::created_at.eq(now),
                );
                each!(c, c => diesel::insert_into(lists::table).values(row).execute(c))?;
                let query = campaigns::table
                    .filter(campaigns::slug.eq(CAMPAIGN))
                    .select(campaigns::id);
                Ok(each!(c, c => query.first(c))?)
            })
            .await
            .unwrap();
        Self {
            world,
            list,
            campaign,
            ines,
            noor,
        }
    }

    fn house(&self) -> House {
        House::of(&self.world.app.site.config)
    }

    async fn staff(&self) -> Visitor {
        self.world.visitor(Some(self.noor)).await
    }

    /// A reader on the list.
    async fn reader(&self, name: &str, email: &str) -> SubscriberId {
        let (name, email) = (name.to_owned(), email.parse::<Email>().unwrap());
        let (id, list, now) = (SubscriberId::new(), self.list, self.world.clock.now());
        self.world
            .app
            .site
            .db
            .tx(move |c| {
                let row = (
                    subscribers::id.eq(id),
                    subscribers::email.eq(&email),
                    subscribers::email_folded.eq(email.folded()),
                    subscribers::name.eq(&name),
                    subscribers::language.eq("en"),
                    subscribers::country.eq(""),
                    subscribers::token.eq(id.to_string()),
                    subscribers::created_at.eq(now),
                );
                each!(c, c => diesel::insert_into(subscribers::table).values(row).execute(c))?;
                let row = (
                    subscriptions::list_id.eq(list),
                    subscriptions::subscriber_id.eq(id),
                    subscriptions::state.eq(SubscriptionState::Confirmed),
                    subscriptions::changed_at.eq(now),
                );
                each!(c, c => diesel::insert_into(subscriptions::table).values(row).execute(c))?;
                Ok(())
            })
            .await
            .unwrap();
        id
    }

    /// A draft of these blocks to the list.
    async fn draft(&self, blocks: Vec<Block>) -> NewsletterId {
        let id = NewsletterId::new();
        let new = NewDraft {
            id,
            campaign: Some(self.campaign),
            slug: "november".parse().unwrap(),
            title: Line::parse("News of November", 80).unwrap(),
            subject: "{{first_name|Friend}}, news".into(),
            layout: Layout::Letter,
            content: Content { blocks },
            audience: Audience {
                lists: vec![self.list],
                ..Audience::default()
            },
            from_name: Line::parse("Selvedge", 80).unwrap(),
            report: None,
            by: self.noor,
        };
        let now = self.world.clock.now();
        let work = self
            .world
            .app
            .site
            .db
            .tx(move |c| ops::create(c, &new, now));
        work.await.unwrap();
        id
    }

    async fn blocking(&self, id: NewsletterId) -> Vec<String> {
        let now = self.world.clock.now();
        let read = self
            .world
            .app
            .site
            .db
            .read(move |c| checks::blocking(c, id, now));
        read.await
            .unwrap()
            .into_iter()
            .map(|one| one.words)
            .collect()
    }

    /// What an approval of it is for.
    async fn digest(&self, id: NewsletterId) -> String {
        let read = self.world.app.site.db.read(move |c| {
            let newsletter = by_id(c, id)?;
            approval::digest(c, &newsletter)
        });
        read.await.unwrap()
    }

    /// As the sending room leaves one that is through.
    async fn sent(&self, id: NewsletterId) {
        let now = self.world.clock.now();
        let work = self.world.app.site.db.tx(move |c| {
            let one = newsletters::table.find(id);
            each!(c, c => diesel::update(one)
                .set((
                    newsletters::state.eq(NewsletterState::Sent),
                    newsletters::started_at.eq(now),
                    newsletters::ended_at.eq(now),
                ))
                .execute(c))?;
            Ok(())
        });
        work.await.unwrap();
        selvedge::newsletters::changed(&self.world.app.site, id);
    }

    async fn story(&self, slug: &'static str) -> StoryId {
        let query = stories::table
            .filter(stories::slug.eq(slug))
            .select(stories::id);
        let read = self.world.app.site.db.read(move |c| {
            let id: StoryId = each!(c, c => query.first(c))?;
            Ok(id)
        });
        read.await.unwrap()
    }
}

fn text(words: &str) -> Block {
    Block::Text {
        words: words.to_owned(),
    }
}

/// What the selects of a page have chosen.
fn selected(html: &str) -> Vec<(String, String)> {
    let attribute = |tag: &str, name: &str| {
        let text = tag.split(&format!("{name}=\"")).nth(1)?;
        Some(text.split('"').next()?.to_owned())
    };
    html.split("<select ")
        .skip(1)
        .filter_map(|part| {
            let select = part.split("</select>").next()?;
            let chosen = select
                .split("<option ")
                .skip(1)
                .find(|option| option.split('>').next().unwrap().ends_with(" selected"))?;
            Some((attribute(select, "name")?, attribute(chosen, "value")?))
        })
        .collect()
}

/// The editor's form as a browser would send it untouched, with `changes`.
fn form(html: &str, id: NewsletterId, changes: &[(&str, &str)]) -> Vec<(String, String)> {
    let action = format!("/console/newsletters/{id}");
    let mut all: Vec<(String, String)> = fields_of(html, &action)
        .into_iter()
        .filter(|(name, _)| name != "csrf" && name != "do" && name != "part")
        .flat_map(|(name, values)| values.into_iter().map(move |value| (name.clone(), value)))
        .collect();
    all.extend(selected(html));
    all.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    all.extend(
        changes
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
    );
    all
}

fn pairs(all: &[(String, String)]) -> Vec<(&str, &str)> {
    all.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newsletter_is_written_without_a_script_and_nothing_typed_is_lost() {
    let room = Room::open().await;
    room.reader("Ama Sole", "ama@example.org").await;
    let (world, staff) = (&room.world, room.staff().await);
    let place = world
        .send(
            &staff,
            "/console/newsletters",
            &[
                ("campaign", CAMPAIGN),
                ("title", "What November brought"),
                ("layout", "bulletin"),
            ],
        )
        .await;
    let path = place.split('?').next().unwrap().to_owned();
    let id: NewsletterId = path.rsplit('/').next().unwrap().parse().unwrap();
    let seen = world.look(&staff, &path).await;
    assert!(seen.contains("Dear {{first_name|friend}},"), "{seen}");
    // A block is added, filled, moved up; each button keeps what was typed elsewhere.
    let list = room.list.to_string();
    let sent = form(
        &seen,
        id,
        &[
            ("do", "add"),
            ("add_kind", "button"),
            ("b0_words", "Hello *there*"),
            ("list", &list),
        ],
    );
    let place = world.send(&staff, &path, &pairs(&sent)).await;
    assert!(place.ends_with("#block-2"), "{place}");
    let seen = world.look(&staff, &path).await;
    let sent = form(
        &seen,
        id,
        &[
            ("do", "up:1"),
            ("b1_label", "Give now"),
            ("b1_href", "{{give_url}}"),
        ],
    );
    world.send(&staff, &path, &pairs(&sent)).await;
    let read = world.app.site.db.read(move |c| by_id(c, id)).await.unwrap();
    let content = Content::parse(&read.content).unwrap();
    assert_eq!(content.blocks.len(), 2);
    assert!(matches!(&content.blocks[0], Block::Button { label, .. } if label == "Give now"));
    assert!(matches!(&content.blocks[1], Block::Text { words } if words == "Hello *there*"));
    assert_eq!(read.audience.0.lists, [room.list]);
    // A misspelt field is refused with its block and line, and stays in the form.
    let seen = world.look(&staff, &path).await;
    let sent = form(
        &seen,
        id,
        &[("do", "save"), ("b1_words", "one\n\nDear {{fist_name}}")],
    );
    let answer = world.ask(&staff, "POST", &path, &pairs(&sent)).await;
    assert_eq!(answer.status, 422);
    assert!(
        answer.text.contains("Block 2, line 3") && answer.text.contains("Dear {{fist_name}}"),
        "{}",
        answer.text
    );
    // Somebody else saved meanwhile: theirs is shown beside, ours stands, and saving again keeps ours.
    let ines = world.visitor(Some(room.ines)).await;
    let theirs = form(&seen, id, &[("do", "save"), ("b1_words", "Words of Ines")]);
    world.send(&ines, &path, &pairs(&theirs)).await;
    let ours = form(&seen, id, &[("do", "save"), ("b1_words", "Words of Noor")]);
    let answer = world.ask(&staff, "POST", &path, &pairs(&ours)).await;
    assert_eq!(answer.status, 409);
    assert!(
        answer.text.contains("Words of Ines") && answer.text.contains("Words of Noor"),
        "{}",
        answer.text
    );
    let again = form(&answer.text, id, &[("do", "save")]);
    world.send(&staff, &path, &pairs(&again)).await;
    assert!(world.look(&staff, &path).await.contains("Words of Noor"));
    // A test goes to the writer alone.
    world.send(&staff, &format!("{path}/test"), &[]).await;
    world.work().await;
    let mails = world.mails_to("noor@staff.example").await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0]["subject"], "[Test] What November brought");
    assert!(mails[0]["html"].as_str().unwrap().contains("Words of Noor"));
    assert!(world.mails_to("ama@example.org").await.is_empty());
    room.world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_is_the_readers_mail_and_looking_goes_on_record() {
    let room = Room::open().await;
    let gift = room.world.paid(&World::gift(7_700)).await;
    let asha = room.reader("Asha Verma", "asha@example.org").await;
    let other = room.reader("Bo Lind", "bo@example.org").await;
    room.world
        .app
        .site
        .db
        .tx(move |c| {
            let of = donations::table.find(gift.parse::<DonationId>().unwrap()).select(donations::supporter_id);
            let supporter: SupporterId = each!(c, c => of.first(c))?;
            let one = subscribers::table.find(asha);
            each!(c, c => diesel::update(one).set(subscribers::supporter_id.eq(supporter)).execute(c))?;
            Ok(())
        })
        .await
        .unwrap();
    let id = room
        .draft(vec![
            text("Dear {{first_name|friend}}, you gave {{given|nothing}}."),
            Block::Impact {
                nothing: "Reading is taking part.".into(),
            },
        ])
        .await;
    let (world, staff) = (&room.world, room.staff().await);
    let mail = format!("/console/newsletters/{id}/mail");
    let seen = world.look(&staff, &format!("{mail}?reader={asha}")).await;
    assert!(seen.contains("Dear Asha, you gave $77."), "{seen}");
    // Whoever has a gift's address is taken for its giver.
    let secret = room
        .world
        .app
        .site
        .db
        .read(|c| Ok(each!(c, c => donations::table.select(donations::token).first::<String>(c))?))
        .await
        .unwrap();
    assert!(
        !seen.contains("/gifts/") && !seen.contains(&secret),
        "{seen}"
    );
    let seen = world
        .look(
            &staff,
            &format!("{mail}?reader_email=BO@example.org&part=text"),
        )
        .await;
    assert!(
        seen.contains("Dear Bo, you gave nothing.") && seen.contains("Reading is taking part."),
        "{seen}"
    );
    assert!(!seen.contains("$77"));
    let seen = world.look(&staff, &mail).await;
    assert!(
        seen.contains("Dear friend,") && !seen.contains("Asha"),
        "{seen}"
    );
    // What was typed and not saved is shown too, in the frame that the form is posted into.
    let path = format!("/console/newsletters/{id}");
    let editor = world.look(&staff, &path).await;
    let reader = other.to_string();
    let sent = form(
        &editor,
        id,
        &[
            ("b0_words", "Unsaved, {{first_name|you}}"),
            ("reader", &reader),
            ("part", "html"),
        ],
    );
    let answer = world.ask(&staff, "POST", &mail, &pairs(&sent)).await;
    assert!(
        answer.status == 200 && answer.text.contains("Unsaved, Bo"),
        "{}",
        answer.text
    );
    let looked: Vec<String> = world
        .app
        .site
        .db
        .read(|c| {
            let query = audit_log::table
                .filter(audit_log::action.eq("newsletter.preview_as"))
                .order(audit_log::id)
                .select(audit_log::subject_id);
            Ok(each!(c, c => query.load(c))?)
        })
        .await
        .unwrap();
    assert_eq!(
        looked,
        [asha.to_string(), other.to_string(), other.to_string()]
    );
    room.world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_it_from_going_out_is_said_and_a_second_person_is_asked() {
    let room = Room::open().await;
    demo::stories(
        &room.world.app.site,
        &room.world.app.safe,
        [room.ines, room.noor],
    )
    .await
    .unwrap();
    let story = room.story(demo::KOLKATA).await;
    let today = room.world.clock.now().naive().date().to_string();
    let cost = room
        .world
        .app
        .site
        .db
        .read(|c| {
            let query = unit_costs::table
                .filter(
                    unit_costs::valid_to
                        .is_null()
                        .or(unit_costs::valid_to.gt("2027-01-01")),
                )
                .order(unit_costs::id)
                .select(unit_costs::id);
            Ok(each!(c, c => query.first::<selvedge::impact::UnitCostId>(c))?)
        })
        .await
        .unwrap();
    let id = room
        .draft(vec![
            text("Hello"),
            Block::Story { story: Some(story) },
            Block::UnitCost { cost: Some(cost) },
            Block::Picture {
                media: None,
                alt: String::new(),
                caption: String::new(),
                href: String::new(),
            },
        ])
        .await;
    let said = room.blocking(id).await;
    assert!(
        said.iter().any(|words| words.contains("choose a picture")),
        "{said:?}"
    );
    assert!(
        said.iter().any(|words| words.contains("cannot see it")),
        "{said:?}"
    );
    assert!(
        said.iter().any(|words| words.contains("nobody")),
        "{said:?}"
    );
    for n in 0..3 {
        room.reader("", &format!("reader-{n}@example.org")).await;
    }
    let id = room
        .draft(vec![
            text("Hello"),
            Block::Story { story: Some(story) },
            Block::UnitCost { cost: Some(cost) },
        ])
        .await;
    assert_eq!(room.blocking(id).await, Vec::<String>::new());
    // Above so many a second person is asked; a change asks anew.
    let (world, staff) = (&room.world, room.staff().await);
    let ines = world.visitor(Some(room.ines)).await;
    world
        .send(&ines, "/console/newsletters/settings", &[("above", "2")])
        .await;
    let said = room.blocking(id).await;
    assert!(
        said.len() == 1 && said[0].contains("3 people, more than 2"),
        "{said:?}"
    );
    let approve = format!("/console/newsletters/{id}/approve");
    let digest = room.digest(id).await;
    let answer = world
        .ask(&staff, "POST", &approve, &[("digest", &digest)])
        .await;
    assert_eq!(answer.status, 422, "the writer alone");
    let answer = world
        .ask(
            &staff,
            "POST",
            &approve,
            &[("digest", &digest), ("count", "4")],
        )
        .await;
    assert_eq!(answer.status, 422, "a wrong count");
    let answer = world
        .ask(&ines, "POST", &approve, &[("digest", "another")])
        .await;
    assert_eq!(answer.status, 409, "something else was read");
    world.send(&ines, &approve, &[("digest", &digest)]).await;
    assert_eq!(room.blocking(id).await, Vec::<String>::new());
    let path = format!("/console/newsletters/{id}");
    let editor = world.look(&staff, &path).await;
    let sent = form(&editor, id, &[("do", "save"), ("b0_words", "Hello again")]);
    world.send(&staff, &path, &pairs(&sent)).await;
    assert_eq!(
        room.blocking(id).await.len(),
        1,
        "a change asks for a new approval"
    );
    let digest = room.digest(id).await;
    world
        .send(&staff, &approve, &[("digest", &digest), ("count", "3")])
        .await;
    assert_eq!(room.blocking(id).await, Vec::<String>::new());
    // The book stops saying it, and the consent is revoked: both keep it from going out.
    world
        .app
        .site
        .db
        .tx(move |c| {
            let one = unit_costs::table.find(cost);
            each!(c, c => diesel::update(one).set(unit_costs::valid_to.eq("2020-01-01")).execute(c))?;
            Ok(())
        })
        .await
        .unwrap();
    revoke(&room, &today).await;
    let said = room.blocking(id).await;
    assert!(
        said.iter().any(|words| words.contains("unit-cost book")),
        "{said:?}"
    );
    assert!(
        said.iter()
            .any(|words| words.contains("may not leave by mail")),
        "{said:?}"
    );
    room.world.done().await;
}

async fn revoke(room: &Room, today: &str) {
    let consent: String = room
        .world
        .app
        .site
        .db
        .read(|c| {
            let query = vault_consents::table
                .order(vault_consents::created_at)
                .select(vault_consents::id);
            Ok(each!(c, c => query.first(c))?)
        })
        .await
        .unwrap();
    let staff = room.staff().await;
    let fields = [("revoked_on", today), ("because", "She asked for it.")];
    let path = format!("/console/consents/{consent}/revoke");
    room.world.send(&staff, &path, &fields).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_archive_tells_nobodys_facts_and_loses_a_story_with_its_consent() {
    let room = Room::open().await;
    demo::stories(
        &room.world.app.site,
        &room.world.app.safe,
        [room.ines, room.noor],
    )
    .await
    .unwrap();
    let story = room.story(demo::KOLKATA).await;
    let reader = room.reader("Asha Verma", "asha@example.org").await;
    let id = room
        .draft(vec![
            text("Dear {{first_name|reader}}, {{#if given}}you gave {{given}}{{else}}thank you{{/if}}."),
            Block::Story { story: Some(story) },
            Block::Impact {
                nothing: String::new(),
            },
        ])
        .await;
    let world = &room.world;
    assert_eq!(
        world.get("/newsletters/november").await.0,
        404,
        "a draft is nobody's business"
    );
    room.sent(id).await;
    let (status, seen) = world.get("/newsletters/november").await;
    assert_eq!(status, 200);
    assert!(
        seen.contains("Dear friend, thank you.") && seen.contains("Hope for Kolkata"),
        "{seen}"
    );
    assert!(
        !seen.contains("Asha") && !seen.contains("nsubscribe"),
        "{seen}"
    );
    let index = world.get("/newsletters").await.1;
    assert!(index.contains("/newsletters/november"), "{index}");
    let feed = world.get("/newsletters/feed.xml").await.1;
    assert!(feed.contains("<title>News of November</title>"), "{feed}");
    // A mail that was made ready before the consent was revoked does not carry it either: each batch asks anew.
    let house = room.house();
    let prepared = world
        .app
        .site
        .db
        .read(move |c| Prepared::load(c, id, &house))
        .await
        .unwrap();
    let now = world.clock.now();
    let facts = |prepared: Prepared| async move {
        let all = room_facts(world, prepared, reader, now).await;
        all.0.render(&all.1, "a", &links()).unwrap()
    };
    let mail = facts(prepared.clone()).await;
    assert!(mail.html.contains("Hope for Kolkata") && mail.text.contains("Hope for Kolkata"));
    let today = now.naive().date().to_string();
    revoke(&room, &today).await;
    let (status, seen) = world.get("/newsletters/november").await;
    assert_eq!(status, 200);
    assert!(
        !seen.contains("Read the story") && seen.contains("It was taken down"),
        "{seen}"
    );
    let mail = facts(prepared).await;
    assert!(!mail.html.contains("Read the story") && !mail.text.contains("Read the story"));
    // Taken out of the archive by a person.
    let staff = room.staff().await;
    world
        .send(
            &staff,
            &format!("/console/newsletters/{id}/state"),
            &[("do", "hide")],
        )
        .await;
    assert_eq!(world.get("/newsletters/november").await.0, 404);
    assert!(
        !world
            .get("/newsletters/feed.xml")
            .await
            .1
            .contains("November")
    );
    room.world.done().await;
}

async fn room_facts(
    world: &World,
    prepared: Prepared,
    reader: SubscriberId,
    now: Timestamp,
) -> (Prepared, Facts) {
    let read = world.app.site.db.read(move |c| {
        let mut facts = prepared.facts(c, &[reader], now)?;
        Ok((facts.remove(&reader).unwrap(), prepared))
    });
    let (facts, prepared) = read.await.unwrap();
    (prepared, facts)
}

fn links() -> MailLinks {
    MailLinks {
        unsubscribe: "https://example.org/unsubscribe/x".into(),
        preferences: "https://example.org/preferences/x".into(),
        pixel: None,
        click: None,
    }
}

/// Readers of the test of distinct facts.
const READERS: i64 = 2_000;

/// What reader number `n` gave: no two gave the same, and no sum is another one's part.
fn amounts(n: i64) -> (i64, i64, i64) {
    let gross = 10_000_000 + n * 1_013;
    (gross, gross - 300_007, gross - 5_000_011)
}

/// Gives reader `n` (every tenth gives nothing) a gift, divided to one fund, and every third of them a part in the grant.
fn give(
    c: &mut selvedge::db::Conn,
    n: i64,
    list: ListId,
    (campaign, policy, fund, tranche): (CampaignId, PolicyId, FundId, TrancheId),
    now: Timestamp,
) -> selvedge::error::AppResult<SubscriberId> {
    let (id, supporter) = (SubscriberId::new(), SupporterId::new());
    let email: Email = format!("reader-{n:04}@example.org").parse().unwrap();
    let (name, gives) = (format!("Reader{n:04}x Thread"), n % 10 != 0);
    let (gross, net, granted) = amounts(n);
    if gives {
        let row = (
            supporters::id.eq(supporter),
            supporters::email.eq(&email),
            supporters::email_folded.eq(email.folded()),
            supporters::name.eq(&name),
            supporters::created_at.eq(now),
        );
        each!(c, c => diesel::insert_into(supporters::table).values(row).execute(c))?;
        let gift = DonationId::new();
        let usd: selvedge::kernel::Currency = "USD".parse().unwrap();
        let row = (
            (
                donations::id.eq(gift),
                donations::campaign_id.eq(campaign),
                donations::policy_id.eq(policy),
                donations::supporter_id.eq(supporter),
                donations::status.eq(DonationStatus::Paid),
                donations::currency.eq(usd),
                donations::amount.eq(gross),
                donations::fee_cover.eq(0_i64),
                donations::charged.eq(gross),
                donations::refunded.eq(0_i64),
            ),
            (
                donations::donor_name.eq(&name),
                donations::anonymous.eq(n % 2 == 0),
                donations::hide_amount.eq(false),
                donations::token.eq(format!("tok{n:04}y")),
                donations::created_at.eq(now),
                donations::checked_at.eq(now),
                donations::paid_at.eq(now),
                donations::method.eq("online"),
            ),
        );
        each!(c, c => diesel::insert_into(donations::table).values(row).execute(c))?;
        let is_granted = n % 3 == 0;
        let row = (
            splits::donation_id.eq(gift),
            splits::fund_id.eq(fund),
            splits::origin.eq(Origin::Gift),
            splits::amount.eq(net),
            splits::reversed.eq(0_i64),
            splits::carried.eq(0_i64),
            splits::granted.eq(if is_granted { granted } else { 0 }),
            splits::held.eq(if is_granted { net - granted } else { net }),
            splits::settled_at.eq(now),
        );
        each!(c, c => diesel::insert_into(splits::table).values(row).execute(c))?;
        if is_granted {
            let row = (
                grant_layers::tranche_id.eq(tranche),
                grant_layers::donation_id.eq(gift),
                grant_layers::fund_id.eq(fund),
                grant_layers::origin.eq(Origin::Gift),
                grant_layers::amount.eq(granted),
            );
            each!(c, c => diesel::insert_into(grant_layers::table).values(row).execute(c))?;
        }
    }
    let row = (
        subscribers::id.eq(id),
        subscribers::email.eq(&email),
        subscribers::email_folded.eq(email.folded()),
        subscribers::name.eq(&name),
        subscribers::language.eq("en"),
        subscribers::country.eq(""),
        subscribers::supporter_id.eq(gives.then_some(supporter)),
        subscribers::token.eq(id.to_string()),
        subscribers::created_at.eq(now),
    );
    each!(c, c => diesel::insert_into(subscribers::table).values(row).execute(c))?;
    let row = (
        subscriptions::list_id.eq(list),
        subscriptions::subscriber_id.eq(id),
        subscriptions::state.eq(SubscriptionState::Confirmed),
        subscriptions::changed_at.eq(now),
    );
    each!(c, c => diesel::insert_into(subscriptions::table).values(row).execute(c))?;
    Ok(id)
}

/// A paid grant to the program of a fund.
fn grant(
    c: &mut selvedge::db::Conn,
    campaign: CampaignId,
    (fund, program): (FundId, ProgramId),
    by: UserId,
    now: Timestamp,
) -> selvedge::error::AppResult<(GrantId, TrancheId)> {
    use selvedge::db::schema::programs;
    let (id, tranche) = (GrantId::new(), TrancheId::new());
    let query = programs::table.find(program).select(programs::partner_id);
    let partner: PartnerId = each!(c, c => query.first(c))?;
    let usd: selvedge::kernel::Currency = "USD".parse().unwrap();
    let row = (
        grants::id.eq(id),
        grants::number.eq("G-2026-777"),
        grants::partner_id.eq(partner),
        grants::program_id.eq(program),
        grants::campaign_id.eq(campaign),
        grants::fund_id.eq(fund),
        grants::currency.eq(usd),
        grants::amount.eq(1_000_000_000_i64),
        grants::purpose.eq("Restoration"),
        grants::state.eq(selvedge::grants::GrantState::Paid),
        grants::planned_by.eq(by),
        grants::created_at.eq(now),
        grants::reason.eq(""),
    );
    each!(c, c => diesel::insert_into(grants::table).values(row).execute(c))?;
    let row = (
        grant_tranches::id.eq(tranche),
        grant_tranches::grant_id.eq(id),
        grant_tranches::position.eq(1),
        grant_tranches::amount.eq(1_000_000_000_i64),
        grant_tranches::state.eq(TrancheState::Paid),
        grant_tranches::planned_on.eq("2026-11-01"),
        grant_tranches::report_due_on.eq("2027-11-01"),
    );
    each!(c, c => diesel::insert_into(grant_tranches::table).values(row).execute(c))?;
    Ok((id, tranche))
}

/// Every word of a pattern in a text: `head`, digits and points and commas, `tail`.
fn marks<'a>(text: &'a str, head: &str, tail: &str) -> Vec<&'a str> {
    text.split(head)
        .skip(1)
        .filter_map(|rest| {
            let end = rest.find(|c: char| !(c.is_ascii_digit() || c == ',' || c == '.'))?;
            let found = rest.get(..end)?.trim_end_matches(['.', ',']);
            rest.get(end..)?.starts_with(tail).then_some(found)
        })
        .filter(|found| !found.is_empty())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_mails_carry_their_own_readers_facts_and_nobody_elses() {
    let room = Room::open().await;
    let (list, campaign, by, now) = (room.list, room.campaign, room.ines, room.world.clock.now());
    let db = &room.world.app.site.db;
    let (people, granted_id) = db
        .tx(move |c| {
            let query = funds::table
                .inner_join(
                    selvedge::db::schema::campaign_programs::table.on(
                        selvedge::db::schema::campaign_programs::program_id
                            .nullable()
                            .eq(funds::program_id),
                    ),
                )
                .filter(selvedge::db::schema::campaign_programs::campaign_id.eq(campaign))
                .order(selvedge::db::schema::campaign_programs::position)
                .select((
                    funds::id,
                    selvedge::db::schema::campaign_programs::program_id,
                ));
            let fund: (FundId, ProgramId) = each!(c, c => query.first(c))?;
            let policy = allocation_policies::table
                .filter(allocation_policies::campaign_id.eq(campaign))
                .select(allocation_policies::id);
            let policy: PolicyId = each!(c, c => policy.first(c))?;
            let (grant, tranche) = grant(c, campaign, fund, by, now)?;
            let mut people = BTreeMap::new();
            for n in 0..READERS {
                people.insert(
                    give(c, n, list, (campaign, policy, fund.0, tranche), now)?,
                    n,
                );
            }
            Ok((people, grant))
        })
        .await
        .unwrap();
    let id = room
        .draft(vec![
            text("Dear {{name|friend}}, you gave {{given|0}} to {{programs|nobody}}. [Trace]({{gift_url|https://example.org/none}})"),
            Block::Impact {
                nothing: "Nothing this season.".into(),
            },
        ])
        .await;
    let house = room.house();
    let prepared = db
        .read(move |c| Prepared::load(c, id, &house))
        .await
        .unwrap();
    let ids: Vec<SubscriberId> = people.keys().copied().collect();
    let mut seen = 0;
    for batch in ids.chunks(1_000) {
        let (batch, prepared) = (batch.to_vec(), prepared.clone());
        let begun = std::time::Instant::now();
        let (facts, prepared) = db
            .read(move |c| Ok((prepared.facts(c, &batch, now)?, prepared)))
            .await
            .unwrap();
        println!("facts of {} readers in {:?}", facts.len(), begun.elapsed());
        for (reader, facts) in facts {
            let n = people[&reader];
            let mail = prepared.render(&facts, "a", &links()).unwrap();
            holds_own_facts(n, &mail.subject, &mail.html);
            holds_own_facts(n, &mail.subject, &mail.text);
            seen += 1;
        }
    }
    assert_eq!(seen, READERS);
    // An update about the grant goes to exactly those whose own money was in it, and who may be written to.
    let wanted = selvedge::newsletters::update::audience(granted_id);
    let expected = (0..READERS).filter(|n| n % 10 != 0 && n % 3 == 0).count();
    let counted = wanted.clone();
    let count = db
        .read(move |c| audience::count(c, &counted, now))
        .await
        .unwrap();
    assert_eq!(count, i64::try_from(expected).unwrap());
    db.tx(move |c| {
        let row = (
            suppressions::email_folded.eq("reader-0003@example.org"),
            suppressions::reason.eq("complaint"),
            suppressions::detail.eq(""),
            suppressions::created_at.eq(now),
        );
        each!(c, c => diesel::insert_into(suppressions::table).values(row).execute(c))?;
        Ok(())
    })
    .await
    .unwrap();
    let count = db
        .read(move |c| audience::count(c, &wanted, now))
        .await
        .unwrap();
    assert_eq!(count, i64::try_from(expected).unwrap() - 1);
    room.world.done_beside_the_books().await;
}

fn holds_own_facts(n: i64, subject: &str, body: &str) {
    let usd = "USD".parse().unwrap();
    let shown = |minor| {
        Money::new(minor, usd)
            .to_string()
            .trim_start_matches('$')
            .to_owned()
    };
    let (gross, net, granted) = amounts(n);
    let own = format!("{n:04}");
    assert!(subject.starts_with(&format!("Reader{own}x")), "{subject}");
    for name in marks(body, "Reader", "x") {
        assert_eq!(name, own, "{body}");
    }
    for token in marks(body, "/gifts/tok", "y") {
        assert_eq!(token, own, "{body}");
    }
    let sums = marks(body, "$", "");
    let allowed = [shown(gross), shown(net), shown(granted)];
    for sum in &sums {
        assert!(
            allowed.iter().any(|one| one == sum),
            "{n}: {sum} of {allowed:?}: {body}"
        );
    }
    if n % 10 == 0 {
        assert!(
            sums.is_empty() && body.contains("Nothing this season."),
            "{body}"
        );
    } else {
        assert!(
            sums.contains(&allowed[0].as_str()) && sums.contains(&allowed[1].as_str()),
            "{body}"
        );
        assert_eq!(n % 3 == 0, sums.contains(&allowed[2].as_str()), "{body}");
        assert!(body.contains(&format!("/gifts/tok{own}y")), "{body}");
    }
}

/// A segment of this rule, as rows have it.
async fn segment(room: &Room, season: Option<CampaignId>, rule: Rule) -> SegmentId {
    let (id, by, now) = (SegmentId::new(), room.noor, room.world.clock.now());
    let work = room.world.app.site.db.tx(move |c| {
        let row = (
            segments::id.eq(id),
            segments::campaign_id.eq(season),
            segments::name.eq(format!("Segment {id}")),
            segments::rule.eq(serde_json::to_string(&rule)?),
            segments::made_by.eq(by),
            segments::created_at.eq(now),
            segments::changed_at.eq(now),
        );
        each!(c, c => diesel::insert_into(segments::table).values(row).execute(c))?;
        Ok(())
    });
    work.await.unwrap();
    id
}

fn of_language(language: &str) -> Rule {
    Rule::Language(Language {
        language: language.to_owned(),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_ends_with_the_segment_the_topic_and_the_archive_that_it_was_for() {
    let room = Room::open().await;
    for n in 0..3 {
        room.reader("", &format!("reader-{n}@example.org")).await;
    }
    let id = room.draft(vec![text("Hello")]).await;
    let english = segment(&room, Some(room.campaign), of_language("en")).await;
    let (world, staff) = (&room.world, room.staff().await);
    let ines = world.visitor(Some(room.ines)).await;
    world
        .send(&ines, "/console/newsletters/settings", &[("above", "2")])
        .await;
    let path = format!("/console/newsletters/{id}");
    let approve = format!("{path}/approve");
    let english = english.to_string();
    for changes in [
        vec![("segment", english.as_str()), ("topic", "stories")],
        vec![("topic", "")],
        vec![("is_public", "")],
    ] {
        let editor = world.look(&staff, &path).await;
        let mut all = changes.clone();
        all.push(("do", "save"));
        world
            .send(&staff, &path, &pairs(&form(&editor, id, &all)))
            .await;
        assert_eq!(room.blocking(id).await.len(), 1, "{changes:?}");
        let digest = room.digest(id).await;
        world.send(&ines, &approve, &[("digest", &digest)]).await;
        assert_eq!(room.blocking(id).await, Vec::<String>::new());
    }
    // The same segment, another rule: as many people, but others.
    let work = world.app.site.db.tx(move |c| {
        let one = segments::table.find(english.clone());
        let rule = serde_json::to_string(&Rule::None(vec![of_language("fr")]))?;
        each!(c, c => diesel::update(one).set(segments::rule.eq(rule)).execute(c))?;
        Ok(())
    });
    work.await.unwrap();
    assert_eq!(room.blocking(id).await.len(), 1);
    room.world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_like_another_is_like_it_in_all() {
    let room = Room::open().await;
    let id = room.draft(vec![text("Hello")]).await;
    let (world, staff) = (&room.world, room.staff().await);
    let path = format!("/console/newsletters/{id}");
    let editor = world.look(&staff, &path).await;
    let changes = [
        ("do", "save"),
        ("subject_b", "Another subject"),
        ("test_percent", "20"),
        ("test_minutes", "90"),
        ("preheader", "Beside it"),
        ("plain_text", "Hello, by hand"),
        ("topic", "stories"),
        ("reply_to", "answers@example.org"),
        ("is_public", "1"),
    ];
    world
        .send(&staff, &path, &pairs(&form(&editor, id, &changes)))
        .await;
    let place = world
        .send(&staff, &format!("{path}/state"), &[("do", "copy")])
        .await;
    let copy: NewsletterId = place
        .trim_start_matches("/console/newsletters/")
        .split('?')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let (old, new) = world
        .app
        .site
        .db
        .read(move |c| Ok((by_id(c, id)?, by_id(c, copy)?)))
        .await
        .unwrap();
    assert_eq!(new.preheader, "Beside it");
    assert!(new.is_public && new.slug != old.slug);
    assert_eq!((new.test_percent, new.test_minutes), (20, 90));
    assert_eq!(new.digest(), old.digest(), "all that readers get");
    room.world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_was_not_added_for_newsletters_is_missing() {
    let room = Room::open().await;
    let taken = MediaId::new();
    let now = room.world.clock.now();
    let work = room.world.app.site.db.tx(move |c| {
        let at = now.naive().format("%Y-%m-%d %H:%M:%S");
        c.execute_batch(&format!("INSERT INTO media (id, used_for, width, height, bytes, created_at) VALUES ('{taken}', 'story', 10, 10, 10, '{at}')"))
    });
    work.await.unwrap();
    let id = room
        .draft(vec![Block::Picture {
            media: Some(taken),
            alt: "A loom".into(),
            caption: String::new(),
            href: String::new(),
        }])
        .await;
    room.reader("", "reader@example.org").await;
    let said = room.blocking(id).await;
    assert!(
        said.iter().any(|words| words.contains("picture")),
        "{said:?}"
    );
    room.world.done().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_runs_one_season_writes_to_its_people_and_reads_no_names() {
    let room = Room::open().await;
    room.reader("Maria Rivera", "maria@example.org").await;
    let (world, season) = (&room.world, room.campaign);
    let other = world.season("dressember-2025").await;
    let work = world.app.site.db.tx(move |c| {
        let mut made = Vec::new();
        for (slug, season) in [("ours", season), ("theirs", other)] {
            let id = ListId::new();
            let row = (
                lists::id.eq(id),
                lists::campaign_id.eq(season),
                lists::slug.eq(slug),
                lists::name.eq(slug),
                lists::about.eq(""),
                lists::is_public.eq(false),
                lists::created_at.eq(Timestamp::from_micros(0).unwrap()),
            );
            each!(c, c => diesel::insert_into(lists::table).values(row).execute(c))?;
            made.push(id.to_string());
        }
        Ok(made)
    });
    let made = work.await.unwrap();
    let (ours, theirs) = (made[0].as_str(), made[1].as_str());
    let of_none = segment(&room, None, of_language("en")).await.to_string();
    let of_ours = segment(&room, Some(season), of_language("en"))
        .await
        .to_string();
    let of_theirs = segment(&room, Some(other), of_language("en"))
        .await
        .to_string();
    // The list of no season was chosen by whoever runs them all.
    let id = room.draft(vec![text("Hello {{name|you}}")]).await;
    let saved = room.list.to_string();
    let narrow = world.coordinator_of("one@staff.example", season).await;
    let narrow = world.visitor(Some(narrow)).await;
    let path = format!("/console/newsletters/{id}");
    let editor = world.look(&narrow, &path).await;
    assert!(
        editor.contains("M… R…, m…@example.org") && !editor.contains("Maria"),
        "{editor}"
    );
    assert!(editor.contains(&saved) && editor.contains(ours) && editor.contains(&of_ours));
    for not in [theirs, &of_none, &of_theirs] {
        assert!(!editor.contains(not), "{not}: {editor}");
    }
    let mail = format!("{path}/mail");
    let news = list_of_none(world).await;
    for (changes, status) in [
        (vec![("list", theirs)], 422),
        (vec![("list", news.as_str())], 422),
        (vec![("list", ours), ("segment", of_none.as_str())], 422),
        (vec![("list", ours), ("without", of_theirs.as_str())], 422),
        // Narrower or wider, the list of everybody is not theirs to write to.
        (
            vec![("list", saved.as_str()), ("segment", of_ours.as_str())],
            422,
        ),
        (vec![("list", saved.as_str())], 303),
        (vec![("list", ours), ("segment", of_ours.as_str())], 303),
        (vec![("list", saved.as_str())], 422),
    ] {
        let editor = world.look(&narrow, &path).await;
        let mut all = vec![("do", "save"), ("segment", ""), ("without", "")];
        all.retain(|(name, _)| changes.iter().all(|(other, _)| other != name));
        all.extend(changes.iter().copied());
        let sent = form(&editor, id, &all);
        let seen = world.ask(&narrow, "POST", &mail, &pairs(&sent)).await;
        assert_eq!(
            seen.text.contains("your own seasons") || seen.text.contains("not of your seasons"),
            status == 422,
            "{changes:?}: {}",
            seen.text
        );
        let answer = world.ask(&narrow, "POST", &path, &pairs(&sent)).await;
        assert_eq!(answer.status, status, "{changes:?}: {}", answer.text);
    }
    // Whether somebody is known here at all is nothing to them.
    let known = world
        .look(&narrow, &format!("{mail}?reader_email=maria@example.org"))
        .await;
    let unknown = world
        .look(&narrow, &format!("{mail}?reader_email=nobody@example.org"))
        .await;
    assert_eq!(known, unknown);
    // Whoever runs all seasons sees names, and that is on record.
    let staff = room.staff().await;
    let back = form(
        &world.look(&staff, &path).await,
        id,
        &[("do", "save"), ("list", &saved), ("segment", "")],
    );
    world.send(&staff, &path, &pairs(&back)).await;
    let editor = world.look(&staff, &path).await;
    assert!(
        editor.contains("Maria Rivera, maria@example.org"),
        "{editor}"
    );
    let looked = world
        .app
        .site
        .db
        .read(|c| {
            let query = audit_log::table
                .filter(audit_log::action.eq("newsletter.readers"))
                .count();
            Ok(each!(c, c => query.get_result::<i64>(c))?)
        })
        .await
        .unwrap();
    assert!(looked > 0);
    room.world.done().await;
}

/// The list that every installation begins with, of no season.
async fn list_of_none(world: &World) -> String {
    let query = lists::table
        .filter(lists::slug.eq("news"))
        .select(lists::id);
    let read = world
        .app
        .site
        .db
        .read(move |c| Ok(each!(c, c => query.first::<String>(c))?));
    read.await.unwrap()
}
