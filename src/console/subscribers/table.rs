//! The table of subscribers.

use std::collections::{BTreeSet, HashMap};

use diesel::dsl::{exists, not};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::super::needle::{Needle, holds, lower};
use crate::db::Conn;
use crate::db::schema::{lists, subscribers, subscriptions, suppressions};
use crate::each;
use crate::error::AppResult;
use crate::subscribers::{ListId, Subscriber, SubscriberId, SubscriptionState};

crate::words! {
    /// Who is listed.
    pub enum Standing {
        /// On a list, and written to.
        Confirmed = "confirmed",
        /// Asked, and has not answered.
        Pending = "pending",
        /// Left a list.
        Left = "left",
        /// Left everything.
        LeftAll = "left_all",
        /// Must not be written to.
        Suppressed = "suppressed",
    }
}

crate::words! {
    /// In which order.
    pub enum Sort {
        /// Newest first.
        Newest = "newest",
        /// By address.
        Address = "address",
    }
}

/// Where the table goes on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Place {
    /// After this subscriber.
    Newest(SubscriberId),
    /// After this address.
    Address(String),
}

/// How somebody stands to a list who said so themselves. Whoever was merely asked has told a season's coordinators nothing, and
/// an invitation must not open anybody's record to whoever sends it (S9).
pub(super) const OWN_WORD: [SubscriptionState; 2] =
    [SubscriptionState::Confirmed, SubscriptionState::Left];

/// What is looked for.
#[derive(Debug, Clone)]
pub(super) struct Filter {
    pub(super) needle: Option<Needle>,
    /// On one of these lists, in whatever way; `None`: wherever.
    pub(super) lists: Option<Vec<ListId>>,
    /// Whether only those are seen who are on the lists by their own word ([`OWN_WORD`]).
    pub(super) is_narrowed: bool,
    pub(super) standing: Option<Standing>,
    pub(super) sort: Sort,
}

/// The place after a row.
pub(super) fn place(row: &Subscriber, sort: Sort) -> Place {
    match sort {
        Sort::Newest => Place::Newest(row.id),
        Sort::Address => Place::Address(row.email_folded.clone()),
    }
}

/// Up to `most` subscribers after a place; not those who were erased or merged away.
///
/// # Errors
/// The database's.
pub(super) fn rows(
    conn: &mut Conn,
    filter: &Filter,
    after: Option<&Place>,
    most: i64,
) -> AppResult<Vec<Subscriber>> {
    use SubscriptionState as State;
    let states: &[State] = match filter.standing {
        Some(Standing::Confirmed) => &[State::Confirmed],
        Some(Standing::Pending) => &[State::Pending],
        Some(Standing::Left) => &[State::Left],
        _ => State::ALL,
    };
    let by_state = states.len() == 1;
    let of_own_word = |state: &State| !filter.is_narrowed || OWN_WORD.contains(state);
    let states: Vec<State> = states.iter().copied().filter(of_own_word).collect();
    Ok(each!(conn, c: Db => {
        let mut query = subscribers::table
            .filter(subscribers::erased_at.is_null())
            .filter(subscribers::merged_into.is_null())
            .select(Subscriber::as_select())
            .limit(most)
            .into_boxed::<Db>();
        let on = subscriptions::table
            .filter(subscriptions::subscriber_id.eq(subscribers::id))
            .filter(subscriptions::state.eq_any(states.clone()));
        if let Some(lists) = &filter.lists {
            query = query.filter(exists(on.filter(subscriptions::list_id.eq_any(lists.clone()))));
        } else if by_state {
            query = query.filter(exists(on));
        }
        let stopped = suppressions::table
            .filter(suppressions::email_folded.eq(subscribers::email_folded));
        query = match filter.standing {
            Some(Standing::LeftAll) => query.filter(subscribers::left_all_at.is_not_null()),
            Some(Standing::Suppressed) => query.filter(exists(stopped)),
            Some(Standing::Confirmed) => query.filter(not(exists(stopped))),
            _ => query,
        };
        if let Some(needle) = &filter.needle {
            query = query.filter(
                subscribers::email_folded
                    .like(needle.prefix())
                    .escape('\\')
                    .or(holds!(subscribers::name, needle)),
            );
        }
        query = match filter.sort {
            Sort::Newest => query.order(subscribers::id.desc()),
            Sort::Address => query.order(subscribers::email_folded.asc()),
        };
        query = match after {
            None => query,
            Some(Place::Newest(id)) => query.filter(subscribers::id.lt(*id)),
            Some(Place::Address(address)) => query.filter(subscribers::email_folded.gt(address)),
        };
        query.load(c)
    })?)
}

/// What stands beside rows: their lists, and who of them must not be written to.
#[derive(Debug, Default)]
pub(super) struct Beside {
    pub(super) lists: HashMap<SubscriberId, Vec<(String, SubscriptionState)>>,
    pub(super) suppressed: BTreeSet<String>,
}

/// What stands beside these rows, of the lists that may be seen.
///
/// # Errors
/// The database's.
pub(super) fn beside(
    conn: &mut Conn,
    rows: &[Subscriber],
    seen: Option<&[ListId]>,
) -> AppResult<Beside> {
    let ids: Vec<SubscriberId> = rows.iter().map(|row| row.id).collect();
    let found: Vec<(SubscriberId, ListId, String, SubscriptionState)> = each!(conn, c => {
        subscriptions::table
            .inner_join(lists::table.on(lists::id.eq(subscriptions::list_id)))
            .filter(subscriptions::subscriber_id.eq_any(ids))
            .order(lists::name)
            .select((
                subscriptions::subscriber_id,
                lists::id,
                lists::name,
                subscriptions::state,
            ))
            .load(c)
    })?;
    let mut beside = Beside::default();
    for (id, list, name, state) in found {
        if seen.is_none_or(|seen| seen.contains(&list)) {
            beside.lists.entry(id).or_default().push((name, state));
        }
    }
    let folded: Vec<&str> = rows.iter().map(|row| row.email_folded.as_str()).collect();
    let query = suppressions::table
        .filter(suppressions::email_folded.eq_any(folded))
        .select(suppressions::email_folded);
    let suppressed: Vec<String> = each!(conn, c => query.load(c))?;
    beside.suppressed = suppressed.into_iter().collect();
    Ok(beside)
}
