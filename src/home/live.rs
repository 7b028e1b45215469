//! `/campaigns/{slug}/live`, a screen to hang up in a room, and the stream behind a campaign's band.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::views::LiveView;
use crate::campaigns::frame;
use crate::campaigns::model::{self, CampaignTotal};
use crate::campaigns::public;
use crate::config::Config;
use crate::error::AppResult;
use crate::kernel::Timestamp;
use crate::walls::{WallGift, Weave};
use crate::web::headers::Nonce;
use crate::web::views::shell::Link;
use crate::web::{Path, Site, View};

type Screen = (CampaignTotal, Weave, Vec<WallGift>);

pub(super) async fn screen(
    site: Data<Site>,
    request: HttpRequest,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let slug = super::slug(&path.0, "the campaign")?;
    let key = format!("/campaigns/{slug}/live");
    let render = {
        let site = site.clone();
        move |nonce: Nonce| async move {
            let now = site.clock.now();
            let screen = site
                .db
                .read(move |c| {
                    let row = model::by_slug(c, &slug)?;
                    let (weave, wall) = public::screen(c, &row, now)?;
                    Ok((row, weave, wall))
                })
                .await?;
            let view = view(&site.config, nonce.as_str(), &screen, now)?;
            let id = screen.0.campaign.id.to_string();
            Ok(View::html(site.render("live", &view)?).depends_on("campaign", &id))
        }
    };
    site.views.respond(&request, &key, &[], render).await
}

fn view(
    config: &Config,
    nonce: &str,
    (row, weave, wall): &Screen,
    now: Timestamp,
) -> AppResult<LiveView> {
    let campaign = &row.campaign;
    let here = frame::path(campaign);
    let title = format!("{}, live", campaign.title);
    let shell = frame::shell(config, nonce, campaign, now, (&title, &campaign.appeal)).og(
        config,
        "website",
        &format!("{here}/live"),
        None,
    );
    let live_url = Some(format!("{here}/events"));
    let public = config.public_url();
    let address = frame::give_url(campaign, now, "").map(|path| format!("{public}{path}"));
    Ok(LiveView {
        campaign: Link::new(&campaign.title, &here),
        band: weave.view(&shell.accent.light, campaign.days_left(now), live_url)?,
        wall: wall.iter().map(WallGift::row).collect(),
        give_address: address,
        shell,
    })
}

pub(super) async fn events(site: Data<Site>, path: Path<String>) -> AppResult<HttpResponse> {
    let slug = super::slug(&path.0, "the campaign")?;
    let id = site
        .db
        .read(move |c| Ok(model::by_slug(c, &slug)?.campaign.id))
        .await?;
    let watcher = site.live.watch("campaign", &id.to_string())?;
    let now = site.clock.now();
    let state = site
        .db
        .read(move |c| public::live_state(c, id, false, now))
        .await?;
    Ok(watcher.begin(state.as_deref()))
}
