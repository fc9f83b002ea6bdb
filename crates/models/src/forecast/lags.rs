//! Models of lagged values, as trainers: `lags`, a ridge regression for each step ahead, and `lag_trees`, boosted trees
//! for all steps together.
//!
//! Both read [`Features`] that the graph computes; training runs that part of the graph on the training windows.

use super::lag_features::{Features, Written, inputs};
use super::serve::Windows;
use super::{ORIGIN, graph};
use crate::contract::{Artifact, Fit, FitError, PredictError, Seed};
use crate::encode::Features as Columns;
use crate::linear::ridge::{Line, Moments};
use crate::onnx::{Data, Dtype, GraphBuilder, OnnxError, Program, Tensor, feed};
use crate::trees::{Matrix, Objective, Params, Part, fit};
use domain::{Column, Examples, Timestamp, Values};

/// The trainer `lags`.
#[derive(Debug, Clone, Copy)]
pub struct Lags {
    season: usize,
    gap: usize,
    /// The price of large weights, where features have a size of about 1.
    penalty: f64,
}

/// The trainer `lag_trees`.
#[derive(Debug, Clone)]
pub struct LagTrees {
    season: usize,
    gap: usize,
    params: Params,
}

/// Training rows of `trees`: one for each window and step.
const MOST_ROWS: usize = 400_000;
/// The share of windows, the last ones, that tell the trees when to stop.
const VALIDATION: f64 = 0.15;

impl Lags {
    /// For series of this season, whose first forecast step is `gap` steps behind the window.
    pub fn new(season: usize, gap: usize) -> Lags {
        Lags { season, gap, penalty: 1.0 }
    }
}

impl LagTrees {
    /// For series of this season, whose first forecast step is `gap` steps behind the window.
    pub fn new(season: usize, gap: usize) -> LagTrees {
        let params = Params { rounds: 400, learning_rate: 0.05, min_data_in_leaf: 50, ..Params::default() };
        LagTrees { season, gap, params }
    }
}

impl Fit for Lags {
    fn name(&self) -> &str {
        "lags"
    }

    fn fit(
        &self,
        data: &Examples,
        _: Seed,
        progress: &mut dyn FnMut(f64) -> bool,
    ) -> Result<Artifact, FitError> {
        let learned = Learned::of(self.name(), data, self.season, self.gap)?;
        let h = learned.features.horizon;
        let mut lines = Vec::with_capacity(h);
        for step in 0..h {
            lines.push(self.line(&learned, step)?);
            if !progress((step + 1) as f64 / h as f64) {
                return Err(FitError::Interrupted);
            }
        }
        let mut onnx = inputs(self.name(), &learned.features);
        let written = learned.features.write(&mut onnx);
        let answer = write_lines(&mut onnx, &written, &lines, &learned.features);
        Ok(learned.artifact(onnx, &written, &answer, data))
    }
}

impl Lags {
    fn line(&self, learned: &Learned, step: usize) -> Result<Line, FitError> {
        let rows: Vec<usize> = (0..learned.windows).map(|w| w * learned.features.horizon + step).collect();
        let columns = Columns {
            rows: rows.len(),
            columns: learned.columns.iter().map(|c| rows.iter().map(|&r| c[r]).collect()).collect(),
        };
        let target: Vec<f64> = rows.iter().map(|&r| learned.target[r]).collect();
        let moments = Moments::of(&columns, &target, &vec![1.0; rows.len()]);
        let why = || FitError::Data {
            trainer: self.name().into(),
            why: "the windows' features are not finite".into(),
        };
        moments.solve(self.penalty).ok_or_else(why)
    }
}

impl Fit for LagTrees {
    fn name(&self) -> &str {
        "lag_trees"
    }

    fn fit(
        &self,
        data: &Examples,
        seed: Seed,
        progress: &mut dyn FnMut(f64) -> bool,
    ) -> Result<Artifact, FitError> {
        let learned = Learned::of(self.name(), data, self.season, self.gap)?;
        let h = learned.features.horizon;
        let held = ((learned.windows as f64 * VALIDATION) as usize).max(usize::from(learned.windows > 1)) * h;
        let rows = learned.windows * h;
        let first = rows.saturating_sub(MOST_ROWS);
        let (train, train_target) = learned.part(self.name(), first..rows - held)?;
        let (last, last_target) = learned.part(self.name(), rows - held..rows)?;
        let validation = (held > 0).then_some(Part { matrix: &last, target: &last_target, weight: None });
        let part = Part { matrix: &train, target: &train_target, weight: None };
        let forest = fit(part, validation, Objective::Absolute, &self.params, seed.0, progress);
        let forest = forest.map_err(|e| e.of_trainer(self.name()))?;
        let mut onnx = inputs(self.name(), &learned.features);
        let written = learned.features.write(&mut onnx);
        let answers = forest.write_onnx(&mut onnx, &written.features).answers;
        let answer = graph::reshape(&mut onnx, &answers, h);
        Ok(learned.artifact(onnx, &written, &answer, data))
    }
}

/// What is learned from: features and scaled targets, one row for each window and step.
struct Learned {
    features: Features,
    windows: usize,
    /// By feature.
    columns: Vec<Vec<f32>>,
    target: Vec<f64>,
}

impl Learned {
    fn of(trainer: &str, data: &Examples, season: usize, gap: usize) -> Result<Learned, FitError> {
        let bad = |why: String| FitError::Data { trainer: trainer.into(), why };
        let windows = Windows::of(trainer, data)?;
        let origins =
            origins(data).ok_or_else(|| bad(format!("column `{ORIGIN}` with the instants is missing")))?;
        let step = step_seconds(data, &origins, &windows)
            .ok_or_else(|| bad("rows of one series need two origins".into()))?;
        if windows.length < 2 * season {
            return Err(bad(format!(
                "windows have {} values, expected two seasons of {season}",
                windows.length
            )));
        }
        let features = Features { length: windows.length, horizon: windows.horizon, season, gap, step };
        let (columns, centre, scale) = run(&features, data).map_err(|e| bad(e.to_string()))?;
        let scaled = |w: usize| {
            let path = windows.path(w).to_vec();
            let (centre, scale) = (f64::from(centre[w]), f64::from(scale[w]));
            path.into_iter().map(move |v| (v - centre) / scale)
        };
        let target = (0..windows.rows()).flat_map(scaled).collect();
        Ok(Learned { features, windows: windows.rows(), columns, target })
    }

    fn part(&self, trainer: &str, rows: std::ops::Range<usize>) -> Result<(Matrix, Vec<f64>), FitError> {
        let columns = self.columns.iter().map(|c| c[rows.clone()].to_vec()).collect();
        let matrix = Matrix::from_columns(columns).map_err(|e| e.of_trainer(trainer))?;
        Ok((matrix, self.target[rows].to_vec()))
    }

    /// Takes the scaled answer back to the window's own size.
    fn artifact(&self, mut onnx: GraphBuilder, written: &Written, answer: &str, data: &Examples) -> Artifact {
        let sized = onnx.op("Mul", &[answer, &written.scale], vec![]);
        let placed = onnx.op("Add", &[&sized, &written.centre], vec![]);
        let (length, horizon) = (self.features.length, self.features.horizon);
        let signature = graph::signature(length, horizon, &data.rows, &[ORIGIN]);
        Artifact { onnx: graph::end(onnx, &placed, horizon), signature }
    }
}

/// One line for each step: features times weights, summed.
fn write_lines(onnx: &mut GraphBuilder, written: &Written, lines: &[Line], features: &Features) -> String {
    let weights: Vec<f32> = lines.iter().flat_map(|l| l.weights.iter().map(|w| *w as f32)).collect();
    let width = weights.len() / lines.len();
    let weights = graph::row(onnx, &weights);
    let by_window = graph::reshape(onnx, &written.features, width * lines.len());
    let products = onnx.op("Mul", &[&by_window, &weights], vec![]);
    let products = graph::reshape(onnx, &products, width);
    let sums = graph::times(onnx, &products, &vec![1.0; width], width);
    let sums = graph::reshape(onnx, &sums, features.horizon);
    let intercepts = graph::row(onnx, &lines.iter().map(|l| l.intercept as f32).collect::<Vec<_>>());
    onnx.op("Add", &[&sums, &intercepts], vec![])
}

/// Windows that the features are computed of at a time.
const CHUNK: usize = 512;

/// Features by column, centres and scales by window.
type Computed = (Vec<Vec<f32>>, Vec<f32>, Vec<f32>);

/// Runs the graph's first part on the training windows.
fn run(features: &Features, data: &Examples) -> Result<Computed, PredictError> {
    let mut onnx = inputs("features", features);
    let written = features.write(&mut onnx);
    let width = features.width();
    for (name, value, width) in
        [("x", &written.features, width), ("c", &written.centre, 1), ("s", &written.scale, 1)]
    {
        onnx.node("", "Identity", &[value.as_str()], &[name], vec![]);
        onnx.output(name, Dtype::F32, &[width]);
    }
    let graph = |e: OnnxError| PredictError::Graph { node: "features".into(), why: e.to_string() };
    let program = Program::load(&onnx.finish()).map_err(graph)?;
    let mut found = (vec![Vec::new(); width], Vec::new(), Vec::new());
    for start in (0..data.len()).step_by(CHUNK) {
        let rows = data.rows.take(&(start..data.len().min(start + CHUNK)).collect::<Vec<_>>());
        let feeds = program.inputs().iter().map(|input| feed(input, &rows)).collect::<Result<Vec<_>, _>>()?;
        let mut outputs =
            program.run_ordered(&feeds.iter().collect::<Vec<_>>()).map_err(graph)?.into_iter().map(numbers);
        let mut next = || outputs.next().unwrap_or_default();
        let x = next();
        found.0.iter_mut().enumerate().for_each(|(i, column)| column.extend(x.iter().skip(i).step_by(width)));
        found.1.extend(next());
        found.2.extend(next());
    }
    Ok(found)
}

fn numbers(tensor: Tensor) -> Vec<f32> {
    match tensor.into_parts().1 {
        Data::F32(values) => values,
        _ => Vec::new(),
    }
}

fn origins(data: &Examples) -> Option<Vec<Timestamp>> {
    match data.rows.column(ORIGIN) {
        Some(Column { values: Values::Time(at), .. }) => at.iter().copied().collect(),
        _ => None,
    }
}

/// Seconds between two values of a series, from how two windows of one series overlap.
fn step_seconds(data: &Examples, origins: &[Timestamp], windows: &Windows<'_>) -> Option<i64> {
    let entity = |row: usize| data.entity.as_ref().map_or(0, |e| e[row]);
    let second = (1..windows.rows()).find(|&row| entity(row) == entity(0) && origins[row] > origins[0])?;
    let (old, new) = (windows.history(0), windows.history(second));
    // The younger window begins some steps later: the shift at which the two agree.
    let agrees = |shift: &usize| old[*shift..] == new[..windows.length - shift];
    let shift = (1..windows.length).find(agrees)?;
    Some((origins[second].0 - origins[0].0) / domain::time::SECOND / shift as i64)
}
