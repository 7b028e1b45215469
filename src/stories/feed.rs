//! `/feed.xml`: the newest stories as Atom (RFC 4287): titles and summaries, never texts or pictures, so that what a
//! reader's program keeps is little. A story that was taken down leaves a tombstone (RFC 6721), which asks it to forget.

use std::fmt::Write as _;

use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use chrono::Duration;

use super::model::{self, Story, StoryId, Which};
use super::takedown::LISTS;
use crate::consent_vault::ops::today;
use crate::error::AppResult;
use crate::kernel::{Limit, Timestamp};
use crate::web::headers::Nonce;
use crate::web::{Site, View};

/// Mounts the feed.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/feed.xml").route(web::get().to(atom)));
}

/// Tombstones stand for so many days.
const TOMBSTONES: i64 = 90;
/// Tombstones at most.
const MOST: i64 = 100;

async fn atom(site: Data<Site>, request: HttpRequest) -> AppResult<HttpResponse> {
    let render = {
        let site = site.clone();
        move |_: Nonce| async move {
            let now = site.clock.now();
            let (stories, gone) = site
                .db
                .read(move |c| {
                    let few = Limit::default();
                    let stories = model::shown(c, Which::default(), None, few, today(now)?)?;
                    let since = now.minus(Duration::days(TOMBSTONES));
                    Ok((stories.items, model::taken_down(c, since, MOST)?))
                })
                .await?;
            let text = write(
                &site.config.site.name,
                &site.config.public_url(),
                &stories,
                &gone,
            );
            Ok(View::new("application/atom+xml; charset=utf-8", text).never_stale())
        }
    };
    site.views
        .respond(&request, "/feed.xml", &[LISTS], render)
        .await
}

/// Text within an element or an attribute; controls cannot be in XML at all.
fn escaped(text: &str) -> String {
    let allowed = text
        .chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'));
    allowed.fold(String::with_capacity(text.len()), |mut out, sign| {
        match sign {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
        out
    })
}

fn id(story: StoryId) -> String {
    format!("urn:selvedge:story:{story}")
}

fn write(name: &str, base: &str, stories: &[Story], gone: &[(StoryId, Timestamp)]) -> String {
    let newest = stories.iter().map(|story| story.updated_at);
    let newest = newest.chain(gone.iter().map(|(_, at)| *at)).max();
    let updated = newest.map_or_else(|| "1970-01-01T00:00:00Z".to_owned(), Timestamp::rfc3339);
    let (name, base) = (escaped(name), escaped(base));
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\" xmlns:at=\"http://purl.org/atompub/tombstones/1.0\">\n<id>{base}/feed.xml</id>\n<title>{name}: stories</title>\n<updated>{updated}</updated>\n<link rel=\"self\" href=\"{base}/feed.xml\"/>\n<link href=\"{base}/\"/>\n"
    );
    for story in stories {
        let published = story.published_at.unwrap_or(story.created_at).rfc3339();
        let (summary, note) = (escaped(&story.summary), escaped(&story.content_note));
        let note = if note.is_empty() {
            String::new()
        } else {
            format!(" (Content note: {note})")
        };
        // Writing to a String cannot fail.
        write!(
            out,
            "<entry>\n<id>{}</id>\n<title>{}</title>\n<link href=\"{base}/stories/{}\"/>\n<published>{published}</published>\n<updated>{}</updated>\n<author><name>{}</name></author>\n<summary>{summary}{note}</summary>\n</entry>\n",
            id(story.id),
            escaped(&story.title),
            story.slug,
            story.updated_at.rfc3339(),
            escaped(&story.author_name),
        )
        .unwrap_or_default();
    }
    for (story, at) in gone {
        writeln!(
            out,
            "<at:deleted-entry ref=\"{}\" when=\"{}\"/>",
            id(*story),
            at.rfc3339()
        )
        .unwrap_or_default();
    }
    out.push_str("</feed>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_was_typed_ends_an_element() {
        assert_eq!(escaped("a<b>&\"\u{0}\u{8}মায়া"), "a&lt;b&gt;&amp;&quot;মায়া");
    }
}
