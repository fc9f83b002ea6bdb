//! What people's labels of one item add up to.

/// An item with so many labels and no winner among them is given to nobody else.
pub const MOST_LABELS: usize = 5;
/// An item that so many people passed on is given to nobody else.
pub const MOST_SKIPS: usize = 3;

/// Where an item stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It waits for more people.
    Open,
    /// This label counts, by its place among those given.
    Settled(usize),
    /// People differ, and asking more of them would not help.
    Contested,
    /// People cannot tell.
    Unclear,
}

/// Where an item stands that `needs` people should label.
///
/// They settle it where they agree. Where they differ others are asked, until one label has more than half of the
/// votes and at least two: one person never overrules another.
pub fn standing<L: PartialEq>(labels: &[L], needs: usize, skips: usize) -> Standing {
    let votes = |label: &L| labels.iter().filter(|other| *other == label).count();
    let best = (0..labels.len()).max_by_key(|&place| (votes(&labels[place]), usize::MAX - place));
    if labels.len() >= needs.max(1)
        && let Some(best) = best
    {
        let most = votes(&labels[best]);
        if most == labels.len() || (most > 1 && 2 * most > labels.len()) {
            return Standing::Settled(best);
        }
        if labels.len() >= MOST_LABELS {
            return Standing::Contested;
        }
    }
    if skips >= MOST_SKIPS { Standing::Unclear } else { Standing::Open }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_is_enough_where_one_was_asked_and_a_third_decides_between_two() {
        assert_eq!(standing::<&str>(&[], 1, 0), Standing::Open);
        assert_eq!(standing(&["cat"], 1, 0), Standing::Settled(0));
        assert_eq!(standing(&["cat"], 2, 0), Standing::Open);
        assert_eq!(standing(&["cat", "cat"], 2, 0), Standing::Settled(0));
        assert_eq!(standing(&["cat", "dog"], 2, 0), Standing::Open);
        assert_eq!(standing(&["cat", "dog", "dog"], 2, 0), Standing::Settled(1));
        assert_eq!(standing(&["cat", "dog", "cow"], 2, 0), Standing::Open);
        assert_eq!(standing(&["cat", "dog", "cow", "cow"], 2, 0), Standing::Open, "half is no majority");
        assert_eq!(standing(&["cat", "dog", "cow", "cow", "cow"], 2, 0), Standing::Settled(2));
        assert_eq!(standing(&["cat", "dog", "cow", "cow", "dog"], 2, 0), Standing::Contested);
    }

    #[test]
    fn what_nobody_can_tell_is_put_aside() {
        assert_eq!(standing::<&str>(&[], 1, 2), Standing::Open);
        assert_eq!(standing::<&str>(&[], 1, MOST_SKIPS), Standing::Unclear);
        assert_eq!(standing(&["cat"], 1, 9), Standing::Settled(0), "somebody could");
    }

    proptest! {
        #[test]
        fn the_order_of_labels_changes_no_winner(mut labels in prop::collection::vec(0_u8..3, 0..6), needs in 1_usize..3) {
            let winner = |labels: &[u8]| match standing(labels, needs, 0) {
                Standing::Settled(place) => Ok(labels[place]),
                other => Err(other),
            };
            let before = winner(&labels);
            labels.reverse();
            prop_assert_eq!(winner(&labels), before);
        }
    }
}
