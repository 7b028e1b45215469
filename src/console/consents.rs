//! `/console/consents`: the vault, the consents that end first coming first, and a new one. Pseudonyms only: a real name is
//! a step further, and on record.

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use chrono::Days;
use serde::{Deserialize, Serialize};

use super::desk::{Desk, Mend, Room};
use super::fields::{Draw, Field, Typed};
use super::listing::{self, Choice, ROWS};
use crate::consent_vault::ops::{self, today};
use crate::consent_vault::{
    self as vault, AskedTerms, Channels, Consent, ConsentId, GivenBy, Giver, ImageRule, Keeper,
    NewConsent, Paper, Safe, Terms,
};
use crate::error::{AppError, AppResult, FieldError};
use crate::kernel::{Day, Line, Timestamp};
use crate::web::query::after;
use crate::web::site::see;
use crate::web::{Query, Site, UploadForm};

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    after: String,
}

#[derive(Serialize)]
struct RowView {
    pseudonym: String,
    url: String,
    state: &'static str,
    state_words: String,
    channels: String,
    image_rule: String,
    until: String,
    days_left: Option<i64>,
    giver: String,
}

/// Context of `console/consents`.
#[derive(Serialize)]
struct VaultView {
    rows: Vec<RowView>,
    ending: Vec<RowView>,
    next_url: Option<String>,
}

/// A consent that ends within so many days is to be asked for anew.
const SOON: u64 = 90;

/// Channels in words.
pub(super) fn channel_words(channels: Channels) -> String {
    let named = vault::Channel::ALL.iter();
    let named: Vec<&str> = named
        .filter(|channel| channels.cover(**channel))
        .map(|channel| channel.as_str())
        .collect();
    named.join(", ")
}

fn row(consent: &Consent, today: Day) -> RowView {
    let state = consent.state(today);
    RowView {
        pseudonym: consent.pseudonym.clone(),
        url: format!("/console/consents/{}", consent.id),
        state: state.as_str(),
        state_words: state.as_str().replace('_', " "),
        channels: channel_words(consent.channels()),
        image_rule: consent.image_rule.as_str().replace('_', " "),
        until: consent.expires_on.to_string(),
        days_left: (state == vault::State::InForce).then(|| today.days_to(consent.expires_on)),
        giver: consent.giver.to_string(),
    }
}

pub(super) async fn list(
    site: Data<Site>,
    request: HttpRequest,
    keeper: Keeper,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, keeper.0, Room::Consents);
    let place: Option<(Day, ConsentId)> =
        after(Some(query.0.after.as_str()).filter(|text| !text.is_empty()))?;
    let today = today(desk.now())?;
    let soon = today
        .date()
        .checked_add_days(Days::new(SOON))
        .and_then(|day| Day::try_from(day).ok())
        .unwrap_or(today);
    let (listed, ending) = site
        .db
        .read(move |c| {
            let listed = vault::list(c, place, ROWS)?;
            Ok((listed, vault::ending(c, today, soon, 20)?))
        })
        .await?;
    let view = VaultView {
        rows: listed.items.iter().map(|one| row(one, today)).collect(),
        ending: ending.iter().map(|one| row(one, today)).collect(),
        next_url: listing::next(&desk.request, &listed),
    };
    desk.page("consents", "The vault of consents", view)
}

/// Context of `console/consent_new`.
#[derive(Serialize)]
struct NewView {
    who: Vec<Field>,
    givers: Vec<Choice>,
    giver_error: Option<String>,
    guardian: Field,
    days: Vec<Field>,
    channels: Vec<Field>,
    channels_error: Option<String>,
    image_rules: Vec<Choice>,
    paper_error: Option<String>,
    errors: Vec<FieldError>,
    notice: Option<String>,
}

/// What each word of a closed set says, in a form.
fn worded<T: Copy + std::fmt::Display>(
    all: &[T],
    current: &str,
    words: impl Fn(T) -> &'static str,
) -> Vec<Choice> {
    all.iter()
        .map(|one| {
            let value = one.to_string();
            Choice {
                label: words(*one).to_owned(),
                is_current: value == current,
                value,
            }
        })
        .collect()
}

fn draw(desk: &Desk, typed: &Typed, mend: Mend) -> AppResult<HttpResponse> {
    let d = Draw { typed, mend: &mend };
    let view = NewView {
        who: vec![
            d.text("pseudonym", "Pseudonym")
                .hint("How the person is called in public. No surname."),
            d.text("real_name", "Real name")
                .hint("Sealed, and kept apart; whoever looks at it is on record."),
        ],
        givers: worded(Giver::ALL, typed.text("giver"), |giver| match giver {
            Giver::Own => "The person, who is of age",
            Giver::Guardian => "A guardian, for somebody under age",
        }),
        giver_error: mend.at("giver"),
        guardian: d
            .text("guardian_name", "The guardian’s name")
            .hint("Only for somebody under age. Sealed like the real name."),
        days: vec![
            d.date("signed_on", "Signed on"),
            d.date("expires_on", "Holds until")
                .hint("Three years from signing at most."),
            d.date("out_of_care_since", "Out of care since")
                .hint("At least a year before signing."),
        ],
        channels: vec![
            d.tick("covers_web", "Web: pages, feeds, the API"),
            d.tick("covers_mail", "Mail: newsletters, appeals"),
            d.tick("covers_social", "Social: posts and previews elsewhere"),
            d.tick("covers_print", "Print"),
        ],
        channels_error: mend.at("channels"),
        image_rules: worded(
            ImageRule::ALL,
            typed.text("image_rule"),
            |rule| match rule {
                ImageRule::None => "No picture of the person",
                ImageRule::NoFaces => "Pictures in which nobody can know the person",
                ImageRule::Released => "Pictures of the person",
            },
        ),
        paper_error: mend.at("paper"),
        errors: mend.faults.clone(),
        notice: mend.notice.clone(),
    };
    desk.show("consent_new", "A new consent", mend.status, view)
}

pub(super) async fn new(
    site: Data<Site>,
    request: HttpRequest,
    keeper: Keeper,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, keeper.0, Room::Consents);
    draw(&desk, &Typed::default(), Mend::none())
}

/// What was typed of a consent, parsed.
struct Parsed {
    pseudonym: Line,
    real_name: Line,
    given_by: GivenBy,
    terms: Terms,
    paper: Paper,
}

struct Reader<'a> {
    typed: &'a Typed,
    faults: Vec<FieldError>,
}

impl Reader<'_> {
    fn keep<T>(&mut self, read: AppResult<T>) -> AppResult<Option<T>> {
        match read {
            Ok(value) => Ok(Some(value)),
            Err(AppError::Invalid(faults)) => {
                self.faults.extend(faults);
                Ok(None)
            }
            Err(other) => Err(other),
        }
    }

    fn field<T, E: std::fmt::Display>(&mut self, name: &str, read: Result<T, E>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(error) => {
                self.faults.push(FieldError::new(name, error));
                None
            }
        }
    }

    fn name(&mut self, field: &str) -> Option<Line> {
        let read = Line::parse(self.typed.text(field), 120);
        self.field(field, read)
    }

    fn day(&mut self, field: &str) -> Option<Day> {
        let read = self.typed.text(field).trim().parse::<Day>();
        self.field(field, read)
    }

    /// A grown person has no guardian's name, somebody under age needs one: the other combinations do not exist.
    fn given_by(&mut self) -> Option<GivenBy> {
        let giver = self.typed.text("giver").parse::<Giver>();
        match self.field("giver", giver)? {
            Giver::Own if self.typed.text("guardian_name").trim().is_empty() => Some(GivenBy::Own),
            Giver::Own => self.field(
                "guardian_name",
                Err("leave this empty, or say that a guardian agreed for somebody under age"),
            ),
            Giver::Guardian => self.name("guardian_name").map(GivenBy::Guardian),
        }
    }
}

fn parse(typed: &Typed, paper: Option<Bytes>, now: Timestamp) -> AppResult<Parsed> {
    let mut r = Reader {
        typed,
        faults: Vec::new(),
    };
    let (pseudonym, real_name) = (r.name("pseudonym"), r.name("real_name"));
    let given_by = r.given_by();
    let rule = typed.text("image_rule").parse::<ImageRule>();
    let image_rule = r.field("image_rule", rule);
    let days = (
        r.day("signed_on"),
        r.day("expires_on"),
        r.day("out_of_care_since"),
    );
    let paper = r.keep(Paper::parse(paper.as_deref()))?;
    let terms = match (image_rule, days) {
        (Some(image_rule), (Some(signed_on), Some(expires_on), Some(out_of_care_since))) => {
            let asked = AskedTerms {
                channels: Channels {
                    web: typed.ticked("covers_web"),
                    mail: typed.ticked("covers_mail"),
                    social: typed.ticked("covers_social"),
                    print: typed.ticked("covers_print"),
                },
                image_rule,
                out_of_care_since,
                signed_on,
                expires_on,
            };
            r.keep(Terms::parse(asked, today(now)?))?
        }
        _ => None,
    };
    match (pseudonym, real_name, given_by, terms, paper) {
        (Some(pseudonym), Some(real_name), Some(given_by), Some(terms), Some(paper)) => {
            Ok(Parsed {
                pseudonym,
                real_name,
                given_by,
                terms,
                paper,
            })
        }
        _ => Err(AppError::Invalid(r.faults)),
    }
}

/// Records a consent: the fields of the form, and the file `paper`.
pub(super) async fn record(
    site: Data<Site>,
    safe: Data<Safe>,
    request: HttpRequest,
    keeper: Keeper,
    mut form: UploadForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, keeper.0, Room::Consents);
    let (by, now) = (desk.signed.user(), desk.now());
    let parsed = match parse(&form.fields, form.files.take("paper"), now) {
        Ok(parsed) => parsed,
        Err(error) => return draw(&desk, &form.fields, Mend::of(error)?),
    };
    let sealing = tokio::task::spawn_blocking(move || {
        let names = (parsed.pseudonym, &parsed.real_name);
        NewConsent::seal(
            &safe,
            by,
            names,
            parsed.given_by,
            parsed.terms,
            &parsed.paper,
        )
    });
    let sealed = sealing.await.map_err(AppError::internal)??;
    let id = sealed.id;
    site.db.tx(move |c| ops::record(c, &sealed, now)).await?;
    Ok(see(&format!(
        "/console/consents/{id}?done=consent-recorded"
    )))
}
