//! Rules as SQL about one subscriber `s`: each condition is true or false of everybody, never unknown, so that it can stand
//! under a `NOT`.

use super::compile::{Bind, Compiled, ONE, With};
use super::rule::{Amount, Gifts, Of, OfNewsletter, OfSeason, Participant, Rule, Side, When};
use crate::ids::CampaignId;
use crate::kernel::{Day, Timestamp, Zone};

/// A query that is being written.
#[derive(Debug, Default)]
pub(super) struct Sql {
    text: String,
    binds: Vec<Bind>,
}

/// Whose money is there, and did not all go back. Asked as "none of these", so that no engine goes by the status, of which
/// most gifts have the same, instead of by the donor.
const GIVEN: &str = "d.status NOT IN ('pending', 'failed', 'expired', 'refunded', 'disputed')";

/// What was given and did not go back, without what was added for fees.
const KEPT: &str =
    "(CASE WHEN d.charged - d.refunded < d.amount THEN d.charged - d.refunded ELSE d.amount END)";

impl Sql {
    pub(super) fn put(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    fn bind(&mut self, value: Bind) -> &mut Self {
        self.binds.push(value);
        self.text.push_str(&format!("${}", self.binds.len()));
        self
    }

    pub(super) fn text(&mut self, value: impl Into<String>) -> &mut Self {
        self.bind(Bind::Text(value.into()))
    }

    fn number(&mut self, value: i64) -> &mut Self {
        self.bind(Bind::Number(value))
    }

    pub(super) fn time(&mut self, value: Timestamp) -> &mut Self {
        self.bind(Bind::Time(value))
    }

    /// `$1, $2, $3`, or nothing that anything could be equal to.
    pub(super) fn listed(&mut self, values: impl Iterator<Item = String>) -> &mut Self {
        let mut any = false;
        for value in values {
            if any {
                self.put(", ");
            }
            self.text(value);
            any = true;
        }
        if any { self } else { self.put("NULL") }
    }

    pub(super) fn done(self) -> Compiled {
        Compiled {
            sql: self.text,
            binds: self.binds,
        }
    }

    /// They have a page that is shown, under an account that is theirs and in use.
    pub(super) fn own_page(&mut self, season: Option<CampaignId>) -> &mut Self {
        self.put("EXISTS (SELECT 1 FROM pages p JOIN users u ON u.id = p.owner_id WHERE p.owner_id = s.user_id AND p.status = 'live' AND u.verified_at IS NOT NULL AND u.disabled_at IS NULL AND u.deleted_at IS NULL");
        self.of_season("p", season);
        self.put(")")
    }

    fn of_season(&mut self, table: &str, season: Option<CampaignId>) {
        if let Some(season) = season {
            self.put(" AND ").put(table).put(".campaign_id = ");
            self.text(season.to_string());
        }
    }

    pub(super) fn rule(&mut self, rule: &Rule, with: &With) -> &mut Self {
        match rule {
            Rule::All(parts) => self.group(parts, " AND ", "1 = 1", with),
            Rule::Any(parts) => self.group(parts, " OR ", "1 = 0", with),
            Rule::None(parts) => self.put("NOT ").group(parts, " OR ", "1 = 0", with),
            Rule::Gave(gifts) => self.gave(gifts, with),
            Rule::NotGave(gifts) => self.put("NOT ").gave(gifts, with),
            Rule::Lapsed(of) => self.lapsed(of, with),
            Rule::Participant(page) => self.participant(page, with),
            Rule::Captain(of) => self.captain(of, with),
            Rule::Language(one) if one.language.is_empty() => self.put("s.language = ''"),
            Rule::Language(one) => {
                self.put("(lower(s.language) = ").text(&*one.language);
                // A language's tag holds neither `%` nor `_` (BCP 47).
                self.put(" OR lower(s.language) LIKE ")
                    .text(format!("{}-%", one.language));
                self.put(")")
            }
            Rule::Country(one) => self.put("s.country = ").text(&*one.country),
            Rule::OnList(one) => {
                self.put("EXISTS (SELECT 1 FROM subscriptions o WHERE o.subscriber_id = s.id AND o.state = 'confirmed' AND o.list_id = ")
                    .text(one.list.to_string());
                self.put(ONE).put(")")
            }
            Rule::Opened(of) => self.signed("open", of, with),
            Rule::Clicked(of) => self.signed("click", of, with),
        }
    }

    fn group(&mut self, parts: &[Rule], word: &str, none: &str, with: &With) -> &mut Self {
        self.put("(");
        for (place, part) in parts.iter().enumerate() {
            if place > 0 {
                self.put(word);
            }
            self.rule(part, with);
        }
        if parts.is_empty() {
            self.put(none);
        }
        self.put(")")
    }

    fn gave(&mut self, gifts: &Gifts, with: &With) -> &mut Self {
        match &gifts.amount {
            Some(amount) if amount.of == Of::Sum => {
                // "At most" speaks of those who gave: nothing is not a small gift.
                let sum = format!("(SELECT COALESCE(SUM({KEPT}), 0) FROM donations d WHERE ");
                let least = amount.at_least.unwrap_or(1).max(1);
                self.put("(").put(&sum).gifts(gifts, with);
                self.put(") >= ").number(least);
                if let Some(most) = amount.at_most {
                    self.put(" AND ").put(&sum).gifts(gifts, with);
                    self.put(") <= ").number(most);
                }
                self.put(")")
            }
            amount => {
                self.put("EXISTS (SELECT 1 FROM donations d WHERE ")
                    .gifts(gifts, with);
                if let Some(Amount {
                    at_least, at_most, ..
                }) = amount
                {
                    for (sign, bound) in [(">=", at_least), ("<=", at_most)] {
                        if let Some(bound) = bound {
                            self.put(" AND ")
                                .put(KEPT)
                                .put(" ")
                                .put(sign)
                                .put(" ")
                                .number(*bound);
                        }
                    }
                }
                self.put(")")
            }
        }
    }

    /// Which gifts `d` of this subscriber are meant, but for what is asked of their amount.
    fn gifts(&mut self, gifts: &Gifts, with: &With) -> &mut Self {
        self.put("d.supporter_id = s.supporter_id AND ").put(GIVEN);
        let season = with.season(gifts.campaign);
        self.of_season("d", season);
        if let Some(page) = gifts.page {
            self.put(" AND d.page_id = ").text(page.to_string());
        }
        if let Some(team) = gifts.team {
            self.put(" AND d.team_id = ").text(team.to_string());
        }
        if let Some(amount) = &gifts.amount {
            self.put(" AND d.currency = ")
                .text(amount.currency.to_string());
        }
        let (from, before) = span(gifts.when, with.zone(season), with.now);
        for (sign, bound) in [(">=", from), ("<", before)] {
            if let Some(bound) = bound {
                self.put(" AND d.paid_at ").put(sign).put(" ").time(bound);
            }
        }
        if let Some(program) = gifts.program {
            self.put(" AND EXISTS (SELECT 1 FROM splits q JOIN funds f ON f.id = q.fund_id WHERE q.donation_id = d.id AND q.amount > q.reversed AND f.program_id = ")
                .text(program.to_string());
            self.put(")");
        }
        self
    }

    fn lapsed(&mut self, of: &OfSeason, with: &With) -> &mut Self {
        let season = with.season(of.campaign);
        let known = season.and_then(|id| with.seasons.get(&id));
        let Some(previous) = known.and_then(|known| known.previous) else {
            return self.put("1 = 0");
        };
        let gifts = |campaign| Gifts {
            campaign,
            ..Gifts::default()
        };
        self.put("(").gave(&gifts(Some(previous)), with);
        self.put(" AND NOT ").gave(&gifts(season), with).put(")")
    }

    fn participant(&mut self, page: &Participant, with: &With) -> &mut Self {
        self.put("EXISTS (SELECT 1 FROM pages p WHERE p.owner_id = s.user_id AND p.status = ");
        self.put(if page.is_draft { "'draft'" } else { "'live'" });
        self.of_season("p", with.season(page.campaign));
        if let Some(team) = page.team {
            self.put(" AND p.team_id = ").text(team.to_string());
        }
        if let Some((side, percent)) = page.raised {
            self.put(" AND p.goal > 0 AND COALESCE((SELECT t.raised FROM totals t WHERE t.scope = 'page' AND t.scope_id = p.id), 0) * 100 ");
            self.put(sign(side)).put(" p.goal * ").number(percent);
        }
        if let Some((side, days)) = page.days {
            self.put(" AND (SELECT COUNT(*) FROM diary_entries e WHERE e.page_id = p.id) ");
            self.put(sign(side)).put(" ").number(days);
        }
        if let Some(has) = page.photo {
            self.put(if has {
                " AND p.photo IS NOT NULL"
            } else {
                " AND p.photo IS NULL"
            });
        }
        self.put(")")
    }

    fn captain(&mut self, of: &OfSeason, with: &With) -> &mut Self {
        let season = with.season(of.campaign);
        self.put("(EXISTS (SELECT 1 FROM teams t WHERE t.captain_id = s.user_id AND t.archived_at IS NULL");
        self.of_season("t", season);
        self.put(") OR EXISTS (SELECT 1 FROM team_co_captains k JOIN teams t ON t.id = k.team_id WHERE k.user_id = s.user_id AND t.archived_at IS NULL");
        self.of_season("t", season);
        self.put("))")
    }

    /// Openings and clicks, where they are counted. "Any newsletter" of a season's segment is any of that season's.
    fn signed(&mut self, kind: &str, of: &OfNewsletter, with: &With) -> &mut Self {
        self.put(
            "EXISTS (SELECT 1 FROM newsletter_signs g WHERE g.subscriber_id = s.id AND g.kind = ",
        )
        .text(kind);
        if !of.newsletter.is_empty() {
            self.put(" AND g.newsletter_id = ")
                .text(of.newsletter.clone());
        } else if let Some(season) = with.season(None) {
            self.put(" AND EXISTS (SELECT 1 FROM newsletters w WHERE w.id = g.newsletter_id AND w.campaign_id = ")
                .text(season.to_string());
            self.put(")");
        }
        self.put(ONE).put(")")
    }
}

fn sign(side: Side) -> &'static str {
    match side {
        Side::Below => "<",
        Side::AtLeast => ">=",
    }
}

/// The instant at which a day begins in a zone.
pub(super) fn begins(day: Day, zone: Zone) -> Option<Timestamp> {
    let midnight = day.date().and_hms_opt(0, 0, 0)?;
    // Where a clock is put forward at midnight the day begins an hour later.
    let local = (0..3).find_map(|hours| {
        let at = midnight + chrono::Duration::hours(hours);
        at.and_local_timezone(zone.tz()).earliest()
    })?;
    Some(local.with_timezone(&chrono::Utc).into())
}

/// The instants from which, and before which.
fn span(when: When, zone: Zone, now: Timestamp) -> (Option<Timestamp>, Option<Timestamp>) {
    match when {
        When::Any => (None, None),
        When::Between(from, until) => {
            let next = until
                .and_then(|day| day.date().succ_opt())
                .and_then(|date| Day::try_from(date).ok());
            (
                from.and_then(|day| begins(day, zone)),
                next.and_then(|day| begins(day, zone)),
            )
        }
        When::LastDays(days) => {
            let by = chrono::Duration::try_days(days.clamp(0, 36_500)).unwrap_or_default();
            (Some(now.minus(by)), None)
        }
    }
}
