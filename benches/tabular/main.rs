//! What the embedded trainers reach on real rows, and whether onnxruntime reads their graphs as we
//! do: bank marketing, trained on the first 60% of the calls, tested on the next 10%; and, to see what the
//! order of time costs, trained and tested on rows of all times.
//!
//! Reads only `bank.csv`, which `onnxruntime.py export` writes; prints a line a trainer. Then writes for each
//! trainer, on these rows and on the mixed ones of `testkit`, a graph with raw rows and our answers to them,
//! which `onnxruntime.py check` compares with onnxruntime's.
//!
//! usage: tabular EXPORT_FOLDER

use domain::{Column, Examples, Table, Target, Timestamp, Values};
use models::baseline::{Majority, Mean, Median, Previous, Prior, Stump};
use models::boosted::Trees;
use models::linear::{Logistic, Ridge};
use models::onnx::OnnxModel;
use models::{Fit, Predict, Seed};
use serde_json::{Value, json};
use std::error::Error;
use std::path::Path;
use std::time::Instant;

/// Rows that are compared with onnxruntime's answers.
const COMPARED: usize = 1000;

fn main() -> Result<(), Box<dyn Error>> {
    let Some(folder) = std::env::args().skip(1).find(|arg| arg != "--bench") else {
        eprintln!("tabular: nothing to measure without an export folder; see benches/tabular/run.sh");
        return Ok(());
    };
    let folder = Path::new(&folder);
    let bank = read_bank(&folder.join("bank.csv"))?;
    let pick = |keep: &dyn Fn(usize) -> bool| (0..bank.len()).filter(|&row| keep(row)).collect::<Vec<_>>();
    let tenth = |row: usize| row * 10 / bank.len();
    let (train, test) = (pick(&|row| tenth(row) < 6), pick(&|row| tenth(row) == 6));
    compare("in order of time", &bank.take(&train), &bank.take(&test), Some(folder))?;
    let timeless = Examples { at: None, ..bank.clone() };
    let (train, test) = (pick(&|row| row % 10 < 6), pick(&|row| row % 10 == 6));
    compare("as if time did not matter", &timeless.take(&train), &timeless.take(&test), None)?;
    write_mixed(folder)
}

/// Prints what each trainer reaches; writes its graph where a folder is given.
fn compare(
    split: &str,
    train: &Examples,
    test: &Examples,
    folder: Option<&Path>,
) -> Result<(), Box<dyn Error>> {
    println!("bank, {split}: {} rows to train on, {} to test on", train.len(), test.len());
    println!("trainer, log loss, AUC, seconds to fit");
    for trainer in classifiers() {
        let start = Instant::now();
        let artifact = trainer.fit(train, Seed(1), &mut |_| true)?;
        let seconds = start.elapsed().as_secs_f64();
        let model = OnnxModel::load(&artifact)?;
        let (loss, auc) = measure(&model, test)?;
        println!("{}, {loss:.4}, {auc:.4}, {seconds:.1}", trainer.name());
        if let Some(folder) = folder {
            write(folder, &format!("bank_{}", trainer.name()), &artifact.onnx, &model, &test.rows)?;
        }
    }
    Ok(())
}

fn classifiers() -> Vec<Box<dyn Fit>> {
    vec![
        Box::new(Prior),
        Box::new(Majority),
        Box::new(Stump),
        Box::new(Logistic::default()),
        Box::new(Trees::default()),
    ]
}

fn measure(model: &OnnxModel, test: &Examples) -> Result<(f64, f64), Box<dyn Error>> {
    let answers = model.predict(&test.rows)?.values;
    let Target::Class { classes, index } = &test.target else {
        return Err("the bank's rows have classes".into());
    };
    let index: Vec<usize> = index.iter().map(|&i| i as usize).collect();
    let losses = stats::metric::log_losses(&index, &answers, classes.len()).map_err(|e| e.to_string())?;
    let yes: Vec<bool> = index.iter().map(|&i| i == 1).collect();
    let scores: Vec<f64> = answers.chunks(2).map(|row| row[1]).collect();
    let auc = stats::ranking::auc(&yes, &scores, None).map_err(|e| e.to_string())?;
    Ok((stats::sum::mean(&losses), auc))
}

/// Every trainer on columns of every kind.
fn write_mixed(folder: &Path) -> Result<(), Box<dyn Error>> {
    let classes = testkit::mixed::classes(3_000, 1);
    let truth = Column { name: "old model".into(), values: Values::Number(classes.truth) };
    let with_truth = |rows: &Table| Table::new([rows.columns(), std::slice::from_ref(&truth)].concat());
    let classes = Examples { rows: with_truth(&classes.examples.rows)?, ..classes.examples };
    let mut trainers = classifiers();
    trainers.push(Box::new(Previous { column: "old model".into() }));
    for trainer in trainers {
        write_fitted(folder, "mixed", trainer.as_ref(), &classes)?;
    }
    let numbers: Vec<Box<dyn Fit>> = vec![
        Box::new(Mean),
        Box::new(Median),
        Box::new(Stump),
        Box::new(Ridge::default()),
        Box::new(Trees::default()),
    ];
    let data = testkit::mixed::numbers(3_000, 1).examples;
    for trainer in numbers {
        write_fitted(folder, "mixed_number", trainer.as_ref(), &data)?;
    }
    Ok(())
}

fn write_fitted(
    folder: &Path,
    data: &str,
    trainer: &dyn Fit,
    examples: &Examples,
) -> Result<(), Box<dyn Error>> {
    let artifact = trainer.fit(examples, Seed(1), &mut |_| true)?;
    let model = OnnxModel::load(&artifact)?;
    write(folder, &format!("{data}_{}", trainer.name()), &artifact.onnx, &model, &examples.rows)
}

/// A graph, rows to feed it with and our answers.
fn write(
    folder: &Path,
    name: &str,
    onnx: &[u8],
    model: &OnnxModel,
    rows: &Table,
) -> Result<(), Box<dyn Error>> {
    let rows = rows.take(&(0..rows.rows().min(COMPARED)).collect::<Vec<_>>());
    let inputs: serde_json::Map<String, Value> =
        rows.columns().iter().map(|c| (c.name.clone(), feed(&c.values))).collect();
    let answers = model.predict(&rows)?.values;
    std::fs::write(folder.join(format!("{name}.onnx")), onnx)?;
    let rows = json!({"rows": rows.rows(), "inputs": inputs, "answers": answers});
    Ok(std::fs::write(folder.join(format!("{name}.json")), rows.to_string())?)
}

/// Cells as a graph is fed with them, flat; `null` is NaN.
fn feed(values: &Values) -> Value {
    match values {
        Values::Number(cells) => json!(cells),
        Values::Text(cells) => json!(cells.iter().map(|c| c.as_deref().unwrap_or("")).collect::<Vec<_>>()),
        Values::Time(cells) => json!(cells.iter().map(|c| c.map(|at| at.0 as f64 / 1e6)).collect::<Vec<_>>()),
        Values::Tensor { data, .. } => json!(data),
    }
}

/// The calls in their order. A column is a number where every cell is one.
fn read_bank(path: &Path) -> Result<Examples, Box<dyn Error>> {
    let mut reader = csv::Reader::from_path(path)?;
    let names: Vec<String> = reader.headers()?.iter().map(String::from).collect();
    let records = reader.records().collect::<Result<Vec<_>, _>>()?;
    let cells = |place: usize| records.iter().map(move |r| r.get(place).unwrap_or(""));
    let mut columns = Vec::new();
    let mut index = Vec::new();
    for (place, name) in names.into_iter().enumerate() {
        if name == "y" {
            index = cells(place).map(|cell| u32::from(cell == "1")).collect();
            continue;
        }
        let numbers: Option<Vec<f64>> = cells(place).map(|cell| cell.parse().ok()).collect();
        let texts = || Values::Text(cells(place).map(|c| Some(c.to_string())).collect());
        columns.push(Column { name, values: numbers.map_or_else(texts, Values::Number) });
    }
    let at = Some((0..index.len() as i64).map(Timestamp).collect());
    let target = Target::Class { classes: vec!["no".into(), "yes".into()], index };
    Ok(Examples { rows: Table::new(columns)?, target, weight: None, at, entity: None })
}
