//! The pages of accounts. Each is made for one reader, kept by nobody, and tells no other site its address (S7).

mod again;
mod data;
mod factor;
mod form;
mod link;
mod login;
mod mail;
mod overview;
mod passkeys;
mod reset;
mod security;
mod settings;
pub(super) mod signup;

use actix_web::web::{self, ServiceConfig};

/// Mounts the pages.
pub(super) fn routes(cfg: &mut ServiceConfig) {
    doors(cfg);
    own(cfg);
    factors(cfg);
    cfg.service(
        web::resource("/mail/{kind}/off/{token}")
            .route(web::get().to(mail::ask))
            .route(web::post().to(mail::switch_off)),
    );
}

/// The ways in and out.
fn doors(cfg: &mut ServiceConfig) {
    cfg.service(
        web::resource("/signup")
            .route(web::get().to(signup::form))
            .route(web::post().to(signup::sign_up)),
    )
    .service(web::resource("/signup/sent").route(web::get().to(signup::sent)))
    .service(
        web::resource("/verify/{token}")
            .route(web::get().to(signup::confirm))
            .route(web::post().to(signup::verify)),
    )
    .service(
        web::resource("/login")
            .route(web::get().to(login::form))
            .route(web::post().to(login::sign_in)),
    )
    .service(web::resource("/logout").route(web::post().to(login::sign_out)))
    .service(
        web::resource("/login/link")
            .route(web::get().to(link::form))
            .route(web::post().to(link::ask)),
    )
    .service(web::resource("/login/sent").route(web::get().to(link::sent)))
    .service(
        web::resource("/login/link/{token}")
            .route(web::get().to(link::confirm))
            .route(web::post().to(link::sign_in)),
    )
    .service(
        web::resource("/login/second-factor")
            .route(web::get().to(factor::form))
            .route(web::post().to(factor::show)),
    )
    .service(web::resource("/login/passkey/begin").route(web::post().to(passkeys::begin_showing)))
    .service(web::resource("/login/passkey/finish").route(web::post().to(passkeys::finish_showing)))
    .service(
        web::resource("/login/again")
            .route(web::get().to(again::form))
            .route(web::post().to(again::prove)),
    )
    .service(
        web::resource("/reset")
            .route(web::get().to(reset::form))
            .route(web::post().to(reset::ask)),
    )
    .service(
        web::resource("/reset/{token}")
            .route(web::get().to(reset::choose))
            .route(web::post().to(reset::set)),
    );
}

/// One's own account.
fn own(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/account").route(web::get().to(overview::show)))
        .service(web::resource("/account/settings").route(web::get().to(settings::show)))
        .service(web::resource("/account/name").route(web::post().to(settings::rename)))
        .service(web::resource("/account/address").route(web::post().to(settings::move_address)))
        .service(
            web::resource("/account/address/{token}")
                .route(web::get().to(settings::confirm_address))
                .route(web::post().to(settings::use_address)),
        )
        .service(web::resource("/account/password").route(web::post().to(settings::set_password)))
        .service(web::resource("/account/mail").route(web::post().to(settings::choose_mail)))
        .service(web::resource("/account/data").route(web::get().to(data::show)))
        .service(web::resource("/account/export").route(web::post().to(data::export)))
        .service(web::resource("/account/delete").route(web::post().to(data::delete)));
}

/// Browsers and second factors.
fn factors(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/account/security").route(web::get().to(security::show)))
        .service(
            web::resource("/account/sessions/end-others")
                .route(web::post().to(security::end_others)),
        )
        .service(
            web::resource("/account/sessions/{id}/end").route(web::post().to(security::end_one)),
        )
        .service(
            web::resource("/account/second-factor/begin")
                .route(web::post().to(security::offer_codes)),
        )
        .service(
            web::resource("/account/second-factor/confirm")
                .route(web::post().to(security::confirm_codes)),
        )
        .service(
            web::resource("/account/second-factor/codes")
                .route(web::post().to(security::new_recovery_codes)),
        )
        .service(
            web::resource("/account/second-factor/off")
                .route(web::post().to(security::switch_codes_off)),
        )
        .service(
            web::resource("/account/passkeys/begin").route(web::post().to(passkeys::begin_adding)),
        )
        .service(
            web::resource("/account/passkeys/finish")
                .route(web::post().to(passkeys::finish_adding)),
        )
        .service(
            web::resource("/account/passkeys/{id}/rename").route(web::post().to(passkeys::rename)),
        )
        .service(
            web::resource("/account/passkeys/{id}/remove").route(web::post().to(passkeys::remove)),
        );
}
