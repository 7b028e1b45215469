//! `/`

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::once;
use super::views::{CampaignRow, HomeView};
use crate::campaigns::frame::{self, Destinations};
use crate::campaigns::model::{self, CampaignTotal};
use crate::campaigns::public;
use crate::config::Config;
use crate::db::Conn;
use crate::error::AppResult;
use crate::impact::{self, Figure};
use crate::kernel::{Limit, Timestamp};
use crate::walls::Weave;
use crate::web::headers::Nonce;
use crate::web::views::palette::Accent;
use crate::web::views::shell::{Link, Shell};
use crate::web::{Site, View};

/// Campaigns on the home page at most.
const MOST: usize = 6;

/// What the home page tells.
struct Front {
    campaigns: Vec<(CampaignTotal, Destinations, Weave)>,
    figures: Vec<Figure>,
}

impl Front {
    /// Two statements, and four for each of the few campaigns that take gifts now.
    fn read(conn: &mut Conn, now: Timestamp) -> AppResult<Self> {
        let mut campaigns = Vec::new();
        let known = model::list(conn, None, Limit::MOST)?.items;
        let open = known
            .into_iter()
            .filter(|row| row.campaign.is_giving_open(now));
        for row in open.take(MOST) {
            let to = Destinations::of(conn, &row.campaign, now)?;
            let weave = public::weave(conn, &row, &to, None)?;
            campaigns.push((row, to, weave));
        }
        let ids: Vec<_> = campaigns.iter().flat_map(|(_, to, _)| to.ids()).collect();
        Ok(Self {
            figures: impact::figures_of(conn, &once(ids, |id| *id))?,
            campaigns,
        })
    }
}

pub(super) async fn home(site: Data<Site>, request: HttpRequest) -> AppResult<HttpResponse> {
    let render = {
        let site = site.clone();
        move |nonce: Nonce| async move {
            let now = site.clock.now();
            let read = site.db.read(move |c| Front::read(c, now)).await?;
            let view = view(&site.config, nonce.as_str(), &read, now)?;
            let page = View::html(site.render("home", &view)?);
            Ok(read.campaigns.iter().fold(page, |page, (row, _, _)| {
                page.depends_on("campaign", &row.campaign.id.to_string())
            }))
        }
    };
    site.views.respond(&request, "/", &[], render).await
}

fn view(config: &Config, nonce: &str, read: &Front, now: Timestamp) -> AppResult<HomeView> {
    let title = "Follow a gift the whole way";
    let description = "Campaigns that show which cent went where: the fee, the program, the grant and the graded result.";
    let mut shell = Shell::new(config, nonce, title, description);
    if let Some((row, _, _)) = read.campaigns.first() {
        shell = frame::shell(config, nonce, &row.campaign, now, (title, description));
    }
    let shell = shell.og(config, "website", "/", None);
    let mut campaigns = Vec::new();
    for (row, _, weave) in &read.campaigns {
        let campaign = &row.campaign;
        let accent = Accent::new(campaign.accent.as_str());
        campaigns.push(CampaignRow {
            title: campaign.title.clone(),
            href: frame::path(campaign),
            tagline: campaign.appeal.clone(),
            give_url: format!("/give/{}", campaign.slug),
            starts_on: campaign.starts_on.to_string(),
            ends_on: campaign.ends_on.to_string(),
            band: weave.view(&accent.light, campaign.days_left(now), None)?,
        });
    }
    let all = read.campaigns.iter().flat_map(|(_, to, _)| &to.programs);
    let programs = once(all, |row| row.program.id);
    Ok(HomeView {
        campaigns,
        programs: programs
            .iter()
            .map(|row| frame::program_row(&row.program, &row.partner, &read.figures, &shell.accent))
            .collect(),
        shell: with_programs(
            shell,
            programs
                .first()
                .map(|row| frame::program_link(&row.program)),
        ),
    })
}

/// The header leads to the foremost program too.
fn with_programs(mut shell: Shell, program: Option<Link>) -> Shell {
    shell.nav.extend(program);
    shell
}
