//! Two stories of the demo: the one from Kolkata, which stands on a consent in the vault, and an invented one that nobody
//! has to agree to. Their pictures are drawn here, and show nobody.

use actix_web::web::{Bytes, Data};
use chrono::{Days, Months};
use resvg::tiny_skia::{Pixmap, Transform};

use super::{SEASON, line, parsed, slug, story};
use crate::auth::{UserId, user_by_email};
use crate::consent_vault::ops::{record, sign, today};
use crate::consent_vault::{
    AskedTerms, Channels, GivenBy, ImageRule, NewConsent, Paper, Safe, Shows, Terms,
};
use crate::db::Conn;
use crate::error::{AppError, AppResult};
use crate::kernel::{Day, Timestamp};
use crate::media::{self, NewMedia, Shape, Use};
use crate::partners::{FurtherLink, model as partners};
use crate::stories::pictures::{self, AddPicture, Where};
use crate::stories::{self as nouns, About, CreateStory, EditStory, StoryId, ops};
use crate::web::{Site, lettering};

/// The slug of the story that stands on a consent.
pub const KOLKATA: &str = "hope-for-kolkata";
/// The slug of the one that nobody has to agree to.
pub const MORNINGS: &str = "thirty-one-mornings-in-one-dress";

struct StoryText {
    slug: &'static str,
    title: &'static str,
    summary: &'static str,
    about: About,
    author: (&'static str, &'static str),
    note: &'static str,
    body: &'static str,
    program: &'static str,
    take_part: &'static [&'static str],
    more: &'static [(&'static str, &'static str)],
}

const TEXTS: [StoryText; 2] = [
    StoryText {
        slug: KOLKATA,
        title: "Hope for Kolkata",
        summary: "The crime has moved behind the doors of private homes. So has the work against it: slower, quieter, and not without result.",
        about: About::Survivor,
        author: (
            "Grace",
            "Grace is a survivor. She is studying professional psychology, and she writes, makes art and makes music.",
        ),
        note: "This text speaks of trafficking and exploitation. It describes no violence.",
        body: "Kolkata lies near several borders, and much passes through it: goods, travellers, and people who did not choose to travel. \
More than 6,000 women and children are exploited in the city. Most of those who pass their doors every day could not say which doors they are.\n\n\
## What has changed\n\n\
Once the trade stood in streets that everybody knew by name. Today it hides in ordinary flats. Organised groups run it, and they make those \
they hold bring in the next ones. It begins kindly: with a job, with a marriage. It goes on by shame. Whoever has been told long enough that \
nobody will take her back does not need a lock.\n\n\
## What is done\n\n\
IJM has worked in Kolkata since 2006, together with the police and their anti-trafficking units. Before a door can be opened somebody has to \
know which one, and that takes months of patient gathering of facts. This is what the season pays for. After it come the courts, and rules \
against trafficking that are used and not only printed. And then comes the long part, restoration: a trade, lessons, an exam, often with \
partner organisations.\n\n\
> Hope is not a feeling here. It is a lesson on Tuesday and a wage on Friday.\n\n\
## What came of it\n\n\
Since 2006: **380** survivors brought to safety, **39** convictions, and **69** people in restoration care now. *These figures are \
partner-reported: Pasang Bhutia, Director of Program Management at IJM Kolkata, named them in an interview.* What they do not tell is the years \
between the first and the last of them, and how many people worked in each.\n\n\
## What you can do from where you are\n\n\
Wear the dress or the tie and let yourself be asked. Talk at your own table first. Give, if you can. And write to those who make the rules, at \
every level, for a rule that is asked for is a rule that is kept.",
        program: "ijm-kolkata",
        take_part: &[
            "Take part in Dressember: wear a dress or a tie every day of December.",
            "Start discussions with friends and family.",
            "Give.",
            "Advocate with government at every level.",
        ],
        more: &[
            (
                "The Kolkata factsheet and IJM’s offices in India, from ijm.org",
                "https://www.ijm.org/",
            ),
            ("Write to contact@ijm.org", "mailto:contact@ijm.org"),
        ],
    },
    StoryText {
        slug: MORNINGS,
        title: "Thirty-one mornings in one dress",
        summary: "What happens when you wear the same green dress every day and somebody at the bus stop asks why. An invented story of this demo.",
        about: About::Work,
        author: (
            "Lena Brook",
            "Lena takes part in this demo season. She is invented, and so is her bus stop.",
        ),
        note: "",
        body: "**Invented for this demo.**\n\nOn the first morning nobody asks. On the second nobody asks either, and I begin to think that a \
person could wear a tent to work.\n\nOn the fourth the driver says: *You like that green one, don’t you.* So I tell him. He has a minute until \
the lights change, and a minute is enough: that people are held and sold, that somebody pays for those who look for them, that I wear a dress \
until somebody asks.\n\n## What I learned\n\n- The same dress all month is fine. It is even better: people notice.\n- You do not need to know \
everything. Say what you know, and where it stands written.\n- Do not ask for money first. Answer the question first.\n\nOn the last morning \
the driver wore a tie.",
        program: "saathi-second-start",
        take_part: &["Wear it.", "Answer when somebody asks."],
        more: &[],
    },
];

/// A drawing, made into a picture as a camera would send it.
fn drawn(svg: &str) -> AppResult<Bytes> {
    let tree = lettering::tree(svg).map_err(AppError::internal)?;
    let size = tree.size().to_int_size();
    let mut pixels =
        Pixmap::new(size.width(), size.height()).ok_or_else(|| AppError::internal("no canvas"))?;
    resvg::render(&tree, Transform::identity(), &mut pixels.as_mut());
    let png = pixels.encode_png().map_err(AppError::internal)?;
    Ok(Bytes::from(png))
}

/// A river city at evening, woven.
const CITY: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1280 720" width="1280" height="720"><defs><pattern id="w" width="12" height="12" patternUnits="userSpaceOnUse"><path d="M0 3h6M6 9h6" stroke="#1f1b18" stroke-width="1" opacity=".12"/></pattern></defs><rect width="1280" height="720" fill="#f3d9b8"/><circle cx="890" cy="300" r="120" fill="#c8523f"/><path d="M0 380h1280v60H0z" fill="#9b2335" opacity=".55"/><path d="M0 440h1280v280H0z" fill="#2f4858"/><path d="M60 430V250h40v180zM120 430V300h70v130zM210 430V220h34v210zM260 430V330h120v100zM980 430V280h60v150zM1056 430V240h40v190zM1110 430V320h110v110z" fill="#5b2432"/><path d="M0 420h1280v22H0z" fill="#1f1b18"/><path d="M330 420C430 240 850 240 950 420" fill="none" stroke="#1f1b18" stroke-width="14"/><path d="M380 420v-58M450 420V312M520 420V292M590 420V285M660 420V285M730 420V292M800 420V312M880 420v-58" stroke="#1f1b18" stroke-width="6"/><g fill="none" stroke="#f3d9b8" stroke-width="3" opacity=".6"><path d="M0 500q80-24 160 0t160 0 160 0 160 0 160 0 160 0 160 0 160 0"/><path d="M0 560q80-24 160 0t160 0 160 0 160 0 160 0 160 0 160 0 160 0"/><path d="M0 630q80-24 160 0t160 0 160 0 160 0 160 0 160 0 160 0 160 0"/></g><path d="M560 610h170l-34 42H596z" fill="#c8523f"/><path d="M640 610v-92l54 76z" fill="#f3d9b8"/><rect width="1280" height="720" fill="url(#w)"/></svg>"##;

/// A table with a book, brushes and a stave.
const TABLE: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 640" width="640" height="640"><rect width="640" height="640" fill="#e9dfd0"/><path d="M0 420h640v220H0z" fill="#9b2335"/><path d="M120 400l200-36 200 36v70l-200-36-200 36z" fill="#fbf8f2"/><path d="M320 364v70" stroke="#1f1b18" stroke-width="4"/><path d="M150 420l140-24M150 436l140-24M350 396l140 24M350 412l140 24" stroke="#1f1b18" stroke-width="3" opacity=".5"/><path d="M90 330V190M120 330V160M150 330V200" stroke="#5b4a2f" stroke-width="8"/><path d="M84 190h12l-6-40zM114 160h12l-6-44zM144 200h12l-6-40z" fill="#2f4858"/><path d="M70 330h100l-10 70H80z" fill="#2f4858"/><g stroke="#1f1b18" stroke-width="3" opacity=".7"><path d="M260 150h320M260 176h320M260 202h320M260 228h320M260 254h320"/></g><g fill="#1f1b18"><ellipse cx="330" cy="228" rx="17" ry="12"/><ellipse cx="420" cy="202" rx="17" ry="12"/><ellipse cx="510" cy="176" rx="17" ry="12"/><path d="M345 228h4v-80h-4zM435 202h4v-80h-4zM525 176h4V96h-4z"/></g></svg>"##;

/// A green dress on a hanger, at a window.
const DRESS: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1280 720" width="1280" height="720"><rect width="1280" height="720" fill="#efe6d8"/><rect x="240" y="60" width="420" height="500" fill="#bcd3d8"/><path d="M450 60v500M240 310h420" stroke="#fbf8f2" stroke-width="16"/><rect x="240" y="60" width="420" height="500" fill="none" stroke="#fbf8f2" stroke-width="24"/><circle cx="560" cy="170" r="48" fill="#f2c14e"/><path d="M820 40v56q0 26-22 34l-92 62h228l-92-62q-22-8-22-34" fill="none" stroke="#1f1b18" stroke-width="9"/><path d="M742 190h156l34 130-46 18 92 318H662l92-318-46-18z" fill="#2f6b4f"/><path d="M742 190q78 66 156 0" fill="none" stroke="#f3d9b8" stroke-width="8"/><path d="M754 338h132" stroke="#f3d9b8" stroke-width="8"/><g stroke="#f3d9b8" stroke-width="3" opacity=".4"><path d="M700 640l84-290M760 650l40-300M820 652V352M880 650l-40-300M940 640l-84-290"/></g><path d="M0 656h1280v64H0z" fill="#5b4a2f"/></svg>"##;

/// What stands for the signed paper.
const PAPER: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 420 594" width="420" height="594"><rect width="420" height="594" fill="#ffffff"/><text x="40" y="80" font-size="24">Consent (demo data)</text><text x="40" y="130" font-size="14">No real person has signed this paper.</text><path d="M40 500h200" stroke="#000"/><text x="40" y="520" font-size="12">signed</text></svg>"##;

/// The demo's two people who sign consents off: its owner and its coordinator, once they are there.
///
/// # Errors
/// The database's.
pub fn signers(conn: &mut Conn) -> AppResult<Option<[UserId; 2]>> {
    let owner = user_by_email(conn, &parsed("owner@selvedge.example")?)?;
    let coordinator = user_by_email(conn, &parsed("coordinator@selvedge.example")?)?;
    Ok(owner
        .zip(coordinator)
        .map(|(one, other)| [one.id, other.id]))
}

/// What the stories are made of, sealed and drawn outside the transaction.
struct Seed {
    ids: [StoryId; 2],
    consent: NewConsent,
    city: NewMedia,
    table: NewMedia,
    dress: NewMedia,
}

/// Writes both stories by the same verbs as everybody's, in the season that is live; `signers` are two people of the staff.
///
/// # Errors
/// The database's and the disk's. Mistakes in the texts are unforeseen errors, which the tests find.
pub async fn stories(site: &Data<Site>, safe: &Safe, signers: [UserId; 2]) -> AppResult<()> {
    let now = site.clock.now();
    let [first, _] = signers;
    let picture = |svg: &'static str| async move {
        media::take(site, first, Use::Story, Shape::Whole, drawn(svg)?).await
    };
    let seed = Seed {
        ids: [StoryId::new(), StoryId::new()],
        consent: consent(safe, first, today(now)?)?,
        city: picture(CITY).await?,
        table: picture(TABLE).await?,
        dress: picture(DRESS).await?,
    };
    site.db.tx(move |c| write(c, &seed, signers, now)).await
}

fn moved(day: Option<chrono::NaiveDate>) -> AppResult<Day> {
    day.and_then(|day| Day::try_from(day).ok())
        .ok_or_else(|| AppError::internal("a day of the demo is out of range"))
}

fn consent(safe: &Safe, by: UserId, today: Day) -> AppResult<NewConsent> {
    let day = today.date();
    let asked = AskedTerms {
        channels: Channels {
            web: true,
            mail: true,
            social: false,
            print: false,
        },
        image_rule: ImageRule::None,
        out_of_care_since: moved(day.checked_sub_months(Months::new(40)))?,
        signed_on: moved(day.checked_sub_days(Days::new(40)))?,
        expires_on: moved(day.checked_add_months(Months::new(22)))?,
    };
    let terms = Terms::parse(asked, today)?;
    let paper = Paper::parse(Some(&drawn(PAPER)?))?;
    let names = (line("Grace")?, &line("A name of the demo")?);
    NewConsent::seal(safe, by, names, GivenBy::Own, terms, &paper)
}

fn write(conn: &mut Conn, seed: &Seed, signers: [UserId; 2], now: Timestamp) -> AppResult<()> {
    let [first, second] = signers;
    record(conn, &seed.consent, now)?;
    sign(conn, seed.consent.id, first, now)?;
    sign(conn, seed.consent.id, second, now)?;
    for (id, text) in seed.ids.into_iter().zip(&TEXTS) {
        article(conn, id, text, first, now)?;
        if text.about == About::Survivor {
            nouns::link(conn, id, seed.consent.id, first, now)?;
            let alt = "Drawn: a river city at evening, a bridge over the water, a small boat";
            add(conn, id, &seed.city, (Where::Lead, alt), now)?;
            let alt = "Drawn: a table with an open book, brushes in a pot, notes of music above";
            add(conn, id, &seed.table, (Where::Author, alt), now)?;
        } else {
            let alt = "Drawn: a green dress on a hanger beside a sunny window";
            add(conn, id, &seed.dress, (Where::Lead, alt), now)?;
        }
        // The screen asks about the demo's words as about everybody's.
        let row = nouns::by_id(conn, id)?;
        let shown = pictures::of(conn, &[id])?;
        let reason = line("Demo data: read by two people; it names no child and no open case.")?;
        for warning in nouns::warnings(conn, &row, &shown)? {
            ops::answer(conn, id, &warning.key(), &reason, first, now)?;
        }
        ops::submit(conn, id, first, now)?;
        // Nobody has seen the site yet: there is no view to be made anew.
        drop(ops::publish(conn, id, second, now)?);
    }
    Ok(())
}

fn add(
    conn: &mut Conn,
    id: StoryId,
    media: &NewMedia,
    (place, alt): (Where, &str),
    now: Timestamp,
) -> AppResult<()> {
    let new = AddPicture {
        story: id,
        media: media.clone(),
        place,
        alt: line(alt)?,
        caption: String::new(),
        shows: Shows::Nobody,
    };
    pictures::add(conn, &new, now)
}

fn article(
    conn: &mut Conn,
    id: StoryId,
    text: &StoryText,
    by: UserId,
    now: Timestamp,
) -> AppResult<()> {
    let campaign = crate::campaigns::model::by_slug(conn, &slug(SEASON)?)?
        .campaign
        .id;
    let program = partners::program_by_slug(conn, &slug(text.program)?)?
        .program
        .id;
    let new = CreateStory {
        id,
        slug: slug(text.slug)?,
        title: line(text.title)?,
        about: text.about,
        campaigns: vec![campaign],
        by,
    };
    ops::create(conn, &new, now)?;
    let take_part: AppResult<Vec<_>> = text.take_part.iter().map(|way| line(way)).collect();
    let more = text.more.iter().map(|(label, href)| FurtherLink {
        label: (*label).to_owned(),
        href: (*href).to_owned(),
    });
    let edit = EditStory {
        id,
        version: 1,
        slug: slug(text.slug)?,
        title: line(text.title)?,
        summary: text.summary.to_owned(),
        body: story(text.body)?,
        about: text.about,
        author_name: text.author.0.to_owned(),
        author_about: text.author.1.to_owned(),
        content_note: text.note.to_owned(),
        take_part: take_part?,
        more: more.collect(),
        is_indexed: text.about == About::Work,
        programs: vec![program],
        campaigns: vec![campaign],
        by,
    };
    drop(ops::edit(conn, &edit, now)?);
    Ok(())
}
