//! The builder as its template draws it.

use serde::Serialize;

use super::choices::Known;
use super::parts::{Ask, Part, Shape};
use super::tree::{Node, path};
use crate::console::desk::Mend;
use crate::console::listing::Choice;

/// A field of a condition, as `console/segment_field` draws it.
#[derive(Debug, Serialize)]
pub(super) struct FieldView {
    name: String,
    label: &'static str,
    hint: &'static str,
    /// `text`, `date`, `number` or `select`.
    kind: &'static str,
    value: String,
    options: Vec<Choice>,
    error: Option<String>,
}

/// A part, as `console/segment_part` draws it.
#[derive(Debug, Serialize)]
pub(super) struct NodeView {
    /// Its place, in names of fields and of buttons.
    at: String,
    part: &'static str,
    label: &'static str,
    is_group: bool,
    is_root: bool,
    fields: Vec<FieldView>,
    parts: Vec<NodeView>,
    joins: Vec<Choice>,
    news: Vec<Choice>,
}

/// Draws a rule that is being built.
pub(super) fn node_view(root: &Node, known: &Known, mend: &Mend) -> NodeView {
    draw(root, &[0], known, mend)
}

fn draw(node: &Node, place: &[usize], known: &Known, mend: &Mend) -> NodeView {
    let at = path(place);
    let fields = node.part.asks().iter();
    let fields = fields
        .map(|ask| field(ask, node, &at, known, mend))
        .collect();
    let parts = node.parts.iter().enumerate();
    let parts = parts
        .map(|(number, part)| {
            let place: Vec<usize> = place.iter().copied().chain([number]).collect();
            draw(part, &place, known, mend)
        })
        .collect();
    let offered = |is_group: bool, current: &str| {
        let all = Part::ALL.iter().filter(|part| part.is_group() == is_group);
        all.map(|part| Choice {
            value: part.to_string(),
            label: part.label().to_owned(),
            is_current: part.as_str() == current,
        })
        .collect()
    };
    NodeView {
        part: node.part.as_str(),
        label: node.part.label(),
        is_group: node.part.is_group(),
        is_root: place.len() == 1,
        fields,
        parts,
        joins: offered(true, node.part.as_str()),
        news: offered(false, node.text("new")),
        at,
    }
}

fn field(ask: &Ask, node: &Node, at: &str, known: &Known, mend: &Mend) -> FieldView {
    let name = format!("n.{at}.{}", ask.name);
    let value = node.text(ask.name).to_owned();
    let choice = |slug: &str, label: &str| Choice {
        value: slug.to_owned(),
        label: label.to_owned(),
        is_current: slug == value,
    };
    let options: Vec<Choice> = match ask.shape {
        Shape::Words(words) => words
            .iter()
            .map(|(word, label)| choice(word, label))
            .collect(),
        Shape::Season => {
            let all = known.seasons.iter();
            let all = all.map(|one| choice(one.slug.as_str(), &one.title));
            [choice("", "the segment’s season, or any")]
                .into_iter()
                .chain(all)
                .collect()
        }
        Shape::Program => {
            let all = known
                .programs
                .iter()
                .map(|(slug, _, name)| choice(slug, name));
            [choice("", "whichever")].into_iter().chain(all).collect()
        }
        Shape::List => {
            let all = known.lists.iter().map(|(slug, _, name)| choice(slug, name));
            [choice("", "choose one")].into_iter().chain(all).collect()
        }
        Shape::Text(_) | Shape::Date | Shape::Number => Vec::new(),
    };
    FieldView {
        error: mend.at(&name),
        name,
        label: ask.label,
        hint: match ask.shape {
            Shape::Text(hint) => hint,
            _ => "",
        },
        kind: match ask.shape {
            Shape::Text(_) => "text",
            Shape::Date => "date",
            Shape::Number => "number",
            _ => "select",
        },
        value,
        options,
    }
}
