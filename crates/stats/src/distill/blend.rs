//! Several models' probabilities as one: geometric means within groups, an arithmetic mean of the groups.

use super::temperature::FLOOR;
use crate::input::{self, BadInput};
use crate::metric::check_rows;

/// Weights may miss a sum of 1 by this much.
const SLACK: f64 = 1e-9;

/// Models that are multiplied.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// The group's share of the whole, 0 to 1.
    pub weight: f64,
    /// Places of its models and their exponents, which sum to 1.
    pub members: Vec<(usize, f64)>,
}

/// A weighted arithmetic mean of weighted geometric means.
///
/// - *What it answers.* One probability from several: multiplied where models are alike, added where they differ.
/// - *Assumptions.* All give the same classes of the same rows. Group weights sum to 1.
/// - *When it misleads.* A geometric mean lets one model that is wrong and certain veto all others; probabilities
///   are kept above 1e-15 for that reason.
/// - *Source.* Titericz and Semenov 2015 (Otto, first place): 0.85·[XGB^0.65·NN^0.35] + 0.15·ET; Genest and Zidek
///   1986 for the two ways of pooling.
/// - *Checked against.* The formula in numpy.
#[derive(Debug, Clone, PartialEq)]
pub struct Blend {
    /// Its groups; a group of one model is that model.
    pub groups: Vec<Group>,
}

impl Blend {
    /// The blend, each row divided by its sum.
    pub fn apply(&self, models: &[&[f64]], width: usize) -> Result<Vec<f64>, BadInput> {
        let mut rows = self.pool(models, width)?;
        for row in rows.chunks_exact_mut(width) {
            let total: f64 = row.iter().sum();
            row.iter_mut().for_each(|p| *p /= total);
        }
        Ok(rows)
    }

    /// The blend as the formula has it: rows sum to 1 or less.
    pub fn pool(&self, models: &[&[f64]], width: usize) -> Result<Vec<f64>, BadInput> {
        self.check(models, width)?;
        let mut out = vec![0.0; models.first().map_or(0, |m| m.len())];
        for group in &self.groups {
            for (place, p) in out.iter_mut().enumerate() {
                let log = |&(model, power): &(usize, f64)| power * models[model][place].max(FLOOR).ln();
                *p += group.weight * group.members.iter().map(log).sum::<f64>().exp();
            }
        }
        Ok(out)
    }

    fn check(&self, models: &[&[f64]], width: usize) -> Result<(), BadInput> {
        for model in models {
            check_rows(model, width)?;
            input::same_length("a model's probabilities", model.len(), models[0].len())?;
        }
        weights("group weights", &self.groups.iter().map(|g| g.weight).collect::<Vec<_>>())?;
        for group in &self.groups {
            weights("exponents of a group", &group.members.iter().map(|m| m.1).collect::<Vec<_>>())?;
            if let Some(place) = group.members.iter().position(|m| m.0 >= models.len()) {
                let (found, expected) = (group.members[place].0 as f64, "the place of one of the models");
                return Err(BadInput::Value { what: "member", row: Some(place), found, expected });
            }
        }
        Ok(())
    }
}

/// None below 0, and together 1.
fn weights(what: &'static str, values: &[f64]) -> Result<(), BadInput> {
    input::all(what, values, "a number in [0, 1]", |w| (0.0..=1.0 + SLACK).contains(&w))?;
    let total: f64 = values.iter().sum();
    input::parameter(what, total, "a sum of 1", (total - 1.0).abs() <= SLACK)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blend(groups: &[(f64, &[(usize, f64)])]) -> Blend {
        let group = |&(weight, members): &(f64, &[(usize, f64)])| Group { weight, members: members.to_vec() };
        Blend { groups: groups.iter().map(group).collect() }
    }

    #[test]
    fn models_that_agree_are_answered_as_they_are() {
        let p: &[f64] = &[0.7, 0.3, 0.1, 0.9];
        let mixed = blend(&[(0.6, &[(0, 0.5), (1, 0.5)]), (0.4, &[(1, 1.0)])]);
        for (a, b) in mixed.apply(&[p, p], 2).unwrap().iter().zip(p) {
            assert!((a - b).abs() < 1e-12);
        }
    }

    #[test]
    fn weights_and_places_are_checked() {
        let p: &[f64] = &[0.7, 0.3];
        let said = |b: Blend| b.apply(&[p], 2).unwrap_err().to_string();
        assert_eq!(said(blend(&[(0.5, &[(0, 1.0)])])), "group weights: found 0.5, expected a sum of 1");
        assert_eq!(
            said(blend(&[(1.0, &[(0, 0.7)])])),
            "exponents of a group: found 0.7, expected a sum of 1"
        );
        assert_eq!(
            said(blend(&[(1.0, &[(1, 1.0)])])),
            "member, row 0: found 1, expected the place of one of the models"
        );
    }
}
