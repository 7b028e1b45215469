//! Passing a page on: words for every channel, a code to scan, a poster to hang up.

pub mod html;
mod poster;
mod qr;
mod texts;

crate::words! {
    /// By which way of ours a reader came to a page (`utm_source`); a gift keeps it. Links made elsewhere may say other words,
    /// which the page's script carries on.
    pub enum Source {
        /// WhatsApp.
        Whatsapp = "whatsapp",
        /// A text message.
        Sms = "sms",
        /// A mail.
        Mail = "mail",
        /// Facebook.
        Facebook = "facebook",
        /// X.
        X = "x",
        /// LinkedIn.
        Linkedin = "linkedin",
        /// The link, copied.
        Copy = "copy",
        /// The code, scanned.
        Qr = "qr",
        /// The poster's code, scanned.
        Poster = "poster",
    }
}

impl Source {
    /// The source that an address says, if it is one of ours.
    pub fn known(said: Option<&str>) -> Option<Self> {
        said.and_then(|text| text.parse().ok())
    }
}
