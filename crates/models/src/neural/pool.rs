//! The largest of every 2 x 2 pixels; an odd last row or column is left out.

/// Of so many pixels that come in; channels do not matter.
#[derive(Debug, Clone)]
pub(super) struct Pool {
    pub height: usize,
    pub width: usize,
}

impl Pool {
    /// Pixels that come in, of one channel.
    pub fn pixels(&self) -> usize {
        self.height * self.width
    }

    /// Pixels that go out, of one channel.
    pub fn pooled(&self) -> usize {
        (self.height / 2) * (self.width / 2)
    }

    pub fn forward(&self, input: &[f32]) -> Vec<f32> {
        let mut output = Vec::with_capacity(input.len() / self.pixels() * self.pooled());
        for channel in input.chunks_exact(self.pixels()) {
            for rows in channel.chunks_exact(2 * self.width) {
                let (upper, lower) = rows.split_at(self.width);
                let pairs = upper.chunks_exact(2).zip(lower.chunks_exact(2));
                output.extend(pairs.map(|(u, l)| u[0].max(u[1]).max(l[0].max(l[1]))));
            }
        }
        output
    }

    /// The gradient goes to the first of the largest.
    pub fn backward(&self, input: &[f32], gradient: &[f32]) -> Vec<f32> {
        let mut before = vec![0.0; input.len()];
        let mut pulls = gradient.iter();
        let channels = input.chunks_exact(self.pixels()).zip(before.chunks_exact_mut(self.pixels()));
        for (channel, out) in channels {
            for y in 0..self.height / 2 {
                for x in 0..self.width / 2 {
                    let corner = 2 * y * self.width + 2 * x;
                    let places = [corner, corner + 1, corner + self.width, corner + self.width + 1];
                    let first = places.into_iter().reduce(|a, b| if channel[b] > channel[a] { b } else { a });
                    out[first.unwrap_or(corner)] = pulls.next().copied().unwrap_or_default();
                }
            }
        }
        before
    }
}
