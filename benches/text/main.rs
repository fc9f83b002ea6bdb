//! What the trainers of documents reach on real texts, what an answer costs, and whether onnxruntime reads their
//! graphs as we do.
//!
//! Reads `sentences.csv` and, where it is there, `reviews.csv`, which `export.py` writes: columns `text` and
//! `label`. Sentences are judged by ten folds, reviews by the last fifth in time. Writes for each trainer a
//! graph with raw rows and our answers to them, which `benches/tabular/onnxruntime.py check` compares with
//! onnxruntime's.
//!
//! usage: text EXPORT_FOLDER

use domain::{Column, Examples, Table, Target, Values};
use models::onnx::OnnxModel;
use models::text::{Nbsvm, Tfidf};
use models::{Artifact, Fit, Predict, Seed};
use serde_json::json;
use std::error::Error;
use std::path::Path;
use std::time::Instant;

/// Rows that are compared with onnxruntime's answers.
const COMPARED: usize = 1000;
const FOLDS: usize = 10;

fn main() -> Result<(), Box<dyn Error>> {
    let Some(folder) = std::env::args().skip(1).find(|arg| arg != "--bench") else {
        eprintln!("text: nothing to measure without an export folder; see benches/text/run.sh");
        return Ok(());
    };
    let folder = Path::new(&folder);
    let sentences = read(&folder.join("sentences.csv"))?;
    for trainer in trainers() {
        folds(trainer.as_ref(), &sentences, folder)?;
    }
    if folder.join("reviews.csv").exists() {
        let reviews = read(&folder.join("reviews.csv"))?;
        for trainer in trainers() {
            latest(trainer.as_ref(), &reviews, folder)?;
        }
    }
    Ok(())
}

fn trainers() -> Vec<Box<dyn Fit>> {
    vec![Box::new(Nbsvm), Box::new(Tfidf::default())]
}

fn read(path: &Path) -> Result<Examples, Box<dyn Error>> {
    let (mut texts, mut labels) = (Vec::new(), Vec::new());
    for record in csv::Reader::from_path(path)?.records() {
        let record = record?;
        texts.push(Some(record[0].to_string()));
        labels.push(record[1].to_string());
    }
    let mut classes = labels.clone();
    classes.sort();
    classes.dedup();
    let index = labels.iter().map(|l| classes.iter().position(|c| c == l).map_or(0, |i| i as u32)).collect();
    let rows = Table::new(vec![Column { name: "text".into(), values: Values::Text(texts) }])?;
    Ok(Examples { rows, target: Target::Class { classes, index }, weight: None, at: None, entity: None })
}

fn fit(trainer: &dyn Fit, train: &Examples) -> Result<(Artifact, f64), Box<dyn Error>> {
    let start = Instant::now();
    let artifact = trainer.fit(train, Seed(1), &mut |_| true)?;
    Ok((artifact, start.elapsed().as_secs_f64()))
}

/// The share of rows whose likeliest class is right, and the mean log loss.
fn measure(model: &OnnxModel, test: &Examples) -> Result<(f64, f64), Box<dyn Error>> {
    let Target::Class { classes, index } = &test.target else { return Err("texts have classes".into()) };
    let answers = model.predict(&test.rows)?.values;
    let index: Vec<usize> = index.iter().map(|&i| i as usize).collect();
    let losses = stats::metric::log_losses(&index, &answers, classes.len()).map_err(|e| e.to_string())?;
    let likeliest = |row: &[f64]| (0..row.len()).fold(0, |best, i| if row[i] > row[best] { i } else { best });
    let right = answers.chunks(classes.len()).zip(&index).filter(|(row, i)| likeliest(row) == **i).count();
    Ok((right as f64 / index.len() as f64, stats::sum::mean(&losses)))
}

fn folds(trainer: &dyn Fit, data: &Examples, folder: &Path) -> Result<(), Box<dyn Error>> {
    let fold = |row: usize| stats::random::below(FOLDS, 1, row as u64, 0);
    let (mut accuracy, mut loss, mut seconds) = (0.0, 0.0, 0.0);
    for held in 0..FOLDS {
        let (test, train): (Vec<usize>, Vec<usize>) = (0..data.len()).partition(|&row| fold(row) == held);
        let test = data.take(&test);
        let (artifact, took) = fit(trainer, &data.take(&train))?;
        let model = OnnxModel::load(&artifact)?;
        let found = measure(&model, &test)?;
        let share = test.len() as f64 / data.len() as f64;
        (accuracy, loss, seconds) = (accuracy + found.0 * share, loss + found.1 * share, seconds + took);
        if held == 0 {
            write(folder, &format!("sentences_{}", trainer.name()), &artifact, &model, &test.rows)?;
        }
    }
    let (name, each) = (trainer.name(), seconds / FOLDS as f64);
    println!("sentences, {name}: accuracy {accuracy:.4}, log loss {loss:.4}, {each:.1} s a fit");
    Ok(())
}

fn latest(trainer: &dyn Fit, data: &Examples, folder: &Path) -> Result<(), Box<dyn Error>> {
    let cut = data.len() * 4 / 5;
    let (train, test): (Vec<usize>, Vec<usize>) = (0..data.len()).partition(|&row| row < cut);
    let (artifact, took) = fit(trainer, &data.take(&train))?;
    let test = data.take(&test);
    let start = Instant::now();
    let model = OnnxModel::load(&artifact)?;
    let (load, name) = (start.elapsed().as_secs_f64(), trainer.name());
    let (accuracy, loss) = measure(&model, &test)?;
    println!("reviews, {name}: accuracy {accuracy:.4}, log loss {loss:.4}, {took:.1} s to fit");
    let start = Instant::now();
    model.predict(&data.rows)?;
    let all = start.elapsed().as_secs_f64();
    let one = test.rows.take(&[0]);
    let start = Instant::now();
    (0..100).try_for_each(|_| model.predict(&one).map(|_| ()))?;
    let micro = start.elapsed().as_secs_f64() * 1e4;
    let (size, rows) = (artifact.onnx.len() / 1000, data.len());
    println!("  {size} kB, {load:.2} s to load, {micro:.0} us for a row, {all:.2} s for {rows}");
    write(folder, &format!("reviews_{name}"), &artifact, &model, &test.rows)
}

/// A graph, rows to feed it with and our answers.
fn write(
    folder: &Path,
    name: &str,
    artifact: &Artifact,
    model: &OnnxModel,
    rows: &Table,
) -> Result<(), Box<dyn Error>> {
    let rows = rows.take(&(0..rows.rows().min(COMPARED)).collect::<Vec<_>>());
    let Values::Text(texts) = &rows.columns()[0].values else { return Err("texts are expected".into()) };
    let answers = model.predict(&rows)?.values;
    std::fs::write(folder.join(format!("{name}.onnx")), &artifact.onnx)?;
    let rows = json!({"rows": rows.rows(), "inputs": {"text": texts}, "answers": answers});
    Ok(std::fs::write(folder.join(format!("{name}.json")), rows.to_string())?)
}
