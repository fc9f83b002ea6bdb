//! Steps down the gradient: Adam with weight decay apart from it, and a rate that rises once and falls once.
//!
//! *Source*: Kingma and Ba 2015; Loshchilov and Hutter 2019 (AdamW); Smith and Topin 2018 (one cycle).

/// How fast the mean of gradients forgets.
const MEAN: f32 = 0.9;
/// How fast the mean of their squares forgets.
const SQUARE: f32 = 0.999;
/// Keeps a step finite where no gradient was ever seen.
const LEAST: f32 = 1e-8;
/// The share of steps during which the rate rises.
const RISE: f64 = 0.25;

/// What is remembered of earlier gradients.
pub(super) struct Adam {
    mean: Vec<f32>,
    square: Vec<f32>,
    steps: i32,
    decay: f32,
}

impl Adam {
    pub fn new(parameters: usize, decay: f32) -> Adam {
        Adam { mean: vec![0.0; parameters], square: vec![0.0; parameters], steps: 0, decay }
    }

    /// One step at a rate.
    pub fn step(&mut self, parameters: &mut [f32], gradient: &[f32], rate: f32) {
        self.steps += 1;
        let (first, second) = (1.0 - MEAN.powi(self.steps), 1.0 - SQUARE.powi(self.steps));
        let memory = self.mean.iter_mut().zip(&mut self.square);
        for ((parameter, &slope), (mean, square)) in parameters.iter_mut().zip(gradient).zip(memory) {
            *mean = MEAN * *mean + (1.0 - MEAN) * slope;
            *square = SQUARE * *square + (1.0 - SQUARE) * slope * slope;
            let step = *mean / first / ((*square / second).sqrt() + LEAST);
            *parameter -= rate * (step + self.decay * *parameter);
        }
    }
}

/// The share of the highest rate at a step: from a tenth up, and down to almost nothing, both as cosines.
pub(super) fn cycle(step: usize, steps: usize) -> f32 {
    let at = (step as f64 + 0.5) / steps.max(1) as f64;
    let wave = |x: f64| 0.5 - 0.5 * (std::f64::consts::PI * x).cos();
    if at < RISE {
        return (0.1 + 0.9 * wave(at / RISE)) as f32;
    }
    (1.0 - 0.999 * wave((at - RISE) / (1.0 - RISE))) as f32
}
