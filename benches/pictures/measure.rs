//! What a model is worth and costs, and the file that keeps it.

use crate::rows::truth;
use domain::Examples;
use models::distill::answers;
use models::onnx::{OnnxModel, parameters};
use models::{Artifact, Predict};
use stats::distill::fidelity;
use stats::metric::{log_losses, most_probable};
use stats::sum::mean;
use std::error::Error;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Instant;

/// Kinds of clothing.
pub const CLASSES: usize = 10;
/// Single pictures that are timed.
const TIMED: usize = 500;

/// What one fit came to on the test pictures.
#[derive(Debug, Clone, Copy)]
pub struct Figures {
    /// Mean log loss, in nats.
    pub loss: f64,
    /// The share of pictures whose most probable class is the true one.
    pub accuracy: f64,
    /// The share of pictures whose most probable class is the teacher's.
    pub agreement: f64,
    /// Learned numbers.
    pub parameters: usize,
    /// Of the graph.
    pub bytes: usize,
    /// The median time of a single picture, in microseconds.
    pub micros: f64,
}

impl Figures {
    /// Of a model, beside the teacher's answers to the same pictures.
    pub fn of(artifact: &Artifact, test: &Examples, teacher: &[f64]) -> Result<Figures, Box<dyn Error>> {
        let model = OnnxModel::load(artifact)?;
        let said = answers(&model, &test.rows)?;
        let (parameters, bytes) = (parameters(&artifact.onnx)?, artifact.onnx.len());
        let micros = micros(&model, test)?;
        Ok(Figures { parameters, bytes, micros, ..Figures::said(&said, &truth(test), teacher)? })
    }

    /// Of answers alone.
    pub fn said(said: &[f64], truth: &[usize], teacher: &[f64]) -> Result<Figures, Box<dyn Error>> {
        let right = most_probable(said, CLASSES).iter().zip(truth).filter(|(a, b)| a == b).count();
        let agreement = fidelity(teacher, said, CLASSES)?.agreement;
        let loss = mean(&log_losses(truth, said, CLASSES)?);
        let accuracy = right as f64 / truth.len() as f64;
        Ok(Figures { loss, accuracy, agreement, parameters: 0, bytes: 0, micros: 0.0 })
    }
}

fn micros(model: &OnnxModel, test: &Examples) -> Result<f64, Box<dyn Error>> {
    let mut times = Vec::with_capacity(TIMED);
    for row in 0..TIMED.min(test.len()) {
        let row = test.rows.take(&[row]);
        let start = Instant::now();
        model.predict(&row)?;
        times.push(start.elapsed().as_secs_f64() * 1e6);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}

/// One fit: of which model, taught how, from which seed.
pub struct Line {
    /// Counts from 0.
    pub seed: u64,
    /// `teacher`, or a student's name.
    pub model: String,
    /// From which labels.
    pub how: String,
    /// What came of it.
    pub figures: Figures,
}

/// Fits that were measured, in a file.
pub struct Results {
    file: PathBuf,
    /// In the order of fits.
    pub lines: Vec<Line>,
}

impl Results {
    /// What the file holds, if it is there.
    pub fn open(file: PathBuf) -> Result<Results, Box<dyn Error>> {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let lines = text.lines().map(line).collect::<Result<_, _>>()?;
        Ok(Results { file, lines })
    }

    /// Whether a fit is there.
    pub fn has(&self, seed: u64, model: &str, how: &str) -> bool {
        self.lines.iter().any(|line| line.seed == seed && line.model == model && line.how == how)
    }

    /// Adds a fit and keeps it.
    pub fn put(&mut self, line: Line) -> Result<(), Box<dyn Error>> {
        eprintln!("{} {}, {}: {:.4}", line.seed, line.model, line.how, line.figures.loss);
        self.lines.push(line);
        let mut text = String::new();
        for Line { seed, model, how, figures: f } in &self.lines {
            write!(text, "{seed};{model};{how};{};{};{}", f.loss, f.accuracy, f.agreement)?;
            writeln!(text, ";{};{};{}", f.parameters, f.bytes, f.micros)?;
        }
        let half = self.file.with_extension("half");
        std::fs::write(&half, text)?;
        Ok(std::fs::rename(&half, &self.file)?)
    }
}

fn line(text: &str) -> Result<Line, Box<dyn Error>> {
    let cells: Vec<&str> = text.split(';').collect();
    let [seed, model, how, loss, accuracy, agreement, parameters, bytes, micros] = cells[..] else {
        return Err(format!("no line of results: {text}").into());
    };
    let figures = Figures {
        loss: loss.parse()?,
        accuracy: accuracy.parse()?,
        agreement: agreement.parse()?,
        parameters: parameters.parse()?,
        bytes: bytes.parse()?,
        micros: micros.parse()?,
    };
    Ok(Line { seed: seed.parse()?, model: model.into(), how: how.into(), figures })
}
