//! A column of pictures as it grows, one file's bytes after the other.
//!
//! Invariant: all pictures have one shape, asked for or that of the first, and never more than [`MAX_NUMBERS`]
//! numbers together.

use crate::image::{ImageError, ImageShape, decode, probe};

/// The most numbers that all pictures of a table may have: 2 GiB of them.
pub(in crate::files) const MAX_NUMBERS: usize = 1 << 29;

/// Pictures of one shape.
pub(in crate::files) struct Block {
    shape: Option<ImageShape>,
    /// Whether other sizes are resized, since the shape was asked for.
    asked: bool,
    data: Vec<f32>,
}

/// Why a picture does not go with the others.
#[derive(Debug)]
pub(in crate::files) enum Misfit {
    /// It is none.
    Unreadable(ImageError),
    /// It has another shape than the first.
    Shape { found: ImageShape, expected: ImageShape },
    /// There are too many of them.
    TooMany(ImageShape),
}

impl Block {
    /// Of the shape that is asked for, else of the first picture's.
    pub fn new(shape: Option<ImageShape>) -> Block {
        Block { shape, asked: shape.is_some(), data: Vec::new() }
    }

    /// Decodes one more picture.
    pub fn add(&mut self, bytes: &[u8]) -> Result<(), Misfit> {
        let shape = match self.shape {
            Some(shape) if self.asked => shape,
            before => {
                let found = probe(bytes).map_err(Misfit::Unreadable)?;
                match before {
                    Some(expected) if expected != found => return Err(Misfit::Shape { found, expected }),
                    _ => found,
                }
            }
        };
        let picture = decode(bytes, shape).map_err(Misfit::Unreadable)?;
        if self.data.len() + picture.len() > MAX_NUMBERS {
            return Err(Misfit::TooMany(shape));
        }
        self.shape = Some(shape);
        self.data.extend(picture);
        Ok(())
    }

    /// The shape of every picture and their numbers; the shape is not known where there is no picture.
    pub fn finish(self) -> (Option<ImageShape>, Vec<f32>) {
        (self.shape, self.data)
    }
}
