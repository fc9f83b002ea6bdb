//! Exponential smoothing fitted to a series, the form chosen by AICc.
//!
//! Forms: a level (A,N,N); a damped trend (A,Ad,N); both with an additive season (A,Ad,A) or a multiplicative one
//! (M,Ad,M). Parameters minimise the Gaussian likelihood; first states come from the first two seasons and are not
//! optimised, so that the additive forms stay linear in the series.
//!
//! *Source* Hyndman, Koehler, Ord and Snyder 2008, chapters 2 and 5. `augurs-ets` 0.10 has no seasonal models, which
//! is why they are written here.

use super::search::lowest_in_cube;
use super::smoothing::{Smoothed, Smoothing, State};

/// A form of exponential smoothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// (A,N,N)
    Level,
    /// (A,Ad,N)
    DampedTrend,
    /// (A,Ad,A)
    Additive,
    /// (M,Ad,M)
    Multiplicative,
}

/// A fitted form.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// Which form.
    pub form: Form,
    /// Its parameters.
    pub parameters: Smoothing,
    /// Akaike's criterion, corrected for short series: lower is better.
    pub aicc: f64,
    end: Smoothed,
}

impl Fitted {
    /// The next `horizon` values.
    pub fn forecast(&self, horizon: usize) -> Vec<f64> {
        if self.form != Form::Multiplicative {
            return self.end.forecast(horizon);
        }
        let (state, phi) = (&self.end.state, self.parameters.phi);
        let (mut weight, mut trend) = (1.0, 0.0);
        let step = |step: usize| {
            weight *= phi;
            trend += weight * state.trend;
            (state.level + trend) * state.season[step % state.season.len()]
        };
        (0..horizon).map(step).collect()
    }
}

/// The form with the lowest AICc, continued.
pub fn automatic(y: &[f64], season: usize, horizon: usize) -> Vec<f64> {
    let seasonal = season > 1 && y.len() >= 2 * season + 5;
    let positive = y.iter().all(|v| *v > 0.0);
    let mut forms = vec![Form::Level, Form::DampedTrend];
    if seasonal {
        forms.push(Form::Additive);
    }
    if seasonal && positive {
        forms.push(Form::Multiplicative);
    }
    let fits = forms.into_iter().map(|form| fit(y, season, form));
    let best = fits.min_by(|a, b| a.aicc.total_cmp(&b.aicc));
    best.map(|fitted| fitted.forecast(horizon)).unwrap_or_default()
}

/// Fits one form.
pub fn fit(y: &[f64], season: usize, form: Form) -> Fitted {
    let start = start(y, season, form);
    let free = free_parameters(form);
    let score = |x: &[f64]| deviance(y, &run(y, form, &parameters(form, x), &start), form);
    let x = lowest_in_cube(&vec![0.3; free], 120, score);
    let parameters = parameters(form, &x);
    let end = run(y, form, &parameters, &start);
    // Parameters, first states and the variance.
    let k = (free + 1 + usize::from(form != Form::Level) + start.season.len() + 1) as f64;
    let n = y.len() as f64;
    let correction = if n > k + 1.0 { 2.0 * k * (k + 1.0) / (n - k - 1.0) } else { f64::INFINITY };
    let aicc = deviance(y, &end, form) + 2.0 * k + correction;
    Fitted { form, parameters, aicc, end }
}

/// Parameters from numbers in the unit interval: beta and gamma within their usual bounds of alpha, phi in 0.8 to 0.98.
pub fn parameters(form: Form, x: &[f64]) -> Smoothing {
    let alpha = 1e-4 + 0.9998 * x[0];
    let trend = x.get(1).map_or((0.0, 0.0), |beta| (*beta, 0.8 + 0.18 * x[2]));
    let gamma =
        if matches!(form, Form::Additive | Form::Multiplicative) { x[3] * (1.0 - alpha) } else { 0.0 };
    Smoothing { alpha, beta: trend.0, gamma, phi: trend.1 }
}

/// How many numbers [`parameters`] takes.
pub fn free_parameters(form: Form) -> usize {
    match form {
        Form::Level => 1,
        Form::DampedTrend => 3,
        Form::Additive | Form::Multiplicative => 4,
    }
}

/// The first states: level, trend and season of the first two seasons, linear in the series but for
/// [`Form::Multiplicative`].
pub fn start(y: &[f64], season: usize, form: Form) -> State {
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len().max(1) as f64;
    match form {
        Form::Level => State { level: y[0], trend: 0.0, season: Vec::new() },
        Form::DampedTrend => {
            let few = y.len().min(5);
            State { level: y[0], trend: (y[few - 1] - y[0]) / (few - 1).max(1) as f64, season: Vec::new() }
        }
        Form::Additive | Form::Multiplicative => {
            let (first, second) = (mean(&y[..season]), mean(&y[season..2 * season]));
            let slot = |i: usize| match form {
                Form::Additive => 0.5 * (y[i] - first + y[i + season] - second),
                _ => 0.5 * (y[i] / first + y[i + season] / second),
            };
            let trend = (second - first) / season as f64;
            State { level: first, trend, season: (0..season).map(slot).collect() }
        }
    }
}

fn run(y: &[f64], form: Form, parameters: &Smoothing, start: &State) -> Smoothed {
    if form == Form::Multiplicative {
        run_multiplicative(y, parameters, start)
    } else {
        parameters.run(y, start)
    }
}

/// The recursion of (M,Ad,M): the additive one on the series over its season, and the season on the series over
/// its level.
fn run_multiplicative(y: &[f64], p: &Smoothing, start: &State) -> Smoothed {
    let season = start.season.len();
    let mut state = start.clone();
    let mut fitted = Vec::with_capacity(y.len());
    for (t, value) in y.iter().enumerate() {
        let (carried, factor) = (p.phi * state.trend, state.season[t % season]);
        let base = state.level + carried;
        fitted.push(base * factor);
        let level = p.alpha * value / factor + (1.0 - p.alpha) * base;
        state.trend = p.beta * (level - state.level) + (1.0 - p.beta) * carried;
        state.season[t % season] = p.gamma * value / base + (1.0 - p.gamma) * factor;
        state.level = level;
    }
    state.season.rotate_left(y.len() % season);
    // A plain level carries the end state; its own additive forecast is never asked for.
    Smoothed { fitted, state, ..p.run(&[], start) }
}

/// Minus twice the log likelihood, up to a constant: n ln SSE, on relative errors plus 2 sum ln |forecast| for
/// multiplicative errors.
fn deviance(y: &[f64], smoothed: &Smoothed, form: Form) -> f64 {
    let n = y.len() as f64;
    let pairs = || y.iter().zip(&smoothed.fitted);
    let value = if form == Form::Multiplicative {
        let squares: f64 = pairs().map(|(y, f)| ((y - f) / f).powi(2)).sum();
        n * squares.max(1e-300).ln() + 2.0 * pairs().map(|(_, f)| f.abs().max(1e-300).ln()).sum::<f64>()
    } else {
        n * smoothed.squared_error(y).max(1e-300).ln()
    };
    if value.is_finite() { value } else { f64::INFINITY }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(multiplicative: bool) -> Vec<f64> {
        let season = [-8.0, -2.0, 4.0, 6.0];
        let noise = |t: usize| ((t * 2_654_435_761) % 1_000) as f64 / 1_000.0 - 0.5;
        let value = |t: usize| {
            let level = 40.0 + t as f64;
            if multiplicative {
                level * (1.0 + season[t % 4] / 20.0) + noise(t)
            } else {
                level + season[t % 4] + noise(t)
            }
        };
        (0..80).map(value).collect()
    }

    #[test]
    fn the_form_that_made_a_series_has_the_lowest_criterion() {
        for (multiplicative, form) in [(false, Form::Additive), (true, Form::Multiplicative)] {
            let y = series(multiplicative);
            let other = if multiplicative { Form::Additive } else { Form::Multiplicative };
            assert!(fit(&y, 4, form).aicc < fit(&y, 4, other).aicc, "{form:?}");
            assert!(fit(&y, 4, form).aicc < fit(&y, 4, Form::DampedTrend).aicc, "{form:?}");
        }
    }

    #[test]
    fn a_seasonal_series_is_continued_close_to_its_truth() {
        let y = series(false);
        let path = automatic(&y[..72], 4, 8);
        let error: f64 = path.iter().zip(&y[72..]).map(|(f, y)| (f - y).abs()).sum::<f64>() / 8.0;
        assert!(error < 2.0, "mean error {error}");
    }
}
