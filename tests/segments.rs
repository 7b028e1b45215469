//! Segments: random rules give the people that a small model of people gives, on both engines; the plan stays indexed; the
//! console builds rules without a script.

use std::collections::BTreeSet;

use diesel::prelude::*;
use selvedge::auth::Role;
use selvedge::auth::roles::{SetRole, set_role};
use selvedge::campaigns::{Campaign, model as campaigns};
use selvedge::db::{Conn, Db};
use selvedge::each;
use selvedge::ids::{PageId, ProgramId, TeamId};
use selvedge::kernel::{Currency, Timestamp};
use selvedge::segments::rule::{
    Amount, Country, Gifts, Language, Of, OfSeason, OnList, Participant, Side, When,
};
use selvedge::segments::{
    Among, Audience, Bind, Rule, SegmentId, compile, compile_rule, model, refused, run,
};
use selvedge::subscribers::{ListId, SubscriberId, Why};

use crate::harness::chance::Chance;
use crate::harness::people::Visitor;
use crate::harness::world::{CAMPAIGN, World};
use crate::payouts::OPEN;

/// A gift as the model keeps it.
struct Gift {
    season: usize,
    page: Option<PageId>,
    team: Option<TeamId>,
    is_given: bool,
    kept: i64,
    currency: Currency,
    paid_at: Timestamp,
    programs: Vec<ProgramId>,
}

struct Page {
    id: PageId,
    season: usize,
    team: Option<TeamId>,
    is_live: bool,
    goal: i64,
    raised: i64,
    days: i64,
    has_photo: bool,
}

struct Person {
    id: SubscriberId,
    gifts: Vec<Gift>,
    pages: Vec<Page>,
    captain_of: Vec<usize>,
    language: &'static str,
    country: &'static str,
    lists: Vec<ListId>,
    may_be_written_to: bool,
    has_account: bool,
}

/// What exists beside people.
struct Place {
    seasons: Vec<Campaign>,
    teams: Vec<(TeamId, usize)>,
    programs: Vec<(ProgramId, String)>,
    lists: Vec<ListId>,
    policy: String,
    now: Timestamp,
}

fn sql(at: Timestamp) -> String {
    at.naive().format("%Y-%m-%d %H:%M:%S").to_string()
}

async fn place(db: &Db, now: Timestamp) -> Place {
    db.tx(move |c| {
        c.execute_batch("UPDATE campaigns SET previous_id = NULL; UPDATE campaigns SET previous_id = (SELECT b.id FROM campaigns b WHERE b.slug = 'dressember-2025') WHERE slug = 'dressember-2026'")?;
        let all = campaigns::all(c)?;
        let season = |slug: &str| all.iter().find(|one| one.slug.as_str() == slug).cloned().unwrap();
        let seasons = vec![season("dressember-2026"), season("dressember-2025")];
        use selvedge::db::schema::{allocation_policies, funds, teams};
        let query = teams::table.select((teams::id, teams::campaign_id)).order(teams::id).limit(3);
        let rows: Vec<(TeamId, String)> = each!(c, c => query.load(c))?;
        let of = |id: &str| usize::from(id != seasons[0].id.to_string());
        let teams = rows.into_iter().map(|(id, season)| (id, of(&season))).collect();
        let query = funds::table
            .filter(funds::program_id.is_not_null())
            .select((funds::program_id.assume_not_null(), funds::id))
            .order(funds::id);
        let programs: Vec<(ProgramId, String)> = each!(c, c => query.load(c))?;
        let query = allocation_policies::table.select(allocation_policies::id);
        let policy: String = each!(c, c => query.first(c))?;
        let lists = [ListId::new(), ListId::new()];
        for (n, list) in lists.iter().enumerate() {
            let season = if n == 0 { format!("'{}'", seasons[0].id) } else { "NULL".into() };
            c.execute_batch(&format!("INSERT INTO lists (id, campaign_id, slug, name, about, is_public, created_at) VALUES ('{list}', {season}, 'list-{n}', 'List {n}', '', TRUE, '{}')", sql(now)))?;
        }
        Ok(Place { seasons, teams, programs, lists: lists.to_vec(), policy, now })
    })
    .await
    .unwrap()
}

fn pick<T: Copy>(chance: &mut Chance, all: &[T]) -> T {
    all[chance.below(all.len())]
}

/// Somebody, written down in the database and in the model alike.
fn person(c: &mut Conn, place: &Place, chance: &mut Chance, n: usize) -> Person {
    let id = SubscriberId::new();
    let address = format!("p{n}-{id}@example.org");
    let now = sql(place.now);
    let (is_donor, has_account) = (chance.percent(70), chance.percent(60));
    let (supporter, user) = (
        selvedge::ids::SupporterId::new(),
        selvedge::auth::UserId::new(),
    );
    let mut text = String::new();
    let mut put = |line: String| {
        text.push_str(&line);
        text.push_str(";\n");
    };
    let in_use = chance.percent(85);
    if is_donor {
        put(format!(
            "INSERT INTO supporters (id, email, email_folded, name, created_at) VALUES ('{supporter}', '{address}', '{address}', 'P {n}', '{now}')"
        ));
    }
    if has_account {
        let verified = if in_use {
            format!("'{now}'")
        } else {
            "NULL".into()
        };
        put(format!(
            "INSERT INTO users (id, email, email_folded, name, created_at, verified_at) VALUES ('{user}', '{address}', '{address}', 'P {n}', '{now}', {verified})"
        ));
    }
    let quoted = |is: bool, id: String| {
        if is {
            format!("'{id}'")
        } else {
            "NULL".to_owned()
        }
    };
    let language = pick(chance, &["", "en", "en-GB", "es", "es-MX", "EN"]);
    let country = pick(chance, &["", "US", "IN"]);
    let has_left = chance.percent(10);
    let left = if has_left {
        format!("'{now}'")
    } else {
        "NULL".into()
    };
    put(format!(
        "INSERT INTO subscribers (id, email, email_folded, name, language, country, supporter_id, user_id, token, left_all_at, created_at) VALUES ('{id}', '{address}', '{address}', 'P {n}', '{language}', '{country}', {}, {}, 'tok-{id}', {left}, '{now}')",
        quoted(is_donor, supporter.to_string()),
        quoted(has_account, user.to_string()),
    ));
    let is_suppressed = chance.percent(10);
    if is_suppressed {
        put(format!(
            "INSERT INTO suppressions (email_folded, reason, detail, created_at) VALUES ('{address}', 'staff', '', '{now}')"
        ));
    }
    let mut lists = Vec::new();
    for list in &place.lists {
        let state = pick(chance, &["confirmed", "confirmed", "pending", "left", ""]);
        if !state.is_empty() {
            put(format!(
                "INSERT INTO subscriptions (list_id, subscriber_id, state, changed_at) VALUES ('{list}', '{id}', '{state}', '{now}')"
            ));
        }
        if state == "confirmed" {
            lists.push(*list);
        }
    }
    let mut pages = Vec::new();
    for season in 0..2 {
        if !has_account || !chance.percent(60) {
            continue;
        }
        let teams: Vec<TeamId> = place
            .teams
            .iter()
            .filter(|(_, of)| *of == season)
            .map(|(id, _)| *id)
            .collect();
        let team = (!teams.is_empty() && chance.percent(50)).then(|| pick(chance, &teams));
        let page = Page {
            id: PageId::new(),
            season,
            team,
            is_live: chance.percent(75),
            goal: pick(chance, &[0, 10_000, 50_000]),
            raised: pick(chance, &[0, 0, 4_999, 5_000, 10_000, 60_000]),
            days: pick(chance, &[0, 0, 1, 3]),
            has_photo: chance.percent(50),
        };
        put(format!(
            "INSERT INTO pages (id, campaign_id, team_id, owner_id, slug, title, participant, name_key, story, goal, photo, status, created_at) VALUES ('{}', '{}', {}, '{user}', 'page-{}', 'A page', 'P {n}', 'p', '', {}, {}, '{}', '{now}')",
            page.id,
            place.seasons[season].id,
            team.map_or("NULL".into(), |id| format!("'{id}'")),
            page.id.to_string().replace('_', "-"),
            page.goal,
            if page.has_photo { "'photo'" } else { "NULL" },
            if page.is_live { "live" } else { "draft" },
        ));
        if page.raised > 0 {
            put(format!(
                "INSERT INTO totals (scope, scope_id, campaign_id, currency, raised, donations, donors, reached_at) VALUES ('page', '{}', '{}', 'USD', {}, 1, 1, '{now}')",
                page.id, place.seasons[season].id, page.raised
            ));
        }
        for day in 0..page.days {
            put(format!(
                "INSERT INTO diary_entries (id, page_id, day, outfit, note, photo_alt, is_public, is_backfill, created_at, updated_at) VALUES ('ent-{}-{day}', '{}', '2026-12-0{}', '', '', '', TRUE, FALSE, '{now}', '{now}')",
                page.id,
                page.id,
                day + 1
            ));
        }
        pages.push(page);
    }
    let mut captain_of = Vec::new();
    if has_account && chance.percent(25) {
        let (team, season) = pick(chance, &place.teams);
        put(format!(
            "INSERT INTO team_co_captains (team_id, user_id, created_at) VALUES ('{team}', '{user}', '{now}')"
        ));
        captain_of.push(season);
    }
    let mut gifts = Vec::new();
    for _gift in 0..(if is_donor { chance.below(4) } else { 0 }) {
        let season = chance.below(2);
        let status = pick(
            chance,
            &[
                "paid",
                "paid",
                "partially_refunded",
                "refunded",
                "pending",
                "disputed",
                "failed",
            ],
        );
        let amount = pick(chance, &[500, 2_500, 5_000, 20_000]);
        let fee = pick(chance, &[0, 200]);
        let refunded = match status {
            "partially_refunded" => pick(chance, &[100, amount / 2]),
            "refunded" => amount + fee,
            _ => 0,
        };
        let (team, page) = (pick(chance, &place.teams), chance.percent(30));
        let team = (team.1 == season && chance.percent(50)).then_some(team.0);
        let page = pages
            .iter()
            .find(|one| page && one.season == season)
            .map(|one| one.id);
        let hours = chance.between(0, 24 * 40);
        let mut gift = Gift {
            season,
            page,
            team,
            is_given: matches!(status, "paid" | "partially_refunded"),
            kept: (amount + fee - refunded).min(amount),
            currency: pick(
                chance,
                &[Currency::USD, Currency::USD, "INR".parse().unwrap()],
            ),
            paid_at: place.now.minus(chrono::Duration::hours(hours)),
            programs: Vec::new(),
        };
        let donation = selvedge::ids::DonationId::new();
        put(format!(
            "INSERT INTO donations (id, campaign_id, page_id, team_id, policy_id, supporter_id, status, currency, amount, fee_cover, charged, refunded, donor_name, anonymous, hide_amount, token, created_at, checked_at, paid_at, method) VALUES ('{donation}', '{}', {}, {}, '{}', '{supporter}', '{status}', '{}', {amount}, {fee}, {}, {refunded}, 'P {n}', FALSE, FALSE, 'tok-{donation}', '{now}', '{now}', '{}', 'online')",
            place.seasons[season].id,
            page.map_or("NULL".into(), |id| format!("'{id}'")),
            team.map_or("NULL".into(), |id| format!("'{id}'")),
            place.policy,
            gift.currency,
            amount + fee,
            sql(gift.paid_at),
        ));
        let (program, fund) = &place.programs[chance.below(place.programs.len())];
        let reversed = pick(chance, &[0, 0, amount]);
        put(format!(
            "INSERT INTO splits (donation_id, fund_id, origin, amount, reversed, carried, granted, held, settled_at) VALUES ('{donation}', '{fund}', 'gift', {amount}, {reversed}, 0, 0, {}, '{now}')",
            amount - reversed
        ));
        if reversed == 0 {
            gift.programs.push(*program);
        }
        gifts.push(gift);
    }
    c.execute_batch(&text).unwrap();
    let is_participant = in_use && pages.iter().any(|page| page.is_live);
    Person {
        id,
        may_be_written_to: !has_left && !is_suppressed && (!lists.is_empty() || is_participant),
        gifts,
        pages,
        captain_of,
        language,
        country,
        lists,
        has_account,
    }
}

/// What a rule says of somebody, by the model.
struct Model<'a> {
    place: &'a Place,
    within: Option<usize>,
}

impl Model<'_> {
    fn index(&self, named: Option<selvedge::ids::CampaignId>) -> Option<usize> {
        let named = named.map(|id| {
            self.place
                .seasons
                .iter()
                .position(|one| one.id == id)
                .unwrap()
        });
        named.or(self.within)
    }

    fn holds(&self, rule: &Rule, one: &Person) -> bool {
        match rule {
            Rule::All(parts) => parts.iter().all(|part| self.holds(part, one)),
            Rule::Any(parts) => parts.iter().any(|part| self.holds(part, one)),
            Rule::None(parts) => !parts.iter().any(|part| self.holds(part, one)),
            Rule::Gave(gifts) => self.gave(gifts, one),
            Rule::NotGave(gifts) => !self.gave(gifts, one),
            Rule::Lapsed(of) => {
                let gave = |season: usize| {
                    one.gifts
                        .iter()
                        .any(|gift| gift.is_given && gift.season == season)
                };
                // The second season follows none.
                self.index(of.campaign) == Some(0) && gave(1) && !gave(0)
            }
            Rule::Participant(asked) => one.pages.iter().any(|page| self.page(asked, page)),
            Rule::Captain(of) => one
                .captain_of
                .iter()
                .any(|season| self.index(of.campaign).is_none_or(|asked| asked == *season)),
            Rule::Language(asked) => {
                let spoken = one.language.to_lowercase();
                spoken == asked.language
                    || (!asked.language.is_empty()
                        && spoken.starts_with(&format!("{}-", asked.language)))
            }
            Rule::Country(asked) => one.country == asked.country,
            Rule::OnList(asked) => one.lists.contains(&asked.list),
            Rule::Opened(_) | Rule::Clicked(_) => false,
        }
    }

    fn gave(&self, asked: &Gifts, one: &Person) -> bool {
        let season = self.index(asked.campaign);
        let zone = season.map_or(selvedge::kernel::Zone::UTC, |at| {
            self.place.seasons[at].time_zone
        });
        let fits = |gift: &&Gift| {
            let day = zone.day_of(gift.paid_at).unwrap();
            gift.is_given
                && season.is_none_or(|season| gift.season == season)
                && asked.page.is_none_or(|page| gift.page == Some(page))
                && asked.team.is_none_or(|team| gift.team == Some(team))
                && asked
                    .program
                    .is_none_or(|program| gift.programs.contains(&program))
                && asked
                    .amount
                    .as_ref()
                    .is_none_or(|amount| amount.currency == gift.currency)
                && match asked.when {
                    When::Any => true,
                    When::Between(from, until) => {
                        from.is_none_or(|from| day >= from)
                            && until.is_none_or(|until| day <= until)
                    }
                    When::LastDays(days) => {
                        gift.paid_at >= self.place.now.minus(chrono::Duration::days(days))
                    }
                }
        };
        let kept: Vec<i64> = one
            .gifts
            .iter()
            .filter(fits)
            .map(|gift| gift.kept)
            .collect();
        match &asked.amount {
            None => !kept.is_empty(),
            Some(amount) => {
                let fits = |sum: i64| {
                    amount.at_least.is_none_or(|least| sum >= least)
                        && amount.at_most.is_none_or(|most| sum <= most)
                };
                match amount.of {
                    Of::One => kept.into_iter().any(fits),
                    Of::Sum => kept.iter().sum::<i64>() > 0 && fits(kept.iter().sum()),
                }
            }
        }
    }

    fn page(&self, asked: &Participant, page: &Page) -> bool {
        let on = |side: Side, is: i64, than: i64| match side {
            Side::Below => is < than,
            Side::AtLeast => is >= than,
        };
        page.is_live != asked.is_draft
            && self
                .index(asked.campaign)
                .is_none_or(|season| page.season == season)
            && asked.team.is_none_or(|team| page.team == Some(team))
            && asked.raised.is_none_or(|(side, percent)| {
                page.goal > 0 && on(side, page.raised * 100, page.goal * percent)
            })
            && asked
                .days
                .is_none_or(|(side, days)| on(side, page.days, days))
            && asked.photo.is_none_or(|has| page.has_photo == has)
    }
}

fn maybe<T>(chance: &mut Chance, percent: u64, make: impl FnOnce(&mut Chance) -> T) -> Option<T> {
    chance.percent(percent).then(|| make(chance))
}

fn gifts(chance: &mut Chance, place: &Place, people: &[Person]) -> Gifts {
    let pages: Vec<PageId> = people
        .iter()
        .flat_map(|one| &one.pages)
        .map(|page| page.id)
        .collect();
    Gifts {
        campaign: maybe(chance, 50, |chance| place.seasons[chance.below(2)].id),
        program: maybe(chance, 20, |chance| {
            place.programs[chance.below(place.programs.len())].0
        }),
        page: maybe(chance, 10, |chance| pick(chance, &pages)),
        team: maybe(chance, 10, |chance| pick(chance, &place.teams).0),
        when: match chance.below(4) {
            0 => When::LastDays(chance.between(0, 40)),
            1 => {
                let day = |chance: &mut Chance| {
                    let at = place
                        .now
                        .minus(chrono::Duration::days(chance.between(0, 40)));
                    selvedge::kernel::Zone::UTC.day_of(at).unwrap()
                };
                When::Between(maybe(chance, 70, day), maybe(chance, 70, day))
            }
            _ => When::Any,
        },
        amount: maybe(chance, 40, |chance| Amount {
            currency: Currency::USD,
            at_least: maybe(chance, 70, |chance| pick(chance, &[0, 500, 2_500, 5_001])),
            at_most: maybe(chance, 50, |chance| pick(chance, &[0, 499, 2_500, 22_500])),
            of: pick(chance, &[Of::One, Of::Sum]),
        }),
    }
}

fn rule(chance: &mut Chance, place: &Place, people: &[Person], depth: usize) -> Rule {
    let season = |chance: &mut Chance| OfSeason {
        campaign: maybe(chance, 60, |chance| place.seasons[chance.below(2)].id),
    };
    let side = |chance: &mut Chance| pick(chance, &[Side::Below, Side::AtLeast]);
    match chance.below(if depth == 0 { 9 } else { 13 }) {
        0 | 1 => Rule::Gave(gifts(chance, place, people)),
        2 => Rule::NotGave(gifts(chance, place, people)),
        3 => Rule::Lapsed(season(chance)),
        4 => Rule::Participant(Participant {
            campaign: season(chance).campaign,
            team: maybe(chance, 20, |chance| pick(chance, &place.teams).0),
            is_draft: chance.percent(20),
            raised: maybe(chance, 40, |chance| {
                (side(chance), pick(chance, &[0, 10, 50, 100]))
            }),
            days: maybe(chance, 40, |chance| {
                (side(chance), pick(chance, &[0, 1, 3]))
            }),
            photo: maybe(chance, 40, |chance| chance.percent(50)),
        }),
        5 => Rule::Captain(season(chance)),
        6 => Rule::Language(Language {
            language: pick(chance, &["", "en", "es", "en-gb", "fr"]).into(),
        }),
        7 => Rule::Country(Country {
            country: pick(chance, &["", "US", "IN", "BR"]).into(),
        }),
        8 => Rule::OnList(OnList {
            list: pick(chance, &place.lists),
        }),
        group => {
            let parts = (0..=chance.below(3))
                .map(|_| rule(chance, place, people, depth - 1))
                .collect();
            match group {
                9 | 10 => Rule::All(parts),
                11 => Rule::Any(parts),
                _ => Rule::None(parts),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn random_rules_give_the_people_that_the_model_gives() {
    let world = World::starting_with("2026-12-20T12:00:00Z", OPEN).await;
    let db = world.app.site.db.clone();
    let mut chance = Chance::new("segments");
    // Whole seconds, as what is written below has them.
    let now = Timestamp::from_seconds(world.clock.now().seconds()).unwrap();
    let place = std::sync::Arc::new(place(&db, now).await);
    let mut seeds = Chance::new("people of segments");
    let shared = std::sync::Arc::clone(&place);
    let people: Vec<Person> = db
        .tx(move |c| Ok((0..40).map(|n| person(c, &shared, &mut seeds, n)).collect()))
        .await
        .unwrap();
    assert!(
        people.iter().any(|one| one.has_account) && people.iter().any(|one| !one.may_be_written_to)
    );
    let mut sizes = BTreeSet::new();
    for _round in 0..400 {
        let rule = rule(&mut chance, &place, &people, 3);
        let within = chance.percent(30).then(|| chance.below(2));
        let model = Model {
            place: &place,
            within,
        };
        let expected: BTreeSet<SubscriberId> = people
            .iter()
            .filter(|one| one.may_be_written_to && model.holds(&rule, one))
            .map(|one| one.id)
            .collect();
        let (asked, season, now) = (
            rule.clone(),
            within.map(|at| place.seasons[at].id),
            place.now,
        );
        let (found, count) = db
            .read(move |c| {
                let who = compile_rule(c, Among::Reachable(None), (&asked, season), now)?;
                Ok((run::all(c, &who)?, run::count(c, &who)?))
            })
            .await
            .unwrap();
        let text = serde_json::to_string(&rule).unwrap();
        assert_eq!(found, expected, "within {within:?}: {text}");
        assert_eq!(count, found.len() as i64);
        assert_eq!(Rule::read(&text).unwrap(), rule);
        sizes.insert(expected.len());
    }
    assert!(sizes.len() > 10, "the rules tell people apart: {sizes:?}");
    // What was written past the books is taken back: they are proved at the end of every test.
    let text = "DELETE FROM splits WHERE donation_id IN (SELECT id FROM donations WHERE token LIKE 'tok-%'); \
        DELETE FROM donations WHERE token LIKE 'tok-%'; \
        DELETE FROM totals WHERE scope_id IN (SELECT id FROM pages WHERE slug LIKE 'page-pag-%'); \
        DELETE FROM diary_entries WHERE id LIKE 'ent-%'; \
        DELETE FROM pages WHERE slug LIKE 'page-pag-%'";
    db.tx(move |c| c.execute_batch(text)).await.unwrap();
    world.done().await;
}

/// A subscriber, confirmed on these lists, with the account of `user`.
async fn subscriber(
    world: &World,
    address: &str,
    lists: &[ListId],
    user: Option<&str>,
) -> SubscriberId {
    let id = SubscriberId::new();
    let now = sql(world.clock.now());
    let user = match user {
        Some(email) => format!("'{}'", world.user_of(email).await),
        None => "NULL".into(),
    };
    let mut text = format!(
        "INSERT INTO subscribers (id, email, email_folded, name, language, country, user_id, token, created_at) VALUES ('{id}', '{address}', '{address}', 'Maria Rivera', 'es', 'US', {user}, 'tok-{id}', '{now}');"
    );
    for list in lists {
        text.push_str(&format!("INSERT INTO subscriptions (list_id, subscriber_id, state, changed_at) VALUES ('{list}', '{id}', 'confirmed', '{now}');"));
    }
    world
        .app
        .site
        .db
        .tx(move |c| c.execute_batch(&text))
        .await
        .unwrap();
    id
}

async fn ids(world: &World, audience: &Audience) -> BTreeSet<SubscriberId> {
    let (audience, now) = (audience.clone(), world.clock.now());
    world
        .app
        .site
        .db
        .read(move |c| {
            let who = compile(c, &audience, now)?;
            run::all(c, &who)
        })
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audience_is_lists_or_a_seasons_participants_and_nobody_gets_two() {
    let world = World::with(OPEN).await;
    let db = &world.app.site.db;
    let place = place(db, world.clock.now()).await;
    let owner = owner_of(&world, "johanna-lindqvist").await;
    let both = subscriber(&world, "both@example.org", &place.lists, None).await;
    let one = subscriber(&world, "one@example.org", &place.lists[..1], None).await;
    let none = subscriber(&world, "none@example.org", &[], None).await;
    let participant = subscriber(&world, "owner@example.org", &[], Some(&owner)).await;
    let of_lists = Audience {
        lists: place.lists.clone(),
        ..Audience::default()
    };
    assert_eq!(ids(&world, &of_lists).await, [both, one].into());
    let everybody = Audience {
        participants: Some(place.seasons[0].id),
        ..of_lists.clone()
    };
    assert_eq!(
        ids(&world, &everybody).await,
        [both, one, participant].into()
    );
    let own = Audience {
        participants: Some(place.seasons[0].id),
        ..Audience::default()
    };
    assert_eq!(ids(&world, &own).await, [participant].into());
    let by_and_by = Audience {
        one_by_one: true,
        ..everybody.clone()
    };
    assert_eq!(
        ids(&world, &by_and_by).await,
        BTreeSet::new(),
        "a step's newsletter freezes nobody"
    );
    assert_eq!(ids(&world, &Audience::default()).await, BTreeSet::new());

    // Asked again when a worker claims: by the same word as when it was frozen.
    let asked = [both, one, none, participant];
    let again = |audience: Audience| async move {
        db.read(move |c| refused(c, &asked, &audience, None))
            .await
            .unwrap()
    };
    assert_eq!(
        again(everybody.clone()).await,
        [(none, Why::LeftList)].into()
    );
    let told = again(own).await;
    assert_eq!(told.len(), 3, "{told:?}");
    let text =
        format!("UPDATE subscribers SET left_all_at = created_at WHERE id = '{participant}'");
    db.tx(move |c| c.execute_batch(&text)).await.unwrap();
    assert_eq!(again(everybody.clone()).await[&participant], Why::LeftAll);
    assert_eq!(ids(&world, &everybody).await, [both, one].into());

    // One statement writes them down.
    let list = place.lists[0];
    let written = db
        .tx(move |c| {
            let audience = Audience { lists: vec![list], ..Audience::default() };
            let who = compile(c, &audience, place.now)?;
            let binds = [Bind::Text("t-".into()), Bind::Time(place.now)];
            run::around(c, "INSERT INTO suppressions (email_folded, reason, detail, created_at) SELECT $1 || q.id, 'staff', '', $2 FROM (", &binds, &who, ") q")
        })
        .await
        .unwrap();
    assert_eq!(written, 2);
    world.done().await;
}

/// What is told about a grant reaches whoever is on any list, and ends with the last one that they leave, be it mid-run.
#[tokio::test(flavor = "multi_thread")]
async fn an_update_about_a_grant_asks_for_a_yes_when_it_is_claimed() {
    let world = World::with(OPEN).await;
    let db = &world.app.site.db;
    let place = place(db, world.clock.now()).await;
    let on = subscriber(&world, "on@example.org", &place.lists[..1], None).await;
    let off = subscriber(&world, "off@example.org", &place.lists, None).await;
    let left = format!("UPDATE subscriptions SET state = 'left' WHERE subscriber_id = '{off}'");
    db.tx(move |c| c.execute_batch(&left)).await.unwrap();
    let update = Audience {
        grant: Some(selvedge::ids::GrantId::new()),
        ..Audience::default()
    };
    let told = db
        .read(move |c| refused(c, &[on, off], &update, None))
        .await
        .unwrap();
    assert_eq!(told, [(off, Why::LeftList)].into());
    world.done().await;
}

/// The address of a page's owner.
async fn owner_of(world: &World, slug: &str) -> String {
    use selvedge::db::schema::{pages, users};
    let slug = slug.to_owned();
    let query = move |c: &mut Conn| {
        let query = pages::table
            .inner_join(users::table.on(users::id.nullable().eq(pages::owner_id)))
            .filter(pages::slug.eq(slug))
            .select(users::email);
        Ok(each!(c, c => query.first::<String>(c))?)
    };
    world.app.site.db.read(query).await.unwrap()
}

async fn coordinator(world: &World) -> Visitor {
    let user = world.user("carla@staff.example", Role::Coordinator).await;
    world.visitor(Some(user)).await
}

/// The value of the hidden field `name` in a page.
fn hidden(html: &str, name: &str) -> String {
    let mark = format!("name=\"{name}\" value=\"");
    html.split(&mark)
        .nth(1)
        .unwrap_or_else(|| panic!("{name}: {html}"))
        .split('"')
        .next()
        .unwrap()
        .to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_segment_is_built_without_a_script_and_nothing_typed_is_lost() {
    let world = World::with(OPEN).await;
    let place = place(&world.app.site.db, world.clock.now()).await;
    let carla = coordinator(&world).await;
    subscriber(&world, "maria@example.org", &place.lists[..1], None).await;
    let empty = world.look(&carla, "/console/new-segment").await;
    assert!(
        empty.contains("Everybody who may be written to."),
        "{empty}"
    );
    assert!(empty.contains("1 person"), "{empty}");
    let id = hidden(&empty, "id");
    let base = [
        ("id", id.as_str()),
        ("name", "Spanish givers"),
        ("campaign", CAMPAIGN),
        ("n.0.part", "all"),
    ];
    let post = |extra: Vec<(&'static str, &'static str)>| {
        let form: Vec<(&str, &str)> = base.iter().copied().chain(extra).collect();
        let (world, carla) = (&world, &carla);
        async move { world.ask(carla, "POST", "/console/segments", &form).await }
    };
    let added = post(vec![("n.0.new", "language"), ("do", "add:0")]).await;
    assert_eq!(added.status, 200);
    assert!(
        added.text.contains("name=\"n.0.0.language\"") && added.text.contains("Spanish givers")
    );
    let grouped = post(vec![
        ("n.0.0.part", "language"),
        ("n.0.0.language", "es"),
        ("do", "group:0"),
    ])
    .await;
    assert!(
        grouped.text.contains("name=\"n.0.1.part\"") && grouped.text.contains("value=\"es\""),
        "{}",
        grouped.text
    );
    // An empty group cannot be asked; a wrong amount is said beside its field; what was typed stays.
    let wrong = post(vec![
        ("n.0.0.part", "language"),
        ("n.0.0.language", "es"),
        ("n.0.1.part", "any"),
        ("n.0.1.0.part", "not_gave"),
        ("n.0.1.0.at_least", "fifty"),
        ("n.0.1.1.part", "country"),
        ("n.0.1.1.country", "US"),
        ("do", "save"),
    ])
    .await;
    assert_eq!(wrong.status, 422, "{}", wrong.text);
    assert!(
        wrong.text.contains("value=\"fifty\"") && wrong.text.contains("n.0.1.0.at_least-error"),
        "{}",
        wrong.text
    );
    let removed = post(vec![
        ("n.0.0.part", "language"),
        ("n.0.0.language", "es"),
        ("n.0.1.part", "any"),
        ("n.0.1.0.part", "not_gave"),
        ("n.0.1.0.at_least", "fifty"),
        ("n.0.1.1.part", "country"),
        ("n.0.1.1.country", "US"),
        ("do", "remove:0.1.0"),
    ])
    .await;
    assert!(
        !removed.text.contains("fifty") && removed.text.contains("value=\"US\""),
        "{}",
        removed.text
    );
    assert!(
        removed.text.contains("M… R…") && removed.text.contains("m…@example.org"),
        "{}",
        removed.text
    );
    assert!(
        !removed.text.contains("Maria Rivera"),
        "names are masked until somebody asks"
    );
    let named = post(vec![
        ("n.0.0.part", "language"),
        ("n.0.0.language", "es"),
        ("do", "names"),
    ])
    .await;
    assert!(
        named.text.contains("Maria Rivera") && !named.text.contains("maria@"),
        "{}",
        named.text
    );
    let saved = post(vec![
        ("n.0.0.part", "language"),
        ("n.0.0.language", "es"),
        ("n.0.1.part", "not_gave"),
        ("n.0.1.at_least", "50"),
        ("n.0.1.of", "sum"),
        ("do", "save"),
    ])
    .await;
    assert_eq!(saved.status, 303, "{}", saved.text);
    let own = format!("/console/segments/{id}");
    let page = world.look(&carla, &own).await;
    assert!(
        page.contains("value=\"50.00\"") || page.contains("value=\"50\""),
        "{page}"
    );
    assert!(
        page.contains("did not give $50 or more in all in “"),
        "{page}"
    );
    assert!(
        world
            .look(&carla, "/console/segments")
            .await
            .contains("Spanish givers")
    );

    // Two who edit do not overwrite one another.
    let seen = hidden(&page, "seen");
    let edit = |name: &'static str| {
        let form = [
            ("id", id.as_str()),
            ("seen", seen.as_str()),
            ("name", name),
            ("n.0.part", "all"),
            ("do", "save"),
        ]
        .map(|(a, b)| (a.to_owned(), b.to_owned()));
        let (world, carla, own) = (&world, &carla, &own);
        async move {
            let form: Vec<(&str, &str)> =
                form.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
            world.ask(carla, "POST", own, &form).await.status
        }
    };
    assert_eq!(edit("First").await, 303);
    assert_eq!(edit("Second").await, 409);
    let id: SegmentId = id.parse().unwrap();
    let kept = world
        .app
        .site
        .db
        .read(move |c| model::by_id(c, id))
        .await
        .unwrap();
    assert_eq!(
        (kept.name.as_str(), kept.rule().unwrap()),
        ("First", Rule::default())
    );
    world.done().await;
}

/// Whoever runs one season sees that season's people, whatever they write into a rule.
#[tokio::test(flavor = "multi_thread")]
async fn a_segment_of_one_season_asks_about_that_season_alone() {
    let world = World::with(OPEN).await;
    let place = place(&world.app.site.db, world.clock.now()).await;
    subscriber(&world, "ours@example.org", &place.lists[..1], None).await;
    subscriber(&world, "theirs@example.org", &place.lists[1..], None).await;
    let user = world
        .user("elsewhere@staff.example", Role::Coordinator)
        .await;
    let season = place.seasons[0].id;
    let narrow = SetRole {
        user,
        role: Role::Coordinator,
        has: true,
        campaigns: vec![season],
    };
    let now = world.clock.now();
    world
        .app
        .site
        .db
        .tx(move |c| set_role(c, &narrow, now))
        .await
        .unwrap();
    let narrow = world.visitor(Some(user)).await;
    let page = world.look(&narrow, "/console/new-segment").await;
    assert!(
        page.contains("1 person") && page.contains("o…@example.org"),
        "{page}"
    );
    assert!(!page.contains("Show names"), "{page}");
    // Another season's name, list and segment are nothing to them.
    let form = [
        ("name", "Peek"),
        ("campaign", CAMPAIGN),
        ("n.0.part", "all"),
        ("n.0.0.part", "gave"),
        ("n.0.0.season", "dressember-2025"),
        ("n.0.1.part", "on_list"),
        ("n.0.1.list", "list-1"),
        ("do", "save"),
    ];
    let answer = world.ask(&narrow, "POST", "/console/segments", &form).await;
    assert_eq!(answer.status, 422);
    assert!(
        answer.text.contains("choose a season") && answer.text.contains("choose a list"),
        "{}",
        answer.text
    );
    world.done().await;
}

#[derive(Debug, QueryableByName)]
struct Line {
    #[diesel(sql_type = diesel::sql_types::Text)]
    detail: String,
}

/// Every condition at once.
fn widest(place: &Place) -> Rule {
    let season = Some(place.seasons[0].id);
    let gifts = Gifts {
        campaign: season,
        program: Some(place.programs[0].0),
        when: When::LastDays(400),
        amount: Some(Amount {
            currency: Currency::USD,
            at_least: Some(5_000),
            at_most: None,
            of: Of::Sum,
        }),
        ..Gifts::default()
    };
    let page = Participant {
        campaign: season,
        raised: Some((Side::Below, 50)),
        days: Some((Side::AtLeast, 1)),
        ..Participant::default()
    };
    let of = OfSeason { campaign: season };
    Rule::Any(vec![
        Rule::Gave(gifts.clone()),
        Rule::All(vec![Rule::NotGave(gifts), Rule::Lapsed(of.clone())]),
        Rule::None(vec![Rule::Participant(page), Rule::Captain(of)]),
        Rule::OnList(OnList {
            list: place.lists[0],
        }),
    ])
}

/// SQLite reads subscribers once and everything else by an index, whatever stands in the tables.
#[tokio::test(flavor = "multi_thread")]
async fn only_subscribers_are_scanned() {
    let world = World::with(OPEN).await;
    let db = &world.app.site.db;
    let place = place(db, world.clock.now()).await;
    let lines = db
        .read(move |c| {
            let who = compile_rule(
                c,
                Among::Reachable(None),
                (&widest(&place), None),
                place.now,
            )?;
            let Conn::Sqlite(c) = c else {
                return Ok(Vec::new());
            };
            // A plan needs no values: marks are NULL.
            let text = format!("EXPLAIN QUERY PLAN {}", who.sql);
            Ok(diesel::sql_query(text).load::<Line>(c)?)
        })
        .await
        .unwrap();
    let scans: Vec<&str> = lines
        .iter()
        .map(|line| line.detail.as_str())
        .filter(|line| line.starts_with("SCAN"))
        .collect();
    assert!(
        scans.iter().all(|line| line.starts_with("SCAN s")),
        "{scans:?}"
    );
    world.done().await;
}

/// A piece of an audience behind somebody's id: each person's yes is looked up by that person, not by all who come behind.
#[tokio::test(flavor = "multi_thread")]
async fn a_piece_of_an_audience_looks_up_each_person_alone() {
    let world = World::with(OPEN).await;
    let db = &world.app.site.db;
    let place = place(db, world.clock.now()).await;
    let lines = db
        .read(move |c| {
            let audience = Audience {
                lists: vec![place.lists[0]],
                ..Audience::default()
            };
            let who = compile(c, &audience, place.now)?;
            let Conn::Sqlite(c) = c else {
                return Ok(Vec::new());
            };
            let text = format!(
                "EXPLAIN QUERY PLAN WITH who AS ({}) SELECT MAX(q.id) FROM (SELECT who.id AS id FROM who WHERE who.id > $8 ORDER BY who.id LIMIT $9) q",
                who.sql
            );
            Ok(diesel::sql_query(text).load::<Line>(c)?)
        })
        .await
        .unwrap();
    let found = lines.iter().map(|line| line.detail.as_str());
    let found: Vec<&str> = found.filter(|line| line.contains(" o ")).collect();
    assert!(
        found.iter().all(|line| line.contains("subscriber_id=?")),
        "{found:?}"
    );
    assert_eq!(found.is_empty(), !place_is_sqlite(db), "{lines:?}");
    world.done().await;
}

fn place_is_sqlite(db: &Db) -> bool {
    db.engine() == selvedge::db::Engine::Sqlite
}

/// The widest rule over many subscribers, a third of them donors: its plan is shown with `--nocapture`.
#[tokio::test(flavor = "multi_thread")]
async fn many_subscribers_are_found_by_index() {
    // `SELVEDGE_SEGMENT_PIECES=100` measures a hundred thousand.
    let pieces: usize = std::env::var("SELVEDGE_SEGMENT_PIECES")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(5);
    let world = World::with(OPEN).await;
    let db = &world.app.site.db;
    let place = place(db, world.clock.now()).await;
    let now = sql(place.now);
    for piece in 0..pieces {
        let mut text = String::new();
        for n in piece * 1_000..(piece + 1) * 1_000 {
            let (a, donor) = (format!("b{n}@example.org"), n % 10 < 3);
            if donor {
                text.push_str(&format!("INSERT INTO supporters (id, email, email_folded, name, created_at) VALUES ('sup_{n:032}', '{a}', '{a}', 'B', '{now}');"));
                for gift in 0..2 {
                    let (id, season) = (n * 2 + gift, &place.seasons[gift % 2].id);
                    text.push_str(&format!("INSERT INTO donations (id, campaign_id, policy_id, supporter_id, status, currency, amount, fee_cover, charged, refunded, donor_name, anonymous, hide_amount, token, created_at, checked_at, paid_at, method) VALUES ('don_{id:032}', '{season}', '{}', 'sup_{n:032}', 'paid', 'USD', 5000, 0, 5000, 0, 'B', FALSE, FALSE, 'tk{id}', '{now}', '{now}', '{now}', 'online');", place.policy));
                    text.push_str(&format!("INSERT INTO splits (donation_id, fund_id, origin, amount, reversed, carried, granted, held, settled_at) VALUES ('don_{id:032}', '{}', 'gift', 5000, 0, 0, 0, 5000, '{now}');", place.programs[n % 3].1));
                }
            }
            let supporter = if donor {
                format!("'sup_{n:032}'")
            } else {
                "NULL".into()
            };
            text.push_str(&format!("INSERT INTO subscribers (id, email, email_folded, name, language, country, supporter_id, token, created_at) VALUES ('sub_{n:032}', '{a}', '{a}', 'B', 'en', 'US', {supporter}, 'tks{n}', '{now}');"));
            text.push_str(&format!("INSERT INTO subscriptions (list_id, subscriber_id, state, changed_at) VALUES ('{}', 'sub_{n:032}', 'confirmed', '{now}');", place.lists[n % 2]));
        }
        db.tx(move |c| c.execute_batch(&text)).await.unwrap();
    }
    db.exclusive(|c| c.execute_batch("ANALYZE")).await.unwrap();
    let lines = db
        .read(move |c| {
            let who = compile_rule(
                c,
                Among::Reachable(None),
                (&widest(&place), None),
                place.now,
            )?;
            for round in 0..3 {
                let begun = std::time::Instant::now();
                let count = run::count(c, &who)?;
                println!("round {round}: {count} people in {:?}", begun.elapsed());
            }
            let explain = if c.is_sqlite() {
                "EXPLAIN QUERY PLAN "
            } else {
                "EXPLAIN "
            };
            let text = format!("{explain}{}", literal(&who));
            let lines: Vec<Plan> = each!(c, c => diesel::sql_query(text).load(c))?;
            Ok(lines)
        })
        .await
        .unwrap();
    for line in lines {
        println!("{}", line.text);
    }
    let text = "DELETE FROM splits WHERE donation_id LIKE 'don_00000000%'; DELETE FROM donations WHERE token LIKE 'tk%'";
    db.tx(move |c| c.execute_batch(text)).await.unwrap();
    world.done().await;
}

/// The query with its values written in.
fn literal(who: &selvedge::segments::Compiled) -> String {
    let mut text = who.sql.clone();
    for (n, bind) in who.binds.iter().enumerate().rev() {
        let value = match bind {
            Bind::Text(value) => format!("'{value}'"),
            Bind::Number(value) => value.to_string(),
            Bind::Time(at) => format!("'{}'", sql(*at)),
        };
        text = text.replace(&format!("${}", n + 1), &value);
    }
    text
}

/// A line of either engine's plan.
struct Plan {
    text: String,
}

impl<DB> QueryableByName<DB> for Plan
where
    DB: diesel::backend::Backend,
    String: diesel::deserialize::FromSql<diesel::sql_types::Text, DB>,
{
    fn build<'a>(row: &impl diesel::row::NamedRow<'a, DB>) -> diesel::deserialize::Result<Self> {
        let text = diesel::row::NamedRow::get::<diesel::sql_types::Text, String>(row, "detail")
            .or_else(|_| {
                diesel::row::NamedRow::get::<diesel::sql_types::Text, String>(row, "QUERY PLAN")
            })?;
        Ok(Self { text })
    }
}
