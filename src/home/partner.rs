//! `/partners/{slug}`

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::views::PartnerView;
use crate::campaigns::frame;
use crate::config::Config;
use crate::db::Conn;
use crate::error::AppResult;
use crate::impact::{self, Figure};
use crate::kernel::Slug;
use crate::partners::{Partner, Program, model as partners};
use crate::web::headers::Nonce;
use crate::web::views::shell::{Link, Shell};
use crate::web::{Path, Site, View, markdown, placeholder};

/// What a partner's page tells.
struct PublicPartner {
    partner: Partner,
    programs: Vec<Program>,
    figures: Vec<Figure>,
}

impl PublicPartner {
    fn read(conn: &mut Conn, slug: &Slug) -> AppResult<Self> {
        let partner = partners::partner_by_slug(conn, slug)?;
        let programs = partners::programs_of(conn, partner.id)?;
        let ids: Vec<_> = programs.iter().map(|program| program.id).collect();
        Ok(Self {
            figures: impact::figures_of(conn, &ids)?,
            partner,
            programs,
        })
    }
}

pub(super) async fn partner(
    site: Data<Site>,
    request: HttpRequest,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let slug = super::slug(&path.0, "the partner")?;
    let key = format!("/partners/{slug}");
    let render = {
        let site = site.clone();
        move |nonce: Nonce| async move {
            let read = site.db.read(move |c| PublicPartner::read(c, &slug)).await?;
            let view = view(&site.config, nonce.as_str(), &read);
            let id = read.partner.id.to_string();
            Ok(View::html(site.render("partner", &view)?).depends_on("partner", &id))
        }
    };
    site.views.respond(&request, &key, &[], render).await
}

fn view(config: &Config, nonce: &str, read: &PublicPartner) -> PartnerView {
    let partner = &read.partner;
    let here = format!("/partners/{}", partner.slug);
    let shell = Shell::new(config, nonce, &partner.name, &partner.summary)
        .og(config, "article", &here, None);
    let contact = partner.contact_email.as_ref();
    PartnerView {
        name: partner.name.clone(),
        country: partner.country.clone(),
        summary: partner.summary.clone(),
        about_html: match partner.story.trim() {
            "" => String::new(),
            story => markdown::html(story).into_string(),
        },
        cover_svg: placeholder::cover(partner.slug.as_str(), &shell.accent),
        programs: read
            .programs
            .iter()
            .map(|program| frame::program_row(program, partner, &read.figures, &shell.accent))
            .collect(),
        more: contact
            .map(|email| Link::new(email.as_str(), &format!("mailto:{email}")))
            .into_iter()
            .collect(),
        shell,
    }
}
