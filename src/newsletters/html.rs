//! `/newsletters`, `/newsletters/{slug}` and their feed: the public archive. A copy tells nobody's name and nobody's money,
//! and a story whose consent was revoked is gone from it with the next look (S17).

use std::fmt::Write as _;

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use super::house::House;
use super::model::{self, Newsletter, NewsletterState, Place};
use super::render::Prepared;
use super::shape::{escaped, harmless};
use crate::consent_vault::Channel;
use crate::error::{AppError, AppResult};
use crate::kernel::{Limit, Slug};
use crate::stories::StoryId;
use crate::web::headers::Nonce;
use crate::web::query::after;
use crate::web::views::shell::Shell;
use crate::web::{Path, Query, Site, View};

/// Mounts the archive.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/newsletters").route(web::get().to(index)))
        .service(web::resource("/newsletters/feed.xml").route(web::get().to(feed)))
        .service(web::resource("/newsletters/{slug}").route(web::get().to(one)));
}

/// The scope of the index and the feed.
pub const LISTS: (&str, &str) = ("newsletters", "all");

/// A mail as a page: its own styles, pictures, links; no script, no form, in no frame.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' https: data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
);

const ROBOTS: (HeaderName, HeaderValue) = (
    HeaderName::from_static("x-robots-tag"),
    HeaderValue::from_static("noindex, noarchive"),
);

/// After the commit that sent a newsletter, or changed whether the archive shows it.
pub fn changed(site: &Site, newsletter: super::NewsletterId) {
    site.views.withdrawn("newsletter", &newsletter.to_string());
    site.views.withdrawn(LISTS.0, LISTS.1);
}

#[derive(Debug, Clone, Deserialize, Default)]
#[serde(default)]
struct Asked {
    after: String,
}

/// A newsletter in the archive's list.
#[derive(Debug, Clone, Serialize)]
struct RowView {
    title: String,
    href: String,
    sent_at: String,
}

/// Context of `newsletters`.
#[derive(Debug, Clone, Serialize)]
struct IndexView {
    shell: Shell,
    rows: Vec<RowView>,
    next_url: Option<String>,
}

fn row(newsletter: &Newsletter) -> RowView {
    RowView {
        title: newsletter.title.clone(),
        href: format!("/newsletters/{}", newsletter.slug),
        sent_at: newsletter
            .ended_at
            .unwrap_or(newsletter.changed_at)
            .rfc3339(),
    }
}

async fn index(
    site: Data<Site>,
    request: HttpRequest,
    query: Query<Asked>,
) -> AppResult<HttpResponse> {
    let place: Option<Place> = after(Some(query.0.after.as_str()).filter(|text| !text.is_empty()))?;
    let key = format!("/newsletters?after={}", query.0.after);
    let render = {
        let site = site.clone();
        move |nonce: Nonce| async move {
            let listed = site
                .db
                .read(move |c| model::archived(c, place, Limit::default()))
                .await?;
            let page = IndexView {
                shell: Shell::new(
                    &site.config,
                    nonce.as_str(),
                    "Newsletters",
                    "What we wrote to our readers, and what gifts made possible.",
                )
                .og(&site.config, "website", "/newsletters", None),
                rows: listed.items.iter().map(row).collect(),
                next_url: listed
                    .next
                    .map(|next| format!("/newsletters?after={}", next.as_str())),
            };
            Ok(View::html(site.render("newsletters", &page)?))
        }
    };
    site.views.respond(&request, &key, &[LISTS], render).await
}

/// Whether everybody may read it: it is on its way to its readers or there, and marked public.
fn is_shown(newsletter: &Newsletter) -> bool {
    let has_left = matches!(
        newsletter.state,
        NewsletterState::Sending | NewsletterState::Paused | NewsletterState::Sent
    );
    newsletter.is_public && newsletter.started_at.is_some() && has_left
}

async fn one(
    site: Data<Site>,
    request: HttpRequest,
    path: Path<String>,
) -> AppResult<HttpResponse> {
    let missing = || AppError::NotFound("this newsletter");
    let slug: Slug = path.0.parse().map_err(|_| missing())?;
    let key = format!("/newsletters/{slug}");
    let render = {
        let site = site.clone();
        move |_: Nonce| async move {
            let (house, now) = (House::of(&site.config), site.clock.now());
            let (id, stories, is_listed, html) = site
                .db
                .read(move |c| {
                    let newsletter = model::by_slug(c, &slug)?;
                    if !is_shown(&newsletter) {
                        return Err(missing());
                    }
                    let id = newsletter.id;
                    let prepared = Prepared::of(c, newsletter, &house)?;
                    let stand_in = prepared.stand_in(c, Channel::Web, now)?;
                    let mail = prepared
                        .render_archive(&stand_in)
                        .map_err(AppError::internal)?;
                    let stories: Vec<StoryId> = prepared.content().stories();
                    let mut named = prepared.sources().stories.values();
                    Ok((
                        id,
                        stories,
                        named.all(|(story, _)| story.is_indexed),
                        in_a_main(&mail.html),
                    ))
                })
                .await?;
            let mut view = View::new("text/html; charset=utf-8", html)
                .policy(POLICY)
                .depends_on("newsletter", &id.to_string())
                .never_stale();
            for story in stories {
                view = view.depends_on("story", &story.to_string());
            }
            let (name, value) = ROBOTS;
            Ok(if is_listed {
                view
            } else {
                view.header(name, value)
            })
        }
    };
    site.views.respond(&request, &key, &[], render).await
}

/// A mail's body as the one part of a page: whoever listens to it is led there.
fn in_a_main(html: &str) -> String {
    let body = html
        .find("<body")
        .and_then(|at| Some(at + html.get(at..)?.find('>')? + 1));
    match (body, html.rfind("</body>")) {
        (Some(begin), Some(end)) if begin <= end => {
            let (head, rest) = html.split_at(begin);
            let (inner, tail) = rest.split_at(end - begin);
            format!("{head}<main>{inner}</main>{tail}")
        }
        _ => html.to_owned(),
    }
}

async fn feed(site: Data<Site>, request: HttpRequest) -> AppResult<HttpResponse> {
    let render = {
        let site = site.clone();
        move |_: Nonce| async move {
            let listed = site
                .db
                .read(move |c| model::archived(c, None, Limit::default()))
                .await?;
            let house = House::of(&site.config);
            Ok(View::new(
                "application/atom+xml; charset=utf-8",
                atom(&house, &listed.items),
            ))
        }
    };
    site.views
        .respond(&request, "/newsletters/feed.xml", &[LISTS], render)
        .await
}

/// The feed (RFC 4287): titles and places, never texts, so that what a reader's program keeps is little.
fn atom(house: &House, all: &[Newsletter]) -> String {
    let when = |one: &Newsletter| one.ended_at.unwrap_or(one.changed_at).rfc3339();
    let base = escaped(&house.base);
    let name = harmless(&house.organisation);
    let name = escaped(&name);
    let updated = all
        .first()
        .map_or_else(|| "1970-01-01T00:00:00Z".to_owned(), when);
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">\n<id>{base}/newsletters/feed.xml</id>\n<title>{name}: newsletters</title>\n<updated>{updated}</updated>\n<author><name>{name}</name></author>\n<link rel=\"self\" href=\"{base}/newsletters/feed.xml\"/>\n<link href=\"{base}/newsletters\"/>\n"
    );
    for one in all {
        // Writing to a String cannot fail.
        write!(
            out,
            "<entry>\n<id>urn:selvedge:newsletter:{}</id>\n<title>{}</title>\n<link href=\"{base}/newsletters/{}\"/>\n<updated>{}</updated>\n</entry>\n",
            one.id,
            escaped(&harmless(&one.title)),
            one.slug,
            when(one),
        )
        .unwrap_or_default();
    }
    out.push_str("</feed>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::in_a_main;

    #[test]
    fn a_mail_becomes_a_page_with_one_main() {
        assert_eq!(
            in_a_main("<html><body class=\"a\"><p>x</p></body></html>"),
            "<html><body class=\"a\"><main><p>x</p></main></body></html>"
        );
        assert_eq!(in_a_main("plain"), "plain");
    }
}
