//! Partners, programs, figures and unit costs of the demo.

use super::{DemoSeed, line, parsed, slug, story};
use crate::db::Conn;
use crate::error::AppResult;
use crate::funds::ops::{FundOf, OpenFund, open_fund};
use crate::ids::PartnerId;
use crate::impact::Grade;
use crate::impact::ops::{AddFigure, AddUnitCost, add_figure, add_unit_cost};
use crate::kernel::{Currency, Money, Timestamp};
use crate::partners::FurtherLink;
use crate::partners::ops::{CreatePartner, CreateProgram, create_partner, create_program};

struct PartnerText {
    slug: &'static str,
    name: &'static str,
    country: &'static str,
    summary: &'static str,
    story: &'static str,
    contact: Option<&'static str>,
}

const PARTNERS: [PartnerText; 3] = [
    PartnerText {
        slug: "international-justice-mission",
        name: "International Justice Mission",
        country: "United States",
        summary: "IJM works with local authorities so that laws against trafficking and violence protect people who are poor.",
        story: "International Justice Mission (IJM) works beside police, prosecutors, courts and social services. Its offices help \
                to bring people to safety, to hold those who exploit them to account, to restore survivors, and to strengthen \
                the systems that should have protected them.\n\nIn this season it is the partner for the program in Kolkata.",
        contact: Some("contact@ijm.org"),
    },
    PartnerText {
        slug: "saathi-learning-trust",
        name: "Saathi Learning Trust",
        country: "India",
        summary: "An invented partner of this demo: schooling and paid training for young women who start again.",
        story: "Saathi Learning Trust is **invented for this demo**. It stands for the many small organisations that walk with \
                people after a rescue: a place in a classroom, a trade, a first wage.",
        contact: None,
    },
    PartnerText {
        slug: "harbour-light-legal",
        name: "Harbour Light Legal Aid",
        country: "Bangladesh",
        summary: "An invented partner of this demo: lawyers who stay with a case from the first statement to the verdict.",
        story: "Harbour Light Legal Aid is **invented for this demo**. It stands for the patient work in court, where a case can \
                take years and a witness must not be left alone.",
        contact: None,
    },
];

struct ProgramText {
    slug: &'static str,
    name: &'static str,
    country: &'static str,
    region: &'static str,
    since: i32,
    summary: &'static str,
    story: &'static str,
    take_part: &'static [&'static str],
    more: &'static [(&'static str, &'static str)],
}

const PROGRAMS: [ProgramText; 3] = [
    ProgramText {
        slug: "ijm-kolkata",
        name: "IJM Kolkata",
        country: "India",
        region: "Kolkata",
        since: 2006,
        summary: "Rescue, justice and restoration in a city where trafficking has moved behind the doors of private homes.",
        story: "IJM has been at work in Kolkata since 2006. The city is a transit hub near several borders, and more than 6,000 \
                women and children are exploited there.\n\n## What has changed\n\nThe crime has left the public red-light streets for hidden \
                private homes, where it is harder to see and harder to prove. Organised groups use the people they hold to recruit \
                others. False promises of a job or a marriage bring women in; shame and stigma keep them there.\n\n## What the program does\n\n\
                - **Rescue**, together with the police and their anti-trafficking units. It begins with patient gathering of \
                intelligence, and that is what this season pays for.\n- **Justice**: bringing traffickers before a court.\n\
                - **Policy**: stronger rules against trafficking, and officials who use them.\n\
                - **Restoration**: job skills and education, with partner organisations.",
        take_part: &[
            "Take part in Dressember: wear a dress or a tie every day of December.",
            "Start discussions with friends and family.",
            "Give.",
            "Advocate with government at every level.",
        ],
        more: &[
            (
                "IJM's offices in India and the Kolkata factsheet, from ijm.org",
                "https://www.ijm.org/",
            ),
            ("Write to contact@ijm.org", "mailto:contact@ijm.org"),
        ],
    },
    ProgramText {
        slug: "saathi-second-start",
        name: "Second Start",
        country: "India",
        region: "West Bengal",
        since: 2014,
        summary: "Invented for this demo: school places, job training and a first wage.",
        story: "**Invented for this demo.** Second Start finds a school place or a workshop for each young woman who asks for one, and \
                stays in touch for two years.\n\n> Nobody asks me here what I was. They ask what I want to learn.\n>\n> (An invented voice.)",
        take_part: &[
            "Give.",
            "Offer an apprenticeship, if you run a workshop in the region.",
        ],
        more: &[],
    },
    ProgramText {
        slug: "harbour-light-court-companions",
        name: "Court Companions",
        country: "Bangladesh",
        region: "Khulna",
        since: 2017,
        summary: "Invented for this demo: a lawyer and a companion for every witness, until the verdict.",
        story: "**Invented for this demo.** Court Companions pays for lawyers, travel and safe nights around a hearing, so that a \
                witness can speak when the day comes.",
        take_part: &["Give.", "Tell a law student about it."],
        more: &[],
    },
];

/// Program, label, number, period, source, grade.
type FigureText = (usize, &'static str, i64, &'static str, &'static str, Grade);

const BHUTIA: &str = "Interview with Pasang Bhutia, Director of Program Management, IJM Kolkata";
const INVENTED: &str = "Invented for this demo";

const FIGURES: [FigureText; 7] = [
    (
        0,
        "survivors rescued",
        380,
        "since 2006",
        BHUTIA,
        Grade::PartnerReported,
    ),
    (
        0,
        "survivors in restoration care now",
        69,
        "since 2006",
        BHUTIA,
        Grade::PartnerReported,
    ),
    (
        0,
        "convictions",
        39,
        "since 2006",
        BHUTIA,
        Grade::PartnerReported,
    ),
    (
        1,
        "young women in school or training",
        142,
        "in 2025",
        INVENTED,
        Grade::EvidenceAttached,
    ),
    (
        1,
        "in paid work a year later",
        57,
        "in 2025",
        INVENTED,
        Grade::Claimed,
    ),
    (
        2,
        "witnesses accompanied to court",
        88,
        "2023 to 2025",
        INVENTED,
        Grade::PartnerReported,
    ),
    (
        2,
        "verdicts reached",
        21,
        "2023 to 2025",
        INVENTED,
        Grade::Verified,
    ),
];

const LADDER: &str = "Cost ladder of 2022, used as demo data only";

/// Program, whole dollars, what they cover, source.
const COSTS: [(usize, i64, &str, &str); 8] = [
    (0, 30, "a therapy session", LADDER),
    (0, 80, "a year of school supplies", LADDER),
    (0, 125, "the fees of a trial", LADDER),
    (0, 200, "medical costs", LADDER),
    (0, 2_400, "a college semester", LADDER),
    (0, 8_800, "an intervention", LADDER),
    (1, 45, "a week of job training", INVENTED),
    (2, 60, "a witness's travel to a hearing", INVENTED),
];

pub(super) fn seed(conn: &mut Conn, seed: &DemoSeed, now: Timestamp) -> AppResult<()> {
    for (id, text) in seed.partners.iter().zip(&PARTNERS) {
        let new = CreatePartner {
            id: *id,
            slug: slug(text.slug)?,
            name: line(text.name)?,
            country: line(text.country)?,
            summary: line(text.summary)?,
            story: story(text.story)?,
            contact_email: text.contact.map(parsed).transpose()?,
        };
        create_partner(conn, &new, now)?;
    }
    for (place, text) in PROGRAMS.iter().enumerate() {
        let Some(partner) = seed.partners.get(place) else {
            continue;
        };
        program(conn, seed, place, *partner, text, now)?;
    }
    for (position, (id, text)) in (0..).zip(seed.figures.iter().zip(FIGURES)) {
        let (place, label, value, period, source, grade) = text;
        let Some(program) = seed.programs.get(place) else {
            continue;
        };
        let new = AddFigure {
            id: *id,
            program: *program,
            label: line(label)?,
            value,
            period: line(period)?,
            source: line(source)?,
            grade,
            position,
        };
        add_figure(conn, &new, now)?;
    }
    for (id, (place, dollars, covers, source)) in seed.unit_costs.iter().zip(COSTS) {
        let Some(program) = seed.programs.get(place) else {
            continue;
        };
        let new = AddUnitCost {
            id: *id,
            program: *program,
            amount: Money::new(dollars * Currency::USD.scale(), Currency::USD),
            covers: line(covers)?,
            source: line(source)?,
            valid_from: parsed("2022-01-01")?,
            valid_to: Some(parsed("2027-12-31")?),
        };
        add_unit_cost(conn, &new)?;
    }
    Ok(())
}

fn program(
    conn: &mut Conn,
    seed: &DemoSeed,
    place: usize,
    partner: PartnerId,
    text: &ProgramText,
    now: Timestamp,
) -> AppResult<()> {
    let (Some(id), Some(fund)) = (seed.programs.get(place), seed.program_funds.get(place)) else {
        return Ok(());
    };
    let take_part: AppResult<Vec<_>> = text.take_part.iter().map(|way| line(way)).collect();
    let more = text.more.iter().map(|(label, href)| FurtherLink {
        label: (*label).to_owned(),
        href: (*href).to_owned(),
    });
    let new = CreateProgram {
        id: *id,
        partner,
        slug: slug(text.slug)?,
        name: line(text.name)?,
        country: line(text.country)?,
        region: line(text.region)?,
        since_year: Some(text.since),
        summary: line(text.summary)?,
        story: story(text.story)?,
        take_part: take_part?,
        more: more.collect(),
    };
    create_program(conn, &new, now)?;
    let fund = OpenFund {
        id: *fund,
        of: FundOf::Program(*id),
        currency: Currency::USD,
        name: line(text.name)?,
    };
    open_fund(conn, &fund, now)
}
