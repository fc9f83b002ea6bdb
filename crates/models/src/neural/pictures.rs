//! One column of pictures as rows of a network: numbers around 0, and what each picture shows.
//!
//! Not the decoding of files, which is the store's. Invariant: every number is finite, and the graph scales pictures by
//! the mean and the deviation that stand here.

use super::train::Rows;
use crate::contract::FitError;
use crate::supervise::{self, Classes};
use domain::{Examples, Values};
use stats::random;

/// Pictures with what they show.
pub(super) struct Pictures<'a> {
    /// Of the column.
    pub name: &'a str,
    /// Channels, height, width.
    pub shape: [usize; 3],
    data: &'a [f32],
    /// Of each channel.
    pub mean: Vec<f32>,
    /// One over the deviation of each channel; 0 where it never changes.
    pub scale: Vec<f32>,
    /// As many numbers a row: the classes, or twice as many for a student.
    truth: Vec<f32>,
    weight: Vec<f32>,
    mirror: bool,
}

impl<'a> Pictures<'a> {
    /// Refuses anything but one column of finite pictures.
    pub fn new(data: &'a Examples, target: &Classes<'_>, mirror: bool) -> Result<Pictures<'a>, FitError> {
        let (name, shape, numbers) = pictures_of(data)?;
        let size: usize = shape.iter().product();
        if let Some(row) = numbers.chunks_exact(size).position(|p| p.iter().any(|x| !x.is_finite())) {
            let why =
                format!("column `{name}`: the picture of row {row} has a number that is missing or infinite");
            return Err(supervise::bad("cnn", why));
        }
        let (mean, scale) = spread(numbers, shape);
        let truth = target.probability.iter().map(|&p| p as f32).collect();
        let weight = supervise::relative(&target.weight);
        Ok(Pictures { name, shape, data: numbers, mean, scale, truth, weight, mirror })
    }

    /// The same pictures for a student: behind what is true of a row stands what its teacher says, `classes` numbers.
    pub fn taught(mut self, soft: &[f64], classes: usize) -> Pictures<'a> {
        let rows = self.truth.chunks_exact(classes).zip(soft.chunks_exact(classes));
        self.truth =
            rows.flat_map(|(own, soft)| own.iter().copied().chain(soft.iter().map(|&p| p as f32))).collect();
        self
    }

    fn size(&self) -> usize {
        self.shape.iter().product()
    }
}

impl Rows for Pictures<'_> {
    fn input(&self, row: usize, draw: u64, into: &mut Vec<f32>) {
        let [_, height, width] = self.shape;
        let picture = &self.data[row * self.size()..(row + 1) * self.size()];
        let mirror = self.mirror && random::bits(draw, 0, 0) & 1 == 1;
        let channels = picture.chunks_exact(height * width).zip(self.mean.iter().zip(&self.scale));
        for (channel, (&mean, &scale)) in channels {
            for line in channel.chunks_exact(width) {
                let scaled = line.iter().map(|x| (x - mean) * scale);
                if mirror { into.extend(scaled.rev()) } else { into.extend(scaled) }
            }
        }
    }

    fn truth(&self, row: usize) -> &[f32] {
        let wide = self.truth.len() / self.weight.len();
        &self.truth[row * wide..(row + 1) * wide]
    }

    fn weight(&self, row: usize) -> f32 {
        self.weight[row]
    }
}

/// The one column, which must be of pictures.
fn pictures_of(data: &Examples) -> Result<(&str, [usize; 3], &[f32]), FitError> {
    let columns = data.rows.columns();
    if let [column] = columns
        && let Values::Tensor { shape, data } = &column.values
        && let &[channels, height, width] = shape.as_slice()
        && channels * height * width > 0
    {
        return Ok((&column.name, [channels, height, width], data));
    }
    let found: Vec<String> = columns.iter().map(|c| format!("`{}` ({})", c.name, c.values.kind())).collect();
    let found = if found.is_empty() { "none".into() } else { found.join(", ") };
    let expected = "one column of pictures, of channels by height by width";
    Err(supervise::bad("cnn", format!("the columns to learn from are {found}, expected {expected}")))
}

/// Mean of each channel and one over its deviation.
fn spread(numbers: &[f32], shape: [usize; 3]) -> (Vec<f32>, Vec<f32>) {
    let [channels, height, width] = shape;
    let plane = height * width;
    let moments = |channel: usize| {
        let planes = numbers.chunks_exact(plane).skip(channel).step_by(channels);
        let (mut sum, mut squares, mut count) = (0.0, 0.0, 0.0);
        for &x in planes.flatten() {
            let x = f64::from(x);
            (sum, squares, count) = (sum + x, squares + x * x, count + 1.0);
        }
        let mean = sum / count;
        let deviation = (squares / count - mean * mean).max(0.0).sqrt();
        (mean as f32, if deviation > 1e-6 * mean.abs().max(1e-6) { (1.0 / deviation) as f32 } else { 0.0 })
    };
    (0..channels).map(moments).unzip()
}
