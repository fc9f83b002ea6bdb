//! Our half of the comparison in docs/decisions/trees.md.
//!
//! Reads only the CSV files that `lightgbm.py` exported; fits with the same folds held out at the same settings
//! and prints the same lines. Then writes graphs, rows with missing cells and our answers to them, which
//! `check_onnx.py` compares with onnxruntime's.
//!
//! usage: trees EXPORT_FOLDER [ROUNDS]

use models::onnx::{Dtype, GraphBuilder};
use models::trees::{Forest, Matrix, Objective, Params, Part, fit, one_hot};
use std::error::Error;
use std::fmt::Write;
use std::path::Path;
use std::time::Instant;

const FOLDS: usize = 5;
/// What keeps leaves from being too small, as in `lightgbm.py`: name, rows, sum of second derivatives.
const LEAVES: [(&str, usize, f64); 2] = [("rows", 20, 1e-3), ("hessian", 1, 1.0)];

/// Features and class of some rows.
#[derive(Default)]
struct Rows {
    columns: Vec<Vec<f32>>,
    class: Vec<usize>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let Some(folder) = args.first().map(Path::new) else {
        eprintln!("trees: nothing to measure without an export folder; see benches/trees/run.sh");
        return Ok(());
    };
    let rounds = args.get(1).map_or(Ok(150), |rounds| rounds.parse())?;
    rayon::ThreadPoolBuilder::new().num_threads(2).build_global()?;
    for (name, objective) in [("otto", Objective::Softmax { classes: 9 }), ("bank", Objective::Logistic)] {
        let text = std::fs::read_to_string(folder.join(format!("{name}.csv")))?;
        for (leaves, min_data_in_leaf, min_sum_hessian) in LEAVES {
            let params = Params { rounds, min_data_in_leaf, min_sum_hessian, ..Params::default() };
            for fold in 0..FOLDS {
                let (train, test) = read(&text, fold)?;
                let figures = measure(objective, &params, train, test)?;
                println!("{name},incumbent,{leaves},{fold},{figures}");
            }
        }
        write_graph(folder, name, objective, read(&text, 0)?.1)?;
    }
    let text = std::fs::read_to_string(folder.join("bank.csv"))?;
    write_graph(folder, "bank_squared", Objective::Squared, read(&text, 0)?.1)?;
    write_graph(folder, "bank_two_classes", Objective::Softmax { classes: 2 }, read(&text, 0)?.1)?;
    Ok(())
}

/// Log loss on the test rows, wall seconds and CPU seconds, as they are printed.
fn measure(objective: Objective, params: &Params, train: Rows, test: Rows) -> Result<String, Box<dyn Error>> {
    let target = target(objective, &train.class);
    let (start, cpu) = (Instant::now(), cpu_seconds()?);
    let forest = train_forest(&Matrix::from_columns(train.columns)?, &target, objective, params)?;
    let (wall, cpu) = (start.elapsed().as_secs_f64(), cpu_seconds()? - cpu);
    let answers = forest.predict(&Matrix::from_columns(test.columns)?);
    let outputs = objective.outputs();
    let target = self::target(objective, &test.class);
    let losses = answers.chunks(outputs).zip(target.chunks(outputs)).map(|(p, q)| objective.loss(p, q));
    let loss = losses.sum::<f64>() / test.class.len() as f64;
    Ok(format!("{loss:.5},{wall:.2},{cpu:.2}"))
}

fn train_forest(
    matrix: &Matrix,
    target: &[f64],
    objective: Objective,
    params: &Params,
) -> Result<Forest, Box<dyn Error>> {
    let part = Part { matrix, target, weight: None };
    Ok(fit(part, None, objective, params, 1, &mut |_| true)?)
}

/// Fits to rows of which every eleventh cell was made missing, and writes graph, 1,000 rows and answers.
fn write_graph(folder: &Path, name: &str, objective: Objective, rows: Rows) -> Result<(), Box<dyn Error>> {
    let mut columns = rows.columns;
    for (c, column) in columns.iter_mut().enumerate() {
        column.iter_mut().enumerate().filter(|(r, _)| (r + 3 * c) % 11 == 0).for_each(|(_, x)| *x = f32::NAN);
    }
    let matrix = Matrix::from_columns(columns)?;
    let target = target(objective, &rows.class);
    let forest = train_forest(&matrix, &target, objective, &Params { rounds: 40, ..Params::default() })?;
    let mut graph = GraphBuilder::new(name);
    graph.input("x", Dtype::F32, &[matrix.columns()]);
    let written = forest.write_onnx(&mut graph, "x");
    let width = if objective == Objective::Logistic { 2 } else { objective.outputs() };
    graph.output(&written.answers, Dtype::F32, &[width]);
    std::fs::write(folder.join(format!("{name}.onnx")), graph.finish())?;
    let (mut cells, mut answers) = (String::new(), String::new());
    for (row, answer) in forest.predict(&matrix).chunks(objective.outputs()).take(1000).enumerate() {
        let values = (0..matrix.columns()).map(|column| matrix.get(row, column));
        write_line(&mut cells, values.map(|x| if x.is_nan() { String::new() } else { x.to_string() }))?;
        write_line(&mut answers, answer.iter().map(f64::to_string))?;
    }
    std::fs::write(folder.join(format!("{name}.rows.csv")), cells)?;
    std::fs::write(folder.join(format!("{name}.answers.csv")), answers)?;
    Ok(())
}

fn write_line(text: &mut String, cells: impl Iterator<Item = String>) -> std::fmt::Result {
    writeln!(text, "{}", cells.collect::<Vec<_>>().join(","))
}

fn target(objective: Objective, class: &[usize]) -> Vec<f64> {
    match objective {
        Objective::Softmax { classes } => one_hot(class, classes),
        _ => class.iter().map(|&class| class as f64).collect(),
    }
}

/// The rows of `fold,target,features...` under a header: those outside a fold, and those within.
fn read(text: &str, fold: usize) -> Result<(Rows, Rows), Box<dyn Error>> {
    let mut parts = (Rows::default(), Rows::default());
    for line in text.lines().skip(1) {
        let mut cells = line.split(',');
        let held_out = cells.next().ok_or("an empty line")?.parse::<usize>()? == fold;
        let rows = if held_out { &mut parts.1 } else { &mut parts.0 };
        rows.class.push(cells.next().ok_or("a line without a target")?.parse()?);
        for (column, cell) in cells.enumerate() {
            if rows.columns.len() <= column {
                rows.columns.push(Vec::new());
            }
            rows.columns[column].push(cell.parse()?);
        }
    }
    Ok(parts)
}

/// User and system time of this process, in seconds, from Linux's accounting in hundredths of a second.
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let mut ticks = 0.0;
    for field in after_name.split_whitespace().skip(11).take(2) {
        ticks += field.parse::<f64>()?;
    }
    Ok(ticks / 100.0)
}
