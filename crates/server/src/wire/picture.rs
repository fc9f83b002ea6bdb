//! Encoded pictures in a request, where the schema has a column of `[C, H, W]` numbers: the very decoder that read the
//! training files makes the numbers.
//!
//! A picture of few bytes may ask for many pixels, and be made into many numbers: both are bounded for a whole
//! request, whatever the size of its body.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use domain::Kind;
use serving::image::{self, ImageError, ImageShape, MAX_BYTES, MAX_PIXELS};

/// The most pixels that the pictures of one column of a request have together, by their headers.
pub const MOST_PIXELS: usize = 1 << 26;
/// The most numbers that they are made into.
pub const MOST_NUMBERS: usize = 1 << 25;

/// Padded or not, as clients do either.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What is wrong with a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Odd {
    /// What was found.
    pub found: String,
    /// What was expected instead.
    pub expected: String,
}

/// The pictures of one column of a request, and what they have come to.
#[derive(Debug)]
pub struct Pictures {
    shape: ImageShape,
    pixels: usize,
    /// Their numbers, picture after picture.
    pub numbers: Vec<f32>,
}

/// The shape of the pictures in a column of this kind, if it may hold any.
pub fn shape(kind: &Kind) -> Option<ImageShape> {
    let Kind::Tensor(block) = kind else { return None };
    let &[channels, height, width] = block.as_slice() else { return None };
    let shape = ImageShape { channels, height, width };
    shape.check().is_ok().then_some(shape)
}

impl Pictures {
    /// None yet, of this shape.
    pub fn new(shape: ImageShape) -> Pictures {
        Pictures { shape, pixels: 0, numbers: Vec::new() }
    }

    /// Reads one more from the bytes of a PNG or JPEG file.
    pub fn read(&mut self, bytes: &[u8]) -> Result<(), Odd> {
        let header = image::probe(bytes).map_err(odd)?;
        self.pixels = self.pixels.saturating_add(header.height.saturating_mul(header.width));
        if self.pixels > MOST_PIXELS {
            return Err(too_much(format!("{} pixels up to this picture", self.pixels), MOST_PIXELS));
        }
        let numbers = self.numbers.len().saturating_add(self.shape.numbers());
        if numbers > MOST_NUMBERS {
            return Err(too_much(format!("{numbers} numbers up to this picture"), MOST_NUMBERS));
        }
        self.numbers.extend(image::decode(bytes, self.shape).map_err(odd)?);
        Ok(())
    }

    /// Reads one more from the same in base64.
    pub fn read_base64(&mut self, text: &str) -> Result<(), Odd> {
        let bytes = BASE64.decode(text).map_err(|error| Odd {
            found: format!("text that is not base64 ({error})"),
            expected: "a PNG or JPEG picture in base64".into(),
        })?;
        self.read(&bytes)
    }
}

fn too_much(found: String, most: usize) -> Odd {
    Odd { found, expected: format!("at most {most} in one request; send fewer pictures at once") }
}

fn odd(error: ImageError) -> Odd {
    let (found, expected) = match error {
        ImageError::Format(found) => (found, "a PNG or JPEG picture".into()),
        ImageError::Bytes(bytes) => (format!("a picture of {bytes} bytes"), format!("at most {MAX_BYTES}")),
        ImageError::Pixels { width, height } => {
            (format!("a picture of {width} x {height} pixels"), format!("at most {MAX_PIXELS} pixels"))
        }
        ImageError::Broken { format, why } => {
            (format!("a {format} picture that is damaged or cut off: {why}"), "a whole one".into())
        }
        ImageError::Shape(shape) => {
            (format!("a column of {shape} numbers"), "1 or 3 channels, height and width".into())
        }
    };
    Odd { found, expected }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: ImageShape = ImageShape { channels: 1, height: 2, width: 2 };

    fn png() -> Vec<u8> {
        image::encode_png(&[0.0, 85.0, 170.0, 255.0], SHAPE)
    }

    #[test]
    fn bytes_and_base64_give_the_numbers_of_the_decoder() {
        let mut pictures = Pictures::new(SHAPE);
        pictures.read(&png()).expect("a picture");
        let text = BASE64.encode(png());
        pictures.read_base64(&text).expect("padded");
        pictures.read_base64(text.trim_end_matches('=')).expect("not padded");
        assert_eq!(pictures.numbers, [0.0, 85.0, 170.0, 255.0].repeat(3));
    }

    #[test]
    fn what_is_no_picture_is_named() {
        let said = |bytes: &[u8]| {
            let odd = Pictures::new(SHAPE).read(bytes).expect_err("no picture");
            format!("found {}, expected {}", odd.found, odd.expected)
        };
        assert_eq!(said(b"GIF89a"), "found a GIF, expected a PNG or JPEG picture");
        let (whole, mut cut) = (png(), png());
        cut.truncate(whole.len() - 20);
        assert!(said(&cut).starts_with("found a PNG picture that is damaged or cut off"), "{}", said(&cut));
        let odd = Pictures::new(SHAPE).read_base64("%").expect_err("no base64");
        assert_eq!(odd.expected, "a PNG or JPEG picture in base64");
    }

    #[test]
    fn many_pixels_in_few_bytes_are_refused_before_they_are_decoded() {
        let wide = ImageShape { channels: 1, height: 4096, width: 4096 };
        let bomb = image::encode_png(&vec![0.0; wide.numbers()], wide);
        assert!(bomb.len() < 100_000);
        let mut pictures =
            Pictures { shape: SHAPE, pixels: MOST_PIXELS - wide.numbers() + 1, numbers: vec![] };
        let odd = pictures.read(&bomb).expect_err("one pixel too many");
        assert_eq!(odd.found, format!("{} pixels up to this picture", MOST_PIXELS + 1));
        let mut pictures = Pictures { shape: wide, pixels: 0, numbers: vec![0.0; MOST_NUMBERS] };
        assert!(pictures.read(&png()).expect_err("too many numbers").found.contains("numbers up to"));
        assert_eq!(pictures.numbers.len(), MOST_NUMBERS, "nothing was added");
    }

    #[test]
    fn only_blocks_that_look_like_a_picture_hold_one() {
        assert_eq!(shape(&Kind::Tensor(vec![1, 2, 2])), Some(SHAPE));
        for other in
            [Kind::Tensor(vec![2, 2, 2]), Kind::Tensor(vec![4]), Kind::Tensor(vec![3, 0, 2]), Kind::Text]
        {
            assert_eq!(shape(&other), None);
        }
    }
}
