//! The area under the ROC curve whose rates are expectations.
//!
//! Not for rows with answers ([`crate::ranking::auc`]). The invariant: the trapezoid under the curve is the
//! sum over all pairs of rows of the chance that the first is a yes and the second a no, rows of one score
//! counting half.

use super::yes_no::{ServedYesNo, answers_sd};
use crate::sum::sum;

/// Rows of one score.
#[derive(Debug, Clone, Default)]
struct Tie {
    rows: Vec<usize>,
    yes: f64,
    no: f64,
}

/// The area and its standard deviation over draws of the answers; `None` if one class is certain.
pub(super) fn expected_auc(served: ServedYesNo<'_>) -> Option<(f64, f64)> {
    let p = served.calibrated;
    let (yes, no) = (sum(p.iter().copied()), sum(p.iter().map(|p| 1.0 - p)));
    if yes <= 0.0 || no <= 0.0 {
        return None;
    }
    let (mut no_below, mut yes_below, mut area) = (0.0, 0.0, 0.0);
    let mut steps = vec![0.0; p.len()];
    for tie in ties(served) {
        let beaten = no_below + 0.5 * tie.no;
        let beating = yes - yes_below - 0.5 * tie.yes;
        area += tie.yes * beaten;
        // As a yes it beats the no rows below; as a no it is beaten by the yes rows above.
        tie.rows.iter().for_each(|&row| steps[row] = beaten - beating);
        no_below += tie.no;
        yes_below += tie.yes;
    }
    let value = area / (yes * no);
    let step = |gain: &f64| gain / (yes * no) - value / yes + value / no;
    Some((value, answers_sd(p, steps.iter().map(step))))
}

/// The distinct scores, rising.
fn ties(served: ServedYesNo<'_>) -> Vec<Tie> {
    let (scores, p) = (served.scores, served.calibrated);
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]).then(p[a].total_cmp(&p[b])));
    let mut ties: Vec<Tie> = Vec::new();
    let mut last = None;
    for row in order {
        if last != Some(scores[row]) {
            ties.push(Tie::default());
            last = Some(scores[row]);
        }
        if let Some(tie) = ties.last_mut() {
            tie.rows.push(row);
            tie.yes += p[row];
            tie.no += 1.0 - p[row];
        }
    }
    ties
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::unit;
    use crate::ranking::auc;

    #[test]
    fn drawn_answers_have_this_area_and_this_spread() {
        let scores: Vec<f64> = (0..200).map(|i| (20.0 * unit(1, i, 0)).floor()).collect();
        let p: Vec<f64> = scores.iter().map(|s| 0.05 + 0.04 * s).collect();
        let served = ServedYesNo { calibrated: &p, predicted: &[], scores: &scores };
        let (value, sd) = expected_auc(served).unwrap();
        let drawn: Vec<f64> = (0..2_000)
            .map(|run| {
                let actual: Vec<bool> =
                    p.iter().enumerate().map(|(i, &p)| unit(2 + run, i as u64, 0) < p).collect();
                auc(&actual, &scores, None).unwrap()
            })
            .collect();
        let seen = crate::sum::variance(&drawn).sqrt();
        // A row is never paired with itself when answers are drawn: a tenth of a point here.
        assert!((crate::sum::mean(&drawn) - value).abs() < 0.004, "{value}");
        assert!((seen / sd - 1.0).abs() < 0.08, "{sd} {seen}");
    }
}
