//! Exponential smoothing with given parameters, and simple exponential smoothing fitted to a series.
//!
//! *Source* Holt 1957; Winters 1960; Gardner 1985 for the damped trend. *Checked against* statsmodels 0.15.0
//! `SimpleExpSmoothing`, `Holt(damped_trend)`, `ExponentialSmoothing(add, add)`.

use super::search::lowest;

/// Exponential smoothing with an additive, perhaps damped, trend and an additive season.
#[derive(Debug, Clone, PartialEq)]
pub struct Smoothing {
    /// How fast the level follows, 0 to 1.
    pub alpha: f64,
    /// How fast the trend follows, 0 to 1; 0 with a trend of 0 is no trend.
    pub beta: f64,
    /// How fast the season follows, 0 to 1.
    pub gamma: f64,
    /// What is left of the trend after a step, 0 to 1.
    pub phi: f64,
}

/// Where smoothing begins, and where it has come to.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// The level.
    pub level: f64,
    /// The trend.
    pub trend: f64,
    /// One value for each step of the season, the next one first; empty without a season.
    pub season: Vec<f64>,
}

/// What smoothing made of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct Smoothed {
    /// The one-step forecast of every value, made before it was seen.
    pub fitted: Vec<f64>,
    /// The state behind the last value.
    pub state: State,
    pub(super) phi: f64,
}

impl Smoothing {
    /// Runs over a series from a given state.
    pub fn run(&self, y: &[f64], start: &State) -> Smoothed {
        let mut state = start.clone();
        let mut fitted = Vec::with_capacity(y.len());
        for (t, &value) in y.iter().enumerate() {
            fitted.push(self.step(&mut state, value, t));
        }
        if !state.season.is_empty() {
            let turned = y.len() % state.season.len();
            state.season.rotate_left(turned);
        }
        Smoothed { fitted, state, phi: self.phi }
    }

    fn step(&self, state: &mut State, value: f64, t: usize) -> f64 {
        let slot = if state.season.is_empty() { 0 } else { t % state.season.len() };
        let seasonal = state.season.get(slot).copied().unwrap_or(0.0);
        let carried = self.phi * state.trend;
        let base = state.level + carried;
        let level = self.alpha * (value - seasonal) + (1.0 - self.alpha) * base;
        state.trend = self.beta * (level - state.level) + (1.0 - self.beta) * carried;
        if let Some(own) = state.season.get_mut(slot) {
            *own = self.gamma * (value - base) + (1.0 - self.gamma) * seasonal;
        }
        state.level = level;
        base + seasonal
    }
}

impl Smoothed {
    /// The next `horizon` values.
    pub fn forecast(&self, horizon: usize) -> Vec<f64> {
        let mut trend = 0.0;
        let mut weight = 1.0;
        let step = |step: usize| {
            weight *= self.phi;
            trend += weight * self.state.trend;
            let season = &self.state.season;
            self.state.level + trend + if season.is_empty() { 0.0 } else { season[step % season.len()] }
        };
        (0..horizon).map(step).collect()
    }

    /// The sum of squared one-step errors.
    pub fn squared_error(&self, y: &[f64]) -> f64 {
        self.fitted.iter().zip(y).map(|(f, y)| (y - f) * (y - f)).sum()
    }
}

/// Simple exponential smoothing: a level and nothing else.
pub fn ses(alpha: f64) -> Smoothing {
    Smoothing { alpha, beta: 0.0, gamma: 0.0, phi: 0.0 }
}

/// A level to start from.
pub fn level(level: f64) -> State {
    State { level, trend: 0.0, season: Vec::new() }
}

/// The alpha and the first level with the smallest sum of squared one-step errors.
///
/// For a given alpha the best level has a closed form, so that only alpha is searched: first on a grid, since the
/// sum can have several low points, then around the best of it.
pub fn best_ses(y: &[f64]) -> (f64, f64) {
    let error = |alpha: f64| ses(alpha).run(y, &level(best_level(y, alpha))).squared_error(y);
    let alpha = lowest(1e-4, 0.9999, error);
    (alpha, best_level(y, alpha))
}

/// Simple exponential smoothing with the alpha and level of [`best_ses`].
pub fn fit_ses(y: &[f64]) -> Smoothed {
    let (alpha, start) = best_ses(y);
    ses(alpha).run(y, &level(start))
}

/// The first level with the smallest sum of squares: errors are linear in it, e = a - (1 - alpha)^t l.
pub fn best_level(y: &[f64], alpha: f64) -> f64 {
    let (mut from_zero, mut weight) = (0.0, 1.0);
    let (mut cross, mut squares) = (0.0, 0.0);
    for &value in y {
        cross += weight * (value - from_zero);
        squares += weight * weight;
        from_zero += alpha * (value - from_zero);
        weight *= 1.0 - alpha;
    }
    cross / squares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closed_form_level_is_the_best_one() {
        let y: Vec<f64> = (0..30).map(|t| 10.0 + f64::from(t * 7 % 5)).collect();
        let best = best_level(&y, 0.3);
        let error = |l: f64| ses(0.3).run(&y, &level(l)).squared_error(&y);
        assert!(error(best) < error(best + 0.01) && error(best) < error(best - 0.01));
    }
}
