//! `/partners/{slug}`.

use serde::Serialize;

use super::rows::ProgramRow;
use super::shell::{Link, Shell};

/// Context of `partner`.
#[derive(Clone, Debug, Serialize)]
pub struct PartnerView {
    /// The frame.
    pub shell: Shell,
    /// The organisation.
    pub name: String,
    /// Its country.
    pub country: String,
    /// One or two sentences.
    pub summary: String,
    /// What it is, sanitised.
    pub about_html: String,
    /// Its drawn cloth.
    pub cover_svg: String,
    /// Its programs here.
    pub programs: Vec<ProgramRow>,
    /// Its own site and contact.
    pub more: Vec<Link>,
}
