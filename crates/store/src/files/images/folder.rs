//! A folder with one sub-folder a class, each with PNG and JPEG files.
//!
//! Classes and files are read in the order of their names. What is hidden is left out, and so is what is not named
//! like a picture; a picture of a format that is not read is refused, rather than missed.

use super::{Block, Misfit, table};
use crate::files::{ReadError, ReadOptions, unread};
use crate::image::{ImageError, MAX_BYTES};
use domain::Table;
use std::path::{Path, PathBuf};

/// How files of pictures are named, among them formats that are refused.
const PICTURES: [&str; 12] =
    ["png", "jpg", "jpeg", "jpe", "jfif", "gif", "bmp", "webp", "tif", "tiff", "heic", "avif"];

pub(in crate::files) fn read(path: &Path, options: &ReadOptions) -> Result<Table, ReadError> {
    let mut block = Block::new(options.image_of(super::IMAGE));
    let mut labels = Vec::new();
    let classes = entries(path)?.into_iter().filter(|entry| entry.is_dir()).collect::<Vec<_>>();
    if classes.is_empty() {
        return Err(wrong(path, "holds no sub-folder, expected one a class with pictures in it"));
    }
    for class in classes {
        let files = pictures(&class)?;
        let name = class.file_name().unwrap_or_default().to_string_lossy().into_owned();
        labels.extend(files.iter().map(|_| name.clone()));
        for file in files {
            add(&mut block, &file)?;
        }
    }
    let (shape, data) = block.finish();
    let shape = shape.ok_or_else(|| wrong(path, "holds no pictures"))?;
    Ok(table(shape, data, labels))
}

/// The pictures of a class; there must be some.
fn pictures(class: &Path) -> Result<Vec<PathBuf>, ReadError> {
    let entries = entries(class)?;
    if let Some(inner) = entries.iter().find(|entry| entry.is_dir()) {
        return Err(wrong(inner, "is a folder, expected pictures: its parent is taken for a class"));
    }
    let files: Vec<PathBuf> = entries.into_iter().filter(|file| is_picture(file)).collect();
    if files.is_empty() {
        return Err(wrong(class, "holds no PNG or JPEG file, expected the pictures of a class"));
    }
    Ok(files)
}

/// What is in a folder and not hidden, in the order of names.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, ReadError> {
    let listed = std::fs::read_dir(folder).map_err(|e| unread(folder, e))?;
    let hidden = |entry: &std::fs::DirEntry| entry.file_name().as_encoded_bytes().starts_with(b".");
    let mut paths = Vec::new();
    for entry in listed {
        let entry = entry.map_err(|e| unread(folder, e))?;
        if !hidden(&entry) {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

fn is_picture(file: &Path) -> bool {
    let extension = file.extension().and_then(|e| e.to_str()).unwrap_or_default();
    PICTURES.iter().any(|known| known.eq_ignore_ascii_case(extension))
}

fn add(block: &mut Block, file: &Path) -> Result<(), ReadError> {
    let length = std::fs::metadata(file).map_err(|e| unread(file, e))?.len();
    let bytes = match usize::try_from(length) {
        Ok(length) if length <= MAX_BYTES => std::fs::read(file).map_err(|e| unread(file, e))?,
        _ => return Err(place(file, Misfit::Unreadable(ImageError::Bytes(length as usize)))),
    };
    block.add(&bytes).map_err(|misfit| place(file, misfit))
}

fn place(file: &Path, misfit: Misfit) -> ReadError {
    let place = file.display().to_string();
    ReadError::of_picture(place, misfit)
}

fn wrong(path: &Path, why: &str) -> ReadError {
    ReadError::Folder { path: path.into(), why: why.into() }
}
