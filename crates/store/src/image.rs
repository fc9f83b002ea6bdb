//! Pictures as numbers: PNG and JPEG become a block of [`ImageShape`], the same way in training files and in
//! requests.
//!
//! Not a preprocessing: numbers stay 0 to 255 as they stand in the file, and what a model makes of them is inside
//! of its graph. Invariant: nothing is allocated for pixels before the header was found to ask for at most
//! [`MAX_PIXELS`] of them.
//!
//! One way for every picture, the one that Pillow goes with `convert` and `resize(BILINEAR)`, so that a model
//! trained elsewhere sees what it knows:
//!
//! - 16-bit samples are divided by 257, so that their largest is 255 as well; the fraction is kept.
//! - Transparency is dropped: a pixel has its colour, however transparent it is.
//! - Colour becomes grey as `0.299 R + 0.587 G + 0.114 B`; grey becomes colour by standing three times.
//! - Another size is resized, without regard to its proportions, by a triangle filter as wide as two pixels of the
//!   coarser side. Nothing is rounded.
//! - Orientation in Exif, colour profiles and gamma are left alone. Of an animation, the still picture counts.

mod error;
mod raster;
mod resize;

pub use error::ImageError;

use raster::Raster;

/// The most bytes of a file that is decoded: 16 MiB.
pub const MAX_BYTES: usize = 1 << 24;
/// The most pixels of a picture, in a file or as a shape: 4096 by 4096.
pub const MAX_PIXELS: usize = 1 << 24;

/// What a block of picture numbers looks like: channels, then rows, then columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageShape {
    /// 1 for grey, 3 for red, green and blue.
    pub channels: usize,
    /// Pixels from top to bottom.
    pub height: usize,
    /// Pixels from left to right.
    pub width: usize,
}

impl ImageShape {
    /// How many numbers a picture has.
    pub fn numbers(self) -> usize {
        self.channels * self.height * self.width
    }

    /// As the shape of a [`domain::Values::Tensor`].
    pub fn to_vec(self) -> Vec<usize> {
        vec![self.channels, self.height, self.width]
    }

    /// Refuses what no picture looks like: other channels than 1 or 3, no pixels, or more than [`MAX_PIXELS`].
    pub fn check(self) -> Result<(), ImageError> {
        let pixels = self.height.saturating_mul(self.width);
        let fits = matches!(self.channels, 1 | 3) && (1..=MAX_PIXELS).contains(&pixels);
        if fits { Ok(()) } else { Err(ImageError::Shape(self)) }
    }
}

/// Reads `1x28x28`: channels, height and width.
impl std::str::FromStr for ImageShape {
    type Err = String;

    fn from_str(text: &str) -> Result<ImageShape, String> {
        let sides: Vec<usize> = text.split('x').map_while(|side| side.trim().parse().ok()).collect();
        match (sides.as_slice(), text.split('x').count()) {
            (&[channels, height, width], 3) => Ok(ImageShape { channels, height, width }),
            _ => Err(format!("`{text}` is not channels x height x width, such as 1x28x28 or 3x32x32")),
        }
    }
}

/// Prints `1x28x28`: channels, height and width.
impl std::fmt::Display for ImageShape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}x{}x{}", self.channels, self.height, self.width)
    }
}

/// Decodes a PNG or JPEG file to [`ImageShape::numbers`] numbers from 0 to 255, channel by channel and row by row.
/// A file that is cut off or damaged is an error, never a picture that is grey below.
pub fn decode(bytes: &[u8], shape: ImageShape) -> Result<Vec<f32>, ImageError> {
    shape.check()?;
    Ok(resize::fit(&Raster::decode(bytes)?, shape))
}

/// The shape that a PNG or JPEG file has by its header: 1 channel where it is grey, else 3.
pub fn probe(bytes: &[u8]) -> Result<ImageShape, ImageError> {
    raster::header(bytes)
}

/// A picture as the bytes of a PNG file, for people to look at. Numbers are rounded and kept within 0 and 255;
/// of other channels than three only the first is shown, as grey.
///
/// # Panics
/// When `data` does not have [`ImageShape::numbers`] numbers, or the shape is not one that
/// [`ImageShape::check`] lets pass.
pub fn encode_png(data: &[f32], shape: ImageShape) -> Vec<u8> {
    assert_eq!(data.len(), shape.numbers(), "the numbers of a picture of shape {shape}");
    let (plane, shown) = (shape.height * shape.width, if shape.channels == 3 { 3 } else { 1 });
    // The cast keeps within 0 and 255, and makes 0 of NaN.
    let sample = |i: usize| data[i % shown * plane + i / shown].round() as u8;
    let samples: Vec<u8> = (0..plane * shown).map(sample).collect();
    let side = |pixels: usize| u32::try_from(pixels).expect("a shape that was checked is far smaller");
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, side(shape.width), side(shape.height));
    encoder.set_color(if shown == 3 { png::ColorType::Rgb } else { png::ColorType::Grayscale });
    let mut writer = encoder.write_header().expect("a shape that was checked has pixels");
    writer.write_image_data(&samples).expect("as many samples as the header says, and memory takes them");
    writer.finish().expect("memory takes every byte");
    bytes
}

#[cfg(test)]
mod tests;
