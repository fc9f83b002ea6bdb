//! Where a column is cut into intervals, so that a split need only be sought between them.
//!
//! A bin is what lies above one boundary and not above the next. Invariant: boundaries ascend strictly and
//! each separates two neighbouring values of the data under `x <= boundary` in single precision, which is
//! how the written graph compares; so a row takes the same path there as in training.

/// The boundaries of a column's bins: bin i holds what is `<= upper[i]` and not in an earlier one; the last
/// bin has no upper end.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cuts {
    pub(super) upper: Vec<f32>,
}

/// A value and the number of rows that hold it.
pub(super) type Counted = (f32, usize);

impl Cuts {
    /// Cuts a column with these distinct values, ascending, into at most `max_bins`.
    pub(super) fn find(values: &[Counted], max_bins: usize, min_data_in_bin: usize) -> Cuts {
        let ends = if values.len() <= max_bins {
            few_values(values, min_data_in_bin)
        } else {
            many_values(values, max_bins)
        };
        Cuts { upper: ends.into_iter().map(|i| between(values[i].0, values[i + 1].0)).collect() }
    }

    /// How many bins there are.
    pub(super) fn bins(&self) -> usize {
        self.upper.len() + 1
    }

    /// The bin of a value that is not missing.
    pub(super) fn bin(&self, x: f32) -> usize {
        self.upper.partition_point(|&end| end < x)
    }
}

/// A number t with `low <= t < high`: the middle, or `low` where rounding would reach `high`.
fn between(low: f32, high: f32) -> f32 {
    let middle = ((f64::from(low) + f64::from(high)) / 2.0) as f32;
    if middle >= low && middle < high { middle } else { low }
}

/// A bin for every value, but neighbours share one until it holds `min_data_in_bin` rows.
/// Answers the last value of each bin but the last.
fn few_values(values: &[Counted], min_data_in_bin: usize) -> Vec<usize> {
    let mut held = 0;
    let mut ends = Vec::new();
    for (i, &(_, count)) in values.iter().enumerate().take(values.len().saturating_sub(1)) {
        held += count;
        if held >= min_data_in_bin {
            ends.push(i);
            held = 0;
        }
    }
    ends
}

/// Bins of about equally many rows. A value with more rows than that has a bin to itself, and the others
/// share what is left, so that a column of mostly zeros still has fine bins above.
/// Answers the last value of each bin but the last.
fn many_values(values: &[Counted], max_bins: usize) -> Vec<usize> {
    let rows: usize = values.iter().map(|v| v.1).sum();
    let alone = |i: usize| values[i].1 * max_bins >= rows;
    let alone_rows: usize = (0..values.len()).filter(|&i| alone(i)).map(|i| values[i].1).sum();
    let mut free_rows = rows - alone_rows;
    let mut free_bins = max_bins - (0..values.len()).filter(|&i| alone(i)).count();
    let mut share = free_rows as f64 / free_bins as f64;
    let mut held = 0;
    let mut ends = Vec::new();
    for (i, &(_, count)) in values.iter().enumerate().take(values.len() - 1) {
        held += count;
        if !alone(i) {
            free_rows -= count;
        }
        let next_is_alone = alone(i + 1) && held as f64 >= (share / 2.0).max(1.0);
        if !(alone(i) || held as f64 >= share || next_is_alone) {
            continue;
        }
        ends.push(i);
        held = 0;
        if ends.len() + 1 == max_bins {
            break;
        }
        if !alone(i) {
            free_bins = free_bins.saturating_sub(1);
            share = free_rows as f64 / free_bins.max(1) as f64;
        }
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn counted(values: &[f32]) -> Vec<Counted> {
        values.iter().map(|&x| (x, 1)).collect()
    }

    #[test]
    fn a_constant_column_has_one_bin() {
        assert_eq!(Cuts::find(&[(3.0, 100)], 255, 3).bins(), 1);
        assert_eq!(Cuts::find(&[], 255, 3).bins(), 1);
    }

    #[test]
    fn few_values_have_a_bin_each() {
        let cuts = Cuts::find(&[(0.0, 50), (1.0, 20), (5.0, 10)], 255, 3);
        assert_eq!(cuts.upper, [0.5, 3.0]);
        assert_eq!([0.0, 0.5, 0.6, 3.0, 9.0].map(|x| cuts.bin(x)), [0, 0, 1, 1, 2]);
    }

    #[test]
    fn rare_values_share_a_bin() {
        let cuts = Cuts::find(&[(0.0, 50), (1.0, 1), (2.0, 1), (3.0, 1), (4.0, 9)], 255, 3);
        assert_eq!(cuts.upper, [0.5, 3.5]);
    }

    #[test]
    fn a_value_of_many_rows_leaves_fine_bins_to_the_rest() {
        let mut values = vec![(0.0, 10_000)];
        values.extend((1..=1000).map(|i| (i as f32, 1)));
        let cuts = Cuts::find(&values, 11, 3);
        assert_eq!(cuts.upper[0], 0.5);
        assert_eq!(cuts.bins(), 11);
        assert!(cuts.upper.windows(2).skip(1).all(|w| w[1] - w[0] == 100.0), "{:?}", cuts.upper);
    }

    #[test]
    fn boundaries_are_strict_where_no_number_lies_between() {
        let next = f32::from_bits(1f32.to_bits() + 1);
        assert_eq!(between(1.0, next), 1.0);
        assert_eq!(between(-next, -1.0), -next);
        assert_eq!(between(f32::MIN, f32::MAX), 0.0);
        assert_eq!(between(f32::NEG_INFINITY, f32::INFINITY), f32::NEG_INFINITY);
        assert_eq!(between(3.0, f32::INFINITY), 3.0);
        assert_eq!(between(f32::NEG_INFINITY, 3.0), f32::NEG_INFINITY);
    }

    proptest! {
        #[test]
        fn neighbours_are_separated_or_share_a_bin(
            bits in prop::collection::btree_set(-5000i32..5000, 2..400),
            max_bins in 2usize..256,
        ) {
            // Neighbouring numbers of the format and distant ones.
            let values: Vec<f32> = bits.iter().map(|&b| (b as f32) * (b.unsigned_abs() as f32).sqrt()).collect();
            let mut values: Vec<f32> = values;
            values.sort_by(f32::total_cmp);
            values.dedup();
            let cuts = Cuts::find(&counted(&values), max_bins, 1);
            prop_assert!(cuts.bins() <= max_bins);
            prop_assert!(cuts.upper.windows(2).all(|w| w[0] < w[1]));
            for pair in values.windows(2) {
                let (low, high) = (cuts.bin(pair[0]), cuts.bin(pair[1]));
                prop_assert!(high == low || high == low + 1);
                prop_assert_eq!(high > low, cuts.upper.iter().any(|&t| pair[0] <= t && t < pair[1]));
            }
        }
    }
}
