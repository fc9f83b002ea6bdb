//! Tables of pictures: a folder with one sub-folder a class, and IDX files.
//!
//! Not the decoding, which is in [`crate::image`] and serves requests as well. Either becomes two columns, `image`
//! and `label`; the name of a file is not among them, since it often tells the class.

mod block;
mod folder;
mod idx;

pub(super) use block::{Block, MAX_NUMBERS, Misfit};
pub(super) use folder::read as read_folder;
pub(super) use idx::{is_idx, read as read_idx};

use crate::image::ImageShape;
use domain::{Column, Table, Values};

/// The column of the pictures.
pub const IMAGE: &str = "image";
/// The column of the class names.
pub const LABEL: &str = "label";

fn table(shape: ImageShape, data: Vec<f32>, labels: Vec<String>) -> Table {
    let images = Values::Tensor { shape: shape.to_vec(), data };
    let labels = Values::Text(labels.into_iter().map(Some).collect());
    let columns = [(IMAGE, images), (LABEL, labels)];
    let columns = columns.map(|(name, values)| Column { name: name.into(), values });
    Table::new(columns.to_vec()).expect("readers keep one label a picture")
}

#[cfg(test)]
mod tests;
