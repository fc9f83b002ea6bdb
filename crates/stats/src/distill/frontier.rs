//! Which of many models are worth a look: no slower one with as much loss.

use crate::input::{self, BadInput};

/// A model as the budget sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// What it costs: milliseconds, bytes or parameters, 0 or more.
    pub cost: f64,
    /// Its loss; smaller is better.
    pub loss: f64,
}

/// The places of points whose loss is strictly below that of every cheaper one, cheapest first. Of equal
/// costs only the best can stand; of equals the first.
///
/// - *What it answers.* Where paying more buys anything.
/// - *Assumptions.* Cost and loss were measured alike for all.
/// - *When it misleads.* Losses come with noise: neighbours on it may be equals, and the best of many is flattered.
/// - *Source.* Pareto 1906.
/// - *Checked against.* The definition, by trying all pairs.
pub fn frontier(points: &[Point]) -> Result<Vec<usize>, BadInput> {
    check(points)?;
    let mut order: Vec<usize> = (0..points.len()).collect();
    let by = |&a: &usize, &b: &usize| {
        points[a].cost.total_cmp(&points[b].cost).then(points[a].loss.total_cmp(&points[b].loss))
    };
    order.sort_by(by);
    let mut best = f64::INFINITY;
    order.retain(|&place| {
        let better = points[place].loss < best;
        best = best.min(points[place].loss);
        better
    });
    Ok(order)
}

/// The place of the lowest loss within a budget, the cheapest of equals; `None` where nothing fits.
/// See [`frontier`] for when it misleads.
pub fn cheapest_best(points: &[Point], budget: f64) -> Result<Option<usize>, BadInput> {
    input::parameter("budget", budget, "a number, 0 or more", budget >= 0.0)?;
    Ok(frontier(points)?.into_iter().rfind(|&place| points[place].cost <= budget))
}

fn check(points: &[Point]) -> Result<(), BadInput> {
    let costs: Vec<f64> = points.iter().map(|p| p.cost).collect();
    let losses: Vec<f64> = points.iter().map(|p| p.loss).collect();
    input::all("costs", &costs, "a finite number, 0 or more", |c| c.is_finite() && c >= 0.0)?;
    input::all_finite("losses", &losses)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_stands_on_it_is_what_nothing_beats(cells in prop::collection::vec((0u8..6, 0u8..6), 0..12)) {
            let point = |&(c, l): &(u8, u8)| Point { cost: c.into(), loss: l.into() };
            let points: Vec<Point> = cells.iter().map(point).collect();
            let found = frontier(&points).unwrap();
            for (place, p) in points.iter().enumerate() {
                let beaten = points.iter().enumerate().any(|(other, q)| {
                    let no_worse = q.cost <= p.cost && q.loss <= p.loss;
                    no_worse && (*q != *p || other < place)
                });
                prop_assert_eq!(found.contains(&place), !beaten);
            }
            let pick = cheapest_best(&points, 3.0).unwrap().map(|i| points[i].loss);
            let least = points.iter().filter(|p| p.cost <= 3.0).map(|p| p.loss).reduce(f64::min);
            prop_assert_eq!(pick, least);
        }
    }

    #[test]
    fn a_cost_that_is_no_number_is_refused() {
        assert!(frontier(&[Point { cost: f64::NAN, loss: 0.1 }]).is_err());
        assert!(cheapest_best(&[], -1.0).is_err());
    }
}
