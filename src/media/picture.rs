//! From the bytes of a photograph to its sizes, written anew (S11). Nothing here waits or touches a file.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::metadata::Orientation;
use image::{
    DynamicImage, ImageDecoder, ImageEncoder, ImageError, ImageFormat, ImageReader, Limits,
    RgbImage,
};

use super::model::Size;
use crate::error::{AppError, AppResult};

/// Bytes of a photograph at most (S11).
pub(super) const BYTES_MAX: usize = 10 * 1024 * 1024;

/// Pixels along a side at most (S11).
const SIDE_MAX: u32 = 8_000;

/// Pixels in all at most (S11).
const PIXELS_MAX: u64 = 40_000_000;

/// Bytes that decoding may take at most (S11).
const ALLOC_MAX: u64 = 128 * 1024 * 1024;

/// A picture of more pixels is decoded while no other one is.
const LARGE: u64 = 12_000_000;

/// What a picture is first made smaller to, in pixels along its longer side, so that turning and cutting cost little.
const WORKING: u32 = 3_840;

/// Quality of the JPEGs, of 100: no loss that an eye sees at these sizes.
const QUALITY: u8 = 82;

/// Pixels along each side at least: a speck is a mistake.
const SIDE_MIN: u32 = 16;

/// The whole, as crops count.
const WHOLE: u32 = 10_000;

/// A square of a picture, in basis points of its width and height as it is seen upright. Its side is a share of the
/// shorter side of the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crop {
    /// Where the square's middle is, from the left.
    pub x: u32,
    /// Where the square's middle is, from above.
    pub y: u32,
    /// The square's side, of the picture's shorter side.
    pub side: u32,
}

impl Default for Crop {
    /// The largest square in the middle.
    fn default() -> Self {
        Self {
            x: WHOLE / 2,
            y: WHOLE / 2,
            side: WHOLE,
        }
    }
}

impl Crop {
    /// The crop that a form's field says as `x,y,side`; anything else is the middle.
    pub fn parse(text: &str) -> Self {
        let numbers: Vec<u32> = text
            .split(',')
            .map_while(|number| number.trim().parse().ok())
            .collect();
        match numbers[..] {
            [x, y, side] if x <= WHOLE && y <= WHOLE && side <= WHOLE => Self {
                x,
                y,
                side: side.max(WHOLE / 20),
            },
            _ => Self::default(),
        }
    }

    /// Left edge, top edge and side in a picture of `width` by `height`, wholly inside.
    fn square(self, width: u32, height: u32) -> (u32, u32, u32) {
        let side = of(width.min(height), self.side).max(1);
        let start = |length: u32, middle: u32| {
            of(length, middle)
                .saturating_sub(side / 2)
                .min(length.saturating_sub(side))
        };
        (start(width, self.x), start(height, self.y), side)
    }
}

/// `share` basis points of `length`.
fn of(length: u32, share: u32) -> u32 {
    let scaled = u64::from(length) * u64::from(share) / u64::from(WHOLE);
    u32::try_from(scaled).unwrap_or(length)
}

/// What is made of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// As it is.
    Whole,
    /// A square of it.
    Square(Crop),
}

/// A picture made anew: its sizes, largest first, and the pixels of the largest.
#[derive(Debug)]
pub(super) struct Made {
    pub sizes: Vec<(Size, Vec<u8>)>,
    pub width: u32,
    pub height: u32,
}

/// 422 beside the field `photo`.
fn refused(message: &str) -> AppError {
    AppError::field("photo", message)
}

const UNREADABLE: &str =
    "this picture cannot be read; it may be damaged. Save it anew as JPEG and choose it again";
const TOO_MANY_PIXELS: &str =
    "this picture has too many pixels: at most 8,000 along each side and 40 million in all";

/// What the first bytes say that it is; names and declared types count for nothing.
fn format_of(bytes: &[u8]) -> AppResult<ImageFormat> {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Ok(ImageFormat::Jpeg),
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Ok(ImageFormat::Png),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => Ok(ImageFormat::WebP),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Err(refused(
            "pictures of this kind (HEIC, AVIF, video) are not taken; send a JPEG, PNG or WebP",
        )),
        _ => Err(refused("send a photo as JPEG, PNG or WebP")),
    }
}

fn limits() -> Limits {
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(SIDE_MAX);
    limits.max_image_height = Some(SIDE_MAX);
    limits.max_alloc = Some(ALLOC_MAX);
    limits
}

fn decoder(bytes: &[u8]) -> AppResult<impl ImageDecoder + '_> {
    let format = format_of(bytes)?;
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits());
    let decoder = reader.into_decoder().map_err(|error| why(&error))?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    if width > SIDE_MAX || height > SIDE_MAX || pixels > PIXELS_MAX {
        return Err(refused(TOO_MANY_PIXELS));
    }
    if decoder.total_bytes() > ALLOC_MAX {
        return Err(refused(
            "this picture takes too much memory; save it as JPEG and choose it again",
        ));
    }
    if width < SIDE_MIN || height < SIDE_MIN {
        return Err(refused("this picture is too small to be seen"));
    }
    Ok(decoder)
}

fn why(error: &ImageError) -> AppError {
    match error {
        ImageError::Limits(_) => refused(TOO_MANY_PIXELS),
        ImageError::Unsupported(_) => refused(
            "this picture is written in an unusual way; save it anew as JPEG and choose it again",
        ),
        _ => refused(UNREADABLE),
    }
}

/// Looks at the head of a picture; answers whether it is a large one. Quick, and takes no memory for its pixels.
///
/// # Errors
/// 422 on the field `photo`, in words that say what to do.
pub(super) fn inspect(bytes: &[u8]) -> AppResult<bool> {
    let (width, height) = decoder(bytes)?.dimensions();
    Ok(u64::from(width) * u64::from(height) > LARGE)
}

/// Decodes a picture and makes its sizes. CPU-bound: up to a second or two for the largest.
///
/// # Errors
/// As [`inspect`].
pub(super) fn make(bytes: &[u8], shape: Shape) -> AppResult<Made> {
    let mut decoder = decoder(bytes)?;
    let upright = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let decoded = DynamicImage::from_decoder(decoder).map_err(|error| why(&error))?;
    let mut picture = reduced(decoded);
    picture.apply_orientation(upright);
    if let Shape::Square(crop) = shape {
        let (x, y, side) = crop.square(picture.width(), picture.height());
        picture = picture.crop_imm(x, y, side, side);
    }
    let mut picture = flat(picture);
    let (mut sizes, mut largest) = (Vec::new(), None);
    for size in Size::ALL {
        picture = fitted(picture, size.pixels());
        largest.get_or_insert((picture.width(), picture.height()));
        sizes.push((size, jpeg(&picture)?));
    }
    let (width, height) = largest.unwrap_or_default();
    Ok(Made {
        sizes,
        width,
        height,
    })
}

/// A first, cheap reduction: every pixel counts, and nothing is held twice at full size.
fn reduced(picture: DynamicImage) -> DynamicImage {
    let longer = picture.width().max(picture.height());
    if longer <= WORKING {
        return picture;
    }
    let to = |side: u32| {
        u32::try_from(u64::from(side) * u64::from(WORKING) / u64::from(longer))
            .unwrap_or(WORKING)
            .max(1)
    };
    picture.thumbnail_exact(to(picture.width()), to(picture.height()))
}

/// Without transparency: what shines through is white, as on paper.
fn flat(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let picture = picture.into_rgba8();
    let mut flat = RgbImage::new(picture.width(), picture.height());
    for (to, from) in flat.pixels_mut().zip(picture.pixels()) {
        let [red, green, blue, alpha] = from.0;
        let over = |channel: u8| {
            let (channel, alpha) = (u32::from(channel), u32::from(alpha));
            u8::try_from((channel * alpha + 255 * (255 - alpha)) / 255).unwrap_or(u8::MAX)
        };
        to.0 = [over(red), over(green), over(blue)];
    }
    flat
}

/// At most `across` wide and twice as high; never made larger.
fn fitted(picture: RgbImage, across: u32) -> RgbImage {
    let (width, height) = picture.dimensions();
    let (most_wide, most_high) = (across, across * 2);
    if width <= most_wide && height <= most_high {
        return picture;
    }
    // The stricter of the two bounds, compared without fractions.
    let by_width =
        u64::from(width) * u64::from(most_high) >= u64::from(height) * u64::from(most_wide);
    let scaled = |side: u32, to: u32, of: u32| {
        u32::try_from(u64::from(side) * u64::from(to) / u64::from(of.max(1)))
            .unwrap_or(to)
            .max(1)
    };
    let (to_width, to_height) = if by_width {
        (most_wide, scaled(height, most_wide, width))
    } else {
        (scaled(width, most_high, height), most_high)
    };
    image::imageops::resize(&picture, to_width, to_height, FilterType::CatmullRom)
}

fn jpeg(picture: &RgbImage) -> AppResult<Vec<u8>> {
    let mut out = Vec::new();
    JpegEncoder::new_with_quality(&mut out, QUALITY)
        .write_image(
            picture.as_raw(),
            picture.width(),
            picture.height(),
            image::ExtendedColorType::Rgb8,
        )
        .map_err(AppError::internal)?;
    Ok(out)
}
