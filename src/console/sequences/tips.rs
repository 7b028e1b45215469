//! `/console/tips`: the coach's tips of a season, as staff have them: words, days, order. The coach mails them by its own rules:
//! one mail in so many days, one switch for the kind, and each says why it came.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use crate::audit::{self, Deed};
use crate::auth::Coordinator;
use crate::campaigns::rules::{Since, TipRule};
use crate::campaigns::{Campaign, edit};
use crate::coaching::rules::tips as rules;
use crate::console::desk::{Desk, Mend, Room};
use crate::console::fields::Typed;
use crate::console::listing::Choice;
use crate::console::scope::{self, Scope, SeasonChoice};
use crate::db::Conn;
use crate::error::{AppError, AppResult, FieldError};
use crate::kernel::Line;
use crate::web::site::see;
use crate::web::{CsrfForm, Query, Site};

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    campaign: String,
}

/// A tip as the form holds it.
#[derive(Debug, Clone, Default, Serialize)]
struct TipView {
    number: usize,
    key: String,
    title: String,
    text: String,
    froms: Vec<Choice>,
    days: String,
    least_days: String,
    act: String,
    tools: Vec<Choice>,
    day: String,
    error: Option<String>,
}

/// Context of `console/tips`.
#[derive(Serialize)]
struct TipsView {
    campaign: String,
    title: String,
    version: i32,
    seasons: Vec<SeasonChoice>,
    is_own: bool,
    between: i64,
    tips: Vec<TipView>,
    errors: Vec<FieldError>,
    notice: Option<String>,
}

const FROM: &[(&str, Since, &str)] = &[
    ("start", Since::Start, "the first day of the challenge"),
    ("end", Since::End, "the last day of the challenge"),
    ("giving", Since::Giving, "the last day of giving"),
];

/// The tools of a page that a tip may lead to.
const TOOLS: &[(&str, &str)] = &[
    ("", "the page itself"),
    ("edit", "editing the page"),
    ("share", "words for sharing"),
    ("diary", "the diary"),
    ("talks", "conversations"),
    ("gifts", "gifts and thanks"),
    ("updates", "updates"),
    ("coach", "the coach and promises"),
    ("asks", "donors of earlier years"),
];

/// Tips of one season, at most.
const MOST: usize = 30;

fn view_of(number: usize, tip: &TipRule, campaign: &Campaign, mend: &Mend) -> TipView {
    TipView {
        number,
        key: tip.key.clone(),
        title: tip.title.clone(),
        text: tip.text.join("\n\n"),
        froms: FROM
            .iter()
            .map(|(word, from, label)| Choice {
                value: (*word).to_owned(),
                label: (*label).to_owned(),
                is_current: *from == tip.from,
            })
            .collect(),
        days: tip.days.to_string(),
        least_days: tip.least_days.to_string(),
        act: tip.act.clone(),
        tools: TOOLS
            .iter()
            .map(|(word, label)| Choice {
                value: (*word).to_owned(),
                label: (*label).to_owned(),
                is_current: *word == tip.tool,
            })
            .collect(),
        day: rules::day(tip, campaign)
            .map(|day| day.to_string())
            .unwrap_or_default(),
        error: mend.at(&format!("tip{number}")),
    }
}

pub(super) async fn show(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Sequences);
    draw(&desk, &query.0.campaign, None, &Mend::none()).await
}

async fn draw(
    desk: &Desk,
    slug: &str,
    typed: Option<Vec<TipRule>>,
    mend: &Mend,
) -> AppResult<HttpResponse> {
    let (scope, slug) = (Scope::of(&desk.signed), slug.to_owned());
    let chosen = desk
        .site
        .db
        .read(move |c| scope::chosen(c, &scope, &slug))
        .await?;
    let season = &chosen.campaign;
    let tips = typed.unwrap_or_else(|| rules::series(season));
    let view = TipsView {
        campaign: season.slug.to_string(),
        title: season.title.clone(),
        version: season.version,
        is_own: season.rules.0.coaching.tips.is_some(),
        between: season.rules.0.coaching.days_between,
        tips: tips
            .iter()
            .enumerate()
            .map(|(number, tip)| view_of(number, tip, season, mend))
            .chain([view_of(tips.len(), &empty(), season, mend)])
            .collect(),
        seasons: chosen.choices,
        errors: mend.faults.clone(),
        notice: mend.notice.clone(),
    };
    desk.show("tips", "The coach’s tips", mend.status, view)
}

fn empty() -> TipRule {
    TipRule {
        key: String::new(),
        from: Since::Start,
        days: 0,
        least_days: 1,
        title: String::new(),
        text: Vec::new(),
        act: String::new(),
        tool: String::new(),
    }
}

/// The tips as they were typed, and what is wrong with them. One without title and text is left out: that is how a tip is taken
/// away, and the empty one at the end not added.
fn posted(typed: &Typed) -> (Vec<TipRule>, Vec<FieldError>) {
    let mut faults = Vec::new();
    let mut tips = Vec::new();
    for number in 0..=MOST {
        let field = |name: &str| typed.text(&format!("{name}{number}")).trim();
        if !typed.sent(&format!("title{number}")) {
            break;
        }
        if field("title").is_empty() && field("text").is_empty() {
            continue;
        }
        let from = FROM.iter().find(|(word, ..)| *word == field("from"));
        let tool = TOOLS.iter().find(|(word, _)| *word == field("tool"));
        let tip = TipRule {
            key: field("key").chars().take(60).collect(),
            from: from.map_or(Since::Start, |(_, from, _)| *from),
            days: field("days").parse().unwrap_or(i64::MAX),
            least_days: field("least_days").parse().unwrap_or(1).clamp(1, 366),
            title: field("title").to_owned(),
            text: paragraphs(field("text")),
            act: field("act").to_owned(),
            tool: tool.map(|(word, _)| (*word).to_owned()).unwrap_or_default(),
        };
        if let Some(word) = wrong(&tip) {
            // Its number is that among the tips as they will be drawn.
            faults.push(FieldError::new(format!("tip{}", tips.len()), word));
        }
        tips.push(tip);
    }
    if tips.len() > MOST {
        faults.push(FieldError::new("tips", "thirty tips are enough"));
    }
    name_new(&mut tips);
    (tips, faults)
}

fn paragraphs(text: &str) -> Vec<String> {
    let text = text.replace("\r\n", "\n");
    let parts = text
        .split("\n\n")
        .map(|part| part.split_whitespace().collect::<Vec<_>>().join(" "));
    parts.filter(|part| !part.is_empty()).collect()
}

fn wrong(tip: &TipRule) -> Option<String> {
    let line = |what: &str, text: &str, most: usize| {
        Line::parse(text, most)
            .err()
            .map(|bad| format!("{what}: {bad}"))
    };
    if !(-120..=120).contains(&tip.days) {
        return Some("days: write a number from -120 to 120".to_owned());
    }
    if tip.text.is_empty() || tip.text.len() > 6 {
        return Some(
            "text: write one to six paragraphs, with an empty line between them".to_owned(),
        );
    }
    line("title", &tip.title, 100)
        .or_else(|| line("button", &tip.act, 60))
        .or_else(|| tip.text.iter().find_map(|part| line("text", part, 800)))
}

/// Names the tips that have none yet, each otherwise than all others.
fn name_new(tips: &mut [TipRule]) {
    let mut taken: Vec<String> = tips.iter().map(|tip| tip.key.clone()).collect();
    for tip in tips.iter_mut().filter(|tip| tip.key.is_empty()) {
        let free = (1..=taken.len() + 1).map(|number| format!("own-{number}"));
        let key = free.into_iter().find(|key| !taken.contains(key));
        tip.key = key.unwrap_or_default();
        taken.push(tip.key.clone());
    }
}

/// Saves the series; `do` may be `reset`.
pub(super) async fn save(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Sequences);
    let typed = form.0;
    let scope = Scope::of(&desk.signed);
    let slug = typed.text("campaign").to_owned();
    let season = site
        .db
        .read(move |c| scope::season(c, &scope, &slug))
        .await?;
    let (tips, faults) = posted(&typed);
    let is_reset = typed.text("do") == "reset";
    let result = if is_reset || faults.is_empty() {
        let (id, now) = (season.id, desk.now());
        let version = typed.text("version").parse().unwrap_or(0);
        let new = (!is_reset).then(|| tips.clone());
        let mut deed = Deed::new(
            desk.signed.user(),
            "season.tips",
            ("campaign", id.to_string()),
        );
        deed.campaign = Some(id);
        let work = move |c: &mut Conn| {
            let edited = edit::set_tips(c, id, version, new.as_deref())?;
            deed.edit = Some(edited);
            audit::record(c, &deed, now)
        };
        site.db.tx(work).await
    } else {
        Err(AppError::Invalid(faults))
    };
    match result {
        Ok(()) => {
            site.views.changed("campaign", &season.id.to_string());
            let word = if is_reset { "tips-back" } else { "saved" };
            Ok(see(&format!(
                "/console/tips?campaign={}&done={word}",
                season.slug
            )))
        }
        Err(error) => {
            let mend = Mend::of(error)?;
            draw(&desk, season.slug.as_str(), Some(tips), &mend).await
        }
    }
}
