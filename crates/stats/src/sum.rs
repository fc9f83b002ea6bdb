//! Sums and moments that lose no digits to the order of large and small.
//!
//! Not a running estimator: the whole column is here. Sums are compensated (Neumaier 1974), so
//! that a mean of a million losses is right to the last digit or two.

/// The sum, compensated.
pub fn sum(values: impl IntoIterator<Item = f64>) -> f64 {
    let (mut total, mut lost) = (0.0f64, 0.0f64);
    for value in values {
        let next = total + value;
        let big_first = total.abs() >= value.abs();
        lost += if big_first { (total - next) + value } else { (value - next) + total };
        total = next;
    }
    if lost.is_finite() { total + lost } else { total }
}

/// The mean; NaN of nothing.
pub fn mean(values: &[f64]) -> f64 {
    sum(values.iter().copied()) / values.len() as f64
}

/// The variance with n − 1 below; NaN of fewer than two values.
pub fn variance(values: &[f64]) -> f64 {
    let middle = mean(values);
    sum(values.iter().map(|v| (v - middle) * (v - middle))) / (values.len() as f64 - 1.0)
}

/// The quantile at `share` (0 to 1) of sorted values, linear between neighbours: type 7 of
/// Hyndman and Fan, the default of numpy and R.
pub fn quantile_sorted(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    let part = place - below as f64;
    sorted[below] + part * (sorted[above] - sorted[below])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_keeps_what_plain_addition_drops() {
        assert_eq!(sum([1.0, 1e100, 1.0, -1e100]), 2.0);
        assert_eq!(sum([f64::INFINITY, 1.0]), f64::INFINITY);
    }

    #[test]
    fn a_variance_survives_a_large_offset() {
        let values: Vec<f64> = [4.0, 7.0, 13.0, 16.0].iter().map(|v| v + 1e9).collect();
        assert_eq!(variance(&values), 30.0);
    }

    #[test]
    fn a_quantile_lies_between_its_neighbours() {
        assert_eq!(quantile_sorted(&[1.0, 2.0, 3.0, 4.0], 0.5), 2.5);
        assert_eq!(quantile_sorted(&[1.0, 2.0, 3.0, 4.0], 1.0), 4.0);
        assert_eq!(quantile_sorted(&[7.0], 0.3), 7.0);
    }
}
