//! A numeric column as its empirical distribution: sorted once, asked many times.
//!
//! Not a sketch: it keeps every value it is given, though those may be a sketch's with their weights.
//! The invariant: values are finite and ascend, no weight is 0, and the total weight is at least 1.

use crate::input::{self, BadInput};
use crate::sum::{quantile_sorted, sum};
use std::borrow::Cow;

/// The empirical distribution of a column, or of a quantile sketch of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Ecdf {
    values: Vec<f64>,
    /// The weight of each value and all before it; absent where every weight is 1.
    through: Option<Vec<u64>>,
}

impl Ecdf {
    /// Of a column in any order: one finite value or more. Missing values are the caller's to drop and count.
    pub fn of(values: Vec<f64>) -> Result<Ecdf, BadInput> {
        input::at_least("values", values.len(), 1)?;
        input::all_finite("values", &values)?;
        // Whole numbers in the order of the floats sort a third faster than the floats.
        let mut keys: Vec<u64> = values.into_iter().map(key).collect();
        keys.sort_unstable();
        Ok(Ecdf { values: keys.into_iter().map(value).collect(), through: None })
    }

    /// Of values with whole-number weights in any order, as a quantile sketch holds them; a weight of 0
    /// leaves its value out. The weights' sum must fit 64 bits.
    pub fn weighted(mut points: Vec<(f64, u64)>) -> Result<Ecdf, BadInput> {
        let values: Vec<f64> = points.iter().map(|point| point.0).collect();
        input::all_finite("values", &values)?;
        points.retain(|point| point.1 > 0);
        input::at_least("values with a weight", points.len(), 1)?;
        points.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        // Adding 0 turns −0 into 0, as in a column.
        let values: Vec<f64> = points.iter().map(|point| point.0 + 0.0).collect();
        let mut total = 0u64;
        let mut through = Vec::with_capacity(points.len());
        for (_, weight) in points {
            let why = "the weights' sum does not fit 64 bits";
            total = total.checked_add(weight).ok_or(BadInput::Undefined { what: "total weight", why })?;
            through.push(total);
        }
        Ok(Ecdf { values, through: Some(through) })
    }

    /// The total weight: the number of rows.
    #[expect(clippy::len_without_is_empty, reason = "an empty one cannot be made")]
    pub fn len(&self) -> u64 {
        self.weight_of_first(self.values.len())
    }

    /// The mean.
    pub fn mean(&self) -> f64 {
        self.average(|v| v)
    }

    /// The population standard deviation: n below, not n − 1.
    pub fn sd(&self) -> f64 {
        // A constant column has a spread of 0, whatever the rounding of its mean.
        if self.min() == self.max() {
            return 0.0;
        }
        let middle = self.mean();
        self.average(|v| (v - middle) * (v - middle)).sqrt()
    }

    /// The quantile at `share` in [0, 1]: linear between neighbours for a column (type 7 of Hyndman and
    /// Fan, numpy's default); with weights the least value that has at least that share of the weight at
    /// or below it (type 1), since a sketch knows nothing of what lies between its values.
    pub fn quantile(&self, share: f64) -> Result<f64, BadInput> {
        input::parameter("share", share, "a number in [0, 1]", (0.0..=1.0).contains(&share))?;
        let Some(through) = &self.through else { return Ok(quantile_sorted(&self.values, share)) };
        let wanted = share * self.len() as f64;
        let place = through.partition_point(|&weight| (weight as f64) < wanted);
        Ok(self.values[place.min(self.values.len() - 1)])
    }

    /// The weight of the values strictly below `x`.
    pub fn below(&self, x: f64) -> u64 {
        self.weight_of_first(self.values.partition_point(|&v| v < x))
    }

    /// Every distinct value with its weight, ascending.
    pub fn runs(&self) -> impl Iterator<Item = (f64, u64)> + '_ {
        let mut place = 0;
        std::iter::from_fn(move || {
            let value = *self.values.get(place)?;
            let begin = place;
            place += self.values[place..].iter().take_while(|&&next| next == value).count();
            Some((value, self.weight_of_first(place) - self.weight_of_first(begin)))
        })
    }

    /// The values that stand in at least a `share` (above 0) of the rows, ascending, with their rows.
    ///
    /// So many rows in a row cannot pass between two looks, so that not every row is looked at.
    pub fn frequent(&self, share: f64) -> Vec<(f64, u64)> {
        let least = ((share * self.len() as f64).ceil() as u64).max(1);
        let mut found: Vec<(f64, u64)> = Vec::new();
        for row in (0..self.len()).step_by(least as usize) {
            let value = self.row(row);
            if found.last().is_none_or(|(last, _)| *last < value) {
                found.push((value, self.below(value.next_up()) - self.below(value)));
            }
        }
        found.retain(|(_, rows)| *rows >= least);
        found
    }

    /// A sketch of at most so many `points` (1 or more), each the largest of equally many rows: shares below any
    /// value are less by under one in `points`. What has no more values than that stays as it is.
    pub fn thinned(&self, points: usize) -> Cow<'_, Ecdf> {
        if self.values.len() <= points {
            return Cow::Borrowed(self);
        }
        let end = |point: usize| (u128::from(self.len()) * point as u128 / points as u128) as u64;
        let through: Vec<u64> = (1..=points).map(end).filter(|&end| end > 0).collect();
        let values = through.iter().map(|&end| self.row(end - 1)).collect();
        Cow::Owned(Ecdf { values, through: Some(through) })
    }

    /// The values one by one, ascending, where every weight is 1.
    pub(super) fn rows(&self) -> Option<&[f64]> {
        self.through.is_none().then_some(&self.values[..])
    }

    /// The value of a row, in ascending order from 0.
    fn row(&self, place: u64) -> f64 {
        match &self.through {
            None => self.values[place as usize],
            Some(through) => self.values[through.partition_point(|&weight| weight <= place)],
        }
    }

    /// The least value.
    pub fn min(&self) -> f64 {
        self.values[0]
    }

    /// The greatest value.
    pub fn max(&self) -> f64 {
        self.values[self.values.len() - 1]
    }

    fn weight_of_first(&self, count: usize) -> u64 {
        match &self.through {
            None => count as u64,
            Some(_) if count == 0 => 0,
            Some(through) => through[count - 1],
        }
    }

    fn average(&self, of: impl Fn(f64) -> f64) -> f64 {
        let Some(through) = &self.through else {
            return sum(self.values.iter().map(|&v| of(v))) / self.values.len() as f64;
        };
        let mut before = 0;
        let terms = self.values.iter().zip(through).map(|(&v, &weight)| {
            let term = of(v) * (weight - before) as f64;
            before = weight;
            term
        });
        sum(terms) / self.len() as f64
    }
}

/// One step of two distributions between neighbouring distinct values of either.
pub(super) struct Step {
    /// The reference's weight at or below the step.
    pub reference: u64,
    /// The current weight at or below it.
    pub current: u64,
    /// How far the next value lies.
    pub width: f64,
}

/// Visits every step between the least and the greatest value of both.
pub(super) fn steps(reference: &Ecdf, current: &Ecdf, mut visit: impl FnMut(Step)) {
    let at = |values: &[f64], i: usize| values.get(i).copied().unwrap_or(f64::INFINITY);
    let (left, right) = (&reference.values[..], &current.values[..]);
    let (mut i, mut j) = (0, 0);
    let mut here = reference.min().min(current.min());
    while here < f64::INFINITY {
        // Adding a comparison instead of branching on it: merged columns are unpredictable.
        i += usize::from(at(left, i) <= here);
        j += usize::from(at(right, j) <= here);
        let (a, b) = (at(left, i), at(right, j));
        let next = if a < b { a } else { b };
        if here < next && next < f64::INFINITY {
            let (reference, current) = (reference.weight_of_first(i), current.weight_of_first(j));
            visit(Step { reference, current, width: next - here });
        }
        here = next;
    }
}

/// A whole number that orders as the float does.
fn key(value: f64) -> u64 {
    let bits = (value + 0.0).to_bits();
    if bits >> 63 == 0 { bits | 1 << 63 } else { !bits }
}

fn value(key: u64) -> f64 {
    f64::from_bits(if key >> 63 == 1 { key & !(1 << 63) } else { !key })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_number_is_named_by_its_row() {
        let error = Ecdf::of(vec![1.0, f64::NAN]).unwrap_err();
        assert_eq!(error.to_string(), "values, row 1: found NaN, expected a finite number");
        assert!(Ecdf::of(vec![]).is_err() && Ecdf::weighted(vec![(1.0, 0)]).is_err());
        assert!(Ecdf::weighted(vec![(f64::INFINITY, 1)]).is_err());
        assert!(Ecdf::weighted(vec![(1.0, u64::MAX), (2.0, 1)]).is_err());
        assert!(Ecdf::of(vec![1.0]).unwrap().quantile(1.1).is_err());
    }

    #[test]
    fn a_constant_column_has_no_spread() {
        assert_eq!(Ecdf::of(vec![0.1; 7]).unwrap().sd(), 0.0);
    }

    #[test]
    fn a_weighted_quantile_is_one_of_the_values() {
        let sketch = Ecdf::weighted(vec![(5.0, 1), (1.0, 3)]).unwrap();
        assert_eq!([0.0, 0.75, 0.76, 1.0].map(|p| sketch.quantile(p).unwrap()), [1.0, 1.0, 5.0, 5.0]);
        assert_eq!((sketch.len(), sketch.mean(), sketch.below(5.0), sketch.below(1.0)), (4, 2.0, 3, 0));
    }

    #[test]
    fn a_thinned_column_keeps_its_shares() {
        let column = Ecdf::of((0..1000).map(|i| f64::from(i).sqrt()).collect()).unwrap();
        let thin = column.thinned(64);
        assert_eq!((thin.values.len(), thin.len(), thin.max()), (64, 1000, column.max()));
        for x in (0..400).map(|i| f64::from(i) / 12.0) {
            let lost = column.below(x) - thin.below(x);
            assert!(lost <= 16, "{lost} at {x}");
        }
        assert_eq!(*column.thinned(1000), column);
    }

    fn some_value() -> impl Strategy<Value = f64> {
        prop_oneof![-3.0..3.0f64, Just(0.0), Just(-0.0), any::<i32>().prop_map(f64::from)]
    }

    proptest! {
        #[test]
        fn a_column_is_sorted_and_its_weighted_twin_agrees(
            values in prop::collection::vec(some_value(), 1..60),
            x in -3.0..3.0f64,
        ) {
            let column = Ecdf::of(values.clone()).unwrap();
            prop_assert!(column.values.windows(2).all(|pair| pair[0] <= pair[1]));
            let twin = Ecdf::weighted(values.iter().map(|&v| (v, 1)).collect()).unwrap();
            prop_assert_eq!(&column.values, &twin.values);
            prop_assert_eq!(column.below(x), values.iter().filter(|&&v| v < x).count() as u64);
            prop_assert_eq!((column.len(), column.below(x)), (twin.len(), twin.below(x)));
            prop_assert_eq!((column.mean(), column.sd()), (twin.mean(), twin.sd()));
            prop_assert!(column.quantile(0.3).unwrap() >= column.min());
        }

        #[test]
        fn no_frequent_value_is_overlooked(
            values in prop::collection::vec(0u8..9, 1..90), share in 0.01..0.6f64,
        ) {
            let column = Ecdf::of(values.iter().map(|&v| f64::from(v)).collect()).unwrap();
            let often = |rows: u64| rows as f64 >= share * column.len() as f64;
            let wanted: Vec<(f64, u64)> = column.runs().filter(|(_, rows)| often(*rows)).collect();
            let twin = Ecdf::weighted(column.runs().collect()).unwrap();
            prop_assert_eq!(&column.frequent(share), &wanted);
            prop_assert_eq!(&twin.frequent(share), &wanted);
        }
    }
}
