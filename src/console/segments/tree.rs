//! A rule while it is being built: what was typed, part by part, right or not.
//!
//! A part's fields are named after its place: `n.0` is the outermost group, `n.0.2` the third part of it, and
//! `n.0.2.at_least` one of that part's fields.

use std::collections::BTreeMap;

use super::parts::Part;
use crate::console::fields::Typed;
use crate::segments::rule::{MOST_DEEP, MOST_PARTS};

/// A part with what was typed into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) part: Part,
    pub(super) fields: BTreeMap<String, String>,
    pub(super) parts: Vec<Node>,
}

/// What a button of the builder asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Deed {
    /// Another condition, of the kind chosen in that group.
    Add(Vec<usize>),
    /// Another group within that one.
    Group(Vec<usize>),
    /// That part away.
    Remove(Vec<usize>),
    /// Another one: of whoever drew the form.
    Other(String),
}

impl Deed {
    /// Of the button that was pressed.
    pub(super) fn of(typed: &Typed) -> Self {
        let text = typed.text("do");
        let place = |text: &str| -> Option<Vec<usize>> {
            text.split('.').map(|part| part.parse().ok()).collect()
        };
        match text.split_once(':') {
            Some(("add", at)) => place(at).map(Self::Add),
            Some(("group", at)) => place(at).map(Self::Group),
            Some(("remove", at)) => place(at).map(Self::Remove),
            _ => None,
        }
        .unwrap_or_else(|| Self::Other(text.to_owned()))
    }
}

/// A part's place as it stands in names.
pub(super) fn path(place: &[usize]) -> String {
    let parts: Vec<String> = place.iter().map(ToString::to_string).collect();
    parts.join(".")
}

type Found = BTreeMap<Vec<usize>, BTreeMap<String, String>>;

impl Node {
    /// A part with nothing typed into it.
    pub(super) fn new(part: Part) -> Self {
        Self {
            part,
            fields: BTreeMap::new(),
            parts: Vec::new(),
        }
    }

    /// An outermost group with nothing in it.
    pub(super) fn empty() -> Self {
        Self::new(Part::All)
    }

    /// What a field holds.
    pub(super) fn text(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str).trim()
    }

    pub(super) fn set(&mut self, name: &str, value: impl ToString) {
        self.fields.insert(name.to_owned(), value.to_string());
    }

    /// The rule of a posted form. More parts than a rule may have are cut off, two levels more than one may have are kept,
    /// so that whoever built them is told and can take them away.
    pub(super) fn posted(typed: &Typed) -> Self {
        let mut found = Found::new();
        for (name, value) in &typed.0 {
            let Some((at, field)) = name
                .strip_prefix("n.")
                .and_then(|rest| rest.rsplit_once('.'))
            else {
                continue;
            };
            let place: Option<Vec<usize>> = at.split('.').map(|part| part.parse().ok()).collect();
            let Some(place) = place.filter(|place| place.len() <= MOST_DEEP + 2) else {
                continue;
            };
            if found.len() <= MOST_PARTS || found.contains_key(&place) {
                let fields = found.entry(place).or_default();
                fields.insert(field.to_owned(), value.chars().take(300).collect());
            }
        }
        Self::built(&found, &[0]).unwrap_or_else(Self::empty)
    }

    fn built(found: &Found, place: &[usize]) -> Option<Self> {
        let mut fields = found.get(place)?.clone();
        let part: Part = fields.remove("part")?.parse().ok()?;
        let inner = found
            .range(place.to_vec()..)
            .map(|(at, _)| at)
            .take_while(|at| at.starts_with(place))
            .filter(|at| part.is_group() && at.len() == place.len() + 1);
        let parts = inner.filter_map(|at| Self::built(found, at)).collect();
        Some(Self {
            part,
            fields,
            parts,
        })
    }

    fn at(&mut self, place: &[usize]) -> Option<&mut Self> {
        match place {
            [] => Some(self),
            [next, rest @ ..] => self.parts.get_mut(*next)?.at(rest),
        }
    }

    /// Does what a button asked for. A place that is not there changes nothing.
    pub(super) fn apply(&mut self, deed: &Deed) {
        // The first number is the outermost group's own.
        match deed {
            Deed::Add(place) => {
                if let Some(group) = self.at(place.get(1..).unwrap_or_default()) {
                    let wanted: Option<Part> = group.text("new").parse().ok();
                    if let Some(part) = wanted.filter(|_| group.part.is_group()) {
                        group.parts.push(Self::new(part));
                    }
                }
            }
            Deed::Group(place) => {
                let group = self.at(place.get(1..).unwrap_or_default());
                if let Some(group) = group.filter(|group| group.part.is_group()) {
                    group.parts.push(Self::new(Part::Any));
                }
            }
            Deed::Remove(place) => {
                if let [_, above @ .., last] = place.as_slice()
                    && let Some(group) = self.at(above)
                    && *last < group.parts.len()
                {
                    group.parts.remove(*last);
                }
            }
            Deed::Other(_) => {}
        }
    }
}
