//! What a giver's page, the API, the open books and the ledger say of the same money: read each, and held against each other.

use std::collections::BTreeMap;

use diesel::prelude::*;
use selvedge::db::schema::{donations, grant_layers, grants, transfers};
use selvedge::each;
use selvedge::ids::{DonationId, FundId};
use selvedge::kernel::{Currency, Money};
use selvedge::ledger::Account;
use serde_json::Value;

use crate::harness::world::{CAMPAIGN, World};
use crate::payouts::holds;

pub const PROGRAM: &str = "ijm-kolkata";

/// Minor units of the first "$1,234.50" in a text.
fn cents(text: &str) -> i64 {
    let digits = text.split('$').nth(1).unwrap_or_else(|| panic!("{text}"));
    let end = digits.find(|c: char| !c.is_ascii_digit() && c != ',' && c != '.');
    let number = digits[..end.unwrap_or(digits.len())]
        .trim_end_matches('.')
        .replace(',', "");
    match number.split_once('.') {
        Some((whole, cents)) => whole.parse::<i64>().unwrap() * 100 + cents.parse::<i64>().unwrap(),
        None => number.parse::<i64>().unwrap() * 100,
    }
}

pub fn between<'a>(text: &'a str, from: &str, to: &str) -> Vec<&'a str> {
    let parts = text.split(from).skip(1);
    parts.map(|part| part.split(to).next().unwrap()).collect()
}

/// One fund's part of a gift as somebody tells it: what is at work, and what each grant took of it.
pub type Parts = BTreeMap<String, (i64, Vec<(String, i64)>)>;

/// The parts on a trace page, by the program's name, in the section under this heading.
fn parts_on(page: &str, heading: &str) -> Parts {
    let Some(section) = page.split(&format!("id=\"{heading}\"")).nth(1) else {
        return Parts::new();
    };
    let section = section.split("</section>").next().unwrap();
    let articles = between(section, "<article class=\"part", "</article>");
    let parts = articles.into_iter().map(|article| {
        let name = between(article, "<a href=\"/", "</a>")[0];
        let name = name.split_once('>').unwrap().1.to_owned();
        let sums = between(article, "class=\"part-sum\">", "</span>");
        let numbers = between(article, "<b>", "</b>");
        let taken = numbers.iter().zip(&sums[1..]);
        let taken = taken.map(|(number, sum)| ((*number).to_owned(), cents(sum)));
        (name, (cents(sums[0]), taken.collect()))
    });
    parts.collect()
}

/// The same as the API tells it, by the fund's id; `added` asks for what a pool added.
fn parts_in(gift: &Value, added: bool) -> Parts {
    let origin = if added { "match" } else { "gift" };
    let mut parts = Parts::new();
    for part in gift["allocation"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|_| !added)
    {
        let at_work = part["remaining"]["minor"].as_i64().unwrap();
        parts
            .entry(part["fund"].as_str().unwrap().to_owned())
            .or_default()
            .0 = at_work;
    }
    for took in gift["grants"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|took| took["origin"] == origin)
    {
        let part = parts
            .entry(took["fund"].as_str().unwrap().to_owned())
            .or_default();
        part.1.push((
            took["grant"].as_str().unwrap().to_owned(),
            took["amount"]["minor"].as_i64().unwrap(),
        ));
    }
    parts
}

/// The same out of the ledger's transfers and the layers that grants took, by the fund's id.
async fn parts_booked(world: &World, gift: &str, added: bool) -> Parts {
    let id: DonationId = gift.parse().unwrap();
    let read = world.app.site.db.read(move |c| {
        let own = transfers::table
            .filter(transfers::donation_id.eq(id.to_string()))
            .order(transfers::id)
            .select((
                transfers::source_kind,
                transfers::code,
                transfers::debit,
                transfers::credit,
                transfers::amount,
            ));
        let moved: Vec<(String, String, String, String, i64)> = each!(c, c => own.load(c))?;
        let mut parts = Parts::new();
        for (kind, code, debit, credit, minor) in moved {
            if kind.starts_with("match") != added {
                continue;
            }
            // What the reserve carries is named after the fund that it carries it for.
            let carries = debit
                .starts_with("reserve:")
                .then(|| code.rsplit_once(':').unwrap().1.to_owned());
            let out = debit.strip_prefix("fund:").map(str::to_owned).or(carries);
            if let Some(fund) = credit.strip_prefix("fund:") {
                parts.entry(fund.to_owned()).or_default().0 += minor;
            } else if let Some(fund) = out {
                parts.entry(fund).or_default().0 -= minor;
            }
        }
        let origin = if added { "match" } else { "gift" };
        let layers = grant_layers::table
            .filter(grant_layers::donation_id.eq(id))
            .filter(grant_layers::origin.eq(origin))
            .order(grant_layers::tranche_id)
            .select((grant_layers::fund_id, grant_layers::amount));
        let number: Option<String> =
            each!(c, c => grants::table.select(grants::number).first(c).optional())?;
        for (fund, minor) in each!(c, c => layers.load::<(FundId, i64)>(c))? {
            parts
                .entry(fund.to_string())
                .or_default()
                .1
                .push((number.clone().unwrap(), minor));
        }
        parts.retain(|_, part| part.0 > 0 || !part.1.is_empty());
        Ok(parts)
    });
    read.await.unwrap()
}

/// What giver, API and ledger say of one gift is the same; answers its parts, own and added, by fund.
pub async fn agree(world: &World, gift: &str, names: &BTreeMap<String, String>) -> (Parts, Parts) {
    let id: DonationId = gift.parse().unwrap();
    let db = &world.app.site.db;
    let token = db.read(move |c| {
        let own = donations::table.find(id).select(donations::token);
        Ok(each!(c, c => own.first::<String>(c))?)
    });
    let (_, page) = world.get(&format!("/gifts/{}", token.await.unwrap())).await;
    let told = world.donation(gift).await;
    let mut both = Vec::new();
    for (heading, added) in [("parts-title", false), ("matched-title", true)] {
        let booked = parts_booked(world, gift, added).await;
        let named = |parts: &Parts| -> Parts {
            parts
                .iter()
                .map(|(fund, part)| (names[fund].clone(), part.clone()))
                .collect()
        };
        assert_eq!(
            parts_on(&page, heading),
            named(&booked),
            "{heading}: {page}"
        );
        if added {
            let sum: i64 = booked.values().map(|part| part.0).sum();
            assert_eq!(told["matched"]["minor"], sum);
            let taken = |parts: &Parts| {
                parts
                    .values()
                    .flat_map(|part| part.1.clone())
                    .collect::<Vec<_>>()
            };
            assert_eq!(taken(&parts_in(&told, true)), taken(&booked));
        } else {
            assert_eq!(parts_in(&told, false), booked, "{told}");
        }
        both.push(booked);
    }
    // Given, less the fee, less what went back, is at work.
    let rows = between(
        page.split("id=\"sum-title\"")
            .nth(1)
            .unwrap()
            .split("</table>")
            .next()
            .unwrap(),
        "<td>",
        "</td>",
    );
    let sums: Vec<i64> = rows.iter().map(|row| cents(row)).collect();
    let at_work: i64 = both[0].values().map(|part| part.0).sum();
    assert_eq!(sums[0], told["charged"]["minor"].as_i64().unwrap());
    assert_eq!(sums[0] - sums[1], sums[2], "the fee");
    let refunded = told["refunded"]["minor"].as_i64().unwrap();
    if refunded > 0 {
        assert_eq!(
            (sums[2] - sums[3], sums[4]),
            (at_work, at_work),
            "the refund"
        );
    } else {
        assert_eq!(sums[2], at_work);
    }
    let added = both.pop().unwrap();
    (both.pop().unwrap(), added)
}

/// The books as JSON and as a page agree with the ledger and with what the givers read together.
pub async fn books_agree(world: &World, gifts: &[(Parts, Parts)], kolkata: &str, grant: Account) {
    let books = world
        .json(&format!("/api/v1/campaigns/{CAMPAIGN}/books"))
        .await;
    let minor = |value: &Value| value["minor"].as_i64().unwrap();
    let sum = |line: &str| minor(&books[line]);
    assert_eq!(
        sum("raised") - sum("refunded") - sum("disputed") + sum("matched") + sum("carried"),
        sum("fees_borne") + sum("granted") + sum("held"),
        "{books}"
    );
    let taken =
        |part: &(i64, Vec<(String, i64)>)| part.1.iter().map(|(_, minor)| minor).sum::<i64>();
    let all = || {
        gifts
            .iter()
            .flat_map(|(own, added)| own.iter().chain(added))
    };
    let (at_work, granted): (i64, i64) = all().fold((0, 0), |sums, (_, part)| {
        (sums.0 + part.0, sums.1 + taken(part))
    });
    assert_eq!(
        (sum("granted"), granted),
        (holds(world, grant.clone()).await, sum("granted"))
    );
    assert_eq!(
        sum("held") + sum("granted") - sum("carried"),
        at_work,
        "{books}"
    );
    let added: i64 = gifts
        .iter()
        .flat_map(|(_, added)| added.values())
        .map(|part| part.0)
        .sum();
    assert_eq!(sum("matched"), added);
    for fund in books["funds"].as_array().unwrap() {
        if fund["program"] == PROGRAM {
            let own: Account = Account::fund(kolkata.parse::<FundId>().unwrap());
            assert_eq!(minor(&fund["held"]), holds(world, own).await);
            let of_givers: i64 = all()
                .filter(|(fund, _)| *fund == kolkata)
                .map(|(_, part)| taken(part))
                .sum();
            assert_eq!(minor(&fund["granted"]), of_givers);
        } else {
            assert_eq!(minor(&fund["granted"]), 0);
        }
    }
    let (_, page) = world.get(&format!("/campaigns/{CAMPAIGN}/books")).await;
    for line in [
        "raised",
        "matched",
        "refunded",
        "fees_borne",
        "carried",
        "granted",
        "held",
    ] {
        let written = Money::new(sum(line), Currency::USD).to_string();
        assert!(
            sum(line) == 0 || page.contains(&written),
            "{line} {written}: {page}"
        );
    }
    assert!(!page.contains("do not add up"));
}
