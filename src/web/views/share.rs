//! Ways to share a page, as plain links.

use std::borrow::Cow;

use url::form_urlencoded::byte_serialize;

use super::rows::ShareView;

impl ShareView {
    /// Links that share the page at the absolute address `url` with the words `text`.
    pub fn new(url: &str, text: &str, card_url: Option<String>) -> Self {
        let words = encoded(text);
        let there = |source: &str| encoded(&tagged(url, source));
        let [mail, sms, whatsapp, facebook] = ["mail", "sms", "whatsapp", "facebook"].map(there);
        Self {
            url: url.to_owned(),
            mail_url: format!("mailto:?subject={words}&body={words}%0A{mail}"),
            sms_url: format!("sms:?&body={words}%20{sms}"),
            whatsapp_url: format!("https://wa.me/?text={words}%20{whatsapp}"),
            facebook_url: format!("https://www.facebook.com/sharer/sharer.php?u={facebook}"),
            card_url,
        }
    }
}

/// An address that says by which way it was passed on; the gift keeps it.
pub fn tagged(url: &str, source: &str) -> String {
    format!("{url}?utm_source={source}&utm_medium=share")
}

/// Percent-encoded as RFC 3986 wants it in every scheme: a space is `%20`, since `+` is a plus sign in `mailto:`.
pub fn encoded(text: &str) -> String {
    let parts = byte_serialize(text.as_bytes());
    parts
        .map(|part| {
            if part == "+" {
                Cow::Borrowed("%20")
            } else {
                Cow::Borrowed(part)
            }
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn words_cannot_add_fields_to_a_mail() {
        let share = ShareView::new(
            "https://give.example.org/pages/a",
            "A & B?\r\ncc=x@y.org + 1",
            None,
        );
        assert_eq!(
            share.mail_url,
            "mailto:?subject=A%20%26%20B%3F%0D%0Acc%3Dx%40y.org%20%2B%201&body=A%20%26%20B%3F%0D%0Acc%3Dx%40y.org%20%2B%201%0Ahttps%3A%2F%2Fgive.example.org%2Fpages%2Fa%3Futm_source%3Dmail%26utm_medium%3Dshare"
        );
    }
}
