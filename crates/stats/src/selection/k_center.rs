//! A batch of rows spread over the inputs: no row is far from a chosen or labelled one.
//!
//! Not a score of single rows, and not for a whole day's traffic: time grows with rows times budget, so
//! choose among the least sure tenth. Columns are taken as they are, so scale them first. The invariant: no
//! row is chosen twice, and among equally far rows the lowest index is.

use crate::input::{self, BadInput};

/// The batch.
#[derive(Debug, Clone, PartialEq)]
pub struct KCenter {
    /// The rows chosen, in the order of choice.
    pub selected: Vec<usize>,
    /// How far the farthest row is from a labelled or chosen one; 0 when every row is one.
    pub radius: f64,
}

/// Chooses `budget` rows (or all that are left) one after another, each the farthest from those `labelled`
/// and chosen before; `points` is row-major, `width` numbers a row. With nothing labelled the first row
/// comes first.
///
/// - *What it answers.* Which rows cover the inputs best?
/// - *Assumptions.* Euclidean distance means something: scaled columns or an embedding.
/// - *When it misleads.* Outliers are far from everything and chosen first; in many dimensions all rows are
///   about equally far.
/// - *Source.* Gonzalez 1985 (a radius at most twice the best); Sener and Savarese 2018.
/// - *Checked against.* The vector `k_center_greedy` of the reference file.
///
/// # Errors
/// No rows or columns, nothing labelled nor to choose, a ragged table, values that are not finite or too far apart, a labelled row that is
/// not there.
pub fn k_center(
    points: &[f64],
    width: usize,
    labelled: &[usize],
    budget: usize,
) -> Result<KCenter, BadInput> {
    input::at_least("columns", width, 1)?;
    // Without a single centre there is no radius.
    input::at_least("labelled rows and rows to choose", labelled.len() + budget, 1)?;
    input::at_least("values", points.len(), width)?;
    input::same_length("values", points.len(), points.len() / width * width)?;
    input::all_finite("values", points)?;
    let rows: Vec<&[f64]> = points.chunks(width).collect();
    // The squared distance to the nearest centre; `None` for a centre.
    let mut apart = vec![Some(f64::INFINITY); rows.len()];
    for &row in labelled {
        let there = row < rows.len();
        input::parameter("labelled row", row as f64, "the index of a row of the table", there)?;
        add_centre(&rows, row, &mut apart)?;
    }
    let mut selected = Vec::new();
    while selected.len() < budget
        && let Some((row, _)) = farthest(&apart)
    {
        add_centre(&rows, row, &mut apart)?;
        selected.push(row);
    }
    let radius = farthest(&apart).map_or(0.0, |(_, squared)| squared.sqrt());
    Ok(KCenter { selected, radius })
}

fn add_centre(rows: &[&[f64]], centre: usize, apart: &mut [Option<f64>]) -> Result<(), BadInput> {
    apart[centre] = None;
    for (row, nearest) in rows.iter().zip(apart) {
        if let Some(nearest) = nearest {
            let squared: f64 = row.iter().zip(rows[centre]).map(|(a, b)| (a - b) * (a - b)).sum();
            *nearest = nearest.min(input::finite("a distance", squared)?);
        }
    }
    Ok(())
}

/// The row farthest from every centre; the first of equals.
fn farthest(apart: &[Option<f64>]) -> Option<(usize, f64)> {
    let open = apart.iter().enumerate().filter_map(|(row, squared)| Some((row, (*squared)?)));
    open.reduce(|best, next| if next.1 > best.1 { next } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bad_tables_are_refused() {
        assert!(k_center(&[], 1, &[], 1).is_err() && k_center(&[1.0, 2.0, 3.0], 2, &[], 1).is_err());
        assert!(k_center(&[1.0, f64::NAN], 1, &[], 1).is_err() && k_center(&[1.0], 1, &[1], 1).is_err());
        assert!(k_center(&[1e300, -1e300], 1, &[0], 1).is_err());
        assert!(k_center(&[1.0], 1, &[], 0).is_err());
    }

    #[test]
    fn with_nothing_labelled_the_first_row_comes_first_and_no_row_comes_twice() {
        let found = k_center(&[0.0, 0.0, 3.0, 1.0], 1, &[], 9).unwrap();
        assert_eq!(found, KCenter { selected: vec![0, 2, 3, 1], radius: 0.0 });
    }

    proptest! {
        #[test]
        fn a_larger_batch_extends_the_smaller_and_covers_more(
            points in prop::collection::vec(-5.0..5.0f64, 6..60), budget in 1usize..6,
        ) {
            let points = &points[..points.len() / 2 * 2];
            let (small, large) =
                (k_center(points, 2, &[0], budget).unwrap(), k_center(points, 2, &[0], budget + 1).unwrap());
            prop_assert!(large.selected.starts_with(&small.selected) && large.radius <= small.radius);
            let mut rows = large.selected.clone();
            rows.sort_unstable();
            rows.dedup();
            prop_assert!(rows.len() == large.selected.len() && !rows.contains(&0));
        }
    }
}
