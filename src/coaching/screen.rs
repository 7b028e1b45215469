//! `/pages/{slug}/coach` as its template wants it: what is read, and how it is said.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::facts::{self, Case, Person, TeamFacts};
use super::form::Typed;
use super::model::{MilestoneId, OwnMilestone};
use super::next_step::{More, UNTHANKED_MOST, next_step};
use super::ops;
use super::public::{badge_view, team_badge_view};
use super::rules::badges::{Badge, TeamBadge};
use super::rules::{checklist, counted, marks, tips};
use super::views::{
    CoachView, MendView, ProgressView, PromiseForm, StepView, SwitchView, TaskView, TeamBadgesView,
    TipView,
};
use crate::auth::mutes::{MailKind, OffLinks};
use crate::campaigns::{Campaign, frame};
use crate::config::Config;
use crate::db::Conn;
use crate::db::schema::{diary_entries, donations, gift_thanks, page_asks};
use crate::donations::model::{DonationId, SupporterId};
use crate::each;
use crate::error::{AppError, AppResult, FieldError};
use crate::kernel::{Money, Timestamp};
use crate::pages::PageId;
use crate::pages::model::PageOverview;
use crate::pages::tools::{PageTools, Tool};
use crate::web::views::shell::Link;

/// The kinds of mail that the coach writes.
const KINDS: [MailKind; 4] = [
    MailKind::Tips,
    MailKind::Milestones,
    MailKind::Nudges,
    MailKind::Badges,
];

/// What is known when one page is looked at.
pub(super) struct Looked {
    case: Case,
    person: Person,
    team: Option<TeamFacts>,
    more: More,
}

/// What was typed and is shown again: into the form of which milestone (`None`: a new one), and what to mend.
pub(super) struct Shown {
    pub at: Option<MilestoneId>,
    pub typed: Typed,
    pub faults: Vec<FieldError>,
}

impl Looked {
    /// Reads a page, in whatever state, with everything that its owner is shown.
    pub(super) fn read(
        conn: &mut Conn,
        overview: &PageOverview,
        now: Timestamp,
    ) -> AppResult<Self> {
        let (page, campaign) = (&overview.page, &overview.campaign);
        let seasons = BTreeMap::from([(campaign.id, campaign.clone())]);
        let (mut cases, mut people) = facts::of_pages(conn, &[page.id], &seasons, now)?;
        let (case, person) = cases
            .pop()
            .and_then(|case| {
                let person = people.remove(&case.facts.owner)?;
                Some((case, person))
            })
            .ok_or(AppError::NotFound("an owner of this page"))?;
        let team = match page.team_id {
            Some(team) => facts::of_teams(conn, &[team])?.pop(),
            None => None,
        };
        Ok(Self {
            more: More {
                unthanked: unthanked(conn, page.id)?,
                unasked: match case.facts.previous {
                    Some(earlier) => unasked(conn, page.id, earlier)?,
                    None => 0,
                },
                is_today_logged: is_today_logged(conn, page.id, campaign, now)?,
            },
            case,
            person,
            team,
        })
    }
}

/// Gifts that wait for thanks, counted up to a bound.
fn unthanked(conn: &mut Conn, page: PageId) -> AppResult<i64> {
    let query = donations::table
        .left_join(gift_thanks::table.on(gift_thanks::donation_id.eq(donations::id)))
        .filter(donations::page_id.eq(page))
        .filter(donations::status.ne_all(facts::NOT_GIVEN))
        .filter(gift_thanks::donation_id.nullable().is_null())
        .limit(UNTHANKED_MOST)
        .select(donations::id);
    let waiting: Vec<DonationId> = each!(conn, c => query.load(c))?;
    Ok(i64::try_from(waiting.len()).unwrap_or(UNTHANKED_MOST))
}

/// Donors of an earlier page who gave under their name and were not asked yet, counted up to a bound.
fn unasked(conn: &mut Conn, page: PageId, earlier: PageId) -> AppResult<i64> {
    let asked = page_asks::table
        .filter(page_asks::page_id.eq(page))
        .select(page_asks::supporter_id);
    let query = donations::table
        .filter(donations::page_id.eq(earlier))
        .filter(donations::status.ne_all(facts::NOT_GIVEN))
        .filter(donations::anonymous.eq(false))
        .filter(donations::supporter_id.ne_all(asked))
        .select(donations::supporter_id)
        .distinct()
        .limit(UNTHANKED_MOST);
    let open: Vec<SupporterId> = each!(conn, c => query.load(c))?;
    Ok(i64::try_from(open.len()).unwrap_or(UNTHANKED_MOST))
}

fn is_today_logged(
    conn: &mut Conn,
    page: PageId,
    campaign: &Campaign,
    now: Timestamp,
) -> AppResult<bool> {
    let Some(today) = campaign.time_zone.day_of(now) else {
        return Ok(false);
    };
    let query = diary_entries::table
        .filter(diary_entries::page_id.eq(page))
        .filter(diary_entries::day.eq(today));
    Ok(each!(conn, c => query.count().get_result::<i64>(c))? > 0)
}

/// The page's context; `off` makes the switches' links, and is `None` for staff, whose mail it is not.
pub(super) fn view(
    (config, nonce, csrf): (&Config, &str, String),
    overview: &PageOverview,
    looked: &Looked,
    off: Option<&OffLinks>,
    shown: Option<&Shown>,
    now: Timestamp,
) -> CoachView {
    let (page, campaign, case) = (&overview.page, &overview.campaign, &looked.case);
    let title = format!("Next steps: {}", page.title);
    let shell = frame::shell(config, nonce, campaign, now, (&title, &campaign.appeal)).private();
    let step = next_step(&case.facts, &looked.more, &case.own, campaign, now);
    let tasks = checklist::tasks(&case.facts, campaign);
    let done = tasks.iter().filter(|task| task.is_done).count();
    let (earned, locked) = badges(case, campaign);
    let promises: Vec<PromiseForm> = case
        .own
        .iter()
        .map(|own| {
            promise_form(
                own,
                case.facts.raised,
                campaign,
                &page.slug.to_string(),
                shown,
            )
        })
        .collect();
    let has_room = i64::try_from(case.own.len()).is_ok_and(|own| own < ops::MOST);
    CoachView {
        tools: PageTools::new(page, Some(Tool::Coach)),
        step: StepView {
            sentence: step.sentence,
            act: step.act,
            href: step.href,
        },
        progress: progress(case, campaign),
        tasks_done: format!("{done} of {} done", tasks.len()),
        tasks: tasks
            .into_iter()
            .map(|task| TaskView {
                label: task.label,
                why: task.why.to_owned(),
                href: task.href,
                is_done: task.is_done,
            })
            .collect(),
        new_promise: has_room.then(|| new_form(&page.slug.to_string(), shown)),
        promises,
        sign: campaign.currency.sign(),
        earned,
        locked,
        team: team_badges(overview, looked, campaign),
        tips: tip_views(campaign, &page.slug.to_string(), now),
        between: counted(campaign.rules.0.coaching.days_between.max(1), "day", "days"),
        switches: off
            .map(|off| switches(&looked.person, off))
            .unwrap_or_default(),
        errors: shown.map(mends).unwrap_or_default(),
        csrf,
        shell,
    }
}

type Badges = Vec<super::views::BadgeView>;

/// Earned and locked; what holds now counts as earned although the walk has not written it down yet.
fn badges(case: &Case, campaign: &Campaign) -> (Badges, Badges) {
    let (mut earned, mut locked) = (Vec::new(), Vec::new());
    let on_record = |badge: Badge| case.earned.iter().any(|(known, _)| *known == badge);
    let given: Vec<Badge> = Badge::of(campaign).collect();
    for badge in Badge::ALL.iter().copied() {
        if on_record(badge) || (given.contains(&badge) && badge.is_earned(&case.facts, campaign)) {
            earned.push(badge_view(badge, None, true));
        } else if given.contains(&badge) {
            locked.push(badge_view(
                badge,
                badge.missing(&case.facts, campaign),
                false,
            ));
        }
    }
    (earned, locked)
}

fn team_badges(
    overview: &PageOverview,
    looked: &Looked,
    campaign: &Campaign,
) -> Option<TeamBadgesView> {
    let (team, facts) = (overview.team.as_ref()?, looked.team.as_ref()?);
    let is_earned = |badge: &TeamBadge| facts.earned.contains(badge) || badge.is_earned(facts);
    let (earned, locked): (Vec<TeamBadge>, Vec<TeamBadge>) =
        TeamBadge::of(campaign).partition(is_earned);
    let earned = earned
        .into_iter()
        .map(|badge| team_badge_view(badge, None, true));
    let locked = locked
        .into_iter()
        .map(|badge| team_badge_view(badge, badge.missing(facts, campaign), false));
    Some(TeamBadgesView {
        link: Link::new(&team.name, &format!("/teams/{}", team.slug)),
        badges: earned.chain(locked).collect(),
    })
}

fn progress(case: &Case, campaign: &Campaign) -> ProgressView {
    let facts = &case.facts;
    let money = |minor| Money::new(minor, campaign.currency);
    let next = marks::next(facts, campaign.currency, &case.own);
    let percent = match facts.goal {
        0 => 0,
        goal => (i128::from(facts.raised.max(0)) * 100 / i128::from(goal)).min(100),
    };
    ProgressView {
        raised: money(facts.raised).into(),
        goal: (facts.goal > 0).then(|| money(facts.goal).into()),
        percent: i64::try_from(percent).unwrap_or(100),
        next_gap: next
            .as_ref()
            .map(|(minor, _)| money(minor - facts.raised).into()),
        next: next
            .map(|(_, mark)| mark.words(campaign.currency))
            .unwrap_or_default(),
    }
}

fn promise_form(
    own: &OwnMilestone,
    raised: i64,
    campaign: &Campaign,
    slug: &str,
    shown: Option<&Shown>,
) -> PromiseForm {
    let amount = Money::new(own.amount, campaign.currency);
    let is_reached = own.is_reached(raised);
    let form = PromiseForm {
        id: own.id.to_string(),
        action: format!("/pages/{slug}/coach/promises/{}", own.id),
        amount: Some(amount.into()),
        words: own.promise.clone(),
        is_reached,
        is_kept: own.kept_at.is_some(),
        gap: (!is_reached).then(|| Money::new(own.amount - raised, campaign.currency).into()),
        typed_amount: amount.decimal(),
        typed_words: own.promise.clone(),
        ..PromiseForm::default()
    };
    again(form, shown.filter(|shown| shown.at == Some(own.id)))
}

fn new_form(slug: &str, shown: Option<&Shown>) -> PromiseForm {
    let form = PromiseForm {
        action: format!("/pages/{slug}/coach/promises"),
        ..PromiseForm::default()
    };
    again(form, shown.filter(|shown| shown.at.is_none()))
}

/// The form with what was typed and what to mend.
fn again(form: PromiseForm, shown: Option<&Shown>) -> PromiseForm {
    let Some(shown) = shown else {
        return form;
    };
    let error = |field: &str| {
        let mut all = shown.faults.iter();
        all.find(|fault| fault.field == field)
            .map(|fault| fault.message.clone())
    };
    PromiseForm {
        typed_amount: shown.typed.amount.clone(),
        typed_words: shown.typed.words.clone(),
        amount_error: error("amount"),
        words_error: error("words"),
        is_open: true,
        ..form
    }
}

fn mends(shown: &Shown) -> Vec<MendView> {
    let at = shown.at.map(|id| id.to_string()).unwrap_or_default();
    shown
        .faults
        .iter()
        .map(|fault| MendView {
            field: match fault.field.as_str() {
                "" => "promises".to_owned(),
                field => format!("{field}{at}"),
            },
            message: fault.message.clone(),
        })
        .collect()
}

fn tip_views(campaign: &Campaign, slug: &str, now: Timestamp) -> Vec<TipView> {
    let Some(today) = campaign.time_zone.day_of(now) else {
        return Vec::new();
    };
    tips::until(campaign, today)
        .into_iter()
        .map(|(day, tip)| TipView {
            title: tip.title,
            day: day.to_string(),
            text: tip.text,
            act: tip.act,
            href: match tip.tool.as_str() {
                "" => format!("/pages/{slug}"),
                tool => format!("/pages/{slug}/{tool}"),
            },
        })
        .collect()
}

fn switches(person: &Person, off: &OffLinks) -> Vec<SwitchView> {
    KINDS
        .into_iter()
        .map(|kind| {
            let is_on = !person.muted.contains(&kind);
            SwitchView {
                label: kind.label().to_owned(),
                why: kind.why().to_owned(),
                is_on,
                href: if is_on {
                    off.url(person.id, kind)
                } else {
                    "/account".to_owned()
                },
            }
        })
        .collect()
}
