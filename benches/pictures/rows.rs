//! The command line and the pictures.

use domain::{Column, Examples, Table, Target, Values};
use flate2::read::GzDecoder;
use std::error::Error;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Pixels of a picture, and the bytes before the first of a file of pictures and of one of labels.
const PIXELS: usize = 28 * 28;
const BEFORE: (usize, usize) = (16, 8);

/// At most so many of the 60,000 training pictures leave as many others.
const MOST: usize = 30_000;

/// What is asked for.
pub struct Settings {
    /// Where the four IDX files are.
    pub data: PathBuf,
    /// Where fitted parts and results go.
    pub out: PathBuf,
    /// So many of the 60,000 training pictures, evenly taken; as many others are shown without their labels.
    pub rows: usize,
    /// Looks of the teacher at every picture.
    pub looks: usize,
    /// Looks of a student at every picture.
    pub epochs: usize,
    /// Fits of every student.
    pub seeds: u64,
}

impl Settings {
    /// `None` without both folders.
    pub fn of(mut args: impl Iterator<Item = String>) -> Result<Option<Settings>, Box<dyn Error>> {
        let (mut folders, mut rows, mut looks, mut epochs, mut seeds) = (Vec::new(), 20_000, 10, 20, 3);
        while let Some(arg) = args.next() {
            let mut number = || args.next().ok_or(format!("{arg} wants a number"));
            match arg.as_str() {
                "--bench" => {}
                "--rows" => rows = number()?.parse()?,
                "--looks" => looks = number()?.parse()?,
                "--epochs" => epochs = number()?.parse()?,
                "--seeds" => seeds = number()?.parse()?,
                _ => folders.push(PathBuf::from(arg)),
            }
        }
        if !(100..=MOST).contains(&rows) {
            return Err(format!("--rows is {rows}, expected 100 to {MOST}").into());
        }
        let [data, out] = folders.try_into().unwrap_or_default();
        let asked = !data.as_os_str().is_empty();
        Ok(asked.then_some(Settings { data, out, rows, looks, epochs, seeds }))
    }
}

/// Pictures of a part, `train` or `t10k`, at most so many, evenly taken, `after` pictures behind the even places; `None`
/// where the files are absent.
pub fn read(
    folder: &Path,
    part: &str,
    most: usize,
    after: usize,
) -> Result<Option<Examples>, Box<dyn Error>> {
    let file = |what: &str| folder.join(format!("{part}-{what}-ubyte.gz"));
    let (pictures, labels) = (file("images-idx3"), file("labels-idx1"));
    if !pictures.is_file() || !labels.is_file() {
        return Ok(None);
    }
    let (pictures, labels) = (unpack(&pictures)?, unpack(&labels)?);
    let (pictures, labels) = (&pictures[BEFORE.0..], &labels[BEFORE.1..]);
    let kept = most.min(labels.len());
    let rows = || (0..kept).map(|i| i * labels.len() / kept + after);
    let pixels = rows().flat_map(|row| &pictures[row * PIXELS..(row + 1) * PIXELS]);
    let data = pixels.map(|&x| f32::from(x)).collect();
    let image = Column { name: "image".into(), values: Values::Tensor { shape: vec![1, 28, 28], data } };
    let classes = (0..10).map(|k| k.to_string()).collect();
    let index = rows().map(|row| u32::from(labels[row])).collect();
    let target = Target::Class { classes, index };
    Ok(Some(Examples { rows: Table::new(vec![image])?, target, weight: None, at: None, entity: None }))
}

/// What each picture shows.
pub fn truth(data: &Examples) -> Vec<usize> {
    match &data.target {
        Target::Class { index, .. } => index.iter().map(|&i| i as usize).collect(),
        _ => unreachable!("read as classes"),
    }
}

fn unpack(file: &Path) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut bytes = Vec::new();
    GzDecoder::new(File::open(file)?).read_to_end(&mut bytes)?;
    Ok(bytes)
}
