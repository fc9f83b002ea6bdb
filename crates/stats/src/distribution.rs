//! The distributions behind the tests: normal, Student t, beta, binomial, chi-square,
//! noncentral t.
//!
//! Not a general library: only what the methods here need, to about 1e-12 relative also in the
//! tails and with millions of rows. The incomplete beta function takes its leading factor from
//! Loader's saddle-point form, because differences of log-gammas lose nine digits at n = 10^6.
//! Upper tails are computed as such, never as 1 − lower.

use libm::{erfc, lgamma, log1p};
use std::f64::consts::{FRAC_1_SQRT_2, LN_2, TAU};

/// P(Z ≤ z) of the standard normal.
pub fn normal_cdf(z: f64) -> f64 {
    0.5 * erfc(-z * FRAC_1_SQRT_2)
}

/// P(Z > z) of the standard normal.
pub fn normal_upper(z: f64) -> f64 {
    normal_cdf(-z)
}

/// The z with P(Z ≤ z) = `p`; infinite at 0 and 1.
pub fn normal_quantile(p: f64) -> f64 {
    if p <= 0.0 || p >= 1.0 {
        return if p <= 0.0 { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    if p > 0.5 {
        return -normal_quantile(1.0 - p);
    }
    let start = -std::f64::consts::SQRT_2 * statrs::function::erf::erfc_inv(2.0 * p);
    // One Halley step: statrs stops at about 1e-10.
    let density = (-0.5 * start * start).exp() / TAU.sqrt();
    let step = (normal_cdf(start) - p) / density;
    start - step / (1.0 + 0.5 * start * step)
}

/// P(X > x) of chi-square with one degree of freedom.
pub fn chi_square_1_upper(x: f64) -> f64 {
    erfc((x.max(0.0) * 0.5).sqrt())
}

/// P(X > x) of chi-square with `df` degrees of freedom.
pub fn chi_square_upper(x: f64, df: f64) -> f64 {
    if x <= 0.0 { 1.0 } else { statrs::function::gamma::gamma_ur(0.5 * df, 0.5 * x) }
}

/// P(T > t) of Student's t with `df` degrees of freedom (any positive real).
pub fn t_upper(t: f64, df: f64) -> f64 {
    if t.is_infinite() {
        return if t > 0.0 { 0.0 } else { 1.0 };
    }
    let tail = 0.5 * beta_pair(0.5 * df, 0.5, df / (df + t * t), t * t / (df + t * t));
    if t >= 0.0 { tail } else { 1.0 - tail }
}

/// P(T ≤ t) of Student's t.
pub fn t_cdf(t: f64, df: f64) -> f64 {
    t_upper(-t, df)
}

/// The t with P(T ≤ t) = `p`; infinite at 0 and 1.
pub fn t_quantile(p: f64, df: f64) -> f64 {
    if p == 0.5 {
        return 0.0;
    }
    if p > 0.5 {
        return -t_quantile(1.0 - p, df);
    }
    if p <= 0.0 {
        return f64::NEG_INFINITY;
    }
    let mut high = 1.0;
    while t_upper(high, df) > p {
        high *= 2.0;
    }
    -bisect(0.0, high, |t| t_upper(t, df) < p)
}

/// P(X ≤ x) of the beta distribution: the regularised incomplete beta function.
pub fn beta_cdf(x: f64, a: f64, b: f64) -> f64 {
    let x = x.clamp(0.0, 1.0);
    beta_pair(a, b, x, 1.0 - x)
}

/// The x with P(X ≤ x) = `p` of the beta distribution.
pub fn beta_quantile(p: f64, a: f64, b: f64) -> f64 {
    if p <= 0.0 || p >= 1.0 {
        return if p <= 0.0 { 0.0 } else { 1.0 };
    }
    bisect(0.0, 1.0, |x| beta_cdf(x, a, b) > p)
}

/// P(K = k) of the binomial with `n` trials.
pub fn binomial_pmf(k: u64, n: u64, p: f64) -> f64 {
    if k > n { 0.0 } else { binomial_raw(k as f64, (n - k) as f64, p, 1.0 - p) }
}

/// P(K ≤ k) of the binomial with `n` trials.
pub fn binomial_cdf(k: u64, n: u64, p: f64) -> f64 {
    if k >= n { 1.0 } else { beta_pair((n - k) as f64, k as f64 + 1.0, 1.0 - p, p) }
}

/// P(K ≥ k) of the binomial with `n` trials.
pub fn binomial_upper(k: u64, n: u64, p: f64) -> f64 {
    match k {
        0 => 1.0,
        k if k > n => 0.0,
        k => beta_pair(k as f64, (n - k) as f64 + 1.0, p, 1.0 - p),
    }
}

/// P(T ≤ t) of the noncentral t, `shift` being the noncentrality: the power of a t-test.
///
/// Integrates P(Z ≤ t·s − shift) over s = √(χ²/df) by Simpson's rule, within ten standard
/// deviations of s; good to 1e-10 for `df` of 2 and more.
pub fn noncentral_t_cdf(t: f64, df: f64, shift: f64) -> f64 {
    const STEPS: usize = 4000;
    let spread = 10.0 / (2.0 * df).sqrt();
    let (from, to) = ((1.0 - spread).max(0.0), 1.0 + spread);
    let width = (to - from) / STEPS as f64;
    let constant = LN_2 + 0.5 * df * (0.5 * df).ln() - lgamma(0.5 * df);
    let at = |s: f64| {
        let log_density = constant + (df - 1.0) * s.ln() - 0.5 * df * s * s;
        log_density.exp() * normal_cdf(t * s - shift)
    };
    let weight = |i: usize| if i == 0 || i == STEPS { 1.0 } else { 2.0 + 2.0 * (i % 2) as f64 };
    crate::sum::sum((0..=STEPS).map(|i| weight(i) * at(from + width * i as f64))) * width / 3.0
}

/// The least x in [low, high] at which `reached` holds, for a `reached` that stays true once true.
pub(crate) fn bisect(mut low: f64, mut high: f64, reached: impl Fn(f64) -> bool) -> f64 {
    loop {
        let middle = low + 0.5 * (high - low);
        if middle <= low || middle >= high {
            return high;
        }
        if reached(middle) { high = middle } else { low = middle }
    }
}

/// I_x(a, b) with y = 1 − x given apart, so that neither end loses digits.
fn beta_pair(a: f64, b: f64, x: f64, y: f64) -> f64 {
    if x <= 0.0 || y <= 0.0 {
        return if x <= 0.0 { 0.0 } else { 1.0 };
    }
    // x^a y^b / B(a, b), through the binomial density that Loader computes without cancellation.
    let front = binomial_raw(a, b, x, y) * a * b / (a + b);
    if x < (a + 1.0) / (a + b + 2.0) {
        front * beta_fraction(a, b, x, y) / a
    } else {
        1.0 - front * beta_fraction(b, a, y, x) / b
    }
}

/// The continued fraction of the incomplete beta function by Lentz's method
/// (Numerical Recipes, section 6.4). It settles in about √max(a, b) steps.
fn beta_fraction(a: f64, b: f64, x: f64, y: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away = |v: f64| if v.abs() < TINY { TINY } else { v };
    let mut c = 1.0;
    // 1 − (a + b)x/(a + 1), from whichever of x and y is small and so still has all its digits.
    let first = if x < y { a + 1.0 - (a + b) * x } else { 1.0 - b + (a + b) * y };
    let mut d = (a + 1.0) / away(first);
    let mut product = d;
    for step in 1..200_000 {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / away(1.0 + even * d);
        c = away(1.0 + even / c);
        product *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / away(1.0 + odd * d);
        c = away(1.0 + odd / c);
        product *= d * c;
        if (d * c - 1.0).abs() < 1e-16 {
            break;
        }
    }
    product
}

/// Γ(x+y+1)/(Γ(x+1)Γ(y+1)) p^x q^y for real x and y (Loader 2000, "Fast and accurate computation
/// of binomial probabilities").
fn binomial_raw(x: f64, y: f64, p: f64, q: f64) -> f64 {
    let log = |small: f64, other: f64| if other < 0.1 { log1p(-other) } else { small.ln() };
    if x == 0.0 || y == 0.0 {
        return if x == 0.0 { (y * log(q, p)).exp() } else { (x * log(p, q)).exp() };
    }
    let n = x + y;
    // x − np, from the smaller of p and q: its complement has lost the digits that matter.
    let gap = if p < q { x - n * p } else { n * q - y };
    saddle_point(x, y, (p, q), gap)
}

/// [`binomial_pmf`] at real `x` successes and `y` failures, where x − np is known to be `gap`.
pub(crate) fn binomial_pmf_between(x: f64, y: f64, p: f64, gap: f64) -> f64 {
    if x == 0.0 || y == 0.0 {
        return if x == 0.0 { (y * log1p(-p)).exp() } else { (x * p.ln()).exp() };
    }
    saddle_point(x, y, (p, 1.0 - p), gap)
}

fn saddle_point(x: f64, y: f64, (p, q): (f64, f64), gap: f64) -> f64 {
    let n = x + y;
    let exponent = stirling_error(n)
        - stirling_error(x)
        - stirling_error(y)
        - deviance(x, n * p, gap)
        - deviance(y, n * q, -gap);
    exponent.exp() * (n / (TAU * x * y)).sqrt()
}

/// ln Γ(z + 1) minus Stirling's approximation of it.
fn stirling_error(z: f64) -> f64 {
    if z < 16.0 {
        return lgamma(z + 1.0) - (z + 0.5) * z.ln() + z - 0.5 * TAU.ln();
    }
    let square = z * z;
    let series = 1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / (1188.0 * square)) / square;
    (1.0 / 12.0 - (1.0 / 360.0 - series / square) / square) / z
}

/// x ln(x/m) + m − x, without cancellation when x is near m; `gap` is x − m.
fn deviance(x: f64, m: f64, gap: f64) -> f64 {
    if gap.abs() >= 0.1 * (x + m) {
        return x * (x / m).ln() - gap;
    }
    let v = gap / (x + m);
    let mut total = gap * v;
    let mut term = 2.0 * x * v;
    for odd in (3..1000).step_by(2) {
        term *= v * v;
        let next = total + term / f64::from(odd);
        if next == total {
            break;
        }
        total = next;
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(found: f64, expected: f64, relative: f64) {
        assert!(
            (found - expected).abs() <= relative * expected.abs(),
            "found {found:e}, expected {expected:e}"
        );
    }

    /// scipy 1.17.1: norm, t, beta, binom, nct, chi2.
    #[test]
    fn values_agree_with_scipy() {
        check(normal_upper(1.5), 0.06680720126885807, 1e-12);
        check(normal_upper(9.0), 1.1285884059538324e-19, 1e-12);
        check(normal_quantile(0.975), 1.959963984540054, 1e-12);
        check(normal_quantile(1e-12), -7.034483825301131, 1e-12);
        check(normal_quantile(0.8), 0.8416212335729143, 1e-12);
        check(chi_square_1_upper(3.84), 0.05004352124870519, 1e-12);
        check(chi_square_1_upper(80.0), 3.744097384202887e-19, 1e-12);
        check(chi_square_upper(3.84, 1.0), 0.05004352124870519, 1e-11);
        check(chi_square_upper(12.5, 4.0), 0.013995792487650894, 1e-11);
        check(chi_square_upper(90.0, 30.0), 6.56732682000148e-08, 1e-11);
        check(chi_square_upper(0.01, 2.0), 0.9950124791926823, 1e-11);
        check(chi_square_upper(0.0, 3.0), 1.0, 0.0);
        check(t_upper(0.3, 1.0), 0.4072264209222577, 1e-11);
        check(t_upper(2.1, 3.7), 0.05463235254111237, 1e-11);
        check(t_upper(4.5, 18.3), 0.00013340279128963564, 1e-11);
        check(t_upper(1.96, 99999.0), 0.024999281611015497, 1e-11);
        check(t_upper(12.0, 40.0), 3.91208565212799e-15, 1e-11);
        check(t_upper(1e-05, 7.0), 0.49999615008549175, 1e-11);
        check(t_quantile(0.975, 1.0), 12.706204736174694, 1e-11);
        check(t_quantile(0.975, 2.4), 3.683504289675019, 1e-11);
        check(t_quantile(0.95, 29.0), 1.6991270265334972, 1e-11);
        check(t_quantile(0.999, 999.0), 3.098410361753312, 1e-11);
        check(t_quantile(0.6, 1000000.0), 0.25334717053784184, 1e-11);
        check(beta_cdf(0.3, 2.0, 5.0), 0.5798250000000003, 1e-10);
        check(beta_cdf(0.01, 0.5, 0.5), 0.06376856085851985, 1e-10);
        check(beta_cdf(0.7, 70.5, 30.5), 0.5058346648267348, 1e-10);
        check(beta_cdf(0.0301, 30000.5, 970000.5), 0.7206128822986992, 1e-10);
        check(beta_cdf(0.999, 3.0, 0.2), 0.6685414839010846, 1e-10);
        check(beta_quantile(0.025, 70.0, 31.0), 0.6001853238201958, 1e-10);
        check(beta_quantile(0.975, 71.0, 30.0), 0.7875935795104634, 1e-10);
        check(beta_quantile(0.025, 1.0, 1000.0), 2.531748749129404e-05, 1e-10);
        check(beta_quantile(0.975, 0.5, 20.5), 0.11663898290487539, 1e-10);
        check(beta_quantile(0.025, 30000.0, 970001.0), 0.02966651696889754, 1e-10);
        check(binomial_pmf(3, 13, 0.5), 0.03491210937499998, 1e-10);
        check(binomial_cdf(3, 13, 0.5), 0.046142578125, 1e-10);
        check(binomial_upper(3, 13, 0.5), 0.98876953125, 1e-10);
        check(binomial_pmf(520, 1130, 0.5), 0.0006584060105174015, 1e-10);
        check(binomial_cdf(520, 1130, 0.5), 0.0040393093972532134, 1e-10);
        check(binomial_upper(520, 1130, 0.5), 0.9966190966132642, 1e-10);
        check(binomial_pmf(30000, 1000000, 0.0301), 0.001970160527772998, 1e-10);
        check(binomial_cdf(30000, 1000000, 0.0301), 0.2803730389143109, 1e-10);
        check(binomial_upper(30000, 1000000, 0.0301), 0.7215971216134613, 1e-10);
        check(noncentral_t_cdf(1.97, 198.0, 2.1213), 0.43918080754840016, 1e-9);
        check(noncentral_t_cdf(2.1, 10.0, 0.0), 0.9689613778988907, 1e-9);
        check(noncentral_t_cdf(1.66, 90.0, 3.0), 0.09102998125204316, 1e-9);
    }

    #[test]
    fn quantiles_invert_the_distributions() {
        for p in [1e-9, 0.001, 0.025, 0.3, 0.5, 0.7, 0.999] {
            check(normal_cdf(normal_quantile(p)), p, 1e-13);
            for df in [1.0, 2.5, 30.0, 1e6] {
                check(t_cdf(t_quantile(p, df), df), p, 1e-10);
                check(beta_cdf(beta_quantile(p, df, 3.0), df, 3.0), p, 1e-9);
            }
        }
    }

    #[test]
    fn the_binomial_sums_to_one_and_its_tails_meet() {
        for (n, p) in [(1, 0.5), (13, 0.5), (200, 0.03), (5000, 0.7)] {
            check((0..=n).map(|k| binomial_pmf(k, n, p)).sum(), 1.0, 1e-12);
            for k in [0, n / 3, n - 1] {
                check(binomial_cdf(k, n, p) + binomial_upper(k + 1, n, p), 1.0, 1e-12);
            }
        }
    }
}
