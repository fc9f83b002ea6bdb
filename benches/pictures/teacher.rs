//! The teacher, and what it says of training pictures that it never saw.

use crate::measure::{CLASSES, Figures, Line, Results};
use crate::rows::truth;
use crate::shelf::Folder;
use crate::{Done, SEED};
use domain::Examples;
use models::distill::answers;
use models::ensemble::Shelf;
use models::neural::Cnn;
use models::onnx::OnnxModel;
use models::{Artifact, Fit};

/// Looks at every picture.
const EPOCHS: usize = 10;
/// Each training picture is labelled by a network that learned the other folds.
const FOLDS: usize = 5;

/// What the teacher says.
pub struct Teacher {
    /// Of training pictures, each by a network that did not see it.
    pub out_of_fold: Vec<f64>,
    /// Of the test pictures, by the network of all training pictures.
    pub test: Vec<f64>,
}

impl Teacher {
    /// Fits what is not on the shelf, and puts its figures into the results.
    pub fn fit(train: &Examples, test: &Examples, shelf: &Folder, results: &mut Results) -> Done<Teacher> {
        let said = whole(train, test, shelf, results)?;
        let mut out_of_fold = vec![0.0; train.len() * CLASSES];
        for fold in 0..FOLDS {
            let (held, others): (Vec<usize>, Vec<usize>) =
                (0..train.len()).partition(|row| row % FOLDS == fold);
            let key = key(train, &format!("fold{fold}"));
            let said = match get(shelf, &key, held.len()) {
                Some(said) => said,
                None => {
                    let artifact = network(&train.take(&others), &key)?;
                    let said = answers(&OnnxModel::load(&artifact)?, &train.rows.take(&held))?;
                    put(shelf, &key, said)?
                }
            };
            for (&row, said) in held.iter().zip(said.chunks_exact(CLASSES)) {
                out_of_fold[row * CLASSES..(row + 1) * CLASSES].copy_from_slice(said);
            }
        }
        if !results.has(0, "teacher", "out of fold") {
            let figures = Figures::said(&out_of_fold, &truth(train), &out_of_fold)?;
            results.put(Line { seed: 0, model: "teacher".into(), how: "out of fold".into(), figures })?;
        }
        Ok(Teacher { out_of_fold, test: said })
    }
}

/// What the network of all training pictures says of the test pictures.
fn whole(train: &Examples, test: &Examples, shelf: &Folder, results: &mut Results) -> Done<Vec<f64>> {
    let key = key(train, "test");
    let kept = get(shelf, &key, test.len()).filter(|_| results.has(0, "teacher", "hard"));
    if let Some(said) = kept {
        return Ok(said);
    }
    let artifact = network(train, &key)?;
    let said = put(shelf, &key, answers(&OnnxModel::load(&artifact)?, &test.rows)?)?;
    let figures = Figures::of(&artifact, test, &said)?;
    results.put(Line { seed: 0, model: "teacher".into(), how: "hard".into(), figures })?;
    Ok(said)
}

fn network(rows: &Examples, told: &str) -> Done<Artifact> {
    eprintln!("{told}: {} pictures", rows.len());
    Ok(Cnn { epochs: Some(EPOCHS), ..Cnn::default() }.fit(rows, SEED, &mut |_| true)?)
}

fn key(train: &Examples, part: &str) -> String {
    format!("teacher-{}x{EPOCHS}-{part}", train.len())
}

/// Answers to so many rows, if they are kept whole.
fn get(shelf: &Folder, key: &str, rows: usize) -> Option<Vec<f64>> {
    let bytes = shelf.get(key)?;
    let (numbers, odd) = bytes.as_chunks::<8>();
    let whole = odd.is_empty() && numbers.len() == rows * CLASSES;
    whole.then(|| numbers.iter().map(|&b| f64::from_le_bytes(b)).collect())
}

fn put(shelf: &Folder, key: &str, said: Vec<f64>) -> Done<Vec<f64>> {
    let bytes: Vec<u8> = said.iter().flat_map(|p| p.to_le_bytes()).collect();
    shelf.put(key, &bytes)?;
    Ok(said)
}
