#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::ops::{CreatePartner, CreateProgram, create_partner, create_program};
use super::*;
use crate::campaigns::testing::{at, line, new_season, season};
use crate::db::testing::fresh;
use crate::error::AppError;
use crate::kernel::Clock;
use crate::web::markdown::Story;
use crate::web::testing::serve;

fn program(partner: PartnerId, slug: &str) -> CreateProgram {
    CreateProgram {
        id: ProgramId::new(),
        partner,
        slug: slug.parse().unwrap(),
        name: line("Program"),
        country: line("India"),
        region: line("Kolkata"),
        since_year: None,
        summary: line("It works."),
        story: Story::default(),
        take_part: vec![line("Give."), line("Talk.")],
        more: vec![FurtherLink {
            label: "Write".into(),
            href: "mailto:a@example.org".into(),
        }],
    }
}

#[tokio::test]
async fn programs_keep_what_they_were_made_with() {
    let (db, _guard) = fresh().await;
    let (ids, now) = (new_season(), at("2026-11-01T00:00:00Z"));
    let partner = CreatePartner {
        id: PartnerId::new(),
        slug: "second".parse().unwrap(),
        name: line("Second"),
        country: line("Nepal"),
        summary: line("They help."),
        story: Story::default(),
        contact_email: Some("a@example.org".parse().unwrap()),
    };
    let (id, taken) = (partner.id, partner.clone());
    db.tx(move |c| {
        season(c, &ids, now);
        create_partner(c, &partner, now)?;
        create_program(c, &program(id, "weaving"), now)
    })
    .await
    .unwrap();
    let (row, own, found) = db
        .read(move |c| {
            let row = model::program_by_slug(c, &"weaving".parse().unwrap())?;
            let found = model::partner_by_slug(c, &"second".parse().unwrap())?;
            Ok((row, model::programs_of(c, id)?, found))
        })
        .await
        .unwrap();
    assert_eq!(row.partner.id, id);
    assert_eq!(row.program.take_part.0, ["Give.", "Talk."]);
    assert_eq!(row.program.more.0[0].href, "mailto:a@example.org");
    assert_eq!(own.len(), 1);
    assert_eq!(found.contact_email.unwrap().as_str(), "a@example.org");

    let again = db
        .tx(move |c| create_program(c, &program(id, "weaving"), now))
        .await;
    assert!(matches!(
        again,
        Err(AppError::Conflict {
            code: "slug_taken",
            ..
        })
    ));
    let again = db.tx(move |c| create_partner(c, &taken, now)).await;
    assert!(matches!(
        again,
        Err(AppError::Conflict {
            code: "slug_taken",
            ..
        })
    ));
    let mut unsafe_link = program(id, "other");
    unsafe_link.more[0].href = "javascript:alert(1)".into();
    let refused = db.tx(move |c| create_program(c, &unsafe_link, now)).await;
    assert!(matches!(refused, Err(AppError::Invalid(_))));
}

#[actix_web::test]
async fn the_api_lists_programs_by_slug_each_once() {
    let (db, _guard) = fresh().await;
    let clock = Clock::system();
    let (ids, now) = (new_season(), clock.now());
    db.tx(move |c| {
        season(c, &ids, now);
        let partner = model::partner_by_slug(c, &"allies".parse().unwrap())?.id;
        (10..31).try_for_each(|n| create_program(c, &program(partner, &format!("p-{n}")), now))
    })
    .await
    .unwrap();
    let server = serve(&db, &clock, routes);
    let (mut slugs, mut path) = (Vec::new(), "/api/v1/programs?limit=5".to_owned());
    loop {
        let page = server.ok(&path).await;
        for item in page["items"].as_array().unwrap() {
            slugs.push(item["slug"].as_str().unwrap().to_owned());
        }
        match page["next"].as_str() {
            Some(next) => path = format!("/api/v1/programs?limit=5&after={next}"),
            None => break,
        }
    }
    assert_eq!(slugs.len(), 23);
    assert!(slugs.is_sorted_by(|a, b| a < b));
    assert_eq!(
        server.ok("/api/v1/programs").await["items"]
            .as_array()
            .unwrap()
            .len(),
        20
    );
    assert_eq!(server.get("/api/v1/programs?after=%00").await.0, 404);
    assert_eq!(server.refused("/api/v1/programs?limit=101").await, "limit");
}
