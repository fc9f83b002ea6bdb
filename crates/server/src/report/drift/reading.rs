//! How to read a comparison: what its numbers mean, what they assume, and when they mislead.

use domain::drift::DriftRules;
use lifecycle::drift::Comparison;
use maud::{Markup, html};

/// The section.
pub(super) fn section(found: &Comparison) -> Markup {
    html! {
        h2 { "How to read this" }
        dl.reading { (distances(found.rules)) (evidence()) (index()) (together()) (worth(found)) (misleads()) }
    }
}

fn distances(rules: DriftRules) -> Markup {
    html! {
        dt { "Effect first, then evidence" }
        dd {
            "A column moved when the larger of its two distances is at least " (rules.effect)
            " and its adjusted p-value is below " (rules.alpha) ". Neither is enough alone."
        }
        dt { "Distance" }
        dd {
            "Numbers: the Wasserstein distance in standard deviations of the reference (sd), which is how far values went on average. "
            "Categories: the Jensen-Shannon distance (JS), 0 where the shares are the same, 1 where nothing is shared. "
            "The second one is the Kolmogorov-Smirnov statistic (KS), 0 to 1, or the largest difference of a category's share. "
            "Texts and pictures are compared by their length or brightness, instants by their hour of day."
        }
    }
}

fn evidence() -> Markup {
    html! {
        dt { "Why p-values alone do not count" }
        dd {
            "On a million rows a shift of a hundredth of a standard deviation has a p-value of almost nothing, and changes no answer. "
            "On twenty rows a real move may have a large one."
        }
        dt { "Adjusted p" }
        dd {
            "With many columns some look as if they had moved by chance. The p-values are adjusted for their number (Benjamini-Hochberg), "
            "so that among the columns that are said to have moved only a small share is expected to be there by chance."
        }
    }
}

fn index() -> Markup {
    html! {
        dt { "PSI, its noise" }
        dd {
            "The population stability index, and where it lies in one of twenty looks when nothing moved, on so many rows. "
            "An index below its noise says nothing. The limits of 0.1 and 0.25 that are often quoted know nothing of the number of rows. "
            "It decides nothing here."
        }
    }
}

fn together() -> Markup {
    html! {
        dt { "Told apart" }
        dd {
            "Columns can each stay as they were and yet stand together in ways they did not before; a classifier sees that. "
            "Its AUC is measured on rows that it was not trained on. A number that only counts up tells all rows apart and means nothing."
        }
    }
}

/// Only where the model was asked too.
fn worth(found: &Comparison) -> Markup {
    html! {
        @if found.columns.iter().any(|c| c.drift.importance.is_some()) {
            dt { "Importance, and the loss that a column costs" }
            dd {
                "How much worse the model gets when the column is shuffled, and how much of the loss goes away when it is put back to what it was, "
                "both in units of the primary loss. A column without importance may move as it likes."
            }
        }
    }
}

fn misleads() -> Markup {
    html! {
        dt { "What is assumed, and when it misleads" }
        dd {
            "Rows are taken to be drawn independently. Where many are of one customer, or follow one another in time, p-values are too small. "
            "A season looks like a move: compare with the same season. A reference of few rows makes every distance larger than it is. "
            "What moved is not what does harm: that needs outcomes."
        }
    }
}
