//! IDX, the format of MNIST and its kin: a magic number, the sizes, then bytes; plain or compressed with gzip.
//!
//! Pictures are `images` in the name of a file, and their classes stand beside it in the one with `labels` instead.
//! Invariant: a header is believed only as far as bytes follow it, so that a small file asks for little memory.

use super::block::MAX_NUMBERS;
use super::table;
use crate::files::{ReadError, ReadOptions, unread};
use crate::image::ImageShape;
use domain::Table;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

/// Unsigned bytes, in so many directions.
const MAGIC: [u8; 3] = [0, 0, 8];
const GZIP: [u8; 2] = [0x1F, 0x8B];

/// Whether a file begins like IDX, compressed or not.
pub(in crate::files) fn is_idx(path: &Path, head: &[u8]) -> bool {
    let idx = |magic: &[u8]| matches!(magic, [0, 0, 8 | 9 | 11..=14, 1..=4]);
    if !head.starts_with(&GZIP) {
        return head.len() >= 4 && idx(&head[..4]);
    }
    let mut magic = [0; 4];
    open(path).and_then(|mut file| file.read_exact(&mut magic).map_err(|e| unread(path, e))).is_ok()
        && idx(&magic)
}

/// Reads pictures and their labels.
pub(in crate::files) fn read(path: &Path, options: &ReadOptions) -> Result<Table, ReadError> {
    let (sizes, bytes) = load(path, 3)?;
    let shape = ImageShape { channels: 1, height: sizes[1], width: sizes[2] };
    shape.check().map_err(|e| broken(path, e.to_string()))?;
    if let Some(expected) = options.image_of(super::IMAGE).filter(|&asked| asked != shape) {
        let why = format!("its pictures are {shape}, `data.image` asks for {expected}");
        return Err(broken(path, format!("{why}; pictures of IDX are not resized")));
    }
    let names = labels_path(path)?;
    let (found, labels) = load(&names, 1)?;
    if found[0] != sizes[0] {
        let why = format!("it has {} labels for the {} pictures of {}", found[0], sizes[0], path.display());
        return Err(broken(&names, why));
    }
    let data = bytes.into_iter().map(f32::from).collect();
    Ok(table(shape, data, labels.into_iter().map(|label| label.to_string()).collect()))
}

/// The sizes in the header, of which there must be `rank`, and the bytes behind it.
fn load(path: &Path, rank: usize) -> Result<(Vec<usize>, Vec<u8>), ReadError> {
    let mut file = open(path)?;
    let sizes = header(path, &mut file, rank)?;
    let total = sizes.iter().try_fold(1usize, |product, &size| product.checked_mul(size));
    let total = total.filter(|&total| total <= MAX_NUMBERS).ok_or_else(|| {
        broken(path, format!("its header asks for {sizes:?} bytes, expected at most {MAX_NUMBERS}"))
    })?;
    let mut bytes = Vec::new();
    // One more than promised, to see whether something follows.
    let read = file.take(total as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|e| broken(path, format!("it is cut off or damaged: {e}")))?;
    if bytes.len() != total {
        let found = if bytes.len() > total { "more".to_string() } else { bytes.len().to_string() };
        return Err(broken(path, format!("{found} bytes follow its header, expected {sizes:?}")));
    }
    Ok((sizes, bytes))
}

fn header(path: &Path, file: &mut impl Read, rank: usize) -> Result<Vec<usize>, ReadError> {
    let cut_off = |_| broken(path, "its header is cut off".into());
    let mut magic = [0; 4];
    file.read_exact(&mut magic).map_err(cut_off)?;
    if magic[..3] != MAGIC || usize::from(magic[3]) != rank {
        let what = if rank == 1 { "labels" } else { "grey pictures" };
        let why = format!("it begins with {magic:02X?}, expected [00, 00, 08, 0{rank}] for {what} as bytes");
        return Err(broken(path, why));
    }
    let mut size = [0; 4];
    let mut next = || file.read_exact(&mut size).map(|()| u32::from_be_bytes(size) as usize);
    (0..rank).map(|_| next().map_err(cut_off)).collect()
}

fn open(path: &Path) -> Result<Box<dyn Read>, ReadError> {
    let file = || File::open(path).map_err(|e| unread(path, e));
    let mut magic = Vec::new();
    file()?.take(2).read_to_end(&mut magic).map_err(|e| unread(path, e))?;
    let reader = BufReader::new(file()?);
    Ok(if magic == GZIP { Box::new(flate2::bufread::MultiGzDecoder::new(reader)) } else { Box::new(reader) })
}

/// Where the labels of a file of pictures stand.
fn labels_path(path: &Path) -> Result<PathBuf, ReadError> {
    let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
    if !name.contains("images") {
        let why = "`images` is not in its name, so that the file of its labels cannot be told";
        return Err(broken(path, why.into()));
    }
    let labels = name.replace("images", "labels").replace("idx3", "idx1");
    let plain = labels.strip_suffix(".gz").unwrap_or(&labels);
    let candidates = [labels.clone(), plain.to_string(), format!("{plain}.gz")];
    let beside = candidates.iter().map(|name| path.with_file_name(name)).find(|file| file.is_file());
    beside.ok_or_else(|| broken(path, format!("its labels are not beside it, expected {labels}")))
}

fn broken(path: &Path, why: String) -> ReadError {
    ReadError::Idx { path: path.into(), why }
}
