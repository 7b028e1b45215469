//! `/start/{campaign}`: the guided start, one short step a screen.
//!
//! The first step makes a draft, each further one changes it, so that a closed tab loses nothing: whoever comes back goes
//! on where they left. Everything works without JavaScript; `start.js` keeps what is being written and looks whether an
//! address is free. Going back, or clicking twice, changes the same draft. A person has one draft a season, and makes a
//! second page only by saying so.

mod begin;
mod form;
mod html;
mod look;
mod publish;
mod setting;
mod view;

use actix_web::web::{self, ServiceConfig};

crate::words! {
    /// A step; its word is the last part of its address.
    pub enum Step {
        /// How the participant is called, and the page.
        Name = "name",
        /// The story.
        Why = "why",
        /// How much it wants to raise.
        Goal = "goal",
        /// A photograph, or the drawn cloth.
        Photo = "photo",
        /// Its place in URLs.
        Address = "address",
        /// How it will look, and the button that shows it.
        Preview = "preview",
    }
}

impl Step {
    /// The step after this one; the last one has none.
    pub fn next(self) -> Option<Self> {
        Self::ALL.iter().copied().find(|step| *step > self)
    }

    /// The step before this one; the first one has none.
    pub fn before(self) -> Option<Self> {
        Self::ALL.iter().copied().rev().find(|step| *step < self)
    }

    /// The step in a word, for people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Name => "Name",
            Self::Why => "Why",
            Self::Goal => "Goal",
            Self::Photo => "Photo",
            Self::Address => "Address",
            Self::Preview => "Look",
        }
    }
}

/// Mounts the guided start.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(web::resource("/start/slug").route(web::get().to(look::slug)))
        .service(web::resource("/start/{campaign}").route(web::get().to(begin::begin)))
        .service(web::resource("/start/{campaign}/bring").route(web::post().to(publish::bring)))
        .service(
            web::resource("/start/{campaign}/{step}")
                .route(web::get().to(html::step))
                .route(web::post().to(html::save)),
        )
        .service(web::resource("/pages/{slug}/started").route(web::get().to(publish::started)));
}
