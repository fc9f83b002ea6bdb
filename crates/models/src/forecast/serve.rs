//! The simple methods as trainers: parameters fitted once on many windows, written as a graph that takes a window.
//!
//! A method that is linear in the window is one matrix, found by asking it about each unit vector. Theta with a
//! season divides by factors read off the window, applies its matrix and multiplies. The multiplicative form of ETS is
//! neither, so that `ets` here is the better of its additive forms.

use super::ets::{self, Form};
use super::search::{lowest, lowest_in_cube};
use super::smoothing::{best_level, level, ses};
use super::{HISTORY, graph, season, simple, theta};
use crate::contract::{Artifact, Fit, FitError, Seed};
use domain::{Column, Examples, Target, Values};

/// Windows that parameters are fitted on: enough for four numbers, and soon done.
const FITTED_ON: usize = 120;

/// A simple method that can be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Servable {
    method: Name,
    season: usize,
    gap: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    Naive,
    SeasonalNaive,
    Drift,
    Mean,
    WindowAverage,
    SeasonalWindowAverage,
    Ses,
    DampedHolt,
    Ets,
    Theta,
}

/// Every simple method for series with this season, whose first forecast step is `gap` steps behind the window.
pub fn baselines(season: usize, gap: usize) -> Vec<Box<dyn Fit>> {
    use Name::*;
    let all = [
        Naive,
        SeasonalNaive,
        Drift,
        Mean,
        WindowAverage,
        SeasonalWindowAverage,
        Ses,
        DampedHolt,
        Ets,
        Theta,
    ];
    all.into_iter().map(|method| Box::new(Servable { method, season, gap }) as Box<dyn Fit>).collect()
}

/// The windows and paths of some examples.
pub struct Windows<'a> {
    history: &'a [f32],
    path: &'a [f64],
    /// Values of a window.
    pub length: usize,
    /// Steps of a path.
    pub horizon: usize,
}

impl<'a> Windows<'a> {
    /// Reads them off the columns that [`super::frame`] makes.
    pub fn of(trainer: &str, data: &'a Examples) -> Result<Windows<'a>, FitError> {
        let Target::Path { horizon, values } = &data.target else {
            let (trainer, expected) = (trainer.to_string(), "paths of a series".to_string());
            return Err(FitError::Task { trainer, found: "a target of another kind".into(), expected });
        };
        let Some(Column { values: Values::Tensor { shape, data: history }, .. }) = data.rows.column(HISTORY)
        else {
            let why = format!("column `{HISTORY}` with the past values is missing");
            return Err(FitError::Data { trainer: trainer.into(), why });
        };
        let windows = Windows { history, path: values, length: shape.iter().product(), horizon: *horizon };
        if windows.rows() == 0 {
            return Err(FitError::Data { trainer: trainer.into(), why: "there are no rows".into() });
        }
        if let Some(at) = history.iter().position(|v| !v.is_finite()) {
            let why = format!(
                "row {}, column {HISTORY}: {}, expected a number",
                at / windows.length + 1,
                history[at]
            );
            return Err(FitError::Data { trainer: trainer.into(), why });
        }
        Ok(windows)
    }

    /// The number of windows.
    pub fn rows(&self) -> usize {
        self.path.len() / self.horizon
    }

    /// One window.
    pub fn history(&self, row: usize) -> Vec<f64> {
        self.history[row * self.length..(row + 1) * self.length].iter().map(|v| f64::from(*v)).collect()
    }

    /// What followed it.
    pub fn path(&self, row: usize) -> &[f64] {
        &self.path[row * self.horizon..(row + 1) * self.horizon]
    }
}

/// A path as a function of a window.
type Path = Box<dyn Fn(&[f64], usize) -> Vec<f64>>;

impl Fit for Servable {
    fn name(&self) -> &str {
        match self.method {
            Name::Naive => "naive",
            Name::SeasonalNaive => "seasonal_naive",
            Name::Drift => "drift",
            Name::Mean => "mean",
            Name::WindowAverage => "window_average",
            Name::SeasonalWindowAverage => "seasonal_window_average",
            Name::Ses => "ses",
            Name::DampedHolt => "damped_holt",
            Name::Ets => "ets",
            Name::Theta => "theta",
        }
    }

    fn fit(
        &self,
        data: &Examples,
        _: Seed,
        progress: &mut dyn FnMut(f64) -> bool,
    ) -> Result<Artifact, FitError> {
        if !progress(0.0) {
            return Err(FitError::Interrupted);
        }
        let windows = Windows::of(self.name(), data)?;
        self.check(&windows)?;
        let mut onnx = graph::begin(self.name(), windows.length);
        let seasonal = self.method == Name::Theta && seasonal(&windows, self.season);
        let answer = if seasonal {
            self.write_seasonal(&mut onnx, &windows)
        } else {
            let path = self.path(&windows);
            graph::times(
                &mut onnx,
                HISTORY,
                &self.matrix(&path, windows.length, windows.horizon),
                windows.length,
            )
        };
        let onnx = graph::end(onnx, &answer, windows.horizon);
        let signature = graph::signature(windows.length, windows.horizon, &data.rows, &[]);
        progress(1.0);
        Ok(Artifact { onnx, signature })
    }
}

impl Servable {
    fn check(&self, windows: &Windows<'_>) -> Result<(), FitError> {
        let needed = match self.method {
            Name::Naive | Name::Mean => 1,
            Name::Drift => 2,
            Name::SeasonalNaive | Name::WindowAverage => self.season,
            Name::SeasonalWindowAverage => 2 * self.season,
            Name::Ses | Name::DampedHolt | Name::Theta => 5,
            Name::Ets => 2 * self.season + 5,
        };
        if windows.length >= needed {
            return Ok(());
        }
        let why = format!("windows have {} values, expected at least {needed}", windows.length);
        Err(FitError::Data { trainer: self.name().into(), why })
    }

    /// The method with its parameters fitted: linear in the window.
    fn path(&self, windows: &Windows<'_>) -> Path {
        let m = self.season;
        match self.method {
            Name::Naive => Box::new(simple::naive),
            Name::SeasonalNaive => Box::new(move |y, h| simple::seasonal_naive(y, m, h)),
            Name::Drift => Box::new(simple::drift),
            Name::Mean => Box::new(simple::mean),
            Name::WindowAverage => Box::new(move |y, h| simple::window_average(y, m, h)),
            Name::SeasonalWindowAverage => Box::new(move |y, h| simple::seasonal_window_average(y, m, 2, h)),
            Name::Ses => {
                let alpha = lowest(1e-4, 0.9999, |alpha| self.error(windows, &|y, h| smoothed(y, alpha, h)));
                Box::new(move |y, h| smoothed(y, alpha, h))
            }
            Name::DampedHolt => self.best_ets(windows, Form::DampedTrend).1,
            Name::Ets => {
                let (plain, seasonal) =
                    (self.best_ets(windows, Form::DampedTrend), self.best_ets(windows, Form::Additive));
                if plain.0 < seasonal.0 { plain.1 } else { seasonal.1 }
            }
            Name::Theta => {
                let alpha =
                    lowest(1e-4, 0.9999, |alpha| self.error(windows, &|y, h| theta_path(y, alpha, h)));
                Box::new(move |y, h| theta_path(y, alpha, h))
            }
        }
    }

    fn best_ets(&self, windows: &Windows<'_>, form: Form) -> (f64, Path) {
        let m = self.season;
        let path = move |x: &[f64]| {
            let parameters = ets::parameters(form, x);
            move |y: &[f64], h: usize| parameters.run(y, &ets::start(y, m, form)).forecast(h)
        };
        let error = |x: &[f64]| self.error(windows, &path(x));
        let best = lowest_in_cube(&vec![0.3; ets::free_parameters(form)], 60, error);
        (error(&best), Box::new(path(&best)))
    }

    /// The mean absolute error of a method on windows spread over the training rows.
    fn error(&self, windows: &Windows<'_>, path: &dyn Fn(&[f64], usize) -> Vec<f64>) -> f64 {
        let step = windows.rows().div_ceil(FITTED_ON);
        let rows: Vec<usize> = (0..windows.rows()).step_by(step).collect();
        let of = |row: usize| {
            let said = path(&windows.history(row), self.gap + windows.horizon);
            said[self.gap..].iter().zip(windows.path(row)).map(|(f, y)| (f - y).abs()).sum::<f64>()
        };
        rows.iter().map(|&row| of(row)).sum::<f64>() / (rows.len() * windows.horizon) as f64
    }

    /// A linear method as `[length, horizon]` weights: its answer to each unit vector.
    fn matrix(&self, path: &Path, length: usize, horizon: usize) -> Vec<f64> {
        let mut unit = vec![0.0; length];
        let mut matrix = Vec::with_capacity(length * horizon);
        for at in 0..length {
            unit[at] = 1.0;
            matrix.extend(path(&unit, self.gap + horizon).split_off(self.gap));
            unit[at] = 0.0;
        }
        matrix
    }

    /// Theta on the window without its season. Factors follow the window's phase, so that none has to be known.
    fn write_seasonal(&self, onnx: &mut crate::onnx::GraphBuilder, windows: &Windows<'_>) -> String {
        let (m, length, horizon) = (self.season, windows.length, windows.horizon);
        let trend = season::trend_weights(m);
        let reach = trend.len() / 2;
        let inner = length - 2 * reach;
        let level = graph::times(onnx, HISTORY, &shifted(&trend, length, inner), length);
        let middle = graph::times(onnx, HISTORY, &picked(length, inner, |t| t + reach), length);
        let ratio = onnx.op("Div", &[&middle, &level], vec![]);
        let by_slot = graph::times(onnx, &ratio, &slot_means(inner, m, reach), inner);
        let mean = graph::times(onnx, &by_slot, &vec![1.0 / m as f64; m], m);
        let factors = onnx.op("Div", &[&by_slot, &mean], vec![]);
        let over_window = graph::times(onnx, &factors, &picked(m, length, |t| t % m), m);
        let plain = onnx.op("Div", &[HISTORY, &over_window], vec![]);
        let alpha = lowest(1e-4, 0.9999, |alpha| {
            self.error(windows, &|y, h| season::deseasonalised(y, m, h, |y, h| theta_path(y, alpha, h)))
        });
        let path: Path = Box::new(move |y, h| theta_path(y, alpha, h));
        let ahead = graph::times(onnx, &plain, &self.matrix(&path, length, horizon), length);
        let over_path = graph::times(onnx, &factors, &picked(m, horizon, |t| (length + self.gap + t) % m), m);
        onnx.op("Mul", &[&ahead, &over_path], vec![])
    }
}

/// Whether most windows have a season that can be divided out.
fn seasonal(windows: &Windows<'_>, season: usize) -> bool {
    let step = windows.rows().div_ceil(FITTED_ON);
    let rows: Vec<usize> = (0..windows.rows()).step_by(step).collect();
    let with = rows.iter().filter(|&&row| season::factors(&windows.history(row), season).is_some()).count();
    let positive = windows.history.iter().all(|v| *v > 0.0);
    positive && 2 * with > rows.len()
}

fn smoothed(y: &[f64], alpha: f64, horizon: usize) -> Vec<f64> {
    ses(alpha).run(y, &level(best_level(y, alpha))).forecast(horizon)
}

fn theta_path(y: &[f64], alpha: f64, horizon: usize) -> Vec<f64> {
    let (intercept, slope) = theta::line(y);
    let trend = |t: usize| intercept + slope * t as f64;
    let curved: Vec<f64> = y.iter().enumerate().map(|(t, v)| 2.0 * v - trend(t)).collect();
    let half = smoothed(&curved, alpha, horizon);
    half.into_iter().enumerate().map(|(step, s)| 0.5 * s + 0.5 * trend(y.len() + step)).collect()
}

/// `[length, columns]`: column t holds the weights from row t on.
fn shifted(weights: &[f64], length: usize, columns: usize) -> Vec<f64> {
    let mut matrix = vec![0.0; length * columns];
    for t in 0..columns {
        weights.iter().enumerate().for_each(|(i, w)| matrix[(t + i) * columns + t] = *w);
    }
    matrix
}

/// `[rows, columns]`: column t is row `of(t)`.
fn picked(rows: usize, columns: usize, of: impl Fn(usize) -> usize) -> Vec<f64> {
    let mut matrix = vec![0.0; rows * columns];
    (0..columns).for_each(|t| matrix[of(t) * columns + t] = 1.0);
    matrix
}

/// `[inner, season]`: the mean of the rows of each slot, where row t is step t + reach of the window.
fn slot_means(inner: usize, season: usize, reach: usize) -> Vec<f64> {
    let mut counts = vec![0.0; season];
    (0..inner).for_each(|t| counts[(t + reach) % season] += 1.0);
    let mut matrix = vec![0.0; inner * season];
    (0..inner).for_each(|t| matrix[t * season + (t + reach) % season] = 1.0 / counts[(t + reach) % season]);
    matrix
}
