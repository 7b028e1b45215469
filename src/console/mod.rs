//! The staff's console: participants, pages, reports, seasons, the record of deeds.
//!
//! Everything stands under `/console`. A handler takes [`Staff`](crate::auth::Staff), a
//! [`Coordinator`](crate::auth::Coordinator) or an [`Owner`](crate::auth::Owner), and asks its `Scope` for the season:
//! a role that is narrowed to seasons sees no other (S9). Whatever staff do, and whenever they look at addresses or take
//! them along, is a deed in the record (S15). The verbs are the nouns' own; here they are put on a page.

mod bars;
mod chart;
mod consent;
mod consents;
mod covers;
mod deliveries;
mod deposits;
mod desk;
mod export;
mod fields;
mod finance;
mod findings;
mod grant;
mod grants;
mod groups;
mod harm_words;
mod home;
mod listing;
mod mails;
mod mask;
mod matching;
mod matching_form;
mod needle;
mod newsletters;
mod offline;
mod offline_entry;
mod offline_form;
mod offline_receipt;
mod page;
mod pages;
mod pages_table;
mod partner_report_acts;
mod partner_reports;
mod partners;
mod people;
mod people_table;
mod person;
mod policies;
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
mod segments;
mod sequences;
mod stories;
mod story;
mod story_deeds;
mod story_form;
mod subscribers;
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
        .service(
            web::resource("/console/offline/new")
                .route(web::get().to(offline_entry::new))
                .route(web::post().to(offline_entry::enter)),
        )
        .service(
            web::resource("/console/offline/{id}")
                .route(web::get().to(offline_entry::show))
                .route(web::post().to(offline::refuse)),
        )
        .service(
            web::resource("/console/offline/{id}/confirm")
                .route(web::post().to(offline_entry::confirm)),
        )
        .service(
            web::resource("/console/offline/{id}/give-back")
                .route(web::post().to(offline_entry::give_back)),
        )
        .service(
            web::resource("/console/offline/{id}/receipt")
                .route(web::get().to(offline_receipt::page)),
        )
        .service(
            web::resource("/console/offline/{id}/receipt.pdf")
                .route(web::get().to(offline_receipt::pdf)),
        )
        .service(
            web::resource("/console/deposits")
                .route(web::get().to(deposits::list))
                .route(web::post().to(deposits::make)),
        )
        .service(web::resource("/console/deposits/{id}").route(web::post().to(deposits::bank)))
        .service(
            web::resource("/console/matching")
                .route(web::get().to(matching::list))
                .route(web::post().to(matching::create)),
        )
        .service(
            web::resource("/console/matching/{id}")
                .route(web::get().to(matching::show))
                .route(web::post().to(matching::act)),
        )
        .service(web::resource("/console/payouts").route(web::get().to(findings::payouts)))
        .service(web::resource("/console/payouts/{id}").route(web::get().to(findings::payout)))
        .service(web::resource("/console/findings").route(web::get().to(findings::list)))
        .service(web::resource("/console/findings/{id}").route(web::post().to(findings::act)))
        .service(web::resource("/console/finance").route(web::get().to(finance::home)))
        .service(web::resource("/console/finance/covers").route(web::post().to(covers::plan)))
        .service(
            web::resource("/console/finance/covers/{id}").route(web::post().to(covers::decide)),
        )
        .service(
            web::resource("/console/grants")
                .route(web::get().to(grants::list))
                .route(web::post().to(grants::plan)),
        )
        .service(
            web::resource("/console/grants/{number}")
                .route(web::get().to(grant::show))
                .route(web::post().to(grant::act)),
        )
        .service(web::resource("/console/grants/{number}/pay").route(web::post().to(grant::pay)))
        .service(
            web::resource("/console/grants/{number}/slips/{tranche}")
                .route(web::get().to(grant::slip)),
        )
        .service(
            web::resource("/console/policies")
                .route(web::get().to(policies::list))
                .route(web::post().to(policies::draft)),
        )
        .service(
            web::resource("/console/policies/{id}/approve")
                .route(web::post().to(policies::approve)),
        )
        .service(
            web::resource("/console/policies/{id}/discard")
                .route(web::post().to(policies::discard)),
        )
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
    stories(cfg);
    subscribers::routes(cfg);
    segments::routes(cfg);
    sequences::routes(cfg);
    newsletters::routes(cfg);
    deliveries::routes(cfg);
}

/// Stories, the harm screen's words, the vault of consents.
fn stories(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource("/console/stories")
            .route(web::get().to(stories::list))
            .route(web::post().to(stories::create)),
    )
    .service(
        web::resource("/console/harm-words")
            .route(web::get().to(harm_words::show))
            .route(web::post().to(harm_words::save)),
    )
    .service(
        web::resource("/console/stories/{id}")
            .route(web::get().to(story::show))
            .route(web::post().to(story::save)),
    )
    .service(web::resource("/console/stories/{id}/preview").route(web::post().to(story::preview)))
    .service(
        web::resource("/console/stories/{id}/pictures").route(web::post().to(story_deeds::picture)),
    )
    .service(
        web::resource("/console/stories/{id}/pictures/remove")
            .route(web::post().to(story_deeds::remove_picture)),
    )
    .service(
        web::resource("/console/stories/{id}/answer").route(web::post().to(story_deeds::answer)),
    )
    .service(
        web::resource("/console/stories/{id}/consents")
            .route(web::post().to(story_deeds::consents)),
    )
    .service(web::resource("/console/stories/{id}/state").route(web::post().to(story_deeds::state)))
    .service(
        web::resource("/console/consents")
            .route(web::get().to(consents::list))
            .route(web::post().to(consents::record)),
    )
    .service(web::resource("/console/new-consent").route(web::get().to(consents::new)))
    .service(web::resource("/console/consents/{id}").route(web::get().to(consent::show)))
    .service(web::resource("/console/consents/{id}/name").route(web::post().to(consent::name)))
    .service(web::resource("/console/consents/{id}/paper").route(web::post().to(consent::paper)))
    .service(web::resource("/console/consents/{id}/sign").route(web::post().to(consent::sign)))
    .service(web::resource("/console/consents/{id}/revoke").route(web::post().to(consent::revoke)));
}
