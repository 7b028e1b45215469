//! `/console/subscribers`: who may be written to, found, filtered, taken along, asked by mail. Looking at addresses is a deed.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use super::super::desk::{Desk, Mend, Room};
use super::super::export::{PIECE, goes_on, note, send};
use super::super::fields::{Draw, Field, Typed};
use super::super::listing::{self, Choice, ROWS};
use super::super::needle::Needle;
use super::super::scope::Scope;
use super::table::{self, Beside, Filter, Place, Sort, Standing};
use super::{lists_in, narrowed};
use crate::audit::Deed;
use crate::auth::Coordinator;
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::kernel::{Cursor, Email, Line, Listed};
use crate::subscribers::joining::{Ask, NAME_MOST, Waiting};
use crate::subscribers::{List, ListId, Subscriber, SubscriberId, Subscribing, SubscriptionState};
use crate::web::query::value;
use crate::web::site::see;
use crate::web::{CsrfForm, Query, Site};

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(default)]
pub(super) struct Asked {
    q: String,
    list: String,
    standing: String,
    sort: String,
    after: String,
}

impl Asked {
    /// What is looked for, within what may be seen.
    fn filter(&self, conn: &mut Conn, scope: &Scope) -> AppResult<Filter> {
        let given = |text: &'_ str| (!text.is_empty()).then(|| text.to_owned());
        let seen = narrowed(conn, scope)?;
        let lists = match value::<ListId>("list", given(&self.list).as_deref())? {
            None => seen,
            Some(list) if seen.as_ref().is_none_or(|seen| seen.contains(&list)) => Some(vec![list]),
            Some(_) => return Err(AppError::Forbidden("this list is not of your seasons")),
        };
        Ok(Filter {
            needle: Needle::parse(&self.q),
            is_narrowed: !scope.is_whole(),
            lists,
            standing: value("standing", given(&self.standing).as_deref())?,
            sort: value("sort", given(&self.sort).as_deref())?.unwrap_or(Sort::Newest),
        })
    }

    fn after(&self, sort: Sort) -> AppResult<Option<Place>> {
        if self.after.is_empty() {
            return Ok(None);
        }
        let place: Option<Place> = Cursor::parse(&self.after).ok();
        let fits = |place: &Place| {
            matches!(
                (place, sort),
                (Place::Newest(_), Sort::Newest) | (Place::Address(_), Sort::Address)
            )
        };
        place
            .filter(fits)
            .map(Some)
            .ok_or_else(|| AppError::field("after", "not a cursor that this list gave out"))
    }
}

#[derive(Serialize)]
struct OnList {
    name: String,
    state: &'static str,
}

#[derive(Serialize)]
struct RowView {
    href: String,
    email: String,
    name: String,
    lists: Vec<OnList>,
    is_out: bool,
    is_suppressed: bool,
    since: String,
}

/// Context of `console/subscribers`.
#[derive(Serialize)]
struct View {
    q: String,
    lists: Vec<Choice>,
    standings: Vec<Choice>,
    sorts: Vec<Choice>,
    rows: Vec<RowView>,
    next_url: Option<String>,
    export_url: String,
    is_whole: bool,
    fields: Vec<Field>,
    open_lists: Vec<Choice>,
    errors: Vec<crate::error::FieldError>,
    notice: Option<String>,
}

pub(super) async fn show(
    site: Data<Site>,
    request: HttpRequest,
    staff: Coordinator,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Subscribers);
    draw(&desk, query.0, &Typed::default(), Mend::none()).await
}

async fn draw(desk: &Desk, asked: Asked, typed: &Typed, mend: Mend) -> AppResult<HttpResponse> {
    let scope = Scope::of(&desk.signed);
    let is_whole = scope.is_whole();
    let wanted = asked.clone();
    let (listed, beside, lists, sort) = desk
        .site
        .db
        .read(move |c| {
            let filter = wanted.filter(c, &scope)?;
            let after = wanted.after(filter.sort)?;
            let rows = table::rows(c, &filter, after.as_ref(), ROWS.and_one())?;
            let listed = Listed::cut(rows, ROWS, |row| table::place(row, filter.sort));
            let seen = narrowed(c, &scope)?;
            let beside = table::beside(c, &listed.items, seen.as_deref())?;
            Ok((listed, beside, lists_in(c, &scope, false)?, filter.sort))
        })
        .await?;
    let deed = Deed::new(
        desk.signed.user(),
        "subscribers.view",
        ("subscribers", "list".to_owned()),
    );
    desk.note(deed.saying(format!("{} addresses", listed.items.len())))
        .await?;
    let draw = Draw { typed, mend: &mend };
    let mut standings = listing::choices(Standing::ALL, &asked.standing);
    for one in &mut standings {
        if one.value == "left_all" {
            "left everything".clone_into(&mut one.label);
        }
    }
    let view = View {
        lists: choices(&lists, &asked.list),
        open_lists: choices(&lists, typed.text("to")),
        standings,
        sorts: listing::choices(Sort::ALL, sort.as_str()),
        rows: listed.items.iter().map(|one| row(one, &beside)).collect(),
        next_url: listing::next(&desk.request, &listed),
        export_url: listing::with_path("/console/subscribers.csv", &desk.request, &[]),
        is_whole,
        fields: vec![
            draw.text("email", "E-mail"),
            draw.text("name", "Name (optional)"),
        ],
        q: asked.q,
        errors: mend.faults.clone(),
        notice: mend.notice.clone(),
    };
    desk.show("subscribers", "Subscribers", mend.status, view)
}

pub(super) fn choices(lists: &[List], current: &str) -> Vec<Choice> {
    let choice = |list: &List| Choice {
        value: list.id.to_string(),
        label: list.name.clone(),
        is_current: list.id.to_string() == current,
    };
    lists.iter().map(choice).collect()
}

pub(super) fn state_word(state: SubscriptionState) -> &'static str {
    match state {
        SubscriptionState::Pending => "asked",
        SubscriptionState::Confirmed => "on it",
        SubscriptionState::Left => "left",
    }
}

fn row(one: &Subscriber, beside: &Beside) -> RowView {
    let lists = beside.lists.get(&one.id).map(Vec::as_slice);
    let on = |(name, state): &(String, SubscriptionState)| OnList {
        name: name.clone(),
        state: state_word(*state),
    };
    RowView {
        href: format!("/console/subscribers/{}", one.id),
        email: one.email.to_string(),
        name: one.name.clone(),
        lists: lists.unwrap_or_default().iter().map(on).collect(),
        is_out: one.left_all_at.is_some(),
        is_suppressed: beside.suppressed.contains(&one.email_folded),
        since: one.created_at.rfc3339(),
    }
}

/// Asks somebody by mail whether they want a list: fields `email`, `name`, `to`.
pub(super) async fn invite(
    site: Data<Site>,
    with: Data<Subscribing>,
    request: HttpRequest,
    staff: Coordinator,
    form: CsrfForm<Typed>,
) -> AppResult<HttpResponse> {
    let desk = Desk::new(&site, &request, staff.0, Room::Subscribers);
    let typed = form.0;
    match ask(&desk, &with, &typed).await {
        Ok(()) => Ok(see("/console/subscribers?done=invited-reader")),
        Err(error) => draw(&desk, Asked::default(), &typed, Mend::of(error)?).await,
    }
}

async fn ask(desk: &Desk, with: &Subscribing, typed: &Typed) -> AppResult<()> {
    let email: Email = typed
        .text("email")
        .parse::<Email>()
        .map_err(|bad| AppError::field("email", bad))?;
    let name = match typed.text("name").trim() {
        "" => String::new(),
        text => Line::parse(text, NAME_MOST)
            .map_err(|bad| AppError::field("name", bad))?
            .into_string(),
    };
    let (scope, wanted) = (Scope::of(&desk.signed), typed.text("to").to_owned());
    let lists = desk
        .site
        .db
        .read(move |c| lists_in(c, &scope, false))
        .await?;
    let list = lists
        .into_iter()
        .find(|list| list.id.to_string() == wanted)
        .ok_or_else(|| AppError::field("to", "choose a list"))?;
    if !with.tries.may_mail(&email) {
        return Err(AppError::field(
            "email",
            "this address was asked lately; wait an hour",
        ));
    }
    let now = desk.now();
    let waiting = Waiting {
        name,
        email,
        lists: vec![list.id],
        asked_at: now,
        network: None,
        by_staff: Some(desk.signed.user()),
    };
    let ask = Ask::make(&desk.site.config, waiting, &[list.name])?;
    let mails = with.mails.clone();
    desk.site.db.tx(move |c| ask.send(c, &mails, now)).await
}

/// The table as a file.
pub(super) async fn csv(
    site: Data<Site>,
    staff: Coordinator,
    asked: Query<Asked>,
) -> AppResult<HttpResponse> {
    let (scope, signed, now) = (Scope::of(&staff.0), staff.0, site.clock.now());
    let asked = asked.0;
    let (filter, seen) = site
        .db
        .tx(move |c| {
            note(c, &signed, "subscribers.export", None, now)?;
            Ok((asked.filter(c, &scope)?, narrowed(c, &scope)?))
        })
        .await?;
    let columns = [
        "email",
        "name",
        "language",
        "country",
        "time_zone",
        "lists",
        "asked",
        "left",
        "left_everything",
        "suppressed",
        "known_since",
    ];
    let db = site.db.clone();
    Ok(send(
        "subscribers.csv",
        &columns,
        move |after: Option<Place>| {
            let (db, filter, seen) = (db.clone(), filter.clone(), seen.clone());
            async move {
                db.read(move |c| {
                    let rows = table::rows(c, &filter, after.as_ref(), PIECE)?;
                    let beside = table::beside(c, &rows, seen.as_deref())?;
                    let next = goes_on(&rows, |row| table::place(row, filter.sort));
                    Ok((rows.iter().map(|one| cells(one, &beside)).collect(), next))
                })
                .await
            }
        },
    ))
}

fn cells(one: &Subscriber, beside: &Beside) -> Vec<String> {
    let names = |id: SubscriberId, state: SubscriptionState| {
        let lists = beside.lists.get(&id).map(Vec::as_slice).unwrap_or_default();
        let of = lists.iter().filter(|(_, at)| *at == state);
        let names: Vec<&str> = of.map(|(name, _)| name.as_str()).collect();
        names.join("; ")
    };
    vec![
        one.email.to_string(),
        one.name.clone(),
        one.language.clone(),
        one.country.clone(),
        one.time_zone.clone().unwrap_or_default(),
        names(one.id, SubscriptionState::Confirmed),
        names(one.id, SubscriptionState::Pending),
        names(one.id, SubscriptionState::Left),
        one.left_all_at.map(|at| at.rfc3339()).unwrap_or_default(),
        beside.suppressed.contains(&one.email_folded).to_string(),
        one.created_at.rfc3339(),
    ]
}
