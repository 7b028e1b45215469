//! The staff's console: participants, pages, reports, seasons, the record of deeds.
//!
//! Everything stands under `/console`. A handler takes [`Staff`](crate::auth::Staff), a
//! [`Coordinator`](crate::auth::Coordinator) or an [`Owner`](crate::auth::Owner), and asks its `Scope` for the season:
//! a role that is narrowed to seasons sees no other (S9). Whatever staff do, and whenever they look at addresses or take
//! them along, is a deed in the record (S15). The verbs are the nouns' own; here they are put on a page.

mod chart;
mod desk;
mod export;
mod fields;
mod groups;
mod home;
mod listing;
mod mails;
mod needle;
mod offline;
mod page;
mod pages;
mod pages_table;
mod partner_report_acts;
mod partner_reports;
mod partners;
mod people;
mod people_table;
mod person;
mod program_acts;
mod programs;
mod record;
mod reports;
mod scope;
mod season;
mod season_fields;
mod season_form;
mod season_state;
mod seasons;
mod teams;
mod today;
mod unit_costs;

use actix_web::web;

/// Mounts the pages.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/console").route(web::get().to(home::home)))
        .service(
            web::resource("/console/pages")
                .route(web::get().to(pages::list))
                .route(web::post().to(page::approve_all)),
        )
        .service(web::resource("/console/pages.csv").route(web::get().to(export::pages_csv)))
        .service(
            web::resource("/console/pages/{slug}")
                .route(web::get().to(page::show))
                .route(web::post().to(page::act)),
        )
        .service(
            web::resource("/console/participants.csv").route(web::get().to(export::people_csv)),
        )
        .service(web::resource("/console/teams.csv").route(web::get().to(export::teams_csv)))
        .service(web::resource("/console/audit.csv").route(web::get().to(export::audit_csv)))
        .service(web::resource("/console/participants").route(web::get().to(people::list)))
        .service(web::resource("/console/people/{id}").route(web::get().to(person::show)))
        .service(web::resource("/console/people/{id}/role").route(web::post().to(person::role)))
        .service(web::resource("/console/people/{id}/access").route(web::post().to(person::access)))
        .service(web::resource("/console/teams").route(web::get().to(teams::list)))
        .service(
            web::resource("/console/seasons")
                .route(web::get().to(seasons::list))
                .route(web::post().to(seasons::create)),
        )
        .service(web::resource("/console/new-season").route(web::get().to(seasons::new)))
        .service(
            web::resource("/console/seasons/{slug}")
                .route(web::get().to(season::show))
                .route(web::post().to(season::save)),
        )
        .service(
            web::resource("/console/seasons/{slug}/again")
                .route(web::get().to(season_state::again))
                .route(web::post().to(season_state::make_again)),
        )
        .service(
            web::resource("/console/seasons/{slug}/policy")
                .route(web::post().to(season_state::policy)),
        )
        .service(
            web::resource("/console/seasons/{slug}/state")
                .route(web::post().to(season_state::state)),
        )
        .service(
            web::resource("/console/groups")
                .route(web::get().to(groups::list))
                .route(web::post().to(groups::create)),
        )
        .service(
            web::resource("/console/groups/{id}")
                .route(web::get().to(groups::show))
                .route(web::post().to(groups::save)),
        )
        .service(web::resource("/console/reports").route(web::get().to(reports::list)))
        .service(web::resource("/console/reports/{id}").route(web::post().to(reports::handle)))
        .service(web::resource("/console/offline").route(web::get().to(offline::list)))
        .service(web::resource("/console/offline/{id}").route(web::post().to(offline::refuse)))
        .service(web::resource("/console/partners").route(web::get().to(partners::list)))
        .service(
            web::resource("/console/partners/{slug}")
                .route(web::get().to(partners::show))
                .route(web::post().to(partners::act)),
        )
        .service(web::resource("/console/programs").route(web::get().to(programs::list)))
        .service(
            web::resource("/console/programs/{slug}")
                .route(web::get().to(programs::show))
                .route(web::post().to(programs::act)),
        )
        .service(
            web::resource("/console/unit-costs")
                .route(web::get().to(unit_costs::list))
                .route(web::post().to(unit_costs::add)),
        )
        .service(web::resource("/console/unit-costs/{id}").route(web::post().to(unit_costs::end)))
        .service(
            web::resource("/console/partner-reports").route(web::get().to(partner_reports::list)),
        )
        .service(
            web::resource("/console/partner-reports/documents/{id}")
                .route(web::get().to(partner_reports::document)),
        )
        .service(
            web::resource("/console/partner-reports/{id}")
                .route(web::get().to(partner_reports::show))
                .route(web::post().to(partner_reports::act)),
        )
        .service(web::resource("/console/audit").route(web::get().to(record::list)));
}
