//! The distribution of Kolmogorov's statistic for one sample of n rows.
//!
//! Not the limit for n → ∞, which is off by a tenth at a hundred rows. Three methods, each where it keeps
//! its digits (Simard and L'Ecuyer 2011): twice the one-sided tail, all terms positive, where the
//! statistic is large; Durbin's matrix where it is small; Pelz and Good's series for many rows between.

use crate::distribution::binomial_pmf_between;
use crate::sum::sum;
use libm::lgamma;
use std::f64::consts::PI;

/// Above this many terms the tail's sum takes every so-manyth: its summand is smooth and vanishes with
/// all its derivatives at both ends, where such a sum loses nothing.
const TERMS: u64 = 8_192;

/// P(D ≥ `x`) of `rows` rows.
pub(super) fn upper(rows: u64, x: f64) -> f64 {
    let n = rows as f64;
    let squared = n * x * x;
    if x >= 1.0 || n * x <= 0.5 {
        return if x >= 1.0 { 0.0 } else { 1.0 };
    }
    if x >= 0.5 || squared >= 4.0 || (rows > 140 && squared >= 2.2) {
        return (2.0 * one_sided_upper(rows, x)).min(1.0);
    }
    let small = rows <= 140 || (rows <= 100_000 && n * x.powf(1.5) <= 1.4);
    let lower = if small { durbin(rows, x) } else { pelz_good(n, x) };
    (1.0 - lower).clamp(0.0, 1.0)
}

/// P(D⁺ ≥ x): Σ of x/(x + v/n) times the binomial chance of v among n at share x + v/n (Birnbaum and
/// Tingey 1951).
fn one_sided_upper(rows: u64, x: f64) -> f64 {
    let n = rows as f64;
    let last = (n * (1.0 - x)).floor() as u64;
    let stride = (last / TERMS).max(1);
    let term = |v: u64| {
        let v = v as f64;
        let share = x + v / n;
        if share >= 1.0 { 0.0 } else { x / share * binomial_pmf_between(v, n - v, share, -n * x) }
    };
    stride as f64 * sum((0..=last).step_by(stride as usize).map(term))
}

/// P(D ≤ x), exactly: n!/nⁿ times the middle of a matrix's nth power (Durbin 1973; Marsaglia, Tsang and
/// Wang 2003).
fn durbin(rows: u64, x: f64) -> f64 {
    let n = rows as f64;
    let k = (n * x).ceil() as usize;
    let power = Scaled { cells: durbin_matrix(2 * k - 1, k as f64 - n * x), log: 0.0 }.power(rows, 2 * k - 1);
    let middle = power.cells[(k - 1) * (2 * k - 1) + k - 1];
    (middle.ln() + power.log + lgamma(n + 1.0) - n * n.ln()).exp()
}

fn durbin_matrix(width: usize, h: f64) -> Vec<f64> {
    let factorials: Vec<f64> = (0..=width)
        .scan(1.0, |f, i| {
            *f *= (i.max(1)) as f64;
            Some(*f)
        })
        .collect();
    let edge = |i: usize| 1.0 - h.powi(i as i32 + 1);
    let mut cells = vec![0.0; width * width];
    for i in 0..width {
        for j in 0..width.min(i + 2) {
            let corner = i == width - 1 && j == 0;
            let part = match (j == 0, i == width - 1) {
                _ if corner => 1.0 - 2.0 * h.powi(width as i32) + (2.0 * h - 1.0).max(0.0).powi(width as i32),
                (true, _) => edge(i),
                (_, true) => edge(width - 1 - j),
                _ => 1.0,
            };
            cells[i * width + j] = part / factorials[i + 1 - j];
        }
    }
    cells
}

/// A matrix times e^log: powers of it leave the floats' range.
#[derive(Clone)]
struct Scaled {
    cells: Vec<f64>,
    log: f64,
}

impl Scaled {
    fn times(&self, other: &Scaled, width: usize) -> Scaled {
        let mut cells = vec![0.0; width * width];
        for (row, out) in self.cells.chunks(width).zip(cells.chunks_mut(width)) {
            for (&a, line) in row.iter().zip(other.cells.chunks(width)) {
                out.iter_mut().zip(line).for_each(|(sum, b)| *sum += a * b);
            }
        }
        let largest = cells.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        cells.iter_mut().for_each(|c| *c /= largest);
        Scaled { cells, log: self.log + other.log + largest.ln() }
    }

    fn power(self, exponent: u64, width: usize) -> Scaled {
        let mut cells = vec![0.0; width * width];
        (0..width).for_each(|i| cells[i * width + i] = 1.0);
        let (mut result, mut base, mut left) = (Scaled { cells, log: 0.0 }, self, exponent);
        while left > 0 {
            if left & 1 == 1 {
                result = result.times(&base, width);
            }
            base = base.times(&base, width);
            left >>= 1;
        }
        result
    }
}

/// P(D ≤ x) by the first four terms of the expansion in 1/√n (Pelz and Good 1976).
fn pelz_good(n: f64, x: f64) -> f64 {
    let z = n.sqrt() * x;
    let log_q = -PI * PI / (8.0 * z * z);
    if log_q < -708.0 {
        return 0.0;
    }
    let terms = (16.0 * z / PI).ceil() as i32;
    let mut totals = [0.0; 4];
    for k in (1..=terms).rev() {
        let odd = f64::from(2 * k - 1);
        let q = (log_q * odd * odd).exp();
        odd_terms(z, odd * odd).iter().zip(&mut totals).for_each(|(c, total)| *total += c * q);
    }
    let below = [z, 6.0 * z.powi(4), 72.0 * z.powi(7), 6480.0 * z.powi(10)];
    totals.iter_mut().zip(below).for_each(|(total, b)| *total *= (2.0 * PI).sqrt() / b);
    let (second, third) = whole_terms(z, terms);
    totals[2] += second;
    totals[3] += third;
    totals.iter().rev().fold(0.0, |sum, total| sum / n.sqrt() + total)
}

/// What multiplies q^(m²) in each of the four sums over odd m.
fn odd_terms(z: f64, m2: f64) -> [f64; 4] {
    let (p2, z2) = (PI * PI, z * z);
    let (z4, z6) = (z2 * z2, z2 * z2 * z2);
    let second = 6.0 * z6
        + 2.0 * z4
        + (2.0 * z4 - 5.0 * z2) * p2 / 4.0 * m2
        + p2 * p2 * (1.0 - 2.0 * z2) / 16.0 * m2 * m2;
    let third = -30.0 * z6 - 90.0 * z4 * z4
        + p2 * (135.0 * z4 - 96.0 * z6) / 4.0 * m2
        + p2 * p2 * (-60.0 * z2 + 212.0 * z4) / 16.0 * m2 * m2
        + p2 * p2 * p2 * (5.0 - 30.0 * z2) / 64.0 * m2 * m2 * m2;
    [1.0, -z2 + p2 / 4.0 * m2, second, third]
}

/// The sums over all whole k that the last two terms have besides.
fn whole_terms(z: f64, terms: i32) -> (f64, f64) {
    let (p2, z2) = (PI * PI, z * z);
    let (mut second, mut third) = (0.0, 0.0);
    for k in (1..=terms).rev() {
        let k2 = f64::from(k * k);
        let q = (-p2 / (2.0 * z2) * k2).exp();
        second += k2 * q;
        third += (3.0 * z2 - p2 * k2) * k2 * q;
    }
    let front = p2 * (2.0 * PI).sqrt();
    (-second * front / (36.0 * z.powi(3)), third * front / (216.0 * z.powi(6)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// scipy 1.17.1 `kstwo.sf`, on both sides of every change of method.
    #[test]
    fn values_agree_with_scipy() {
        let cases = [
            (1, 0.3, 1.0, 1e-10),
            (1, 0.7, 0.6000000000000001, 1e-10),
            (2, 0.4, 0.82, 1e-10),
            (2, 0.6, 0.32000000000000006, 1e-10),
            (10, 0.08, 0.9999978058034054, 1e-10),
            (10, 0.2, 0.7487190399999999, 1e-10),
            (10, 0.45, 0.022891810311717498, 1e-10),
            (10, 0.499, 0.007958434019773808, 1e-10),
            (10, 0.62, 0.0003098012662193357, 1e-10),
            (10, 0.97, 1.1809800000000106e-15, 1e-10),
            (140, 0.01, 1.0, 1e-10),
            (140, 0.05, 0.8576480297656114, 1e-10),
            (140, 0.07, 0.4776228287946577, 1e-10),
            (140, 0.168, 0.0006361623019061495, 1e-10),
            (140, 0.17, 0.0005246108687519814, 1e-10),
            (140, 0.3, 1.1370251710737309e-11, 1e-10),
            (141, 0.03, 0.9992107601012719, 1e-10),
            (141, 0.07, 0.47315284500403054, 1e-10),
            (141, 0.12, 0.03160060527758468, 1e-10),
            (141, 0.126, 0.020711896073676773, 1e-10),
            (141, 0.2, 2.0276784223976912e-05, 1e-10),
            (1000, 0.01, 0.9999496745370611, 1e-10),
            (1000, 0.012, 0.9984464668620097, 1e-10),
            (1000, 0.013, 0.9951380918092512, 1e-10),
            (1000, 0.04, 0.07933956059000224, 1e-10),
            (1000, 0.046, 0.02813926237876274, 1e-10),
            (1000, 0.047, 0.023344526390774382, 1e-10),
            (1000, 0.1, 3.703687096817711e-09, 1e-10),
            (1000, 0.4, 6.634569013150445e-145, 1e-10),
            (20000, 0.001, 1.0, 1e-10),
            (20000, 0.003, 0.9935433419563655, 1e-10),
            (20000, 0.006, 0.4657689508612476, 1e-10),
            (20000, 0.0104, 0.026245925361939926, 1e-10),
            (20000, 0.0106, 0.022184044084964192, 1e-10),
            (20000, 0.03, 4.516330038670992e-16, 1e-10),
            (20000, 0.1, 1.4723820041654574e-174, 1e-10),
            (100000, 0.001, 0.9999638407940036, 1e-10),
            (100000, 0.004, 0.08130148920222469, 1e-10),
            (100000, 0.0046, 0.028957297530849413, 1e-10),
            (100000, 0.0048, 0.01987950072896708, 1e-10),
            (100000, 0.02, 3.5372711931479597e-35, 1e-10),
            (100001, 0.0005, 1.0, 1e-10),
            (100001, 0.004, 0.08129888811128061, 1e-10),
            (100001, 0.006, 0.0014870418583881545, 1e-10),
            (500000, 0.0007, 0.9669262066821409, 1e-10),
            (500000, 0.0009, 0.812395309857193, 1e-10),
            (500000, 0.0015, 0.21034190155828947, 1e-10),
            (500000, 0.0021, 0.024276288597831493, 1e-10),
            (500000, 0.004, 2.2445978493851467e-07, 1e-10),
            (500000, 0.02, 3.6481966551764204e-174, 1e-10),
        ];
        for (rows, x, expected, relative) in cases {
            let found = upper(rows, x);
            assert!((found - expected).abs() <= relative * expected, "{rows} {x}: {found:e}, {expected:e}");
        }
    }
}
