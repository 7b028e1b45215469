#![allow(clippy::unwrap_used)]

use super::Format;

#[test]
fn the_first_bytes_tell_the_kind_and_nothing_else_is_taken() {
    assert_eq!(Format::of(b"%PDF-1.7\n"), Some(Format::Pdf));
    assert_eq!(Format::of(b"\x89PNG\r\n\x1a\nrest"), Some(Format::Png));
    assert_eq!(Format::of(&[0xff, 0xd8, 0xff, 0xe0]), Some(Format::Jpeg));
    assert_eq!(Format::of(b"<script>"), None);
    assert_eq!(Format::of(b"PK\x03\x04"), None);
    assert_eq!(Format::of(b""), None);
}
