//! Invented people of the demo, their teams and pages.

use super::{DemoSeed, line, parsed, slug, story};
use crate::auth::model::{NewUser, insert_user};
use crate::auth::{Role, UserId};
use crate::db::Conn;
use crate::error::AppResult;
use crate::kernel::{Currency, Money, Timestamp};
use crate::pages::ops::CreatePage;
use crate::teams::ops::CreateTeam;

pub(super) struct TeamText {
    slug: &'static str,
    name: &'static str,
    story: &'static str,
    goal: i64,
    /// Whose page, by its place among the pages.
    captain: usize,
}

pub(super) const TEAMS: [TeamText; 3] = [
    TeamText {
        slug: "the-tuesday-seams",
        name: "The Tuesday Seams",
        story: "A sewing circle that meets on Tuesdays. We mend what we have, wear it in December, and answer whoever asks.",
        goal: 6_000,
        captain: 0,
    },
    TeamText {
        slug: "eastside-ties",
        name: "Eastside Ties",
        story: "Teachers and a caretaker of one school. Thirty-one days, eleven ties between us, and a lesson about trade and people \
                that our pupils asked for themselves.",
        goal: 5_000,
        captain: 3,
    },
    TeamText {
        slug: "kolkata-calling",
        name: "Kolkata Calling",
        story: "We grew up in Kolkata or love somebody who did. Distance is no reason to look away.",
        goal: 8_000,
        captain: 6,
    },
];

pub(super) struct PageText {
    slug: &'static str,
    participant: &'static str,
    title: &'static str,
    story: &'static str,
    goal: i64,
    team: Option<usize>,
}

/// The page of whoever signs in as a participant ([`super::logins`]).
pub(super) const OWN: &str = "lena-brook";

pub(super) const PAGES: [PageText; 13] = [
    PageText {
        slug: "maya-roy",
        participant: "Maya Roy",
        title: "One green dress, thirty-one days",
        story: "I own one dress that survives a bicycle, and I am going to wear it every day of December. Somebody will ask by the third \
                day. I have my answer ready: this season pays for the slow work of finding people who are held in private homes in \
                Kolkata.\n\n**If you give $30, it covers a therapy session.** If you would rather come cycling and ask me why I am in a \
                dress, that counts too.",
        goal: 1_500,
        team: Some(0),
    },
    PageText {
        slug: "johanna-lindqvist",
        participant: "Johanna Lindqvist",
        title: "Johanna mends and wears",
        story: "Nothing new this year. Every dress I wear in December was torn once and mended by our Tuesday circle. I like what that \
                says: what has been torn can hold again.",
        goal: 1_000,
        team: Some(0),
    },
    PageText {
        slug: "abena-owusu",
        participant: "Abena Owusu",
        title: "My grandmother's cloth",
        story: "My grandmother left me twelve lengths of cloth. I have sewn them into dresses that I was always too careful to wear. This \
                December I am not careful.",
        goal: 1_200,
        team: Some(0),
    },
    PageText {
        slug: "tomas-brandt",
        participant: "Tomás Brandt",
        title: "A tie a day in the staff room",
        story: "I teach geography and have not worn a tie since my own graduation. My class chose all thirty-one. Some are terrible. For \
                every $100 I will wear the one with the fish again.",
        goal: 1_500,
        team: Some(1),
    },
    PageText {
        slug: "priya-nair",
        participant: "Priya Nair",
        title: "Lab coat over, dress under",
        story: "Uniform days count, and I have many of them. Under the lab coat there is a dress every single day, and at lunch there is a \
                talk.",
        goal: 800,
        team: Some(1),
    },
    PageText {
        slug: "dewi-hughes",
        participant: "Dewi Hughes",
        title: "The caretaker's ties",
        story: "",
        goal: 500,
        team: Some(1),
    },
    PageText {
        slug: "maya-sen",
        participant: "মায়া সেন",
        title: "কলকাতার জন্য আশা",
        story: "আমি কলকাতায় বড় হয়েছি। ডিসেম্বরের প্রতিদিন আমি একটি শাড়ি পরব, আর যে জানতে চাইবে তাকে বলব কেন।\n\n\
                I grew up in Kolkata. Every day of December I will wear a sari, and tell whoever asks why.",
        goal: 2_000,
        team: Some(2),
    },
    PageText {
        slug: "arjun-and-lila",
        participant: "Arjun & Lila Chatterjee",
        title: "Father, daughter, sixty-two outfits",
        story: "She is nine and picks for both of us. I have been told that the bow tie with the ducks is for Sundays.\n\nWe talk about this at \
                her level: that some people are not free to go home, and that there are others whose work it is to open the door.",
        goal: 1_500,
        team: Some(2),
    },
    PageText {
        slug: "nuria-ferrer-de-la-torre",
        participant: "Núria Montserrat Ferrer de la Torre i Casadevall-Puigdomènech",
        title: "A very long name and a very short list: wear it, explain it, ask five friends, say thank you, and begin again the next morning",
        story: "My name does not fit on most forms, so I am used to explaining myself. That is all this month asks.",
        goal: 1_000,
        team: Some(2),
    },
    PageText {
        slug: "sam-okafor",
        participant: "Sam Okafor",
        title: "Running December in a dress",
        story: "Sport counts. I run five kilometres a day, in a dress, in a city where it rains. You will hear me coming.",
        goal: 3_100,
        team: None,
    },
    PageText {
        slug: "greta-and-the-book-club",
        participant: "Greta Vos",
        title: "Thirty-one conversations",
        story: "I am shy, and I keep count: thirty-one days, thirty-one conversations. My goal in money is small. My goal in talks is not.",
        goal: 310,
        team: None,
    },
    PageText {
        slug: "hannah-weiss",
        participant: "Hannah Weiss",
        title: "For the people who listen first",
        story: "Before any door is opened, somebody has listened for months. That work has no pictures, so it is hard to raise money for. I \
                raise for it.",
        goal: 2_400,
        team: None,
    },
    PageText {
        slug: OWN,
        participant: "Lena Brook",
        title: "Thirty-one ties, one borrowed",
        story: "I teach music next door to Tomás, and he lent me the first tie. I will wear one every day of December and tell whoever \
                asks what is behind it: somebody has to sit with a case until it is finished, and that takes years.",
        goal: 900,
        team: Some(1),
    },
];

/// Who owns a page: its own invented person, and of [`OWN`] the participant who can sign in, if there is one.
fn owner_of(seed: &DemoSeed, text: &PageText, invented: UserId) -> Option<UserId> {
    if text.slug != OWN {
        return Some(invented);
    }
    let mut logins = seed.logins.iter();
    let (id, _) = logins.find(|(_, login)| login.role == Role::Participant)?;
    Some(*id)
}

pub(super) fn seed(conn: &mut Conn, seed: &DemoSeed, now: Timestamp) -> AppResult<()> {
    let [_, campaign, _] = seed.campaigns;
    let dollars = |amount: i64| Money::new(amount * Currency::USD.scale(), Currency::USD);
    for (id, text) in seed.owners.iter().zip(&PAGES) {
        if text.slug == OWN {
            continue;
        }
        let owner = NewUser {
            id: *id,
            email: parsed(&format!("{}@example.org", text.slug))?,
            name: line(text.participant)?,
            password_hash: None,
            roles: vec![Role::Participant],
        };
        insert_user(conn, &owner, now)?;
    }
    for (id, text) in seed.teams.iter().zip(&TEAMS) {
        let team = CreateTeam {
            id: *id,
            campaign,
            slug: slug(text.slug)?,
            name: line(text.name)?,
            story: story(text.story)?,
            goal: dollars(text.goal),
            captain: seed.owners.get(text.captain).copied(),
        };
        crate::teams::ops::create(conn, &team, now)?;
    }
    for ((id, invented), text) in seed.pages.iter().zip(&seed.owners).zip(&PAGES) {
        let Some(owner) = owner_of(seed, text, *invented) else {
            continue;
        };
        let page = CreatePage {
            id: *id,
            campaign,
            team: text.team.and_then(|place| seed.teams.get(place)).copied(),
            owner: Some(owner),
            slug: slug(text.slug)?,
            title: line(text.title)?,
            participant: line(text.participant)?,
            story: story(text.story)?,
            goal: dollars(text.goal),
            photo: None,
        };
        crate::pages::ops::create(conn, &page, now)?;
    }
    Ok(())
}
