//! One column beside the same column of the reference: distances, evidence and a picture.

use super::faults::Pair;
use super::picture::{Picture, of_categories, of_numbers};
use super::profile::{Profile, Shape};
use crate::StageError;
use domain::drift::{ColumnDrift, DriftRules};
use stats::BadInput;
use stats::distribution::chi_square_upper;
use stats::drift::{
    Ecdf, bin_counts, category_drift, kolmogorov_smirnov_p, numeric_drift, psi, quantile_edges,
};
use stats::multiplicity::{Adjustment, adjust};
use std::collections::{BTreeMap, BTreeSet};

/// Categories that are compared one by one: the most frequent of both sides; the rest are one more.
const CATEGORIES: usize = 30;
/// A share below counts as this in the population stability index.
const FLOOR: f64 = 1e-4;
/// Bins of the index: the reference's deciles.
const BINS: usize = 10;

/// A column, compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// The numbers.
    pub drift: ColumnDrift,
    /// Both distributions.
    pub picture: Picture,
}

/// Compares columns and says which moved, all p-values adjusted together; by rank, the farthest first.
pub fn compare(pairs: &[Pair], rules: DriftRules) -> Result<Vec<Compared>, StageError> {
    judged(pairs.iter().map(measured).collect::<Result<_, _>>()?, rules)
}

/// One column's distances; whether it moved can only be said of all of them together.
pub(super) fn measured((name, reference, current): &Pair) -> Result<Compared, StageError> {
    measure(name, reference, current)
        .map_err(|e| StageError::Measure { metric: format!("column {name}"), why: e.to_string() })
}

/// The columns that were measured, with the same said of them as by [`compare`].
pub(super) fn judged(mut columns: Vec<Compared>, rules: DriftRules) -> Result<Vec<Compared>, StageError> {
    let p: Vec<f64> = columns.iter().map(|c| c.drift.p).collect();
    let adjusted = adjust(&p, Adjustment::BenjaminiHochberg)
        .map_err(|e| StageError::Measure { metric: "p-values".into(), why: e.to_string() })?;
    for (column, p) in columns.iter_mut().zip(adjusted) {
        column.drift.adjusted_p = p;
        column.drift.judge(rules);
    }
    sort(&mut columns);
    Ok(columns)
}

/// Those that moved first, each by its rank.
pub(crate) fn sort(columns: &mut [Compared]) {
    columns.sort_by(|a, b| {
        let key = |c: &Compared| (c.drift.moved, c.drift.rank());
        let (a, b) = (key(a), key(b));
        b.0.cmp(&a.0).then(b.1.total_cmp(&a.1))
    });
}

/// What two columns differ by.
struct Distances {
    distance: f64,
    largest: f64,
    p: f64,
    psi: f64,
    psi_noise: f64,
    picture: Picture,
}

fn measure(name: &str, reference: &Profile, current: &Profile) -> Result<Compared, BadInput> {
    let d = match (&reference.shape, &current.shape) {
        (Shape::Numbers(a), Shape::Numbers(b)) => numbers(a, b, (reference.design, current.design))?,
        (Shape::Categories(a), Shape::Categories(b)) => {
            categories(a, b, reference.design.max(current.design))?
        }
        // one side has no value: what is missing is told elsewhere, and nothing else can be compared
        _ => Distances {
            distance: 0.0,
            largest: 0.0,
            p: 1.0,
            psi: 0.0,
            psi_noise: 0.0,
            picture: Picture::none(),
        },
    };
    let drift = ColumnDrift {
        column: name.into(),
        kind: reference.kind,
        distance: d.distance,
        largest: d.largest,
        p: d.p,
        adjusted_p: d.p,
        psi: d.psi,
        psi_noise: d.psi_noise,
        missing: (reference.missing_share(), current.missing_share()),
        importance: None,
        loss: None,
        rows: (reference.present(), current.present()),
        moved: false,
    };
    Ok(Compared { drift, picture: d.picture })
}

/// `design`: rows of one entity are worth less than as many independent ones.
fn numbers(reference: &Ecdf, current: &Ecdf, design: (f64, f64)) -> Result<Distances, BadInput> {
    let found = numeric_drift(reference, current);
    let worth = |ecdf: &Ecdf, design: f64| ((ecdf.len() as f64 / design) as u64).max(1);
    let p = match design {
        (1.0, 1.0) => found.p_value,
        (a, b) => kolmogorov_smirnov_p(found.largest_gap, worth(reference, a), worth(current, b))?,
    };
    let edges = quantile_edges(reference, BINS)?;
    let psi = psi(&bin_counts(reference, &edges), &bin_counts(current, &edges), FLOOR)?;
    // a constant has no deviation to measure by: any move is a whole one
    let still = || if found.wasserstein > 0.0 { 1.0 } else { 0.0 };
    Ok(Distances {
        distance: found.normalised_wasserstein.unwrap_or_else(still),
        largest: found.largest_gap,
        p,
        psi: psi.value,
        psi_noise: psi.critical(0.05)?,
        picture: of_numbers(reference, current),
    })
}

fn categories(
    reference: &BTreeMap<String, u64>,
    current: &BTreeMap<String, u64>,
    design: f64,
) -> Result<Distances, BadInput> {
    let (names, before, now) = aligned(reference, current);
    let found = category_drift(&before, &now)?;
    // Rao and Scott 1981, first order: the statistic over the design effect
    let p = match found.degrees {
        0 => 1.0,
        degrees => chi_square_upper(found.chi_square / design, degrees as f64),
    };
    let psi = psi(&before, &now, FLOOR)?;
    Ok(Distances {
        distance: found.js_distance,
        largest: found.largest_gap,
        p,
        psi: psi.value,
        psi_noise: psi.critical(0.05)?,
        picture: of_categories(names, &before, &now),
    })
}

/// Both sides' counts of the same categories; all beyond the most frequent are added up as the last.
pub(super) fn aligned(
    reference: &BTreeMap<String, u64>,
    current: &BTreeMap<String, u64>,
) -> (Vec<String>, Vec<u64>, Vec<u64>) {
    let count = |of: &BTreeMap<String, u64>, name: &String| of.get(name).copied().unwrap_or(0);
    let total = |of: &BTreeMap<String, u64>| of.values().sum::<u64>().max(1) as f64;
    let (all_before, all_now) = (total(reference), total(current));
    let weight =
        |name: &String| count(reference, name) as f64 / all_before + count(current, name) as f64 / all_now;
    let mut names: Vec<&String> =
        reference.keys().chain(current.keys()).collect::<BTreeSet<_>>().into_iter().collect();
    names.sort_by(|a, b| weight(b).total_cmp(&weight(a)).then_with(|| a.cmp(b)));
    let rest = names.split_off(names.len().min(CATEGORIES));
    let counts = |of: &BTreeMap<String, u64>| {
        let mut counts: Vec<u64> = names.iter().map(|name| count(of, name)).collect();
        if !rest.is_empty() {
            counts.push(rest.iter().map(|name| count(of, name)).sum());
        }
        counts
    };
    let (before, now) = (counts(reference), counts(current));
    let others = (!rest.is_empty()).then(|| format!("{} others", rest.len()));
    (names.into_iter().cloned().chain(others).collect(), before, now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Column, Values};

    fn profile(values: Values) -> Profile {
        Profile::of(&Column { name: "x".into(), values }, None).expect("a column")
    }

    fn normal(rows: u64, seed: u64, shift: f64) -> Profile {
        let draw = |row| store::digest::mix64(seed, row) as f64 / u64::MAX as f64;
        let value = |row| stats::distribution::normal_quantile(draw(row).clamp(1e-9, 1.0 - 1e-9)) + shift;
        profile(Values::Number((0..rows).map(value).collect()))
    }

    fn one(reference: Profile, current: Profile) -> ColumnDrift {
        let rules = DriftRules { effect: 0.1, alpha: 0.05 };
        compare(&[("x".into(), reference, current)], rules).expect("comparable").remove(0).drift
    }

    #[test]
    fn a_shift_is_measured_in_deviations() {
        let found = one(normal(4000, 1, 0.0), normal(4000, 2, 0.5));
        assert!((found.distance - 0.5).abs() < 0.05 && found.moved, "{found:?}");
        let still = one(normal(4000, 1, 0.0), normal(4000, 3, 0.0));
        assert!(!still.moved && still.psi < 2.0 * still.psi_noise, "{still:?}");
        let tiny = one(normal(200_000, 1, 0.0), normal(200_000, 2, 0.02));
        assert!(!tiny.moved && tiny.p < 1e-4, "evidence without effect: {tiny:?}");
    }

    #[test]
    fn a_new_category_is_a_move() {
        let texts = |words: &[&str]| {
            profile(Values::Text((0..600).map(|i| Some(words[i % words.len()].into())).collect()))
        };
        let found = one(texts(&["a", "b"]), texts(&["a", "b", "c"]));
        assert!(found.moved && (found.largest - 1.0 / 3.0).abs() < 1e-9, "{found:?}");
        assert!(!one(texts(&["a", "b"]), texts(&["b", "a"])).moved);
    }

    #[test]
    fn a_column_without_values_is_not_compared() {
        let found = one(normal(100, 1, 0.0), profile(Values::Number(vec![f64::NAN; 100])));
        assert!(!found.moved && found.missing == (0.0, 1.0));
    }
}
