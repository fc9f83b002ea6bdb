//! Why bytes did not become a picture.

use super::{ImageShape, MAX_BYTES, MAX_PIXELS};
use thiserror::Error;

/// Why bytes did not become a picture: what was found, and what was expected.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum ImageError {
    /// Another format, or no picture at all.
    #[error("found {0}, expected a PNG or JPEG picture")]
    Format(String),
    /// More bytes than are read.
    #[error("the picture has {0} bytes, expected at most {MAX_BYTES}")]
    Bytes(usize),
    /// More pixels than are decoded.
    #[error("the picture is {width} x {height} pixels, expected at most {MAX_PIXELS} pixels")]
    Pixels {
        /// By its header.
        width: usize,
        /// By its header.
        height: usize,
    },
    /// The header promises what the rest does not keep.
    #[error("the {format} picture is damaged or cut off: {why}")]
    Broken {
        /// `PNG` or `JPEG`.
        format: &'static str,
        /// What the decoder says.
        why: String,
    },
    /// A shape that no picture has.
    #[error("a picture of {0} was asked for, expected 1 or 3 channels and at most {MAX_PIXELS} pixels")]
    Shape(ImageShape),
}

impl ImageError {
    /// What the user can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            ImageError::Format(_) => "convert it, for example with Pillow: Image.open(f).save(\"f.png\")",
            ImageError::Bytes(_) | ImageError::Pixels { .. } => {
                "make it smaller; models see far fewer pixels"
            }
            ImageError::Broken { .. } => "copy or download the picture again, or leave it out",
            ImageError::Shape(_) => "write channels x height x width, such as 1x28x28 or 3x32x32",
        }
    }
}
