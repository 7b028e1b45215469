//! The impact update: when a partner's report is published, a newsletter to exactly the people whose money was in its grant.

use diesel::prelude::*;

use super::content::{Block, Content};
use super::layout::Layout;
use super::model::NewsletterId;
use super::ops::NewDraft;
use crate::auth::UserId;
use crate::db::Conn;
use crate::db::schema::impact_figures;
use crate::each;
use crate::error::{AppError, AppResult};
use crate::ids::{CampaignId, GrantId};
use crate::impact::FigureId;
use crate::impact::model::report_path;
use crate::impact::reports::{ReportId, ReportOverview, ReportState};
use crate::kernel::{Line, Slug};
use crate::segments::Audience;

/// Figures of a report that the update shows at most.
const FIGURES_MOST: i64 = 4;

/// What an update is about: a published report on a tranche of a grant.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The grant.
    pub grant: GrantId,
    /// Its number.
    pub number: String,
    /// The season that paid it.
    pub campaign: CampaignId,
}

/// What an update of `found` would be about; `None` for one that is not published, or that reports on no grant.
pub fn subject(found: &ReportOverview) -> Option<Subject> {
    let tranche = found.tranche.as_ref()?;
    (found.report.state == ReportState::Published).then(|| Subject {
        grant: tranche.grant,
        number: tranche.grant_number.clone(),
        campaign: tranche.campaign,
    })
}

/// The audience of an update: whoever agreed to hear from us and has money of their own in the grant.
pub fn audience(grant: GrantId) -> Audience {
    Audience {
        grant: Some(grant),
        ..Audience::default()
    }
}

fn figures_of(conn: &mut Conn, report: ReportId) -> AppResult<Vec<FigureId>> {
    let query = impact_figures::table
        .filter(impact_figures::report_id.eq(report))
        .filter(impact_figures::superseded_at.is_null())
        .order((impact_figures::position, impact_figures::id))
        .limit(FIGURES_MOST)
        .select(impact_figures::id);
    Ok(each!(conn, c => query.load(c))?)
}

/// The draft of an update about `found`, ready to be read and changed.
///
/// # Errors
/// [`AppError::Conflict`] `no_grant` for a report that has no update.
pub fn draft(
    conn: &mut Conn,
    id: NewsletterId,
    found: &ReportOverview,
    (by, organisation): (UserId, &str),
) -> AppResult<NewDraft> {
    let subject = subject(found).ok_or_else(|| AppError::Conflict {
        code: "no_grant",
        detail: "An update is written about a published report on a grant.".into(),
    })?;
    let line = |text: &str, most| Line::parse(text, most).map_err(AppError::internal);
    let report = &found.report;
    let plain_title = if report.plain_title.trim().is_empty() {
        &report.title
    } else {
        &report.plain_title
    };
    let title: String = plain_title.chars().take(120).collect();
    let about = format!(
        "Dear {{{{first_name|friend}}}},\n\nyou gave to **{{{{season}}}}**. Part of your money was in grant {}, and the partner has now reported what came of it.",
        subject.number
    );
    let mut blocks = vec![Block::Text { words: about }];
    let figures = figures_of(conn, report.id)?;
    blocks.extend(
        figures
            .into_iter()
            .map(|id| Block::Figure { figure: Some(id) }),
    );
    blocks.push(Block::Impact {
        nothing: String::new(),
    });
    if let Some(number) = report.number {
        blocks.push(Block::Button {
            label: "Read the report".into(),
            href: report_path(&found.program.slug, number),
        });
    }
    blocks.push(Block::Text {
        words: "Thank you. Nothing of this would be there without you.".into(),
    });
    let slug = Slug::from_title(&title);
    let slug = match slug {
        Some(slug) => slug,
        None => "impact-update".parse().map_err(AppError::internal)?,
    };
    Ok(NewDraft {
        id,
        campaign: Some(subject.campaign),
        slug,
        title: line(&title, 200)?,
        subject: "{{first_name|Friend}}, this is what your gift did".into(),
        layout: Layout::Proof,
        content: Content { blocks },
        audience: audience(subject.grant),
        from_name: line(organisation, 200)?,
        report: Some(report.id),
        by,
    })
}
