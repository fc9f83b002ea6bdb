//! What the trainers of ratings reach on MovieLens 100K, and whether onnxruntime reads their graphs as we do.
//!
//! Reads `ratings.csv`, which `export.py` writes: columns `user`, `item`, `rating`, in order of time. Judged by
//! five random folds, and by the last fifth in time. Writes for each trainer a graph with raw rows and our
//! answers to them, which `benches/tabular/onnxruntime.py check` compares with onnxruntime's.
//!
//! usage: ratings EXPORT_FOLDER

use domain::{Column, Examples, Table, Target, Values};
use models::baseline::Mean;
use models::factors::{Biases, Factors, ItemMean};
use models::onnx::OnnxModel;
use models::{Artifact, Fit, Predict, Seed};
use serde_json::json;
use std::error::Error;
use std::path::Path;
use std::time::Instant;

/// Rows that are compared with onnxruntime's answers.
const COMPARED: usize = 1000;
const FOLDS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let Some(folder) = std::env::args().skip(1).find(|arg| arg != "--bench") else {
        eprintln!("ratings: nothing to measure without an export folder; see benches/ratings/run.sh");
        return Ok(());
    };
    let folder = Path::new(&folder);
    let data = read(&folder.join("ratings.csv"))?;
    let fold = |row: usize| stats::random::below(FOLDS, 1, row as u64, 0);
    for trainer in trainers() {
        let (mut squares, mut seconds) = (0.0, 0.0);
        for held in 0..FOLDS {
            let (error, took, _) = judge(trainer.as_ref(), &data, &|row| fold(row) == held)?;
            (squares, seconds) = (squares + error, seconds + took);
        }
        let (error, took) = ((squares / FOLDS as f64).sqrt(), seconds / FOLDS as f64);
        let cut = data.len() * 4 / 5;
        let (late, late_took, artifact) = judge(trainer.as_ref(), &data, &|row| row >= cut)?;
        let (name, late) = (trainer.name(), late.sqrt());
        println!(
            "{name}: RMSE {error:.4} at random, {took:.1} s a fit; {late:.4} in the last fifth, {late_took:.1} s"
        );
        write(folder, name, &artifact, &data.rows)?;
    }
    Ok(())
}

fn trainers() -> Vec<Box<dyn Fit>> {
    let (user, item) = ("user", "item");
    vec![
        Box::new(Mean),
        Box::new(ItemMean::new(user, item)),
        Box::new(Biases::new(user, item)),
        Box::new(Factors::new(user, item)),
    ]
}

fn read(path: &Path) -> Result<Examples, Box<dyn Error>> {
    let mut columns = [vec![], vec![], vec![]];
    for record in csv::Reader::from_path(path)?.records() {
        let record = record?;
        for (place, column) in columns.iter_mut().enumerate() {
            column.push(record[place].parse::<f64>()?);
        }
    }
    let [users, items, ratings] = columns;
    let column = |name: &str, cells| Column { name: name.into(), values: Values::Number(cells) };
    let rows = Table::new(vec![column("user", users), column("item", items)])?;
    Ok(Examples { rows, target: Target::Number(ratings), weight: None, at: None, entity: None })
}

/// The mean squared error on the rows that are held back, and the seconds of the fit.
fn judge(
    trainer: &dyn Fit,
    data: &Examples,
    held: &dyn Fn(usize) -> bool,
) -> Result<(f64, f64, Artifact), Box<dyn Error>> {
    let (test, train): (Vec<usize>, Vec<usize>) = (0..data.len()).partition(|&row| held(row));
    let (test, train) = (data.take(&test), data.take(&train));
    let start = Instant::now();
    let artifact = trainer.fit(&train, Seed(1), &mut |_| true)?;
    let took = start.elapsed().as_secs_f64();
    let found = OnnxModel::load(&artifact)?.predict(&test.rows)?.values;
    let Target::Number(actual) = &test.target else { return Err("ratings are numbers".into()) };
    let losses = stats::metric::squared_losses(actual, &found).map_err(|e| e.to_string())?;
    Ok((stats::sum::mean(&losses), took, artifact))
}

/// A graph, rows to feed it with, the last of them strangers, and our answers.
fn write(folder: &Path, name: &str, artifact: &Artifact, rows: &Table) -> Result<(), Box<dyn Error>> {
    let model = OnnxModel::load(artifact)?;
    let rows = rows.take(&(0..COMPARED).map(|i| i * rows.rows() / COMPARED).collect::<Vec<_>>());
    let strange = |c: &Column| {
        let Values::Number(mut cells) = c.values.clone() else { return c.clone() };
        let last = cells.len() - 4;
        cells[last..].copy_from_slice(&[1e12, -3.0, 7.5, 0.0]);
        Column { name: c.name.clone(), values: Values::Number(cells) }
    };
    let rows = Table::new(rows.columns().iter().map(strange).collect())?;
    let inputs: serde_json::Map<String, serde_json::Value> = rows
        .columns()
        .iter()
        .filter_map(|c| match &c.values {
            Values::Number(cells) => Some((c.name.clone(), json!(cells))),
            _ => None,
        })
        .collect();
    let answers = model.predict(&rows)?.values;
    std::fs::write(folder.join(format!("{name}.onnx")), &artifact.onnx)?;
    let rows = json!({"rows": rows.rows(), "inputs": inputs, "answers": answers});
    Ok(std::fs::write(folder.join(format!("{name}.json")), rows.to_string())?)
}
