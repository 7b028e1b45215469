//! What the mails of a batch of readers may say: a fixed number of queries, however many readers there are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::fields::{Field, Values};
use super::house::House;
use super::impact::{FigureLine, Given, Impact, OwnPage, Part};
use super::settled;
use crate::auth::UserId;
use crate::books;
use crate::campaigns::Campaign;
use crate::db::Conn;
use crate::db::schema::{donations, pages, subscribers, tallies, totals};
use crate::donations::DonationStatus;
use crate::each;
use crate::error::AppResult;
use crate::ids::{DonationId, PageId, ProgramId, SupporterId};
use crate::impact::reports::newest_figures;
use crate::kernel::{Email, Money, Slug, Timestamp};
use crate::pages::PageStatus;
use crate::subscribers::SubscriberId;
use crate::totals::{TallyScope, TotalScope};

/// What one reader's mail may say of them.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Who.
    pub subscriber: SubscriberId,
    /// Where they are written to.
    pub email: Email,
    /// How they are called, or nothing.
    pub name: String,
    /// The secret of their links.
    pub token: String,
    /// The values of the merge fields.
    pub values: Values,
    /// Whether they agree to be counted by name.
    pub is_counted: bool,
    /// What their money did.
    pub impact: Impact,
    /// Blocks that may not be shown any more: shared by the batch.
    pub withheld: Arc<BTreeSet<usize>>,
}

impl Facts {
    /// Puts `instead` where an address opens something to whoever has it: for mails that others than their reader look at.
    pub fn keep_secrets(&mut self, instead: &str) {
        if self.values.get(Field::GiftUrl).is_some() {
            self.values.set(Field::GiftUrl, instead);
        }
        if let Some(trace) = self
            .impact
            .given
            .as_mut()
            .and_then(|given| given.trace.as_mut())
        {
            instead.clone_into(trace);
        }
    }
}

/// Whom facts are read of.
struct Person {
    id: SubscriberId,
    email: Email,
    name: String,
    token: String,
    supporter: Option<SupporterId>,
    user: Option<UserId>,
    is_counted: bool,
}

fn people_of(conn: &mut Conn, ids: &[SubscriberId]) -> AppResult<Vec<Person>> {
    let query = subscribers::table
        .filter(subscribers::id.eq_any(ids))
        .select((
            subscribers::id,
            subscribers::email,
            subscribers::name,
            subscribers::token,
            subscribers::supporter_id,
            subscribers::user_id,
            subscribers::counted_since.is_not_null(),
        ));
    type Row = (
        SubscriberId,
        Email,
        String,
        String,
        Option<SupporterId>,
        Option<UserId>,
        bool,
    );
    let rows: Vec<Row> = each!(conn, c => query.load(c))?;
    let person = |(id, email, name, token, supporter, user, is_counted): Row| Person {
        id,
        email,
        name,
        token,
        supporter,
        user,
        is_counted,
    };
    Ok(rows.into_iter().map(person).collect())
}

/// The states in which a gift counts as given.
pub const COUNTS: [DonationStatus; 2] = [DonationStatus::Paid, DonationStatus::PartiallyRefunded];

/// What was given and did not go back, without what was added for fees: as segments count it.
pub const GIVEN: &str = "CAST(SUM(CASE WHEN donations.charged - donations.refunded < donations.amount THEN donations.charged - donations.refunded ELSE donations.amount END) AS BIGINT)";

/// What these supporters gave in a season, and where it went: four queries.
fn given(
    conn: &mut Conn,
    house: &House,
    campaign: &Campaign,
    who: &[SupporterId],
) -> AppResult<BTreeMap<SupporterId, Given>> {
    let money = |minor| Money::new(minor, campaign.currency);
    let sums = donations::table
        .filter(donations::supporter_id.eq_any(who))
        .filter(donations::campaign_id.eq(campaign.id))
        .filter(donations::status.eq_any(COUNTS))
        .group_by(donations::supporter_id)
        .select((
            donations::supporter_id,
            diesel::dsl::sql::<BigInt>(GIVEN),
            diesel::dsl::sql::<BigInt>("COUNT(*)"),
            // Ids are UUIDv7: the greatest is the newest.
            diesel::dsl::sql::<Text>("MAX(donations.id)"),
        ));
    let sums: Vec<(SupporterId, i64, i64, DonationId)> = each!(conn, c => sums.load(c))?;
    let newest: Vec<DonationId> = sums.iter().map(|row| row.3).collect();
    let tokens = donations::table
        .filter(donations::id.eq_any(&newest))
        .select((donations::id, donations::token));
    let tokens: Vec<(DonationId, String)> = each!(conn, c => tokens.load(c))?;
    let tokens: BTreeMap<DonationId, String> = tokens.into_iter().collect();
    let mut all: BTreeMap<SupporterId, Given> = sums
        .into_iter()
        .map(|(supporter, sum, gifts, newest)| {
            let trace = tokens.get(&newest);
            let given = Given {
                amount: money(sum),
                gifts,
                parts: Vec::new(),
                trace: trace.map(|token| house.url(&format!("/gifts/{token}"))),
            };
            (supporter, given)
        })
        .collect();
    for row in sums_of(conn, DIVIDED, campaign, who)? {
        if let Some(given) = all.get_mut(&row.supporter) {
            given.parts.push(Part {
                program: row.program,
                name: row.name,
                net: money(row.amount),
                grants: Vec::new(),
            });
        }
    }
    for row in sums_of(conn, GRANTED, campaign, who)? {
        let part = all.get_mut(&row.supporter).and_then(|given| {
            given
                .parts
                .iter_mut()
                .find(|part| part.program == row.program)
        });
        if let Some(part) = part {
            part.grants.push((row.name, money(row.amount)));
        }
    }
    Ok(all)
}

/// A sum of one reader's money.
#[derive(QueryableByName)]
struct Sum {
    #[diesel(sql_type = Text)]
    supporter: SupporterId,
    #[diesel(sql_type = Nullable<Text>)]
    program: Option<ProgramId>,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    amount: i64,
}

/// How the readers' own money was divided, by fund.
const DIVIDED: (&str, &str) = (
    "SELECT d.supporter_id AS supporter, p.id AS program, COALESCE(p.name, f.name) AS name,
            CAST(SUM(s.amount - s.reversed) AS BIGINT) AS amount
     FROM donations d
     JOIN splits s ON s.donation_id = d.id
     JOIN funds f ON f.id = s.fund_id
     LEFT JOIN programs p ON p.id = f.program_id
     WHERE d.campaign_id = $1 AND d.status IN ('paid', 'partially_refunded') AND s.origin = 'gift' AND d.supporter_id IN (",
    ") GROUP BY d.supporter_id, f.id, f.name, p.id, p.name",
);

/// The grants that took of the readers' own money, by number; those that came back from the bank are left out.
const GRANTED: (&str, &str) = (
    "SELECT d.supporter_id AS supporter, g.program_id AS program, g.number AS name, CAST(SUM(l.amount) AS BIGINT) AS amount
     FROM donations d
     JOIN grant_layers l ON l.donation_id = d.id
     JOIN grant_tranches t ON t.id = l.tranche_id
     JOIN grants g ON g.id = t.grant_id
     WHERE d.campaign_id = $1 AND d.status IN ('paid', 'partially_refunded') AND l.origin = 'gift' AND t.state <> 'returned' AND d.supporter_id IN (",
    ") GROUP BY d.supporter_id, g.program_id, g.number",
);

fn sums_of(
    conn: &mut Conn,
    (before, after): (&str, &str),
    campaign: &Campaign,
    who: &[SupporterId],
) -> AppResult<Vec<Sum>> {
    if who.is_empty() {
        return Ok(Vec::new());
    }
    let marks: Vec<String> = (2..who.len() + 2).map(|n| format!("${n}")).collect();
    let sql = format!("{before}{}{after}", marks.join(", "));
    let mut rows: Vec<Sum> = each!(conn, c: Db => {
        let mut query = diesel::sql_query(sql).into_boxed::<Db>().bind::<Text, _>(campaign.id);
        for id in who {
            query = query.bind::<Text, _>(*id);
        }
        query.load(c)
    })?;
    rows.sort_by(|a, b| (a.supporter, -a.amount, &a.name).cmp(&(b.supporter, -b.amount, &b.name)));
    rows.retain(|row| row.amount > 0);
    Ok(rows)
}

/// A participant's page.
struct PageFacts {
    slug: Slug,
    goal: Money,
    days: i64,
    own: OwnPage,
}

/// The newest shown page of each of these people in a season, and what it did: two queries.
fn pages_of(
    conn: &mut Conn,
    campaign: &Campaign,
    who: &[UserId],
) -> AppResult<BTreeMap<UserId, PageFacts>> {
    let some = who.iter().copied().map(Some);
    // Scopes' ids are plain text, as totals are kept of several nouns.
    let id = || diesel::dsl::sql::<Text>("pages.id");
    let query = pages::table
        .left_join(
            totals::table.on(totals::scope
                .eq(TotalScope::Page)
                .and(totals::scope_id.eq(id()))),
        )
        .left_join(
            tallies::table.on(tallies::scope
                .eq(TallyScope::Page)
                .and(tallies::scope_id.eq(id()))),
        )
        .filter(pages::owner_id.eq_any(some))
        .filter(pages::campaign_id.eq(campaign.id))
        .filter(pages::status.eq(PageStatus::Live))
        .order(pages::id)
        .select((
            pages::id,
            pages::owner_id,
            pages::slug,
            pages::title,
            pages::goal,
            totals::raised.nullable(),
            tallies::days.nullable(),
        ));
    type Row = (
        PageId,
        Option<UserId>,
        Slug,
        String,
        i64,
        Option<i64>,
        Option<i64>,
    );
    let rows: Vec<Row> = each!(conn, c => query.load(c))?;
    let ids: Vec<PageId> = rows.iter().map(|row| row.0).collect();
    let money = |minor| Money::new(minor, campaign.currency);
    let mut by_page: BTreeMap<PageId, Vec<(String, Money)>> = BTreeMap::new();
    for (page, name, amount) in books::granted_by_pages(conn, &ids)? {
        by_page.entry(page).or_default().push((name, money(amount)));
    }
    let mut all = BTreeMap::new();
    for (id, owner, slug, title, goal, raised, days) in rows {
        let Some(owner) = owner else { continue };
        let own = OwnPage {
            title,
            raised: money(raised.unwrap_or_default()),
            paid: by_page.remove(&id).unwrap_or_default(),
        };
        let facts = PageFacts {
            slug,
            goal: money(goal),
            days: days.unwrap_or_default(),
            own,
        };
        all.insert(owner, facts);
    }
    Ok(all)
}

/// The newest figure of each program, as it is shown.
///
/// # Errors
/// The database's.
pub fn figures(conn: &mut Conn, named: &[(ProgramId, String)]) -> AppResult<Arc<Vec<FigureLine>>> {
    let ids: Vec<ProgramId> = named.iter().map(|(id, _)| *id).collect();
    let newest = newest_figures(conn, &ids)?;
    let line = |(id, name): &(ProgramId, String)| {
        let figure = newest.iter().find(|one| one.program_id == *id)?;
        let (what, source) = super::blocks::figure_words(figure);
        Some(FigureLine {
            program: *id,
            name: name.clone(),
            value: figure.count.to_string(),
            what,
            source,
        })
    };
    Ok(Arc::new(named.iter().filter_map(line).collect()))
}

/// What is the same for every reader of a newsletter.
pub struct Common<'a> {
    /// Where links lead, and who writes.
    pub house: &'a House,
    /// The season.
    pub campaign: Option<&'a Campaign>,
    /// Its programs, by name.
    pub programs: Vec<(ProgramId, String)>,
    /// Whether anything asks for money or pages: a newsletter of words alone costs one query.
    pub needs_season: bool,
    /// Where the newsletter stands in the archive.
    pub archive: String,
    /// Blocks that may not be shown.
    pub withheld: Arc<BTreeSet<usize>>,
}

impl Common<'_> {
    /// The values that every reader has.
    pub fn values(&self) -> Values {
        let mut values = Values::default();
        values.set(Field::Organisation, &self.house.organisation);
        values.set(Field::ArchiveUrl, &self.archive);
        match self.campaign {
            Some(campaign) => {
                values.set(Field::Season, &campaign.title);
            }
            None => values.set(Field::Season, &self.house.organisation),
        }
        for field in [Field::CampaignUrl, Field::GiveUrl] {
            if let Some(url) = settled::url(self.house, self.campaign, field) {
                values.set(field, &url);
            }
        }
        values
    }

    /// The facts of `ids`: nine queries at most.
    ///
    /// # Errors
    /// The database's.
    pub fn of(
        &self,
        conn: &mut Conn,
        ids: &[SubscriberId],
        _now: Timestamp,
    ) -> AppResult<BTreeMap<SubscriberId, Facts>> {
        let people = people_of(conn, ids)?;
        let season = self.campaign.filter(|_| self.needs_season);
        let (mut gifts, mut own, mut lines) = Default::default();
        if let Some(campaign) = season {
            let donors: Vec<SupporterId> = people.iter().filter_map(|one| one.supporter).collect();
            gifts = given(conn, self.house, campaign, &donors)?;
            let users: Vec<UserId> = people.iter().filter_map(|one| one.user).collect();
            own = pages_of(conn, campaign, &users)?;
            lines = figures(conn, &self.programs)?;
        }
        let common = self.values();
        let facts = people.into_iter().map(|person| {
            let given = person.supporter.and_then(|id| gifts.remove(&id));
            let page = person.user.and_then(|id| own.remove(&id));
            let mut values = common.clone();
            name_into(&person.name, &mut values);
            given_into(given.as_ref(), &mut values);
            page_into(page.as_ref(), self.house, &mut values);
            let facts = Facts {
                subscriber: person.id,
                email: person.email,
                name: person.name,
                token: person.token,
                values,
                is_counted: person.is_counted,
                impact: Impact {
                    given,
                    page: page.map(|page| page.own),
                    figures: Arc::clone(&lines),
                },
                withheld: Arc::clone(&self.withheld),
            };
            (facts.subscriber, facts)
        });
        Ok(facts.collect())
    }
}

fn name_into(name: &str, values: &mut Values) {
    values.set(Field::Name, name);
    values.set(
        Field::FirstName,
        name.split_whitespace().next().unwrap_or_default(),
    );
}

fn given_into(given: Option<&Given>, values: &mut Values) {
    let Some(given) = given else { return };
    values.set(Field::Given, &given.amount.to_string());
    values.set(Field::Gifts, &given.gifts.to_string());
    let names: Vec<&str> = given
        .parts
        .iter()
        .filter(|part| part.program.is_some())
        .map(|part| part.name.as_str())
        .collect();
    values.set(Field::Programs, &listed(&names));
    values.set_some(Field::GiftUrl, given.trace.as_deref());
}

fn page_into(page: Option<&PageFacts>, house: &House, values: &mut Values) {
    let Some(page) = page else { return };
    values.set(Field::PageTitle, &page.own.title);
    values.set(Field::PageUrl, &house.url(&format!("/pages/{}", page.slug)));
    values.set(Field::Raised, &page.own.raised.to_string());
    values.set(Field::Goal, &page.goal.to_string());
    values.set(Field::Days, &page.days.to_string());
    let percent = i128::from(page.own.raised.minor()) * 100 / i128::from(page.goal.minor().max(1));
    values.set(Field::Percent, &percent.to_string());
}

/// "A", "A and B", "A, B and C".
fn listed(names: &[&str]) -> String {
    match names.split_last() {
        None => String::new(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}
