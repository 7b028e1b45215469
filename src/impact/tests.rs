#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::ops::{AddFigure, AddUnitCost, add_figure, add_unit_cost};
use super::*;
use crate::campaigns::testing::{at, line, new_season, season, usd};
use crate::db::testing::fresh;
use crate::error::AppError;
use crate::ids::ProgramId;
use crate::kernel::{Clock, Day};
use crate::web::testing::serve;

fn cost(program: ProgramId, dollars: i64, from: &str, to: Option<&str>) -> AddUnitCost {
    AddUnitCost {
        id: UnitCostId::new(),
        program,
        amount: usd(dollars),
        covers: line("a therapy session"),
        source: line("Price list"),
        valid_from: from.parse().unwrap(),
        valid_to: to.map(|day| day.parse().unwrap()),
    }
}

fn figure(program: ProgramId, position: i32, value: i64) -> AddFigure {
    AddFigure {
        id: FigureId::new(),
        program,
        label: line("people"),
        value,
        period: line("since 2006"),
        source: line("Interview"),
        grade: Grade::PartnerReported,
        position,
    }
}

#[tokio::test]
async fn unit_costs_hold_from_their_first_to_their_last_day() {
    let (db, _guard) = fresh().await;
    let (ids, now) = (new_season(), at("2026-11-01T00:00:00Z"));
    let program = ids.programs[0];
    let costs = [
        cost(program, 30, "2026-01-01", Some("2026-12-31")),
        cost(program, 20, "2026-12-31", None),
        cost(ids.programs[1], 10, "2020-01-01", None),
    ];
    db.tx(move |c| {
        season(c, &ids, now);
        costs.iter().try_for_each(|cost| add_unit_cost(c, cost))
    })
    .await
    .unwrap();
    let on = |day: &str| {
        let (db, day): (_, Day) = (db.clone(), day.parse().unwrap());
        async move {
            let found = db
                .read(move |c| unit_costs(c, &[program], day))
                .await
                .unwrap();
            found
                .iter()
                .map(|cost| cost.amount().minor())
                .collect::<Vec<_>>()
        }
    };
    assert!(on("2025-12-31").await.is_empty());
    assert_eq!(on("2026-01-01").await, [3000]);
    assert_eq!(on("2026-12-31").await, [2000, 3000]);
    assert_eq!(on("2027-01-01").await, [2000]);
    let backwards = cost(program, 5, "2026-02-01", Some("2026-01-31"));
    let refused = db.tx(move |c| add_unit_cost(c, &backwards)).await;
    assert!(matches!(refused, Err(AppError::Invalid(_))));
    let free = cost(program, 0, "2026-02-01", None);
    assert!(db.tx(move |c| add_unit_cost(c, &free)).await.is_err());
    let negative = figure(program, 0, -1);
    assert!(db.tx(move |c| add_figure(c, &negative, now)).await.is_err());
}

#[actix_web::test]
async fn the_api_shows_no_figure_without_period_source_and_grade() {
    let (db, _guard) = fresh().await;
    let clock = Clock::system();
    let (ids, now) = (new_season(), clock.now());
    db.tx(move |c| {
        season(c, &ids, now);
        add_figure(c, &figure(ids.programs[0], 1, 39), now)?;
        add_figure(c, &figure(ids.programs[0], 0, 380), now)?;
        add_unit_cost(c, &cost(ids.programs[0], 30, "2022-01-01", None))
    })
    .await
    .unwrap();
    let server = serve(&db, &clock, routes);
    let program = server.ok("/api/v1/programs/rescue").await;
    assert_eq!(program["partner"]["name"], "Allies");
    assert_eq!(program["since_year"], 2006);
    assert_eq!(
        program["figures"][0],
        serde_json::json!({ "label": "people", "value": 380, "shown": "380", "period": "since 2006", "source": "Interview", "grade": "partner_reported", "report": null })
    );
    assert_eq!(program["figures"][1]["value"], 39);
    assert_eq!(program["unit_costs"][0]["amount"]["minor"], 3000);
    assert_eq!(program["unit_costs"][0]["source"], "Price list");
    assert!(!program["story_html"].as_str().unwrap().contains("<script"));
    assert_eq!(server.get("/api/v1/programs/none").await.0, 404);
    assert_eq!(
        server.refused("/api/v1/programs/rescue?limit=1").await,
        "limit"
    );
}
