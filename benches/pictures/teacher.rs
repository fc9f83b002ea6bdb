//! The teacher, and what it says of training pictures that it never saw.

use crate::measure::{CLASSES, Figures, Line, Results};
use crate::rows::truth;
use crate::shelf::Folder;
use crate::{Done, Parts, SEED};
use domain::Examples;
use models::distill::answers;
use models::ensemble::Shelf;
use models::neural::Cnn;
use models::onnx::OnnxModel;
use models::{Artifact, Fit};

/// Each training picture is labelled by a network that learned the other folds.
const FOLDS: usize = 5;

/// What the teacher says.
pub struct Teacher {
    /// Of training pictures, each by a network that did not see it.
    pub out_of_fold: Vec<f64>,
    /// Of pictures without labels, by the network of all training pictures.
    pub more: Vec<f64>,
    /// Of the test pictures, by the same.
    pub test: Vec<f64>,
}

impl Teacher {
    /// Fits what is not on the shelf, by so many looks at every picture, and puts its figures into the results.
    pub fn fit(parts: &Parts, looks: usize, shelf: &Folder, results: &mut Results) -> Done<Teacher> {
        let kept = Kept { shelf, rows: parts.train.len(), looks };
        let (test, more) = whole(parts, &kept, results)?;
        let train = &parts.train;
        let mut out_of_fold = vec![0.0; train.len() * CLASSES];
        for fold in 0..FOLDS {
            let (held, others): (Vec<usize>, Vec<usize>) =
                (0..train.len()).partition(|row| row % FOLDS == fold);
            let part = format!("fold{fold}");
            let said = match kept.get(&part, held.len()) {
                Some(said) => said,
                None => {
                    let artifact = kept.network(&train.take(&others), &part)?;
                    let said = answers(&OnnxModel::load(&artifact)?, &train.rows.take(&held))?;
                    kept.put(&part, said)?
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
        Ok(Teacher { out_of_fold, more, test })
    }
}

/// What the network of all training pictures says of the test pictures, and of those without labels.
fn whole(parts: &Parts, kept: &Kept<'_>, results: &mut Results) -> Done<(Vec<f64>, Vec<f64>)> {
    let Parts { train, more, test } = parts;
    let found = kept.get("test", test.len()).zip(kept.get("more", more.rows()));
    if let Some(found) = found.filter(|_| results.has(0, "teacher", "hard")) {
        return Ok(found);
    }
    let artifact = kept.network(train, "whole")?;
    let model = OnnxModel::load(&artifact)?;
    let said = kept.put("test", answers(&model, &test.rows)?)?;
    if !results.has(0, "teacher", "hard") {
        let figures = Figures::of(&artifact, test, &said)?;
        results.put(Line { seed: 0, model: "teacher".into(), how: "hard".into(), figures })?;
    }
    Ok((said, kept.put("more", answers(&model, more)?)?))
}

/// Answers on the shelf, by rows, looks and part.
struct Kept<'a> {
    shelf: &'a Folder,
    rows: usize,
    looks: usize,
}

impl Kept<'_> {
    fn network(&self, rows: &Examples, part: &str) -> Done<Artifact> {
        eprintln!("teacher, {part}: {} pictures", rows.len());
        Ok(Cnn { epochs: Some(self.looks), ..Cnn::default() }.fit(rows, SEED, &mut |_| true)?)
    }

    fn key(&self, part: &str) -> String {
        format!("teacher-{}x{}-{part}", self.rows, self.looks)
    }

    /// Answers to so many rows, if they are kept whole.
    fn get(&self, part: &str, rows: usize) -> Option<Vec<f64>> {
        let bytes = self.shelf.get(&self.key(part))?;
        let (numbers, odd) = bytes.as_chunks::<8>();
        let whole = odd.is_empty() && numbers.len() == rows * CLASSES;
        whole.then(|| numbers.iter().map(|&b| f64::from_le_bytes(b)).collect())
    }

    fn put(&self, part: &str, said: Vec<f64>) -> Done<Vec<f64>> {
        let bytes: Vec<u8> = said.iter().flat_map(|p| p.to_le_bytes()).collect();
        self.shelf.put(&self.key(part), &bytes)?;
        Ok(said)
    }
}
