//! The features of a window for each step ahead, computed by the graph itself: training runs the very graph that
//! serving runs, up to the features.
//!
//! Values are centred on the window's last season and scaled by their mean distance from it, so that series of
//! different size can share one model.

use super::{HISTORY, ORIGIN, graph};
use crate::onnx::{Attribute, Dtype, GraphBuilder};

/// Past values at the same place of the season, this many seasons back at the most.
const SEASONS_BACK: usize = 8;
/// Last values, whatever their place.
const LAST: usize = 4;
/// Keeps a constant window from dividing by zero.
const SMALL: f32 = 1e-6;
/// Seconds of ten thousand weeks: whole days and weeks that make any instant since 1778 positive.
const SHIFT: i64 = 10_000 * 7 * 86_400;

/// How features are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Features {
    /// Values of a window.
    pub length: usize,
    /// Steps of a path.
    pub horizon: usize,
    /// Steps of a season.
    pub season: usize,
    /// Steps between the window's last value and the path's first.
    pub gap: usize,
    /// Seconds of a step.
    pub step: i64,
}

/// The names of what a graph has come to hold.
pub struct Written {
    /// `[N * horizon, width]`.
    pub features: String,
    /// `[N, 1]`: what was taken off.
    pub centre: String,
    /// `[N, 1]`: what was divided by.
    pub scale: String,
}

impl Features {
    /// Features of one step.
    pub fn width(&self) -> usize {
        self.lags(0).len() + self.means().len() + 1 + 1 + 7
    }

    /// Places in the window that step `step` looks at: the last values, then the same slot of past seasons.
    fn lags(&self, step: usize) -> Vec<usize> {
        let last = (0..LAST.min(self.length)).map(|back| self.length - 1 - back);
        let target = self.length + self.gap + step;
        let nearest = target.saturating_sub(self.length - 1).div_ceil(self.season);
        // As many seasons as the last step still has in the window, so that every step has as many features.
        let furthest =
            (self.length + self.gap + self.horizon - 1).saturating_sub(self.length - 1).div_ceil(self.season);
        let count = (self.length / self.season).saturating_sub(furthest - 1).min(SEASONS_BACK);
        let same_slot = (nearest..nearest + count).map(|k| target - k * self.season);
        last.chain(same_slot).collect()
    }

    /// Windows whose means are features: the last season, the one before, seven of them, all.
    fn means(&self) -> Vec<(usize, usize)> {
        let (l, m) = (self.length, self.season);
        let spans = [(l.saturating_sub(2 * m), l.saturating_sub(m)), (l.saturating_sub(7 * m), l), (0, l)];
        spans.into_iter().filter(|(from, to)| from < to).collect()
    }

    /// Writes the features into a graph that has the inputs `history` and `origin`.
    pub fn write(&self, onnx: &mut GraphBuilder) -> Written {
        let l = self.length;
        let season = self.season.min(l);
        let mut last = vec![0.0; l];
        last[l - season..].iter_mut().for_each(|w| *w = 1.0 / season as f64);
        let centre = graph::times_exactly(onnx, HISTORY, &last, l);
        let centred = onnx.op("Sub", &[HISTORY, &centre], vec![]);
        let distance = onnx.op("Abs", &[&centred], vec![]);
        let distance = graph::times_exactly(onnx, &distance, &vec![1.0 / l as f64; l], l);
        let small = graph::row(onnx, &[SMALL]);
        let scale = onnx.op("Add", &[&distance, &small], vec![]);
        let scaled = onnx.op("Div", &[&centred, &scale], vec![]);
        let parts = [
            self.write_lags(onnx, &scaled),
            self.write_means(onnx, &scaled),
            self.write_step(onnx),
            self.write_calendar(onnx),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        let features = onnx.op("Concat", &parts, vec![("axis", Attribute::Int(1))]);
        Written { features, centre, scale }
    }

    fn write_lags(&self, onnx: &mut GraphBuilder, scaled: &str) -> Vec<String> {
        let places: Vec<i64> = (0..self.horizon).flat_map(|step| self.lags(step)).map(|p| p as i64).collect();
        let width = places.len() / self.horizon;
        let name = onnx.fresh("places");
        onnx.initializer_i64(&name, &[places.len()], places);
        let gathered = onnx.op("Gather", &[scaled, &name], vec![("axis", Attribute::Int(1))]);
        vec![graph::reshape(onnx, &gathered, width)]
    }

    fn write_means(&self, onnx: &mut GraphBuilder, scaled: &str) -> Vec<String> {
        let (means, h) = (self.means(), self.horizon);
        let mut matrix = vec![0.0; self.length * means.len()];
        for (i, (from, to)) in means.iter().enumerate() {
            (*from..*to).for_each(|t| matrix[t * means.len() + i] = 1.0 / (to - from) as f64);
        }
        let each = graph::times_exactly(onnx, scaled, &matrix, self.length);
        // Every step is given the same means.
        let columns = means.len() * h;
        let mut repeat = vec![0.0; means.len() * columns];
        (0..columns).for_each(|column| repeat[column % means.len() * columns + column] = 1.0);
        let all = graph::times(onnx, &each, &repeat, means.len());
        vec![graph::reshape(onnx, &all, means.len())]
    }

    /// How far ahead, as a share of the horizon.
    fn write_step(&self, onnx: &mut GraphBuilder) -> Vec<String> {
        let none = graph::times(onnx, HISTORY, &vec![0.0; self.length * self.horizon], self.length);
        let steps: Vec<f32> = (1..=self.horizon).map(|s| s as f32 / self.horizon as f32).collect();
        let steps = graph::row(onnx, &steps);
        let all = onnx.op("Add", &[&none, &steps], vec![]);
        vec![graph::reshape(onnx, &all, 1)]
    }

    /// The time of day, 0 to 1, and the day of the week, one column each, of the instant that is forecast.
    fn write_calendar(&self, onnx: &mut GraphBuilder) -> Vec<String> {
        let whole = |onnx: &mut GraphBuilder, stem: &str, shape: &[usize], values: Vec<i64>| {
            let name = onnx.fresh(stem);
            onnx.initializer_i64(&name, shape, values);
            name
        };
        let ahead = (1..=self.horizon).map(|s| SHIFT + (self.gap + s) as i64 * self.step).collect();
        let ahead = whole(onnx, "ahead", &[1, self.horizon], ahead);
        // A missing instant counts as 1970: the window still tells most of the path.
        let none = onnx.op("IsNaN", &[ORIGIN], vec![]);
        let zero = onnx.fresh("zero");
        onnx.initializer_f64(&zero, &[1, 1], vec![0.0]);
        let origin = onnx.op("Where", &[none.as_str(), &zero, ORIGIN], vec![]);
        let origin = onnx.op("Cast", &[&origin], vec![("to", Attribute::Int(7))]);
        let instant = onnx.op("Add", &[&origin, &ahead], vec![]);
        let day = whole(onnx, "day", &[1], vec![86_400]);
        let second = onnx.op("Mod", &[&instant, &day], vec![]);
        let second = onnx.op("Cast", &[&second], vec![("to", Attribute::Int(1))]);
        let share = graph::row(onnx, &[1.0 / 86_400.0]);
        let time = onnx.op("Mul", &[&second, &share], vec![]);
        let time = graph::reshape(onnx, &time, 1);
        let days = onnx.op("Div", &[&instant, &day], vec![]);
        let week = whole(onnx, "week", &[1], vec![7]);
        let weekday = onnx.op("Mod", &[&days, &week], vec![]);
        let weekday = graph::reshape(onnx, &weekday, 1);
        let each = whole(onnx, "weekdays", &[1, 7], (0..7).collect());
        let equal = onnx.op("Equal", &[&weekday, &each], vec![]);
        vec![time, onnx.op("Cast", &[&equal], vec![("to", Attribute::Int(1))])]
    }
}

/// A graph of the inputs alone.
pub fn inputs(name: &str, features: &Features) -> GraphBuilder {
    let mut onnx = graph::begin(name, features.length);
    onnx.input(ORIGIN, Dtype::F64, &[1]);
    onnx
}
