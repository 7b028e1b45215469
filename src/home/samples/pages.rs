//! The public pages.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use super::super::views::*;
use super::*;
use crate::diary::calendar::{Reader, calendar};
use crate::diary::views::{PageDiaryView, SponsorsView, StreakView};
use crate::pages::updates::NewsView;
use crate::totals::Tally;
use crate::web::views::figures::ShareView as PolicyShare;

fn tally() -> Tally {
    Tally {
        days: 1,
        conversations: 12,
        learned: 7,
        signed: 2,
        gave: 1,
    }
}

fn diary() -> PageDiaryView {
    let season = crate::diary::Season {
        starts_on: "2026-12-01".parse().unwrap(),
        ends_on: "2026-12-31".parse().unwrap(),
        giving_until: "2027-01-31".parse().unwrap(),
        zone: "UTC".parse().unwrap(),
        is_live: true,
        rules: Default::default(),
    };
    let today = "2026-12-14".parse().ok();
    PageDiaryView {
        href: "/pages/mira-sen/diary".into(),
        calendar: Some(calendar(&season, &[], today, Reader::Stranger(""))),
        streak: Some(StreakView {
            current: 5,
            longest: 9,
            freezes_left: None,
        }),
        sponsors: SponsorsView {
            sponsors: 2,
            names: vec!["Asha Verma".into()],
            all_named: false,
            href: Some("/pages/mira-sen/sponsor".into()),
        },
    }
}

#[test]
fn home() {
    let t = templates();
    let full = HomeView {
        shell: shell("Follow a gift the whole way"),
        campaigns: vec![CampaignRow {
            title: "Dressember 2026".into(),
            href: "/campaigns/dressember-2026".into(),
            tagline: "Wear a dress or a tie every day of December. Thirty-one days for women and children who are not free to choose.".into(),
            give_url: "/give/dressember-2026".into(),
            starts_on: "2026-12-01".into(),
            ends_on: "2026-12-31".into(),
            band: BandView { live_url: None, ..band(700, 6_000_000, false) },
        }],
        programs: programs(),
    };
    show(&t, "home", "home", &full);
    let empty = HomeView {
        shell: bare("Selvedge"),
        campaigns: vec![],
        programs: vec![],
    };
    show(&t, "home", "home-empty", &empty);
}

fn stories_part() -> Option<crate::stories::views::StoriesPart> {
    use crate::stories::views::{PictureView, StoriesPart, StoryRow};
    let row = StoryRow {
        title: "Hope for Kolkata".into(),
        href: "/stories/hope-for-kolkata".into(),
        summary: "The crime has moved behind doors. So has the work against it.".into(),
        author: "Grace".into(),
        published_at: "2026-11-24T10:00:00.000000Z".into(),
        has_note: true,
        picture: Some(PictureView {
            url: "/media/med_1/640.jpg".into(),
            large_url: "/media/med_1/1280.jpg".into(),
            small_url: "/media/med_1/160.jpg".into(),
            width: 1280,
            height: 720,
            alt: "A bridge".into(),
            caption: String::new(),
        }),
    };
    let bare = StoryRow {
        picture: None,
        has_note: false,
        ..row.clone()
    };
    StoriesPart::of(
        vec![row, bare],
        Some("/campaigns/dressember-2026/stories".into()),
    )
}

fn campaign_sample() -> CampaignView {
    CampaignView {
        shell: shell("Dressember 2026"),
        title: "Dressember 2026".into(),
        tagline: "Wear a dress or a tie every day of December, and let people ask why.".into(),
        appeal_html: "<p>More than 6,000 women and children are exploited in and around Kolkata. The crime has left the red-light streets for private homes, where it is harder to see.</p><p>Your gift pays people who find it: investigators who gather the intelligence that police need before they can open a door.</p>".into(),
        phase: "live".into(),
        starts_on: "2026-12-01".into(),
        ends_on: "2026-12-31".into(),
        giving_until: "2027-01-31".into(),
        band: band(5_000, 40_000_000, false),
        give_url: Some("/give/dressember-2026".into()),
        signup_url: None,
        leaderboard_url: "/campaigns/dressember-2026/leaderboard".into(),
        pages: pages(),
        teams: teams(),
        team_groups: vec![Link::new("Northgate College", "/groups/northgate")],
        start_team: Some("/start-team/dressember-2026".into()),
        programs: programs(),
        shares: vec![
            PolicyShare { program: "IJM Kolkata".into(), href: "/programs/ijm-kolkata".into(), basis_points: 6_250, percent: "62.5 %".into(), shade: 0 },
            PolicyShare { program: "Legal aid fund".into(), href: "/programs/legal".into(), basis_points: 2_500, percent: "25 %".into(), shade: 1 },
            PolicyShare { program: "Restoration homes".into(), href: "/programs/restoration".into(), basis_points: 1_250, percent: "12.5 %".into(), shade: 2 },
        ],
        policy_version: 2,
        policy_since: "2026-11-01".into(),
        tally: tally(),
        unit_costs: unit_costs(),
        stories: stories_part(),
        faq: vec![
            QuestionView { question: "Do I have to buy a dress?".into(), answer_html: "<p>No. Wearing the same one all month is fine, and buying new is not the point. Uniform days and sport count.</p>".into() },
            QuestionView { question: "How long can I give?".into(), answer_html: "<p>Until 31 January.</p>".into() },
        ],
    }
}

#[test]
fn campaign() {
    let t = templates();
    show(&t, "campaign", "campaign", &campaign_sample());
    let empty = CampaignView {
        shell: bare("A season"),
        phase: "upcoming".into(),
        band: no_band(),
        give_url: None,
        pages: vec![],
        teams: vec![],
        team_groups: vec![],
        start_team: None,
        programs: vec![],
        shares: vec![],
        unit_costs: vec![],
        stories: None,
        faq: vec![],
        tally: Tally::default(),
        ..campaign_sample()
    };
    show(&t, "campaign", "campaign-empty", &empty);
}

#[test]
fn page() {
    let t = templates();
    let full = PageView {
        shell: shell("Thirty-one days in one green dress"),
        title: "Thirty-one days in one green dress".into(),
        participant: "Mira Sen".into(),
        campaign: dressember(),
        team: Some(Link::new("Loom & Lantern", "/teams/loom-and-lantern")),
        photo_url: None,
        photo_large_url: None,
        photo_alt: String::new(),
        private_note: Some("Only you see this page: draft.".into()),
        unconfirmed: Some(usd(4_000)),
        paid: vec![PagePaidView {
            name: "IJM Kolkata".into(),
            href: "/programs/ijm-kolkata".into(),
            granted: usd(120_000),
            held: usd(30_000),
            grants: vec![PaidGrantView {
                number: "G-2026-001".into(),
                href: "/campaigns/dressember-2026/books#G-2026-001".into(),
                amount: usd(120_000),
            }],
        }],
        portrait_svg: placeholder::portrait("mira-sen", "Mira Sen", &accent()),
        story_html: "<p>My grandmother sewed in Kolkata for forty years. She could walk home when the work was done.</p><p>I found this dress in a charity shop for nine euros. I will wear it to work, to the gym and to my cousin’s wedding, and when somebody asks I will tell them about the women who cannot walk home.</p>".into(),
        band: band(31, 250_000, false),
        give_url: Some("/give/dressember-2026?page=mira-sen".into()),
        giving_until: "2027-01-31".into(),
        wall: wall(),
        wall_more_url: Some("/pages/mira-sen?after=x".into()),
        unit_costs: unit_costs()[..3].to_vec(),
        tally: tally(),
        diary: Some(diary()),
        programs: vec![Link::new("IJM Kolkata", "/programs/ijm-kolkata"), Link::new("the legal aid fund", "/programs/legal"), Link::new("restoration homes", "/programs/restoration")],
        coaching: crate::coaching::views::PageCoachingView::default(),
        share: share(),
        news: PageNewsView {
            items: vec![NewsView {
                id: "upd_1".into(),
                posted_at: "2026-12-09T08:00:00Z".into(),
                body_html: "<p>Day nine, and the first stranger asked.</p>".into(),
                photo: None,
            }],
            more_url: Some("/pages/mira-sen?news=x#news".into()),
        },
        report_url: "/pages/mira-sen/report".into(),
    };
    let html = show(&t, "page", "page", &full);
    assert!(html.contains("<a href=\"/programs/ijm-kolkata\">IJM Kolkata</a>, <a"));
    let empty = PageView {
        shell: bare("A page"),
        team: None,
        story_html: String::new(),
        band: no_band(),
        give_url: None,
        private_note: None,
        unconfirmed: None,
        paid: vec![],
        wall: vec![],
        wall_more_url: None,
        tally: Tally::default(),
        diary: None,
        unit_costs: vec![],
        programs: vec![],
        news: PageNewsView {
            items: vec![],
            more_url: None,
        },
        ..full
    };
    show(&t, "page", "page-empty", &empty);
}

#[test]
fn team_and_leaderboard() {
    let t = templates();
    let mut roster = pages();
    roster[0].role = Some("captain".into());
    let full = TeamView {
        shell: shell("Loom & Lantern"),
        name: "Loom & Lantern".into(),
        campaign: dressember(),
        facts: crate::teams::public::TeamFacts {
            captain: Some("Mira Sen".into()),
            co_captains: vec!["Ruth Amsel".into(), "Li Na".into()],
            group: Some(Link::new("Northgate College", "/groups/northgate")),
            previous: Some(Link::new("Loom & Lantern", "/teams/loom-2025")),
            archived: false,
            join: Some(Link::new("Ask to join", "/teams/loom-and-lantern/join")),
            tells: Some("The captain is asked, and you get the answer by mail.".into()),
            manage_href: "/teams/loom-and-lantern/manage".into(),
        },
        roster_more: Some("/teams/loom-and-lantern?after=x".into()),
        story_html: "<p>Four friends from one sewing class, in their fifth December together.</p>"
            .into(),
        cover_svg: placeholder::cover("loom-and-lantern", &accent()),
        band: band(60, 500_000, false),
        give_url: Some("/give/dressember-2026?team=loom-and-lantern".into()),
        roster,
        tally: tally(),
        wall: wall(),
        badges: vec![],
        share: share(),
    };
    show(&t, "team", "team", &full);
    let empty = TeamView {
        shell: bare("A team"),
        facts: crate::teams::public::TeamFacts {
            captain: None,
            co_captains: vec![],
            group: None,
            previous: None,
            archived: true,
            join: None,
            tells: None,
            manage_href: "/teams/loom-and-lantern/manage".into(),
        },
        roster_more: None,
        story_html: String::new(),
        band: no_band(),
        give_url: None,
        roster: vec![],
        tally: Tally::default(),
        wall: vec![],
        ..full
    };
    show(&t, "team", "team-empty", &empty);
    let full = LeaderboardView {
        shell: shell("Leaderboard"),
        campaign: dressember(),
        pages: pages(),
        teams: teams(),
        next_url: Some("?after=x".into()),
    };
    show(&t, "leaderboard", "leaderboard", &full);
    let empty = LeaderboardView {
        shell: bare("Leaderboard"),
        pages: vec![],
        teams: vec![],
        next_url: None,
        ..full
    };
    show(&t, "leaderboard", "leaderboard-empty", &empty);
}

#[test]
fn program_and_partner() {
    let t = templates();
    let work = |title: &str, text: &str| WorkView {
        title: title.into(),
        text: text.into(),
    };
    let full = ProgramView {
        shell: shell("IJM Kolkata"),
        name: "IJM Kolkata".into(),
        partner: Link::new("International Justice Mission", "/partners/ijm"),
        place: "Kolkata, India".into(),
        since: Some(2006),
        summary: "Finds people who are held for sex trafficking, brings them out with the police, and stays with them through court and after.".into(),
        cover_svg: placeholder::cover("ijm-kolkata", &accent()),
        need_html: "<p>Kolkata lies near several borders and is a hub of transit. More than 6,000 women and children are exploited there.</p><p>The crime has moved from public red-light streets into hidden private homes, and organised groups use victims to recruit others. False promises of a job or a marriage, shame and stigma keep women trapped.</p>".into(),
        work: vec![
            work("Rescue", "With police and anti-trafficking units. Gathering the intelligence for it is what this season pays for."),
            work("Justice", "Traffickers are brought to court."),
            work("Policy", "Stronger rules against trafficking."),
            work("Restoration", "Job skills and education, with partner organisations."),
        ],
        figures: [figures(), every_grade()].concat(),
        unit_costs: unit_costs(),
        take_part: vec!["Take part in Dressember.".into(), "Start discussions with friends and family.".into(), "Give.".into(), "Advocate with government at every level.".into()],
        more: vec![Link::new("A factsheet on Kolkata", "https://www.ijm.org/"), Link::new("contact@ijm.org", "mailto:contact@ijm.org")],
        give_url: Some("/give/dressember-2026?program=ijm-kolkata".into()),
        stories: stories_part(),
        reports: vec![ReportRow {
            title: "Half a year in classrooms and workshops".into(),
            href: "/programs/ijm-kolkata/reports/1".into(),
            published_at: "2026-11-02T09:00:00Z".into(),
        }],
        shelters: vec![
            ShelterView { region: "West Bengal".into(), name: None, place: None },
            ShelterView {
                region: "Kolkata".into(),
                name: Some("An invented open house".into()),
                place: Some("12 Invented Lane".into()),
            },
        ],
        contacts: vec![ContactView { name: "An invented name".into(), duty: "Visits".into() }],
    };
    show(&t, "program", "program", &full);
    let report = ReportPageView {
        shell: shell("Half a year in classrooms and workshops"),
        title: "Half a year in classrooms and workshops".into(),
        program: Link::new("IJM Kolkata", "/programs/ijm-kolkata"),
        partner: Link::new("International Justice Mission", "/partners/ijm"),
        published_at: "2026-11-02T09:00:00Z".into(),
        plain_html: "<p>An invented report in plain words.</p>".into(),
        figures: every_grade(),
        paid: Some(PaidFrom {
            grant: "G-2026-0003".into(),
            part: 1,
            amount: usd(450_000),
            paid_on: Some("2026-05-04".into()),
            campaign: Link::new("Dressember 2026", "/campaigns/dressember-2026"),
        }),
    };
    show(&t, "program_report", "program-report", &report);
    let bare_report = ReportPageView {
        shell: bare("A report"),
        figures: vec![],
        paid: None,
        ..report
    };
    show(&t, "program_report", "program-report-empty", &bare_report);
    let empty = ProgramView {
        shell: bare("A program"),
        since: None,
        need_html: String::new(),
        work: vec![],
        figures: vec![],
        unit_costs: vec![],
        take_part: vec![],
        more: vec![],
        give_url: None,
        stories: None,
        reports: vec![],
        shelters: vec![],
        contacts: vec![],
        ..full
    };
    show(&t, "program", "program-empty", &empty);
    let full = PartnerView {
        shell: shell("International Justice Mission"),
        name: "International Justice Mission".into(),
        country: "Works in several countries".into(),
        summary: "Protects people in poverty from violence, together with local authorities."
            .into(),
        about_html: "<p>It runs the Kolkata office that this season pays for.</p>".into(),
        cover_svg: placeholder::cover("ijm", &accent()),
        programs: programs(),
        more: vec![Link::new("contact@ijm.org", "mailto:contact@ijm.org")],
    };
    show(&t, "partner", "partner", &full);
    let empty = PartnerView {
        shell: bare("A partner"),
        about_html: String::new(),
        programs: vec![],
        more: vec![],
        ..full
    };
    show(&t, "partner", "partner-empty", &empty);
}

#[test]
fn live_screen() {
    let t = templates();
    let full = LiveView {
        shell: shell("Dressember 2026, live"),
        campaign: dressember(),
        band: band(900, 6_000_000, false),
        wall: wall(),
        give_address: Some("https://give.example.org/give/dressember-2026".into()),
    };
    show(&t, "live", "live", &full);
    let empty = LiveView {
        shell: bare("Live"),
        band: no_band(),
        wall: vec![],
        give_address: None,
        ..full
    };
    show(&t, "live", "live-empty", &empty);
}
