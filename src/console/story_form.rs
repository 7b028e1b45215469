//! The form of a story: what stands, what was typed, and the command it makes.

use serde::Serialize;

use super::desk::Mend;
use super::fields::{Draw, Field, Typed};
use super::listing::Choice;
use super::scope::Scope;
use super::stories::{abouts, check};
use crate::auth::UserId;
use crate::campaigns::CampaignId;
use crate::error::{AppError, AppResult, FieldError};
use crate::kernel::line::{BadText, parse_lines};
use crate::kernel::{Line, Slug};
use crate::partners::{FurtherLink, ProgramId};
use crate::stories::{About, EditStory, Story, StoryId};
use crate::web::markdown;

/// Something to tick, and its place among the others.
#[derive(Debug, Serialize)]
pub(super) struct Pick {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) place: String,
    pub(super) is_ticked: bool,
}

/// Context of `console/story_fields`.
#[derive(Debug, Serialize)]
pub(super) struct FormView {
    version: String,
    head: Vec<Field>,
    abouts: Vec<Choice>,
    about_error: Option<String>,
    text: Vec<Field>,
    author: Vec<Field>,
    ways: Vec<Field>,
    is_indexed: Field,
    programs: Vec<Pick>,
    programs_error: Option<String>,
    campaigns: Vec<Pick>,
    campaigns_error: Option<String>,
}

/// Programs or campaigns to choose from: their ids and names.
pub(super) type Choices<T> = Vec<(T, String)>;

/// The form with what stands.
pub(super) fn of(story: &Story, programs: &[ProgramId], campaigns: &[CampaignId]) -> Typed {
    let mut typed = Typed::default();
    typed.set("version", story.version);
    typed.set("title", &story.title);
    typed.set("slug", &story.slug);
    typed.set("summary", &story.summary);
    typed.set("body", &story.body);
    typed.set("about", story.about);
    typed.set("author_name", &story.author_name);
    typed.set("author_about", &story.author_about);
    typed.set("content_note", &story.content_note);
    typed.set("take_part", story.take_part.0.join("\n"));
    let more = story.more.0.iter();
    let more: Vec<String> = more
        .map(|link| format!("{} | {}", link.label, link.href))
        .collect();
    typed.set("more", more.join("\n"));
    typed.tick("is_indexed", story.is_indexed);
    for (place, id) in (1..).zip(programs) {
        let _: i32 = place;
        typed.set("program", id);
        typed.set(&format!("place_{id}"), place);
    }
    for id in campaigns {
        typed.set("campaign", id);
    }
    typed
}

fn picks<T: ToString>(typed: &Typed, name: &str, all: &[(T, String)]) -> Vec<Pick> {
    let mut rows: Vec<Pick> = all
        .iter()
        .map(|(id, label)| {
            let id = id.to_string();
            Pick {
                is_ticked: typed.all(name).any(|ticked| ticked == id),
                place: typed.text(&format!("place_{id}")).to_owned(),
                name: label.clone(),
                id,
            }
        })
        .collect();
    rows.sort_by_key(|row| row.place.parse::<u32>().unwrap_or(u32::MAX));
    rows
}

/// The form as its template draws it.
pub(super) fn draw(
    typed: &Typed,
    mend: &Mend,
    programs: &Choices<ProgramId>,
    campaigns: &Choices<CampaignId>,
) -> FormView {
    let d = Draw { typed, mend };
    FormView {
        version: typed.text("version").to_owned(),
        head: vec![
            d.text("title", "Title").wide(),
            d.text("slug", "Address")
                .hint("Its place in URLs. It stands for good once the story was public."),
            d.area("summary", "Summary", 2)
                .hint("One or two sentences: lists and the feed show them, too."),
        ],
        abouts: abouts(typed.text("about")),
        about_error: mend.at("about"),
        text: vec![
            d.area("content_note", "Content note", 2)
                .hint("What readers should know before they read. Empty: none."),
            d.area("body", "Text", 20).hint(
                "Markdown: ## for a heading, > for a quotation, **strong**, [words](https://…).",
            ),
        ],
        author: vec![
            d.text("author_name", "Author")
                .hint("A name, or the pseudonym of the consent. No surname of a survivor."),
            d.area("author_about", "About the author", 2),
        ],
        ways: vec![
            d.area("take_part", "Ways to take part", 3)
                .hint("One a line."),
            d.area("more", "For more", 3)
                .hint("One a line: words | https://… or words | mailto:…"),
        ],
        is_indexed: d
            .tick("is_indexed", "Search engines may list it")
            .hint("Off by default for a story with a survivor in it."),
        programs: picks(typed, "program", programs),
        programs_error: mend.at("programs"),
        campaigns: picks(typed, "campaign", campaigns),
        campaigns_error: mend.at("campaigns"),
    }
}

struct Reader<'a> {
    typed: &'a Typed,
    faults: Vec<FieldError>,
}

impl Reader<'_> {
    fn fault<T>(&mut self, field: &str, error: impl ToString) -> Option<T> {
        self.faults.push(FieldError::new(field, error));
        None
    }

    /// One line that may be empty.
    fn line(&mut self, field: &str, most: usize) -> Option<String> {
        match Line::parse(self.typed.text(field), most) {
            Ok(line) => Some(line.into_string()),
            Err(BadText::Empty) => Some(String::new()),
            Err(error) => self.fault(field, error),
        }
    }

    /// Several lines that may be empty.
    fn lines(&mut self, field: &str, most: usize) -> Option<String> {
        match parse_lines(self.typed.text(field), most) {
            Ok(text) => Some(text),
            Err(BadText::Empty) => Some(String::new()),
            Err(error) => self.fault(field, error),
        }
    }

    fn take_part(&mut self) -> Option<Vec<Line>> {
        let lines = self.typed.text("take_part").lines();
        let lines = lines.filter(|line| !line.trim().is_empty()).take(20);
        let parsed: Result<Vec<Line>, _> = lines.map(|line| Line::parse(line, 200)).collect();
        match parsed {
            Ok(all) => Some(all),
            Err(error) => self.fault("take_part", error),
        }
    }

    fn more(&mut self) -> Option<Vec<FurtherLink>> {
        let lines = self.typed.text("more").lines();
        let mut all = Vec::new();
        for line in lines.filter(|line| !line.trim().is_empty()).take(20) {
            let Some((label, href)) = line.rsplit_once('|') else {
                return self.fault("more", "write words | https://… on each line");
            };
            match (Line::parse(label, 120), Line::parse(href, 500)) {
                (Ok(label), Ok(href)) => all.push(FurtherLink {
                    label: label.into_string(),
                    href: href.into_string(),
                }),
                (Err(error), _) | (_, Err(error)) => return self.fault("more", error),
            }
        }
        Some(all)
    }

    fn programs(&mut self) -> Option<Vec<ProgramId>> {
        let mut ticked = Vec::new();
        for (nth, text) in self.typed.all("program").take(20).enumerate() {
            let Ok(id) = text.parse::<ProgramId>() else {
                return self.fault("programs", "choose programs of the list");
            };
            let place = self.typed.text(&format!("place_{text}")).trim().parse();
            ticked.push((place.unwrap_or(u32::MAX), nth, id));
        }
        ticked.sort_unstable();
        let mut all: Vec<ProgramId> = Vec::new();
        for (.., id) in ticked {
            if !all.contains(&id) {
                all.push(id);
            }
        }
        Some(all)
    }

    fn campaigns(&mut self) -> Option<Vec<CampaignId>> {
        let ids = self.typed.all("campaign").take(50).map(str::parse);
        match ids.collect::<Result<Vec<CampaignId>, _>>() {
            Ok(mut all) => {
                all.sort_unstable();
                all.dedup();
                Some(all)
            }
            Err(_) => self.fault("campaigns", "choose seasons of the list"),
        }
    }
}

/// The command of a typed form.
///
/// # Errors
/// [`AppError::Invalid`] with every field to mend; [`AppError::Forbidden`] for seasons that the reader does not run.
pub(super) fn parse(typed: &Typed, id: StoryId, scope: &Scope, by: UserId) -> AppResult<EditStory> {
    let mut r = Reader {
        typed,
        faults: Vec::new(),
    };
    let version = typed.text("version").parse().unwrap_or(0);
    let title = match Line::parse(typed.text("title"), 160) {
        Ok(title) => Some(title),
        Err(error) => r.fault("title", error),
    };
    let slug = match typed.text("slug").trim().parse::<Slug>() {
        Ok(slug) => Some(slug),
        Err(error) => r.fault("slug", error),
    };
    let about = match typed.text("about").parse::<About>() {
        Ok(about) => Some(about),
        Err(_) => r.fault("about", "say whose story it is"),
    };
    let body = match markdown::Story::parse(typed.text("body")) {
        Ok(body) => Some(body),
        Err(error) => r.fault("body", error),
    };
    let (summary, note) = (r.line("summary", 400), r.line("content_note", 300));
    let (author, about_author) = (r.line("author_name", 80), r.lines("author_about", 600));
    let (take_part, more) = (r.take_part(), r.more());
    let (programs, campaigns) = (r.programs(), r.campaigns());
    let command = || {
        Some(EditStory {
            id,
            version,
            slug: slug?,
            title: title?,
            summary: summary?,
            body: body?,
            about: about?,
            author_name: author?,
            author_about: about_author?,
            content_note: note?,
            take_part: take_part?,
            more: more?,
            is_indexed: typed.ticked("is_indexed"),
            programs: programs?,
            campaigns: campaigns?,
            by,
        })
    };
    match command() {
        Some(command) if r.faults.is_empty() => {
            check(scope, &command.campaigns)?;
            Ok(command)
        }
        _ => Err(AppError::Invalid(r.faults)),
    }
}

/// A story as an edit would leave it, for its preview.
pub(super) fn previewed(mut story: Story, edit: &EditStory) -> Story {
    story.title = edit.title.as_str().to_owned();
    story.summary = edit.summary.clone();
    story.body = edit.body.as_str().to_owned();
    story.about = edit.about;
    story.author_name = edit.author_name.clone();
    story.author_about = edit.author_about.clone();
    story.content_note = edit.content_note.clone();
    story.take_part.0 = edit
        .take_part
        .iter()
        .map(|line| line.as_str().to_owned())
        .collect();
    story.more.0.clone_from(&edit.more);
    story
}
