//! `/programs/{slug}/reports/{number}`: the public part of a partner's report: plain words, graded figures, what it was paid from.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::views::{PaidFrom, ReportPageView};
use crate::campaigns::frame;
use crate::config::Config;
use crate::error::{AppError, AppResult};
use crate::impact::reports::PublishedReport;
use crate::impact::reports::public;
use crate::web::headers::Nonce;
use crate::web::views::shell::{Link, Shell};
use crate::web::{Path, Site, View, markdown};

pub(super) async fn report(
    site: Data<Site>,
    request: HttpRequest,
    path: Path<(String, String)>,
) -> AppResult<HttpResponse> {
    let slug = super::slug(&path.0.0, "the program")?;
    let number: i32 = path
        .0
        .1
        .parse()
        .ok()
        .filter(|number| *number > 0)
        .ok_or(AppError::NotFound("the report"))?;
    let key = crate::impact::model::report_path(&slug, number);
    let render = {
        let site = site.clone();
        move |nonce: Nonce| async move {
            let read = site
                .db
                .read(move |c| public::published(c, &slug, number))
                .await?;
            let view = view(&site.config, nonce.as_str(), &read);
            let id = read.row.program.id.to_string();
            Ok(View::html(site.render("program_report", &view)?).depends_on("program", &id))
        }
    };
    site.views.respond(&request, &key, &[], render).await
}

fn view(config: &Config, nonce: &str, read: &PublishedReport) -> ReportPageView {
    let (program, partner) = (&read.row.program, &read.row.partner);
    let title = &read.link.title;
    let said = format!("What {} reports from {}.", partner.name, program.name);
    let shell =
        Shell::new(config, nonce, title, &said).og(config, "article", &read.link.path, None);
    ReportPageView {
        title: title.clone(),
        program: frame::program_link(program),
        partner: Link::new(&partner.name, &format!("/partners/{}", partner.slug)),
        published_at: read.link.published_at.rfc3339(),
        plain_html: markdown::html(&read.plain).into_string(),
        figures: read
            .figures
            .iter()
            .map(|figure| {
                let mut view = frame::figure(figure);
                // It stands on this very page.
                view.source_url = None;
                view
            })
            .collect(),
        paid: read.paid_from.as_ref().map(|tranche| PaidFrom {
            grant: tranche.grant_number.clone(),
            part: tranche.position,
            amount: tranche.amount.into(),
            paid_on: tranche.paid_on.map(|day| day.to_string()),
            campaign: Link::new(
                &tranche.campaign_title,
                &format!("/campaigns/{}", tranche.campaign_slug),
            ),
        }),
        shell,
    }
}
