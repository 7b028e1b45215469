//! The woven band of a page, a team or a campaign, from its newest gifts and its total.

use super::model::{self, ThreadRow, Wall};
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::ids::ProgramId;
use crate::kernel::Money;
use crate::totals::Total;
use crate::web::band::{Band, MOST_THREADS, Size, Thread};
use crate::web::views::figures::{BandView, ShadeView};
use crate::web::views::palette::{Palette, SHADES};
use crate::web::views::wording;

/// Which program has which shade.
#[derive(Debug, Clone, Default)]
pub struct Shades {
    /// The programs that a campaign pays for, in its order, with their names.
    programs: Vec<(ProgramId, String)>,
    /// Where the largest share of undesignated money goes.
    undesignated: u8,
}

impl Shades {
    /// Shades in the order of `programs`, each with its name and its share of undesignated money.
    pub fn new<'a>(programs: impl Iterator<Item = (ProgramId, &'a str, i32)>) -> Self {
        let mut shades = Self::default();
        let mut largest = 0;
        for (id, name, share) in programs {
            if share > largest {
                largest = share;
                shades.undesignated = place(shades.programs.len());
            }
            shades.programs.push((id, name.to_owned()));
        }
        shades
    }

    /// The shade of a program; a program that the campaign does not pay for any more looks like undesignated money.
    pub fn of(&self, program: Option<ProgramId>) -> u8 {
        let known = program.and_then(|id| self.programs.iter().position(|(other, _)| *other == id));
        known.map_or(self.undesignated, place)
    }

    fn name(&self, shade: u8) -> Option<&str> {
        self.programs
            .get(usize::from(shade))
            .map(|(_, name)| name.as_str())
    }
}

/// The place as a shade: the sixth program looks like the first again.
fn place(position: usize) -> u8 {
    u8::try_from(position % SHADES).unwrap_or_default()
}

/// Gifts laid out as threads.
#[derive(Debug, Clone)]
pub struct Weave {
    /// The cloth, as the picture and the share card draw it.
    pub band: Band,
    total: Total,
    goal: Option<Money>,
    legend: Vec<ShadeView>,
}

impl Weave {
    /// Lays out the newest gifts of a wall; `own` (a gift's id) is highlighted, wherever it stands.
    ///
    /// # Errors
    /// The database's.
    pub fn of(
        conn: &mut Conn,
        wall: Wall,
        (total, goal): (Total, Money),
        shades: &Shades,
        own: Option<&str>,
    ) -> AppResult<Self> {
        let mut rows = model::threads(conn, wall, i64::try_from(MOST_THREADS).unwrap_or(1_000))?;
        rows.reverse();
        if let Some(own) = own
            && !rows.iter().any(|row| row.id == own)
            && let Some(row) = model::thread(conn, own)?
        {
            rows.insert(0, row);
        }
        Ok(Self::new(&rows, total, goal, shades, own))
    }

    fn new(
        rows: &[ThreadRow],
        total: Total,
        goal: Money,
        shades: &Shades,
        own: Option<&str>,
    ) -> Self {
        let threads: Vec<Thread> = rows
            .iter()
            .map(|row| Thread {
                minor: row.charged - row.refunded,
                shade: shades.of(row.program_id),
                anonymous: row.anonymous,
                own: own == Some(row.id.as_str()),
                verified: row.fee.is_some(),
            })
            .collect();
        let dyed = |shade: u8| {
            threads
                .iter()
                .any(|t| !t.anonymous && !t.own && t.shade == shade)
        };
        let legend = (0..u8::try_from(SHADES).unwrap_or_default())
            .filter(|shade| dyed(*shade))
            .filter_map(|shade| {
                Some(ShadeView {
                    shade,
                    label: shades.name(shade)?.to_owned(),
                })
            })
            .collect();
        Self {
            band: Band {
                threads,
                raised: total.raised().minor(),
                matched: 0,
                goal: goal.minor().max(0),
            },
            total,
            goal: (goal.minor() > 0).then_some(goal),
            legend,
        }
    }

    /// What was raised.
    pub fn total(&self) -> Total {
        self.total
    }

    /// The drawing for the head of a page.
    ///
    /// # Errors
    /// When an amount cannot be written.
    pub fn svg(&self, palette: &Palette) -> AppResult<String> {
        let raised = said(self.total.raised())?;
        let title = match self.goal {
            Some(goal) => format!("{raised} raised of {}", said(goal)?),
            None => format!("{raised} raised"),
        };
        Ok(self.band.svg(Size::Wide, palette, &title))
    }

    /// The band with its figures.
    ///
    /// # Errors
    /// When an amount cannot be written.
    pub fn view(
        &self,
        palette: &Palette,
        days_left: Option<i64>,
        live_url: Option<String>,
    ) -> AppResult<BandView> {
        Ok(BandView {
            band_svg: self.svg(palette)?,
            raised: self.total.raised().into(),
            matched: None,
            goal: self.goal.map(Into::into),
            gifts: self.total.donations,
            donors: self.total.donors,
            days_left,
            shades: self.legend.clone(),
            undyed: self.band.threads.iter().any(|thread| thread.anonymous),
            verified: self.band.threads.iter().any(|thread| thread.verified),
            live_url,
        })
    }
}

/// An amount in words.
pub(super) fn said(money: Money) -> AppResult<String> {
    wording::amount(money.minor(), money.currency().code()).map_err(AppError::internal)
}
