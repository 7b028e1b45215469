//! A drawing as a printed page: SVG in, a PDF of one page out, sharp at any size.
//!
//! Text comes as outlines, set by the same code as the share card's, so that both look alike and a name in another script
//! takes the same way. Gradients, masks and filters are not taken over: the drawings of this program have none.

use krilla::color::rgb;
use krilla::geom::{Path, PathBuilder, Size, Transform};
use krilla::image::Image;
use krilla::metadata::Metadata;
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule, LineCap, LineJoin, Paint, Pattern, Stroke, StrokeDash};
use krilla::surface::Surface;
use krilla::{Data, Document};
use resvg::tiny_skia;
use resvg::usvg;

use super::lettering;

/// Why a page could not be printed.
#[derive(Debug, thiserror::Error)]
#[error("printed page: {0}")]
pub struct PrintError(String);

fn wrong(cause: impl std::fmt::Display) -> PrintError {
    PrintError(cause.to_string())
}

/// A photograph on the page, over the drawing.
#[derive(Debug, Clone)]
pub struct Placed {
    /// Its bytes (JPEG).
    pub jpeg: Vec<u8>,
    /// Left edge, in points.
    pub x: f32,
    /// Upper edge, in points.
    pub y: f32,
    /// Width and height, in points.
    pub side: f32,
}

/// A page of `width` by `height` points (1/72 inch) that shows `svg`, whose units are points, and over it the photograph.
///
/// # Errors
/// When the drawing is not well formed; a photograph that cannot be read is left out.
pub fn pdf(
    (width, height): (f32, f32),
    svg: &str,
    photo: Option<Placed>,
    title: &str,
) -> Result<Vec<u8>, PrintError> {
    let tree = lettering::tree(svg).map_err(wrong)?;
    let settings = PageSettings::from_wh(width, height).ok_or_else(|| wrong("no page"))?;
    let mut document = Document::new();
    document.set_metadata(Metadata::new().title(title.to_owned()));
    let mut page = document.start_page_with(settings);
    let mut surface = page.surface();
    group(&mut surface, tree.root(), 1.0);
    if let Some(placed) = photo
        && let Ok(picture) = Image::from_jpeg(Data::from(placed.jpeg), true)
        && let Some(size) = Size::from_wh(placed.side, placed.side)
    {
        surface.push_transform(&Transform::from_translate(placed.x, placed.y));
        surface.draw_image(picture, size);
        surface.pop();
    }
    surface.finish();
    page.finish();
    document
        .finish()
        .map_err(|error| wrong(format!("{error:?}")))
}

fn transform(from: tiny_skia::Transform) -> Transform {
    Transform::from_row(from.sx, from.ky, from.kx, from.sy, from.tx, from.ty)
}

/// A group and all in it; `opacity` is that of the groups around it.
fn group(surface: &mut Surface<'_>, group: &usvg::Group, opacity: f32) {
    let opacity = opacity * group.opacity().get();
    surface.push_transform(&transform(group.transform()));
    let clip = group.clip_path().and_then(|clip| {
        let mut outline = PathBuilder::new();
        outlines(&mut outline, clip.root(), clip.transform());
        outline.finish()
    });
    if let Some(clip) = &clip {
        surface.push_clip_path(clip, &FillRule::NonZero);
    }
    for node in group.children() {
        match node {
            usvg::Node::Group(inner) => self::group(surface, inner, opacity),
            usvg::Node::Path(inner) => path(surface, inner, opacity),
            usvg::Node::Text(text) => self::group(surface, text.flattened(), opacity),
            usvg::Node::Image(_) => {}
        }
    }
    if clip.is_some() {
        surface.pop();
    }
    surface.pop();
}

/// The outlines of all paths of a clip, in its own coordinates.
fn outlines(into: &mut PathBuilder, group: &usvg::Group, at: tiny_skia::Transform) {
    for node in group.children() {
        match node {
            usvg::Node::Group(inner) => outlines(into, inner, at.pre_concat(inner.transform())),
            usvg::Node::Path(path) => {
                if let Some(moved) = path.data().clone().transform(at) {
                    trace(into, &moved);
                }
            }
            usvg::Node::Text(_) | usvg::Node::Image(_) => {}
        }
    }
}

fn trace(into: &mut PathBuilder, path: &tiny_skia::Path) {
    use tiny_skia::PathSegment as Segment;
    for segment in path.segments() {
        match segment {
            Segment::MoveTo(p) => into.move_to(p.x, p.y),
            Segment::LineTo(p) => into.line_to(p.x, p.y),
            Segment::QuadTo(a, p) => into.quad_to(a.x, a.y, p.x, p.y),
            Segment::CubicTo(a, b, p) => into.cubic_to(a.x, a.y, b.x, b.y, p.x, p.y),
            Segment::Close => into.close(),
        }
    }
}

fn traced(path: &tiny_skia::Path) -> Option<Path> {
    let mut outline = PathBuilder::new();
    trace(&mut outline, path);
    outline.finish()
}

fn path(surface: &mut Surface<'_>, path: &usvg::Path, opacity: f32) {
    let Some(outline) = traced(path.data()).filter(|_| path.is_visible()) else {
        return;
    };
    let fill = path.fill().and_then(|fill| {
        Some(Fill {
            paint: paint(surface, fill.paint())?,
            opacity: share(fill.opacity().get() * opacity),
            rule: match fill.rule() {
                usvg::FillRule::NonZero => FillRule::NonZero,
                usvg::FillRule::EvenOdd => FillRule::EvenOdd,
            },
        })
    });
    let stroke = path.stroke().and_then(|stroke| {
        Some(Stroke {
            paint: paint(surface, stroke.paint())?,
            width: stroke.width().get(),
            miter_limit: stroke.miterlimit().get(),
            line_cap: match stroke.linecap() {
                usvg::LineCap::Butt => LineCap::Butt,
                usvg::LineCap::Round => LineCap::Round,
                usvg::LineCap::Square => LineCap::Square,
            },
            line_join: match stroke.linejoin() {
                usvg::LineJoin::Round => LineJoin::Round,
                usvg::LineJoin::Bevel => LineJoin::Bevel,
                usvg::LineJoin::Miter | usvg::LineJoin::MiterClip => LineJoin::Miter,
            },
            opacity: share(stroke.opacity().get() * opacity),
            dash: stroke.dasharray().map(|array| StrokeDash {
                array: array.to_vec(),
                offset: stroke.dashoffset(),
            }),
        })
    });
    if fill.is_none() && stroke.is_none() {
        return;
    }
    surface.set_fill(fill);
    surface.set_stroke(stroke);
    surface.draw_path(&outline);
    surface.set_fill(None);
    surface.set_stroke(None);
}

fn share(of_one: f32) -> NormalizedF32 {
    NormalizedF32::new(of_one.clamp(0.0, 1.0)).unwrap_or(NormalizedF32::ONE)
}

fn paint(surface: &mut Surface<'_>, paint: &usvg::Paint) -> Option<Paint> {
    match paint {
        usvg::Paint::Color(colour) => {
            Some(rgb::Color::new(colour.red, colour.green, colour.blue).into())
        }
        usvg::Paint::Pattern(pattern) => Some(tiled(surface, pattern).into()),
        usvg::Paint::LinearGradient(_) | usvg::Paint::RadialGradient(_) => None,
    }
}

fn tiled(surface: &mut Surface<'_>, pattern: &usvg::Pattern) -> Pattern {
    let rect = pattern.rect();
    let mut builder = surface.stream_builder();
    let mut tile = builder.surface();
    tile.push_transform(&Transform::from_translate(-rect.x(), -rect.y()));
    group(&mut tile, pattern.root(), 1.0);
    tile.pop();
    tile.finish();
    let stream = builder.finish();
    let at = pattern
        .transform()
        .pre_concat(tiny_skia::Transform::from_translate(rect.x(), rect.y()));
    Pattern {
        stream,
        transform: transform(at),
        width: rect.width(),
        height: rect.height(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_its_size_its_title_and_its_dashes() {
        let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"300\" height=\"200\" viewBox=\"0 0 300 200\"><defs><pattern id=\"p\" width=\"4\" height=\"4\" patternUnits=\"userSpaceOnUse\"><rect width=\"2\" height=\"2\"/></pattern></defs><rect width=\"300\" height=\"200\" fill=\"url(#p)\"/><path d=\"M0 100h300\" stroke=\"#123456\" stroke-dasharray=\"7 4\"/><text x=\"10\" y=\"50\">Zoë</text></svg>";
        let one = pdf((300.0, 200.0), svg, None, "Zoë’s page").unwrap();
        assert!(one.starts_with(b"%PDF-"));
        let text = String::from_utf8_lossy(&one);
        assert!(text.contains("/MediaBox[0 0 300 200]"), "{text}");
        // The same drawing is the same file, so that its entity tag holds.
        assert_eq!(one, pdf((300.0, 200.0), svg, None, "Zoë’s page").unwrap());
    }
}
