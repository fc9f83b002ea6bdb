//! What a model is worth and costs, and the table of all of them.

use domain::{Examples, Target};
use models::distill::answers;
use models::ensemble::Preset;
use models::onnx::{OnnxModel, parameters};
use models::{Artifact, Predict};
use stats::metric::log_losses;
use stats::sum::mean;
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Single rows that are timed.
const TIMED: usize = 300;

/// A line of the table.
#[derive(Debug, Clone, Copy)]
pub struct Figures {
    /// Mean log loss on the test rows, in nats.
    pub loss: f64,
    /// Learned numbers.
    pub parameters: usize,
    /// Of the graph.
    pub bytes: usize,
    /// The median time of a single row, in microseconds.
    pub micros: f64,
}

impl Figures {
    /// The class shares of the training rows.
    pub fn prior(train: &Examples, test: &Examples) -> Result<Figures, Box<dyn Error>> {
        let (learned, truth) = (classes(train), classes(test));
        let share = |k: usize| learned.iter().filter(|&&c| c == k).count() as f64 / learned.len() as f64;
        let shares: Vec<f64> = (0..9).map(share).collect();
        let said = shares.repeat(truth.len());
        Ok(Figures::loss_only(mean(&log_losses(&truth, &said, 9)?)))
    }

    /// A loss of what costs nothing, or is no graph.
    pub fn loss_only(loss: f64) -> Figures {
        Figures { loss, parameters: 0, bytes: 0, micros: 0.0 }
    }

    /// Of a model on the test rows.
    pub fn of(artifact: &Artifact, test: &Examples) -> Result<Figures, Box<dyn Error>> {
        let model = OnnxModel::load(artifact)?;
        let said = answers(&model, &test.rows)?;
        let loss = mean(&log_losses(&classes(test), &said, 9)?);
        let rows: Vec<_> = (0..TIMED.min(test.len())).map(|row| test.rows.take(&[row])).collect();
        let mut times = Vec::with_capacity(rows.len());
        for row in &rows {
            let start = Instant::now();
            model.predict(row)?;
            times.push(start.elapsed().as_secs_f64() * 1e6);
        }
        times.sort_by(f64::total_cmp);
        let (parameters, bytes) = (parameters(&artifact.onnx)?, artifact.onnx.len());
        Ok(Figures { loss, parameters, bytes, micros: times[times.len() / 2] })
    }
}

fn classes(data: &Examples) -> Vec<usize> {
    match &data.target {
        Target::Class { index, .. } => index.iter().map(|&i| i as usize).collect(),
        _ => unreachable!("read as classes"),
    }
}

/// Lines that were measured, in a file.
pub struct Results {
    file: PathBuf,
    lines: Vec<(usize, String, Figures)>,
}

impl Results {
    /// The lines of a teacher and as many rows.
    pub fn open(folder: &Path, preset: Preset, rows: usize) -> Result<Results, Box<dyn Error>> {
        let file = folder.join(format!("results-{}-{rows}.csv", preset.name()));
        let mut results = Results { file, lines: Vec::new() };
        for line in std::fs::read_to_string(&results.file).unwrap_or_default().lines() {
            let cells: Vec<&str> = line.split('\t').collect();
            if let [fold, name, loss, parameters, bytes, micros] = cells[..] {
                let figures = Figures {
                    loss: loss.parse()?,
                    parameters: parameters.parse()?,
                    bytes: bytes.parse()?,
                    micros: micros.parse()?,
                };
                results.lines.push((fold.parse()?, name.to_string(), figures));
            }
        }
        Ok(results)
    }

    /// Whether a line is there.
    pub fn has(&self, fold: usize, name: &str) -> bool {
        self.get(fold, name).is_some()
    }

    /// A line of a fold.
    pub fn get(&self, fold: usize, name: &str) -> Option<Figures> {
        self.lines.iter().find(|line| line.0 == fold && line.1 == name).map(|line| line.2)
    }

    /// All lines: fold, name, figures.
    pub fn lines(&self) -> &[(usize, String, Figures)] {
        &self.lines
    }

    /// Adds a line, unless it is there, and keeps it.
    pub fn put(&mut self, fold: usize, name: &str, figures: Figures) -> Result<(), Box<dyn Error>> {
        if self.has(fold, name) {
            return Ok(());
        }
        self.lines.push((fold, name.to_string(), figures));
        let mut text = String::new();
        for (fold, name, f) in &self.lines {
            writeln!(text, "{fold}\t{name}\t{}\t{}\t{}\t{}", f.loss, f.parameters, f.bytes, f.micros)?;
        }
        eprintln!("fold {fold}: {name}: {:.4}", figures.loss);
        Ok(std::fs::write(&self.file, text)?)
    }

    /// The table of single lines: losses are means over the folds that are there, costs are of the first.
    pub fn print(&self) {
        println!(
            "| model | folds | log loss | parameters | bytes | µs a row |\n| --- | --- | --- | --- | --- | --- |"
        );
        for (_, name, first) in self.lines.iter().filter(|line| line.0 == 0 && !line.1.contains("; seed ")) {
            let losses: Vec<f64> = self.lines.iter().filter(|l| l.1 == *name).map(|l| l.2.loss).collect();
            let (count, loss) = (losses.len(), mean(&losses));
            let Figures { parameters, bytes, micros, .. } = first;
            println!("| {name} | {count} | {loss:.4} | {parameters} | {bytes} | {micros:.1} |");
        }
    }
}
