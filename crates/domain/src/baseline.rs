//! Whether a model may take over from people: a paired non-inferiority verdict, not two intervals that overlap.

use serde::{Deserialize, Serialize};
use stats::bonett_price::bonett_price;
use stats::mcnemar::PairedCounts;
use stats::power::{PairedPlan, labels_needed, paired_rows};
use stats::proportion::{Count, Difference, proportion_difference};

/// Below this agreement every model looks similar to people, whatever it does.
pub const LEAST_AGREEMENT: f64 = 0.4;
/// How much less often the model may be right, where nobody gives a cost.
pub const DEFAULT_MARGIN: f64 = 0.05;

/// What the rule is given: model and people on the same items, both against the truth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AutomationFacts {
    /// Items on which both are right.
    pub both_right: u64,
    /// Items on which only the model is right.
    pub model_only: u64,
    /// Items on which only people are right.
    pub people_only: u64,
    /// Items on which both are wrong.
    pub both_wrong: u64,
    /// Krippendorff's alpha of the people among themselves.
    pub agreement: f64,
    /// How much less often the model may be right.
    pub margin: f64,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "automation")]
pub enum Automation {
    /// The model is shown to be as good as people, within the margin.
    Automate {
        /// The lower bound of the model's accuracy minus people's.
        low: f64,
    },
    /// It is shown to be worse by more than the margin.
    NotYet {
        /// The upper bound of the same.
        high: f64,
    },
    /// Neither is shown.
    NeedLabels {
        /// Items in all at which it would be, with a chance of 80%.
        items: u64,
    },
    /// People disagree too much for their labels to judge anybody.
    LabelsUnreliable,
}

/// Asks the rule, one-sided at 5%.
///
/// Bonett & Price (2012): non-inferior when d - z se > -margin. Its labels: n = (z.95 + z.8)^2 p_dis / margin^2.
pub fn automation(facts: &AutomationFacts) -> Result<Automation, stats::BadInput> {
    if facts.agreement < LEAST_AGREEMENT {
        return Ok(Automation::LabelsUnreliable);
    }
    let counts = PairedCounts {
        both_right: facts.both_right,
        challenger_only: facts.model_only,
        incumbent_only: facts.people_only,
        both_wrong: facts.both_wrong,
    };
    let difference = bonett_price(counts)?;
    let (low, high) = (difference.lower_bound(0.05)?, difference.upper_bound(0.05)?);
    if low > -facts.margin {
        return Ok(Automation::Automate { low });
    }
    if high < -facts.margin {
        return Ok(Automation::NotYet { high });
    }
    let disagreement = (facts.model_only + facts.people_only) as f64 / counts.rows() as f64;
    let plan = PairedPlan { alpha: 0.05, power: 0.8, margin: facts.margin, effect: 0.0 };
    Ok(Automation::NeedLabels { items: labels_needed(plan, disagreement)?.rows })
}

/// Asks the rule where people's accuracy was published, so that model and people saw different items: 90% Newcombe
/// interval of the two shares' difference, one-sided at 5%.
///
/// Weaker than [`automation`]: hard items do not cancel, and the published people may have seen an easier sample.
/// Labels: those of the model alone can grow, so what is asked for is how many rows both sides would need.
pub fn automation_published(model: Count, people: Count, margin: f64) -> Result<Automation, stats::BadInput> {
    let difference = proportion_difference(people, model, Difference::Newcombe, 0.9)?;
    if difference.low > -margin {
        return Ok(Automation::Automate { low: difference.low });
    }
    if difference.high < -margin {
        return Ok(Automation::NotYet { high: difference.high });
    }
    let spread = |share: f64| share * (1.0 - share);
    let sd = (spread(model.share()) + spread(people.share())).sqrt();
    let plan = PairedPlan { alpha: 0.05, power: 0.8, margin, effect: 0.0 };
    Ok(Automation::NeedLabels { items: paired_rows(plan, sd)? })
}

impl std::fmt::Display for Automation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Automation::Automate { low } if *low > 0.0 => {
                write!(f, "automate: the model is at least {:.1} points ahead of people", 100.0 * low)
            }
            Automation::Automate { low } => {
                write!(f, "automate: the model is at most {:.1} points behind people", -100.0 * low)
            }
            Automation::NotYet { high } => {
                write!(f, "not yet: the model is at least {:.1} points behind people", -100.0 * high)
            }
            Automation::NeedLabels { items } => {
                write!(f, "not enough evidence: about {items} labelled items would settle it")
            }
            Automation::LabelsUnreliable => {
                write!(f, "labels unreliable: people agree too little to judge anybody")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(model_only: u64, people_only: u64) -> Automation {
        let (both_right, both_wrong) = (500, 500 - model_only - people_only);
        let facts =
            AutomationFacts { both_right, model_only, people_only, both_wrong, agreement: 0.7, margin: 0.05 };
        automation(&facts).expect("a thousand items")
    }

    #[test]
    fn similar_accuracy_automates_and_clearly_lower_does_not() {
        assert!(matches!(ask(60, 60), Automation::Automate { .. }));
        assert!(matches!(ask(20, 140), Automation::NotYet { .. }));
    }

    #[test]
    fn between_the_two_it_asks_for_labels() {
        // Disagreement 0.4 at a margin of 0.05 takes a thousand labels.
        assert_eq!(ask(170, 230), Automation::NeedLabels { items: 990 });
    }

    #[test]
    fn published_people_are_compared_on_other_items() {
        let people = Count { successes: 835, trials: 1_000 };
        let ask = |right: u64, items: u64| {
            automation_published(Count { successes: right, trials: items }, people, 0.05).expect("counts")
        };
        let Automation::Automate { low } = ask(9_100, 10_000) else { panic!("7.5 points ahead") };
        // the formula of Newcombe 1998, method 10, on the 90% Wilson intervals
        assert!((low - 0.055_981_294_468_513).abs() < 1e-9, "{low}");
        assert!(matches!(ask(7_000, 10_000), Automation::NotYet { .. }));
        assert!(matches!(ask(80, 100), Automation::NeedLabels { items } if items > 100));
    }

    #[test]
    fn labels_that_disagree_judge_nobody() {
        let facts = AutomationFacts {
            both_right: 500,
            model_only: 0,
            people_only: 0,
            both_wrong: 0,
            agreement: 0.3,
            margin: 0.05,
        };
        assert_eq!(automation(&facts), Ok(Automation::LabelsUnreliable));
    }
}
