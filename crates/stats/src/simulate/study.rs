//! The questions that `incumbent experiment simulate` asks.
//!
//! Not the promises themselves: those stand beside the methods. The invariant: every promise of the docs about
//! experiments is one of these trials.

use super::{ALPHA, Allocation, Arms, Guardrail, Kind, Method, Metric, SampleRatio, Trial};
use crate::input::BadInput;
use crate::sequential::{Monitor, Peek};

/// The metrics, and the improvement of each that experiments are planned for.
const METRICS: [(&str, Metric, Metric); 4] = [
    ("conversion 50%", Metric::YesNo(0.5), Metric::YesNo(0.55)),
    ("conversion 5%", Metric::YesNo(0.05), Metric::YesNo(0.075)),
    ("conversion 1%", Metric::YesNo(0.01), Metric::YesNo(0.02)),
    ("log loss 0.35", Metric::Loss(0.35), Metric::Loss(0.31)),
];

/// The plans whose power is looked at.
const PLANS: [(Peek, Method, f64); 3] = [
    (Peek::Any, Method::Any, 0.9),
    (Peek::Planned, Method::Planned, 0.9),
    (Peek::Planned, Method::Planned, 0.8),
];

/// Every trial, in the order of the table.
pub fn trials() -> Result<Vec<Trial>, BadInput> {
    let mut trials = equals()?;
    trials.extend(effects()?);
    trials.extend(harm());
    trials.extend(sample_ratios()?);
    (0..).zip(&mut trials).for_each(|(number, trial)| trial.number = number);
    Ok(trials)
}

/// Between equals, at the units that `peek = any` plans for the improvement at power 0.9.
fn equals() -> Result<Vec<Trial>, BadInput> {
    let mut trials = Vec::new();
    for (name, metric, better) in METRICS {
        let units = planned(metric, better, 0.9, Peek::Any)?;
        let effect = better.mean() - metric.mean();
        let arms = Arms::new((metric, metric), Allocation::Even, units, effect, &Method::ALL)?;
        trials.push(trial(format!("equal arms, {name}"), Kind::Equals(arms)));
    }
    // Rare failures where the challenger has few units: the side on which a normal bound is too near.
    let (metric, better) = (Metric::YesNo(0.95), Metric::YesNo(0.965));
    let units = planned(metric, better, 0.9, Peek::Any)?;
    let effect = better.mean() - metric.mean();
    let methods = [Method::Any, Method::Planned];
    let arms = Arms::new((metric, metric), Allocation::Ramp, units, effect, &methods)?;
    trials.push(trial("equal arms, failures 5%, ramp 5-20-50%".into(), Kind::Equals(arms)));
    Ok(trials)
}

fn effects() -> Result<Vec<Trial>, BadInput> {
    let mut trials = Vec::new();
    for (peek, method, power) in PLANS {
        for (name, metric, better) in METRICS {
            let units = planned(metric, better, power, peek)?;
            let effect = better.mean() - metric.mean();
            let arms =
                Arms::new((metric, better), Allocation::Even, units, effect, &[method, Method::OneLook])?;
            let name = format!("better arm, {name}, planned power {:.0}%", 100.0 * power);
            trials.push(trial(name, Kind::Effect(arms, method)));
        }
    }
    Ok(trials)
}

/// The units that the planner asks for.
fn planned(metric: Metric, better: Metric, power: f64, peek: Peek) -> Result<u64, BadInput> {
    let monitor = if let (Metric::YesNo(first), Metric::YesNo(second)) = (metric, better) {
        Monitor::for_shares(first, second, ALPHA, power, peek)
    } else {
        let sd = (2.0 * (metric.variance() + better.variance())).sqrt();
        Monitor::for_effect(better.mean() - metric.mean(), sd, ALPHA, power, peek)
    };
    Ok(monitor?.planned())
}

fn harm() -> Vec<Trial> {
    let base =
        Guardrail { incumbent: 0.01, challenger: 0.02, tolerance: 0.01, allocation: 0.5, requests: 10_000 };
    let trials = [
        ("bad requests at the tolerance", base, None),
        ("all requests bad", Guardrail { challenger: 1.0, ..base }, Some(100)),
        (
            "all requests bad, canary of 5%",
            Guardrail { challenger: 1.0, allocation: 0.05, ..base },
            Some(100),
        ),
        ("bad requests 5 points over the tolerance", Guardrail { challenger: 0.07, ..base }, Some(2_000)),
        (
            "the same where 20% are bad anyway",
            Guardrail { incumbent: 0.2, challenger: 0.26, ..base },
            Some(2_000),
        ),
    ];
    trials.map(|(name, guardrail, within)| trial(name.into(), Kind::Harm(guardrail, within))).into()
}

fn sample_ratios() -> Result<Vec<Trial>, BadInput> {
    let sound = SampleRatio::new(0.5, 100.0, 10_000)?;
    let broken = SampleRatio::new(0.52, 100.0, 20_000)?;
    Ok(vec![
        trial("sample ratio 50:50".into(), Kind::SampleRatio(sound)),
        trial("sample ratio 52:48".into(), Kind::SampleRatio(broken)),
    ])
}

fn trial(name: String, kind: Kind) -> Trial {
    Trial { name, number: 0, kind }
}
