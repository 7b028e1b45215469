//! S11, S17: what is taken, what is refused, what is left of it, and that it can be taken down.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::web::Data;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};

use super::picture::{inspect, make};
use super::*;
use crate::auth::model::{NewUser, insert_user};
use crate::auth::{Role, UserId};
use crate::config::Config;
use crate::db::testing::{Guard, fresh};
use crate::error::AppError;
use crate::kernel::{Clock, Line};
use crate::web::templates::Templates;

/// Left half red, right half blue.
fn halves(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, _| {
        if x < width / 2 {
            Rgb([200, 20, 20])
        } else {
            Rgb([20, 20, 200])
        }
    })
}

fn encoded(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut out = std::io::Cursor::new(Vec::new());
    picture.into().write_to(&mut out, format).unwrap();
    out.into_inner()
}

fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(kind);
    crc.update(data);
    let mut out = u32::try_from(data.len()).unwrap().to_be_bytes().to_vec();
    out.extend_from_slice(kind);
    out.extend_from_slice(data);
    out.extend_from_slice(&crc.sum().to_be_bytes());
    out
}

/// A PNG whose head promises `width` by `height`, with well-packed emptiness behind it.
fn bomb(width: u32, height: u32) -> Vec<u8> {
    let mut head = [width.to_be_bytes(), height.to_be_bytes()].concat();
    head.extend_from_slice(&[8, 2, 0, 0, 0]);
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(&vec![0; 4 << 20]).unwrap();
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    out.extend(chunk(b"IHDR", &head));
    out.extend(chunk(b"IDAT", &packed.finish().unwrap()));
    out.extend(chunk(b"IEND", &[]));
    out
}

/// `jpeg` with an EXIF segment (this orientation, a GPS latitude), XMP and a colour profile behind its first marker.
fn with_metadata(jpeg: &[u8], orientation: u16) -> Vec<u8> {
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0".to_vec();
    exif.extend_from_slice(&2u16.to_le_bytes());
    let entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
        let mut out = [tag.to_le_bytes(), kind.to_le_bytes()].concat();
        out.extend_from_slice(&count.to_le_bytes());
        out.extend_from_slice(&value);
        out
    };
    let [low, high] = orientation.to_le_bytes();
    exif.extend(entry(0x0112, 3, 1, [low, high, 0, 0]));
    exif.extend(entry(0x8825, 4, 1, 38u32.to_le_bytes()));
    exif.extend_from_slice(&0u32.to_le_bytes());
    exif.extend_from_slice(&1u16.to_le_bytes());
    exif.extend(entry(0x0001, 2, 2, *b"N\0\0\0"));
    exif.extend_from_slice(&0u32.to_le_bytes());
    exif.extend_from_slice(b"22.5726N 88.3639E");
    let segment = |marker: u8, data: &[u8]| {
        let length = u16::try_from(data.len() + 2).unwrap().to_be_bytes();
        [&[0xff, marker], &length[..], data].concat()
    };
    let xmp = b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>home address</x:xmpmeta>";
    let profile = b"ICC_PROFILE\0\x01\x01not a profile";
    [
        &jpeg[..2],
        &segment(0xe1, &exif),
        &segment(0xe1, xmp),
        &segment(0xe2, profile),
        &segment(0xfe, b"comment"),
        &jpeg[2..],
    ]
    .concat()
}

fn decoded(bytes: &[u8]) -> RgbImage {
    image::load_from_memory_with_format(bytes, ImageFormat::Jpeg)
        .unwrap()
        .into_rgb8()
}

fn is_red(pixel: &Rgb<u8>) -> bool {
    pixel.0[0] > 150 && pixel.0[2] < 80
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle)
}

fn refusal(error: AppError) -> String {
    match error {
        AppError::Invalid(faults) => {
            assert_eq!(faults[0].field, "photo");
            faults[0].message.clone()
        }
        other => panic!("not a refusal: {other:?}"),
    }
}

#[test]
fn bombs_and_strangers_are_refused_at_once_and_in_words() {
    let svg = br#"<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>"#;
    let mut gif = b"GIF89a\x10\0\x10\0\x80\0\0\0\0\0\xff\xff\xff".to_vec();
    for _ in 0..10_000 {
        gif.extend_from_slice(b",\0\0\0\0\x10\0\x10\0\0\x02\x02\x84\x51\0");
    }
    let html = b"<!doctype html><script>alert(1)</script>";
    let heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic";
    let table: [(&str, Vec<u8>, &str); 11] = [
        ("20,000 squared", bomb(20_000, 20_000), "too many pixels"),
        ("one by 2^31", bomb(1, 1 << 31), "too many pixels"),
        ("one by 2^31 - 1", bomb(1, (1 << 31) - 1), "too many pixels"),
        ("8,000 by 5,001", bomb(8_000, 5_001), "too many pixels"),
        ("10,000 frames", gif, "JPEG, PNG or WebP"),
        ("svg", svg.to_vec(), "JPEG, PNG or WebP"),
        ("html", html.to_vec(), "JPEG, PNG or WebP"),
        ("heic", heic.to_vec(), "HEIC"),
        ("nothing", Vec::new(), "JPEG, PNG or WebP"),
        ("bare magic", vec![0xff, 0xd8, 0xff], "cannot be read"),
        (
            "speck",
            encoded(halves(3, 3), ImageFormat::Png),
            "too small",
        ),
    ];
    for (name, bytes, words) in table {
        let start = Instant::now();
        let said = refusal(inspect(&bytes).unwrap_err());
        assert!(said.contains(words), "{name}: {said}");
        assert!(start.elapsed() < Duration::from_millis(200), "{name}");
    }
}

#[test]
fn what_breaks_off_is_refused_or_comes_out_whole() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        let whole = encoded(halves(400, 300), format);
        for cut in [20, whole.len() / 4, whole.len() / 2, whole.len() - 9] {
            match make(&whole[..cut.min(whole.len())], Shape::Whole) {
                Ok(made) => assert_eq!(decoded(&made.sizes[0].1).dimensions(), (400, 300)),
                Err(error) => assert!(!refusal(error).is_empty()),
            }
        }
    }
}

#[test]
fn a_picture_that_is_also_a_page_loses_the_page() {
    let script = b"<script>alert(document.cookie)</script>";
    let jpeg = encoded(halves(300, 200), ImageFormat::Jpeg);
    let mut commented = jpeg[..2].to_vec();
    commented.extend_from_slice(&[0xff, 0xfe]);
    commented.extend_from_slice(&u16::try_from(script.len() + 2).unwrap().to_be_bytes());
    commented.extend_from_slice(script);
    commented.extend_from_slice(&jpeg[2..]);
    let trailing = [jpeg.as_slice(), script].concat();
    let png = encoded(halves(300, 200), ImageFormat::Png);
    let behind = [png.as_slice(), script].concat();
    let at = png.len() - 12;
    let text = chunk(b"tEXt", &[b"Comment\0".as_slice(), script].concat());
    let inside = [&png[..at], &text, &png[at..]].concat();
    for sent in [commented, trailing, behind, inside] {
        assert!(contains(&sent, script));
        for (_, made) in make(&sent, Shape::Whole).unwrap().sizes {
            assert!(!contains(&made, b"script"));
            assert!([300, 160].contains(&decoded(&made).width()));
        }
    }
}

#[test]
fn place_and_profile_are_gone_and_the_picture_stands_upright() {
    let sent = with_metadata(&encoded(halves(800, 400), ImageFormat::Jpeg), 6);
    assert!(contains(&sent, b"22.5726N"));
    let made = make(&sent, Shape::Whole).unwrap();
    for (_, bytes) in &made.sizes {
        for trace in [
            b"Exif".as_slice(),
            b"GPS",
            b"22.57",
            b"ns.adobe",
            b"xmp",
            b"ICC_PROFILE",
            b"comment",
        ] {
            assert!(
                !contains(bytes, trace),
                "{}",
                String::from_utf8_lossy(trace)
            );
        }
    }
    // Turned a quarter to the right: what was left is above.
    let upright = decoded(&made.sizes[0].1);
    assert_eq!(upright.dimensions(), (400, 800));
    assert!(is_red(upright.get_pixel(200, 100)) && !is_red(upright.get_pixel(200, 700)));
}

#[test]
fn sizes_are_bounded_and_nothing_is_made_larger() {
    let across = |bytes: &[u8], shape| {
        let made = make(bytes, shape).unwrap();
        let sizes = made.sizes.iter();
        sizes
            .map(|(_, bytes)| decoded(bytes).dimensions())
            .collect::<Vec<_>>()
    };
    let wide = encoded(halves(2_000, 1_000), ImageFormat::Jpeg);
    assert_eq!(
        across(&wide, Shape::Whole),
        [(1280, 640), (640, 320), (160, 80)]
    );
    assert_eq!(
        across(&wide, Shape::Square(Crop::default())),
        [(1000, 1000), (640, 640), (160, 160)]
    );
    let ribbon = encoded(halves(100, 4_000), ImageFormat::Png);
    assert_eq!(
        across(&ribbon, Shape::Whole),
        [(64, 2560), (32, 1280), (8, 320)]
    );
    let small = encoded(halves(120, 90), ImageFormat::WebP);
    assert_eq!(across(&small, Shape::Whole), [(120, 90); 3]);
}

#[test]
fn a_square_is_cut_where_it_was_asked_for() {
    let sent = encoded(halves(1_000, 500), ImageFormat::Png);
    let cut = |field: &str| {
        let made = make(&sent, crop_of(field)).unwrap();
        let picture = decoded(&made.sizes[0].1);
        let (width, height) = picture.dimensions();
        let ends = [picture.get_pixel(5, 5), picture.get_pixel(width - 5, 5)];
        ((width, height), ends.map(is_red))
    };
    assert_eq!(cut(""), ((500, 500), [true, false]));
    assert_eq!(cut("0,5000,10000"), ((500, 500), [true, true]));
    assert_eq!(cut("10000,0,10000"), ((500, 500), [false, false]));
    assert_eq!(cut("2500,2500,4000"), ((200, 200), [true, true]));
    // Nonsense is the middle.
    for nonsense in ["-1,0,5", "99999,1,1", "1,2", "a,b,c", "1,2,3,4"] {
        assert_eq!(cut(nonsense), cut(""), "{nonsense}");
    }
}

#[test]
fn what_shines_through_is_paper() {
    let clear = RgbaImage::from_pixel(64, 64, Rgba([0, 0, 0, 0]));
    let made = make(&encoded(clear, ImageFormat::Png), Shape::Whole).unwrap();
    assert!(decoded(&made.sizes[0].1).get_pixel(30, 30).0 > [250, 250, 250]);
}

struct Ground {
    site: Data<Site>,
    owner: UserId,
    _database: Guard,
    _files: tempfile::TempDir,
}

async fn ground() -> Ground {
    let (db, guard) = fresh().await;
    let files = tempfile::tempdir().unwrap();
    let presets = [("site.data_dir", files.path().display().to_string())];
    let config = Arc::new(Config::load(None, &HashMap::new(), &presets).unwrap());
    let clock = Clock::system();
    let (owner, now) = (UserId::new(), clock.now());
    let user = NewUser {
        id: owner,
        email: "mira@example.org".parse().unwrap(),
        name: Line::parse("Mira", 80).unwrap(),
        password_hash: None,
        roles: vec![Role::Participant],
    };
    db.tx(move |c| insert_user(c, &user, now)).await.unwrap();
    let templates = Templates::load(None).unwrap();
    let site = Site::open(config, db, clock, templates).await.unwrap();
    Ground {
        site: Data::new(site),
        owner,
        _database: guard,
        _files: files,
    }
}

impl Ground {
    async fn taken(&self) -> MediaId {
        let bytes = encoded(halves(700, 500), ImageFormat::Jpeg).into();
        let new = take(&self.site, self.owner, Use::Page, crop_of(""), bytes)
            .await
            .unwrap();
        let (id, now) = (new.id, self.site.clock.now());
        self.site
            .db
            .tx(move |c| insert(c, &new, now))
            .await
            .unwrap();
        id
    }

    fn files(&self) -> usize {
        let folders = store::folders(&self.site.config.media_dir()).unwrap();
        let in_each = folders
            .iter()
            .map(|folder| std::fs::read_dir(folder).unwrap().count());
        in_each.sum()
    }
}

#[actix_web::test]
async fn a_removed_photo_loses_its_files_and_a_file_without_a_row_does_not_stay() {
    let ground = ground().await;
    let site = &ground.site;
    let (kept, removed) = (ground.taken().await, ground.taken().await);
    let bytes = encoded(halves(64, 64), ImageFormat::Png).into();
    // Its transaction never came.
    take(site, ground.owner, Use::Team, Shape::Whole, bytes)
        .await
        .unwrap();
    assert_eq!(ground.files(), 9);
    jobs::sweep_removed(site).await.unwrap();
    jobs::sweep_stray(site, Duration::from_secs(3600))
        .await
        .unwrap();
    assert_eq!(ground.files(), 9, "nothing is swept before its time");
    let now = site.clock.now();
    site.db.tx(move |c| remove(c, removed, now)).await.unwrap();
    jobs::sweep_removed(site).await.unwrap();
    assert_eq!(ground.files(), 6);
    let row = site.db.read(move |c| find(c, removed)).await.unwrap();
    assert_eq!(row.unwrap().bytes, 0);
    jobs::sweep_stray(site, Duration::ZERO).await.unwrap();
    assert_eq!(ground.files(), 3);
    let left = store::read(&site.config.media_dir(), kept, Size::Small);
    assert!(left.unwrap().is_some());
    // A removed photo does not come back.
    let shown = site.db.tx(move |c| show(c, removed)).await;
    assert!(matches!(
        shown,
        Err(AppError::Conflict {
            code: "photo_removed",
            ..
        })
    ));
}

#[actix_web::test]
async fn large_photos_sent_at_once_are_decoded_in_turns() {
    let ground = ground().await;
    let large = encoded(halves(4_200, 3_000), ImageFormat::Jpeg);
    let all = (0..3).map(|_| {
        let bytes = large.clone().into();
        take(&ground.site, ground.owner, Use::Page, crop_of(""), bytes)
    });
    for made in futures_util::future::join_all(all).await {
        assert_eq!(made.unwrap().width, 1280);
    }
}
