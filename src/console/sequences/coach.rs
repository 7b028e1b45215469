//! The coach's tips in the simulator: when each would come to somebody, by their pages and switches.

use diesel::prelude::*;

use crate::auth::UserId;
use crate::auth::mutes::{self, MailKind};
use crate::campaigns::{CampaignId, CampaignStatus, model as campaigns};
use crate::coaching::rules::{day_after, tips};
use crate::db::Conn;
use crate::db::schema::{pages, subscribers};
use crate::each;
use crate::error::AppResult;
use crate::kernel::{Day, Timestamp, Zone};
use crate::sequences::simulate::Other;
use crate::subscribers::SubscriberId;

/// The tips that would come in a span of time.
pub(super) fn tips(
    conn: &mut Conn,
    person: SubscriberId,
    (from, until): (Timestamp, Timestamp),
) -> AppResult<Vec<Other>> {
    let query = subscribers::table
        .inner_join(pages::table.on(pages::owner_id.eq(subscribers::user_id)))
        .filter(subscribers::id.eq(person))
        .filter(pages::status.eq("live"))
        .select((subscribers::user_id.assume_not_null(), pages::campaign_id))
        .distinct();
    let own: Vec<(UserId, CampaignId)> = each!(conn, c => query.load(c))?;
    let mut others = Vec::new();
    for (user, season) in own {
        let season = campaigns::by_id(conn, season)?;
        let coaching = &season.rules.0.coaching;
        let is_on = season.status == CampaignStatus::Live && coaching.is_on;
        if !is_on || mutes::is_muted(conn, user, MailKind::Tips)? {
            continue;
        }
        for tip in tips::series(&season) {
            let Some(day) = tips::day(&tip, &season) else {
                continue;
            };
            let (Some(at), Some(last)) = (
                hour(day, 8, season.time_zone),
                hour(day_after(day, 2), 20, season.time_zone),
            ) else {
                continue;
            };
            if (from..until).contains(&at) {
                others.push(Other {
                    at,
                    until: last,
                    days_between: i32::try_from(coaching.days_between.clamp(1, 365)).unwrap_or(2),
                    of: "The coach’s tips".to_owned(),
                    mail: tip.title,
                    why: format!(
                        "because {}",
                        MailKind::Tips.why().replace("you have", "they have")
                    ),
                });
            }
        }
    }
    Ok(others)
}

fn hour(day: Day, hour: u32, zone: Zone) -> Option<Timestamp> {
    let local = day.date().and_hms_opt(hour, 0, 0)?;
    let local = local.and_local_timezone(zone.tz()).earliest()?;
    Some(local.with_timezone(&chrono::Utc).into())
}
