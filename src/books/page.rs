//! "What this page has paid for": the sums of one page's gifts, kept with the books.

use diesel::prelude::*;

use super::Line;
use crate::db::Conn;
use crate::db::schema::{book_page_sums, funds, grants, programs};
use crate::each;
use crate::error::AppResult;
use crate::ids::{PageId, ProgramId};
use crate::kernel::{Currency, Money, Slug};

/// What a page's gifts did for one program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PagePaid {
    /// The fund's name.
    pub fund: String,
    /// The program, unless it is the campaign's own fund.
    pub program: Option<(ProgramId, Slug, String)>,
    /// What lies in the fund.
    pub held: Money,
    /// What was paid to the partner.
    pub granted: Money,
    /// The grants that it was paid in, each with the page's part of it.
    pub grants: Vec<(String, Money)>,
}

/// What `page` has paid for, program by program: as many rows as it has programs and grants, whatever its gifts are.
///
/// # Errors
/// The database's.
pub fn paid_by_page(conn: &mut Conn, page: PageId, currency: Currency) -> AppResult<Vec<PagePaid>> {
    let query = book_page_sums::table
        .inner_join(funds::table.on(funds::id.eq(book_page_sums::fund_id)))
        .left_join(programs::table.on(programs::id.nullable().eq(funds::program_id)))
        .left_join(grants::table.on(grants::id.eq(book_page_sums::grant_id)))
        .filter(book_page_sums::page_id.eq(page))
        .filter(book_page_sums::line.eq_any([Line::Held, Line::Granted]))
        .order((funds::name, funds::id, grants::number))
        .select((
            book_page_sums::line,
            book_page_sums::amount,
            funds::name,
            (
                programs::id.nullable(),
                programs::slug.nullable(),
                programs::name.nullable(),
            ),
            grants::number.nullable(),
        ));
    type Program = (Option<ProgramId>, Option<Slug>, Option<String>);
    type Row = (Line, i64, String, Program, Option<String>);
    let rows: Vec<Row> = each!(conn, c => query.load(c))?;
    let mut paid: Vec<PagePaid> = Vec::new();
    for (line, amount, fund, (id, slug, name), number) in rows {
        let money = Money::new(amount, currency);
        if paid.last().is_none_or(|last| last.fund != fund) {
            paid.push(PagePaid {
                fund,
                program: id
                    .zip(slug)
                    .zip(name)
                    .map(|((id, slug), name)| (id, slug, name)),
                held: Money::zero(currency),
                granted: Money::zero(currency),
                grants: Vec::new(),
            });
        }
        let Some(last) = paid.last_mut() else {
            continue;
        };
        match line {
            Line::Held => last.held = last.held.plus(money)?,
            _ => {
                last.granted = last.granted.plus(money)?;
                last.grants.extend(number.map(|number| (number, money)));
            }
        }
    }
    paid.retain(|row| row.held.minor() > 0 || row.granted.minor() > 0);
    Ok(paid)
}

/// What was paid to partners of these pages' gifts, by page and program: for newsletters. One statement; a page has as many
/// rows as grants took of its gifts.
///
/// # Errors
/// The database's.
pub fn granted_by_pages(
    conn: &mut Conn,
    pages: &[PageId],
) -> AppResult<Vec<(PageId, String, i64)>> {
    let query = book_page_sums::table
        .inner_join(funds::table.on(funds::id.eq(book_page_sums::fund_id)))
        .left_join(programs::table.on(programs::id.nullable().eq(funds::program_id)))
        .filter(book_page_sums::page_id.eq_any(pages))
        .filter(book_page_sums::line.eq(Line::Granted))
        .order((book_page_sums::page_id, funds::name, funds::id))
        .select((
            book_page_sums::page_id,
            programs::name.nullable(),
            funds::name,
            book_page_sums::amount,
        ));
    let rows: Vec<(PageId, Option<String>, String, i64)> = each!(conn, c => query.load(c))?;
    let mut sums: Vec<(PageId, String, i64)> = Vec::new();
    for (page, program, fund, amount) in rows {
        let name = program.unwrap_or(fund);
        match sums.last_mut() {
            Some((last, known, sum)) if *last == page && *known == name => *sum += amount,
            _ => sums.push((page, name, amount)),
        }
    }
    sums.retain(|row| row.2 > 0);
    Ok(sums)
}
