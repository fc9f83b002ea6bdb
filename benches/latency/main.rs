//! How long one row and 64 rows take: our evaluator's side of the comparison with onnxruntime and LightGBM.
//!
//! usage: latency train FOLDER    teaches small models on `rows.csv` and writes `ours-*.onnx`
//!        latency time FOLDER     times every `*.onnx` on `test.csv` and prints `model,batch,microseconds,first answers`
//!
//! `run.sh` calls both and the peers in turn. Times are of whole calls, from a table of raw rows to answers.

use domain::{Column, Examples, OutputKind, Signature, Table, Target, Task, Values};
use models::distill::{Lesson, Student};
use models::onnx::{OnnxModel, signature_of};
use models::{Artifact, Predict, Seed};
use std::error::Error;
use std::path::Path;
use std::time::Instant;

type Done<T> = Result<T, Box<dyn Error>>;

const CLASSES: usize = 9;
/// Calls that are timed; the median counts.
const CALLS: usize = 3_000;

fn main() -> Done<()> {
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    match (args.next().as_deref(), args.next()) {
        (Some("train"), Some(folder)) => train(Path::new(&folder)),
        (Some("time"), Some(folder)) => time(Path::new(&folder)),
        _ => {
            eprintln!("latency: nothing to do without a folder; see benches/latency/run.sh");
            Ok(())
        }
    }
}

/// Columns and classes of a file `class,f0,f1,...`.
fn read(file: &Path) -> Done<(Table, Vec<u32>)> {
    let mut reader = csv::Reader::from_path(file)?;
    let names: Vec<String> = reader.headers()?.iter().skip(1).map(String::from).collect();
    let (mut cells, mut classes) = (vec![Vec::new(); names.len()], Vec::new());
    for record in reader.records() {
        let record = record?;
        classes.push(record[0].parse()?);
        for (column, cell) in cells.iter_mut().zip(record.iter().skip(1)) {
            column.push(cell.parse::<f64>()?);
        }
    }
    let column = |(name, cells)| Column { name, values: Values::Number(cells) };
    Ok((Table::new(names.into_iter().zip(cells).map(column).collect())?, classes))
}

fn names() -> Vec<String> {
    (0..CLASSES).map(|k| k.to_string()).collect()
}

fn train(folder: &Path) -> Done<()> {
    let (rows, index) = read(&folder.join("rows.csv"))?;
    let one_hot = |&k: &u32| (0..CLASSES as u32).map(move |c| f64::from(u8::from(c == k)));
    let truth: Vec<f64> = index.iter().flat_map(one_hot).collect();
    let target = Target::Class { classes: names(), index };
    let lesson = Lesson::new(&Examples { rows, target, weight: None, at: None, entity: None }, &truth)?;
    let students = [
        Student::logistic(),
        Student::perceptron(1, 64, 5, 1.0),
        Student::perceptron(2, 128, 5, 1.0),
        Student::trees(50, 15),
        Student::trees(100, 31),
    ];
    for student in students {
        let artifact = student.learn(&lesson, Seed(1), &mut |_| true)?;
        std::fs::write(folder.join(format!("ours-{}.onnx", student.name)), artifact.onnx)?;
    }
    Ok(())
}

fn time(folder: &Path) -> Done<()> {
    let (rows, _) = read(&folder.join("test.csv"))?;
    let mut files: Vec<_> = std::fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    files.sort_by_key(|file| file.file_name());
    for file in files {
        let name = file.file_name().to_string_lossy().into_owned();
        if let Some(name) = name.strip_suffix(".onnx").filter(|name| !name.ends_with("-joined")) {
            let (model, joined) = load(&std::fs::read(file.path())?)?;
            let rows = if joined { side_by_side(&rows)? } else { rows.clone() };
            let first = model.predict(&rows.take(&(0..64).collect::<Vec<_>>()))?.values;
            for batch in [1, 64] {
                let micros = median(&model, &rows, batch)?;
                let shown: Vec<String> = first.iter().map(|p| format!("{p:.6}")).collect();
                println!("{name},{batch},{micros:.3},{}", shown.join(" "));
            }
        }
    }
    Ok(())
}

/// The model, and whether it takes all columns as one.
fn load(onnx: &[u8]) -> Done<(OnnxModel, bool)> {
    let inputs = signature_of(onnx)?;
    let joined = inputs.fields.len() == 1;
    let output = OutputKind::Probabilities { classes: names() };
    let signature = Signature { task: Task::Classification, inputs, output };
    Ok((OnnxModel::load(&Artifact { onnx: onnx.to_vec(), signature })?, joined))
}

fn side_by_side(rows: &Table) -> Done<Table> {
    let columns = rows.columns();
    let mut data = vec![0.0f32; rows.rows() * columns.len()];
    for (place, column) in columns.iter().enumerate() {
        let Values::Number(cells) = &column.values else { return Err("a column of numbers".into()) };
        cells.iter().enumerate().for_each(|(row, &x)| data[row * columns.len() + place] = x as f32);
    }
    let values = Values::Tensor { shape: vec![columns.len()], data };
    Ok(Table::new(vec![Column { name: "input".into(), values }])?)
}

fn median(model: &OnnxModel, rows: &Table, batch: usize) -> Done<f64> {
    let count = (rows.rows() / batch).min(64);
    let batches: Vec<Table> =
        (0..count).map(|i| rows.take(&(i * batch..(i + 1) * batch).collect::<Vec<_>>())).collect();
    let mut times = Vec::with_capacity(CALLS);
    for batch in batches.iter().cycle().take(CALLS) {
        let start = Instant::now();
        std::hint::black_box(model.predict(batch)?);
        times.push(start.elapsed().as_secs_f64() * 1e6);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}
