//! From raw rows to numbers, learned on training rows only and written twice: as Rust for training, as ONNX
//! nodes for serving. Both compute in single precision, step by step alike, so that they agree.
//!
//! Not a model: what the numbers mean for the target is not looked at, so no target can leak in. Invariant:
//! [`Encoder::encode`] and the nodes of [`Encoder::write`] give the same features in the same order.
//!
//! The features, in order: numbers, flags of missing numbers, one-hot categories, ranked categories, parts of
//! instants, tensors flattened. Columns that tell nothing are left out, each with a line in
//! [`Encoder::notes`]: constants, and texts that differ from row to row as ids do.

mod apply;
mod calendar;
mod graph;
pub(crate) mod levels;

use crate::contract::FitError;
use calendar::Part;
use domain::{Column, Field, Schema, Table, Values};
use stats::sum::{mean, quantile_sorted, variance};

pub use apply::Features;
pub(crate) use graph::declare;

/// The most levels of a text that become a column each; the rest are all zeros, as unknown levels are.
pub const MAX_ONE_HOT: usize = 64;
/// The most levels of a text that are ranked for trees; the rest rank 0, as unknown levels do.
pub const MAX_RANKED: usize = 4096;
/// The fewest rows of a level that is told from the rest.
pub const MIN_LEVEL_ROWS: usize = 5;
/// A schema names the categories of a text column up to so many.
pub(crate) const MAX_CATEGORIES: usize = 256;

/// What the features are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// For weighted sums: missing numbers become the median and raise a flag, numbers are standardised,
    /// texts are one-hot, instants are points on the circles of day, week and year.
    Linear,
    /// For splits: numbers as they are, missing as NaN; texts one-hot up to [`MAX_ONE_HOT`] levels, ranked
    /// by frequency above; instants are hour, weekday and month.
    Trees,
}

/// Raw rows to features, as learned.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoder {
    style: Style,
    inputs: Schema,
    numbers: Vec<NumberColumn>,
    one_hot: Vec<TextColumn>,
    ranked: Vec<TextColumn>,
    times: Vec<TimeColumn>,
    tensors: Vec<TensorColumn>,
    notes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
struct NumberColumn {
    name: String,
    flag: bool,
    scaling: Scaling,
}

/// `(x - offset) * scale`, where a number that is not finite is `fill` first.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Scaling {
    fill: f32,
    offset: f32,
    scale: f32,
}

/// A text column; a missing cell is the level `""`.
#[derive(Debug, Clone, PartialEq)]
struct TextColumn {
    name: String,
    levels: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
struct TimeColumn {
    name: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq)]
struct TensorColumn {
    name: String,
    /// One an element of a row's block.
    scaling: Vec<Scaling>,
}

impl Encoder {
    /// Learns medians, spreads and levels from training rows.
    pub fn learn(rows: &Table, style: Style) -> Encoder {
        let (inputs, notes) = (Schema::default(), Vec::new());
        let (one_hot, ranked) = (Vec::new(), Vec::new());
        let (numbers, times, tensors) = (Vec::new(), Vec::new(), Vec::new());
        let mut encoder = Encoder { style, inputs, numbers, one_hot, ranked, times, tensors, notes };
        for column in rows.columns() {
            match encoder.learn_column(column) {
                Ok(()) => encoder.inputs.fields.push(Field::observed(column, MAX_CATEGORIES)),
                Err(why) => encoder.notes.push(format!("column `{}` is left out: {why}", column.name)),
            }
        }
        encoder
    }

    /// The same for a trainer, which cannot do without any feature.
    pub fn learn_for(trainer: &str, rows: &Table, style: Style) -> Result<Encoder, FitError> {
        let encoder = Encoder::learn(rows, style);
        if encoder.width() > 0 {
            return Ok(encoder);
        }
        let found = if encoder.notes.is_empty() { "there is none".into() } else { encoder.notes.join("; ") };
        Err(FitError::Data { trainer: trainer.into(), why: format!("no column to learn from: {found}") })
    }

    /// The raw columns that it takes, in the order of the training table.
    pub fn inputs(&self) -> &Schema {
        &self.inputs
    }

    /// Which columns were left out, and why.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The number of features.
    pub fn width(&self) -> usize {
        self.feature_names().len()
    }

    /// What each feature is, for people: `age`, `age is missing`, `job=student`, `called_on month sine`.
    pub fn feature_names(&self) -> Vec<String> {
        let numbers = self.numbers.iter().map(|c| c.name.clone());
        let flags = self.flagged().map(|c| format!("{} is missing", c.name));
        let level = |c: &TextColumn, l: &String| format!("{}={l}", c.name);
        let one_hot = self.one_hot.iter().flat_map(|c| c.levels.iter().map(move |l| level(c, l)));
        let ranked = self.ranked.iter().map(|c| format!("{} frequency rank", c.name));
        let times = self.times.iter().flat_map(|c| {
            let parts = c.parts.iter().flat_map(|p| p.feature_names(self.style));
            parts.map(|part| format!("{} {part}", c.name))
        });
        let tensors =
            self.tensors.iter().flat_map(|c| (0..c.scaling.len()).map(|i| format!("{}[{i}]", c.name)));
        numbers.chain(flags).chain(one_hot).chain(ranked).chain(times).chain(tensors).collect()
    }

    fn flagged(&self) -> impl Iterator<Item = &NumberColumn> {
        self.numbers.iter().filter(|c| c.flag)
    }

    fn learn_column(&mut self, column: &Column) -> Result<(), String> {
        let name = column.name.clone();
        match &column.values {
            Values::Number(cells) => {
                let cells: Vec<f32> = cells.iter().map(|&x| x as f32).collect();
                let missing = cells.iter().any(|x| !x.is_finite());
                let scaling = Scaling::learn(cells.into_iter()).ok_or("every cell is missing")?;
                if scaling.scale == 0.0 && !missing {
                    return Err(format!("every cell is {}", scaling.fill));
                }
                let flag = missing && self.style == Style::Linear;
                self.numbers.push(NumberColumn { name, flag, scaling });
            }
            Values::Text(cells) => {
                let (levels, rank) = levels::learn(cells, self.style)?;
                if rank { &mut self.ranked } else { &mut self.one_hot }.push(TextColumn { name, levels });
            }
            Values::Time(cells) => {
                let parts = Part::telling(cells);
                if parts.is_empty() {
                    return Err("hour, weekday and month never change".into());
                }
                self.times.push(TimeColumn { name, parts });
            }
            Values::Tensor { shape, data } => {
                let width: usize = shape.iter().product();
                let element = |i| Scaling::learn(data.iter().skip(i).step_by(width).copied());
                let scaling: Vec<Scaling> =
                    (0..width).map(|i| element(i).unwrap_or(Scaling::NOTHING)).collect();
                if scaling.iter().all(|s| s.scale == 0.0) {
                    return Err("every block is the same".into());
                }
                self.tensors.push(TensorColumn { name, scaling });
            }
        }
        Ok(())
    }
}

impl Scaling {
    /// Of an element that is missing in every row.
    const NOTHING: Scaling = Scaling { fill: 0.0, offset: 0.0, scale: 0.0 };

    /// The median for missing cells, mean and deviation for scaling; `None` where no cell is finite.
    /// A constant gets scale 0, so that it stays 0 whatever is served.
    fn learn(cells: impl Iterator<Item = f32>) -> Option<Scaling> {
        let mut finite: Vec<f64> = cells.filter(|x| x.is_finite()).map(f64::from).collect();
        if finite.is_empty() {
            return None;
        }
        finite.sort_by(f64::total_cmp);
        let (fill, offset) = (quantile_sorted(&finite, 0.5) as f32, mean(&finite) as f32);
        let constant = finite.first() == finite.last();
        let scale = if constant { 0.0 } else { (1.0 / variance(&finite).sqrt()) as f32 };
        Some(Scaling { fill, offset, scale: if scale.is_finite() { scale } else { 0.0 } })
    }

    fn apply(self, x: f32) -> f32 {
        let x = if x.is_finite() { x } else { self.fill };
        (x - self.offset) * self.scale
    }
}

#[cfg(test)]
mod tests;
