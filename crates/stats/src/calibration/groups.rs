//! Rows grouped by their stated probability.
//!
//! Not a choice of how many groups. The invariant: every row is in exactly one group, and no group is empty.

/// What becomes of rows of one probability at the border of two groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ties {
    /// They are split as they come: even groups, which depend on the order of rows.
    Split,
    /// They stay in the lower group: no order of rows changes a group, but groups are fewer and uneven.
    Together,
}

/// What a group says and what happened in it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Group {
    pub rows: u64,
    pub weight: f64,
    pub yes: f64,
    pub stated: f64,
}

impl Group {
    pub fn add(&mut self, yes: bool, p: f64, weight: f64) {
        self.rows += 1;
        self.weight += weight;
        self.stated += weight * p;
        if yes {
            self.yes += weight;
        }
    }

    /// The observed share less the mean stated probability; 0 in an empty group.
    pub fn gap(&self) -> f64 {
        if self.weight == 0.0 { 0.0 } else { (self.yes - self.stated) / self.weight }
    }
}

/// At most `bins` groups of about equally many rows, in the order of probability.
pub(super) fn equal_mass(actual: &[bool], probabilities: &[f64], bins: usize, ties: Ties) -> Vec<Group> {
    let rows = actual.len();
    let bins = bins.clamp(1, rows.max(1));
    let mut order: Vec<usize> = (0..rows).collect();
    order.sort_by(|&a, &b| probabilities[a].total_cmp(&probabilities[b]));
    let tied = |at: usize| {
        ties == Ties::Together && at < rows && probabilities[order[at]] == probabilities[order[at - 1]]
    };
    let (mut groups, mut start) = (Vec::with_capacity(bins), 0);
    for k in 1..=bins {
        let mut end = (rows / bins * k + k.min(rows % bins)).max(start);
        while end > start && tied(end) {
            end += 1;
        }
        if end > start {
            let mut group = Group::default();
            order[start..end].iter().for_each(|&row| group.add(actual[row], probabilities[row], 1.0));
            groups.push(group);
        }
        start = end;
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rows_that_do_not_divide_go_to_the_first_groups() {
        let p: Vec<f64> = (0..7).map(f64::from).map(|k| k / 10.0).collect();
        let sizes = |bins: usize| -> Vec<u64> {
            equal_mass(&[true; 7], &p, bins, Ties::Split).iter().map(|g| g.rows).collect()
        };
        assert_eq!((sizes(3), sizes(20)), (vec![3, 2, 2], vec![1; 7]));
    }

    proptest! {
        #[test]
        fn all_rows_are_grouped_and_equals_stay_together(
            rows in prop::collection::vec((any::<bool>(), 0u8..6), 1..60), bins in 1usize..9,
        ) {
            let (actual, p): (Vec<bool>, Vec<f64>) =
                rows.iter().map(|r| (r.0, f64::from(r.1) / 5.0)).unzip();
            let groups = equal_mass(&actual, &p, bins, Ties::Together);
            prop_assert_eq!(groups.iter().map(|g| g.rows).sum::<u64>(), rows.len() as u64);
            prop_assert!(groups.len() <= bins.min(6));
            let (back, backs): (Vec<bool>, Vec<f64>) =
                rows.iter().rev().map(|r| (r.0, f64::from(r.1) / 5.0)).unzip();
            for (here, there) in groups.iter().zip(equal_mass(&back, &backs, bins, Ties::Together)) {
                prop_assert_eq!((here.rows, here.yes), (there.rows, there.yes));
            }
        }
    }
}
