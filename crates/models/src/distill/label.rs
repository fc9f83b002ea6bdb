//! Bred rows and who may label them.

use super::breed::Breed;
use crate::contract::{FitError, Predict, PredictError, Seed};
use crate::ensemble::{Shelf, Stack, Stacked, Telling};
use crate::onnx::OnnxModel;
use crate::supervise::bad;
use domain::{Examples, Table};
use rayon::prelude::*;

/// Rows that one thread answers at a time.
const CHUNK: usize = 256;

/// A model's answers to rows, on all threads; as many numbers a row as its output is wide.
pub fn answers(model: &OnnxModel, rows: &Table) -> Result<Vec<f64>, PredictError> {
    let places: Vec<usize> = (0..rows.rows()).collect();
    let chunk = |chunk: &[usize]| Ok(model.predict(&rows.take(chunk))?.values);
    let parts: Vec<Vec<f64>> = places.par_chunks(CHUNK).map(chunk).collect::<Result<_, PredictError>>()?;
    Ok(parts.concat())
}

/// Breeds about `times` rows a training row inside each fold, and labels them by the ensemble that never saw that fold:
/// the rows, and one row of classes for each. `stacked` is what `stack` gave for the same data, seed and shelf.
pub fn label_bred(
    (stack, stacked): (&Stack, &Stacked),
    data: &Examples,
    (breed, times): (Breed, f64),
    seed: Seed,
    shelf: &dyn Shelf,
    progress: Telling<'_>,
) -> Result<Vec<(Table, Vec<f64>)>, FitError> {
    let mut bred = Vec::new();
    for fold in 0..stack.folds {
        let held: Vec<usize> = (0..data.len()).filter(|&row| stacked.fold[row] == fold).collect();
        if held.is_empty() {
            continue;
        }
        let share = fold as f64 / stack.folds as f64;
        let mut tell = |_: f64, what: &str| progress(share, what);
        if !tell(0.0, "bred rows") {
            return Err(FitError::Interrupted);
        }
        let teacher = stack.without(data, seed, fold, shelf, &mut tell)?;
        let model = OnnxModel::load(&teacher).map_err(|e| bad("teacher", e.to_string()))?;
        let count = (times * held.len() as f64).round() as usize;
        let rows =
            breed.rows(&data.rows.take(&held), count, Seed(stats::random::bits(seed.0, 53, fold as u64)))?;
        let said = answers(&model, &rows).map_err(|e| bad("teacher", e.to_string()))?;
        bred.push((rows, said));
    }
    Ok(bred)
}
