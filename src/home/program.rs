//! `/programs/{slug}`

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::views::{ContactView, ProgramView, ReportRow, ShelterView};
use crate::campaigns::frame;
use crate::campaigns::model::{self, Campaign};
use crate::config::Config;
use crate::db::Conn;
use crate::error::AppResult;
use crate::impact::reports::public::{self, ReportLink};
use crate::impact::{self, Figure, UnitCost};
use crate::kernel::{Slug, Timestamp, Zone};
use crate::partners::model::{self as partners, ProgramOfPartner};
use crate::partners::places::{self, Contact, Shelter};
use crate::stories::public as stories;
use crate::stories::views::{StoriesPart, StoryRow};
use crate::web::headers::Nonce;
use crate::web::views::shell::{Link, Shell};
use crate::web::{Path, Site, View, markdown, placeholder};

/// What a program's page tells.
struct PublicProgram {
    row: ProgramOfPartner,
    figures: Vec<Figure>,
    costs: Vec<UnitCost>,
    reports: Vec<ReportLink>,
    shelters: Vec<Shelter>,
    contacts: Vec<Contact>,
    /// The newest campaign that pays for it and takes gifts now.
    campaign: Option<Campaign>,
    stories: Vec<StoryRow>,
}

impl PublicProgram {
    fn read(conn: &mut Conn, slug: &Slug, now: Timestamp) -> AppResult<Self> {
        let row = partners::program_by_slug(conn, slug)?;
        let id = row.program.id;
        let campaign = model::live_for(conn, id)?
            .into_iter()
            .find(|campaign| campaign.is_giving_open(now));
        let zone = campaign
            .as_ref()
            .map_or(Zone::UTC, |campaign| campaign.time_zone);
        let costs = match zone.day_of(now) {
            Some(today) => impact::unit_costs(conn, &[id], today)?,
            None => Vec::new(),
        };
        Ok(Self {
            figures: impact::figures(conn, id)?,
            stories: stories::of_program(conn, id, now)?,
            costs,
            reports: public::of_program(conn, id)?,
            shelters: places::shelters(conn, id)?,
            contacts: places::contacts(conn, id)?,
            campaign,
            row,
        })
    }
}

pub(super) async fn program(
    site: Data<Site>,
    request: HttpRequest,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let slug = super::slug(&path.0, "the program")?;
    let key = format!("/programs/{slug}");
    let render = {
        let site = site.clone();
        move |nonce: Nonce| async move {
            let now = site.clock.now();
            let read = site
                .db
                .read(move |c| PublicProgram::read(c, &slug, now))
                .await?;
            let view = view(&site.config, nonce.as_str(), &read, now);
            let id = read.row.program.id.to_string();
            Ok(View::html(site.render("program", &view)?).depends_on("program", &id))
        }
    };
    site.views.respond(&request, &key, &[], render).await
}

fn view(config: &Config, nonce: &str, read: &PublicProgram, now: Timestamp) -> ProgramView {
    let ProgramOfPartner { program, partner } = &read.row;
    let words = (program.name.as_str(), program.summary.as_str());
    let here = format!("/programs/{}", program.slug);
    let query = format!("?program={}", program.slug);
    let give_url = read
        .campaign
        .as_ref()
        .and_then(|campaign| frame::give_url(campaign, now, &query));
    let mut shell = match &read.campaign {
        Some(campaign) => frame::shell(config, nonce, campaign, now, words),
        None => Shell::new(config, nonce, words.0, words.1),
    };
    shell.give_url.clone_from(&give_url);
    let shell = shell.og(config, "article", &here, None);
    ProgramView {
        name: program.name.clone(),
        partner: Link::new(&partner.name, &format!("/partners/{}", partner.slug)),
        place: place(&program.region, &program.country),
        since: program.since_year.map(i64::from),
        summary: program.summary.clone(),
        cover_svg: placeholder::cover(program.slug.as_str(), &shell.accent),
        need_html: match program.story.trim() {
            "" => String::new(),
            story => markdown::html(story).into_string(),
        },
        work: Vec::new(),
        figures: read.figures.iter().map(frame::figure).collect(),
        unit_costs: read.costs.iter().map(frame::unit_cost).collect(),
        take_part: program.take_part.0.clone(),
        more: program
            .more
            .0
            .iter()
            .map(|link| Link::new(&link.label, &link.href))
            .collect(),
        give_url,
        stories: StoriesPart::of(read.stories.clone(), None),
        reports: read
            .reports
            .iter()
            .map(|link| ReportRow {
                title: link.title.clone(),
                href: link.path.clone(),
                published_at: link.published_at.rfc3339(),
            })
            .collect(),
        shelters: read.shelters.iter().map(shelter).collect(),
        contacts: read.contacts.iter().filter_map(contact).collect(),
        shell,
    }
}

/// A shelter's region, and its name and place if they were released (S17).
fn shelter(one: &Shelter) -> ShelterView {
    let public = one.whereabouts.public();
    ShelterView {
        region: one.region.clone(),
        name: public.map(|inside| inside.name.clone()),
        place: public.map(|inside| inside.place.clone()),
    }
}

fn contact(one: &Contact) -> Option<ContactView> {
    Some(ContactView {
        name: one.name.public()?.clone(),
        duty: one.duty.clone(),
    })
}

/// "Kolkata, India"; the country alone where no more may be said.
fn place(region: &str, country: &str) -> String {
    if region.is_empty() {
        country.to_owned()
    } else {
        format!("{region}, {country}")
    }
}
