//! What may be named in a rule: the seasons that somebody runs, programs and lists.

use std::collections::BTreeMap;

use diesel::prelude::*;

use crate::campaigns::{Campaign, model as campaigns};
use crate::console::scope::Scope;
use crate::db::Conn;
use crate::db::schema::{lists, newsletters, pages, programs, teams};
use crate::each;
use crate::error::AppResult;
use crate::ids::{CampaignId, PageId, ProgramId, TeamId};
use crate::subscribers::ListId;

use super::tree::Node;

/// What may be named, by its slug.
pub(super) struct Known {
    pub(super) seasons: Vec<Campaign>,
    pub(super) programs: Vec<(String, ProgramId, String)>,
    pub(super) lists: Vec<(String, ListId, String)>,
    pub(super) pages: BTreeMap<String, (PageId, CampaignId)>,
    pub(super) teams: BTreeMap<String, (TeamId, CampaignId)>,
    pub(super) newsletters: BTreeMap<String, String>,
}

/// Things to choose from in one select, at most: the newest.
const MOST: i64 = 200;

impl Known {
    /// What somebody of this scope may name, and what a form names.
    pub(super) fn load(conn: &mut Conn, scope: &Scope, root: &Node) -> AppResult<Self> {
        let mut seasons = campaigns::all(conn)?;
        seasons.retain(|one| scope.holds(one.id));
        let query = programs::table.order(programs::name).limit(MOST).select((
            programs::slug,
            programs::id,
            programs::name,
        ));
        let programs = each!(conn, c => query.load(c))?;
        let lists: Vec<(String, ListId, String)> = each!(conn, c: Db => {
            let mut query = lists::table.filter(lists::archived_at.is_null()).into_boxed::<Db>();
            if let Some(own) = scope.ids() {
                query = query.filter(lists::campaign_id.eq_any(own));
            }
            query.order(lists::id.desc()).limit(MOST).select((lists::slug, lists::id, lists::name)).load(c)
        })?;
        let mut typed: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        gather(root, &mut typed);
        let mut slugs = |name: &str| typed.remove(name).unwrap_or_default();
        macro_rules! named {
            ($table:ident, $name:literal) => {{
                let query = $table::table
                    .filter($table::slug.eq_any(slugs($name)))
                    .select(($table::slug, $table::id, $table::campaign_id));
                let mut rows: Vec<(String, _, CampaignId)> = each!(conn, c => query.load(c))?;
                rows.retain(|(.., season)| scope.holds(*season));
                rows.into_iter().map(|(slug, id, season)| (slug, (id, season))).collect()
            }};
        }
        let (pages, teams) = (named!(pages, "page"), named!(teams, "team"));
        let wanted = slugs("newsletter");
        let newsletters: Vec<(String, String)> = each!(conn, c: Db => {
            let mut query = newsletters::table
                .filter(newsletters::slug.eq_any(wanted))
                .select((newsletters::slug, newsletters::id))
                .into_boxed::<Db>();
            if let Some(own) = scope.ids() {
                let own: Vec<Option<CampaignId>> = own.iter().copied().map(Some).collect();
                query = query.filter(newsletters::campaign_id.eq_any(own));
            }
            query.load(c)
        })?;
        Ok(Self {
            seasons,
            programs,
            lists,
            pages,
            teams,
            newsletters: newsletters.into_iter().collect(),
        })
    }

    /// A season by its slug.
    pub(super) fn season(&self, slug: &str) -> Option<&Campaign> {
        self.seasons.iter().find(|one| one.slug.as_str() == slug)
    }
}

/// The slugs that were typed into a rule, by field.
fn gather<'a>(node: &'a Node, into: &mut BTreeMap<&'a str, Vec<String>>) {
    for name in ["page", "team", "newsletter"] {
        let slug = node.text(name);
        if !slug.is_empty() {
            into.entry(name).or_default().push(slug.to_owned());
        }
    }
    for part in &node.parts {
        gather(part, into);
    }
}
