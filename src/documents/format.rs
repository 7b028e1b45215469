//! Which files are taken, told by their first bytes.

crate::words! {
    /// A kind of file that is taken.
    pub enum Format {
        /// Portable Document Format.
        Pdf = "application/pdf",
        /// A scan or a photograph.
        Png = "image/png",
        /// A scan or a photograph.
        Jpeg = "image/jpeg",
    }
}

impl Format {
    /// The kind of these bytes; `None` when they are no such file.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
        if bytes.starts_with(b"%PDF-") {
            Some(Self::Pdf)
        } else if bytes.starts_with(PNG) {
            Some(Self::Png)
        } else if bytes.starts_with(&[0xff, 0xd8, 0xff]) {
            Some(Self::Jpeg)
        } else {
            None
        }
    }

    /// What its name ends with.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Png => "png",
            Self::Jpeg => "jpg",
        }
    }
}
