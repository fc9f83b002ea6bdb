//! A release's life as its events: the rule decides at every look, and the numbers that it is given follow closed
//! formulas, so that the same plot always tells the same story.
//!
//! Not a simulation: nothing is drawn, and the bounds are only shaped like those of the real methods.

use domain::event::Event;
use domain::experiment::{
    Arm, ArmFacts, Decision, ExperimentFacts, ExperimentId, Guardrail, Look, Pairs, Phase, SampleRatio, Step,
    decide,
};
use domain::history::{History, Release};
use domain::model::{Stage, VersionId};
use domain::plan::{self, GateMode, Span};
use domain::time::{DAY, HOUR};
use domain::{Recorded, Timestamp};

/// The share of control's rows that fail, and that are slow.
const FAILING: f64 = 0.003;
/// One unit's spread where both versions answered it, and where only one did.
const SPREAD: (f64, f64) = (0.08, 0.25);
/// The fewest units of a first look.
const FIRST: u64 = 200;
/// Units at which a gain of [`EFFECT`] is found.
const PLANNED: u64 = 300_000;
/// The smallest gain that matters.
const EFFECT: f64 = 0.002;

/// What a release is about, and how it will turn out.
#[derive(Debug, Clone)]
pub struct Plot {
    /// Its place among the model's releases, from 1.
    pub number: usize,
    /// The version that serves.
    pub incumbent: VersionId,
    /// The version that wants to.
    pub challenger: VersionId,
    /// What stands behind the challenger once it serves.
    pub behind: Vec<VersionId>,
    /// When it begins.
    pub begin: Timestamp,
    /// After this there are no more looks, whatever was decided.
    pub until: Timestamp,
    /// Units that come in an hour.
    pub hourly: f64,
    /// How much better the challenger is, in log loss.
    pub gain: f64,
    /// How much more often it fails where it really answers; in shadow it does not.
    pub failing: f64,
}

/// The plan's rules: every step, and a label window of three days.
pub fn rules() -> plan::Release {
    let steps = ["shadow", "canary", "ab"].map(str::to_string).to_vec();
    plan::Release { steps, label_window: Some(Span(3 * DAY)), ..plan::Release::default() }
}

/// The events of a release, oldest first, with their times.
pub fn release(plot: &Plot) -> Vec<(Timestamp, Event)> {
    let mut told = Told { events: Vec::new(), history: History::default() };
    let id = ExperimentId::new(plot.number, &plot.incumbent, &plot.challenger);
    told.tell(plot.begin, started(plot, &id));
    let mut seen = Seen::default();
    let mut at = plot.begin;
    while let Some(under_way) = told.history.experiment().cloned() {
        let pause = match at.0 - plot.begin.0 {
            age if age < DAY / 2 => HOUR / 4,
            age if age < 2 * DAY => HOUR,
            _ => 4 * HOUR,
        };
        at = Timestamp(at.0 + pause);
        if at > plot.until {
            break;
        }
        seen.add(under_way.phase, plot.hourly * pause as f64 / HOUR as f64);
        look(&mut told, plot, &under_way, at, &seen);
    }
    told.events
}

/// Units of control and treatment so far.
#[derive(Default)]
struct Seen {
    phase: Option<Phase>,
    units: [f64; 2],
    before: [f64; 2],
}

impl Seen {
    /// More units came. Shadow, the split and the hold-back count anew, since the arms were drawn anew.
    fn add(&mut self, phase: Phase, units: f64) {
        if let Some(before) = self.phase.filter(|before| *before != phase) {
            let split = |phase: Phase| matches!(phase.step, Step::Canary | Step::Ab);
            if !(split(before) && split(phase)) {
                self.units = [0.0, 0.0];
            }
            self.before = self.units;
        }
        self.phase = Some(phase);
        let drawn = phase.allocation();
        let shares = match phase.step {
            Step::Shadow => [1.0, 1.0],
            _ => [drawn.exposure * drawn.control, drawn.exposure * (1.0 - drawn.control)],
        };
        self.units = [0, 1].map(|arm| self.units[arm] + shares[arm] * units);
    }

    fn of(&self, arm: Arm) -> u64 {
        self.units[arm as usize] as u64
    }

    fn in_phase(&self, arm: Arm) -> u64 {
        (self.units[arm as usize] - self.before[arm as usize]) as u64
    }
}

/// What was told so far.
struct Told {
    events: Vec<(Timestamp, Event)>,
    history: History,
}

impl Told {
    fn tell(&mut self, at: Timestamp, event: Event) {
        let sequence = self.history.sequence + 1;
        self.history.add(&Recorded { sequence, at, event: event.clone() });
        self.events.push((at, event));
    }
}

fn started(plot: &Plot, id: &ExperimentId) -> Event {
    Event::Started {
        experiment: id.clone(),
        incumbent: plot.incumbent.clone(),
        challenger: plot.challenger.clone(),
        phase: Phase::all(&rules())[0],
        since: plot.begin,
        why: "it passed the gate".into(),
    }
}

fn look(told: &mut Told, plot: &Plot, under_way: &Release, at: Timestamp, seen: &Seen) {
    let facts = facts(plot, under_way, at, seen);
    let (rules, mode) = (rules(), GateMode::Superior);
    let decision = decide(&rules, mode, &facts);
    let rules = serde_json::to_value(&rules).expect("rules are plain data");
    told.tell(at, Event::Decided { facts: Box::new(facts), rules, mode, decision: decision.clone() });
    let version = plot.challenger.clone();
    let why = decision.why().to_string();
    match decision {
        Decision::Promote { .. } => {
            told.tell(at, Event::Deployed { incumbent: version, fallback: plot.behind.clone() });
        }
        Decision::Advance { to, .. } => told.tell(at, Event::Moved { version, stage: to.step.stage(), why }),
        Decision::Stop { .. } if !under_way.promoted => {
            told.tell(at, Event::Moved { version, stage: Stage::Stopped, why });
        }
        _ => {}
    }
}

fn facts(plot: &Plot, under_way: &Release, at: Timestamp, seen: &Seen) -> ExperimentFacts {
    let phase = under_way.phase;
    let shadow = phase.step == Step::Shadow;
    let pairs = seen.of(Arm::Control).min(seen.of(Arm::Treatment));
    let units = if shadow { pairs } else { seen.of(Arm::Control) + seen.of(Arm::Treatment) };
    let labelled = units * 9 / 10;
    ExperimentFacts {
        experiment: under_way.id.clone(),
        phase,
        since: under_way.since,
        now: at,
        arms: [Arm::Control, Arm::Treatment].map(|arm| side(plot, under_way, arm, seen)),
        goal: (labelled > 0).then(|| goal(plot, shadow, labelled)),
        guardrails: vec![
            guardrail("errors", if shadow { 0.0 } else { plot.failing }, pairs),
            guardrail("slow", 0.0, pairs),
        ],
        sample_ratios: if shadow { vec![] } else { ratios(seen, phase.allocation().control) },
        breaker_openings: 0,
        without_unit: seen.of(Arm::Treatment) / 900,
        dropped: 0,
    }
}

fn side(plot: &Plot, under_way: &Release, arm: Arm, seen: &Seen) -> ArmFacts {
    let treatment = arm == Arm::Treatment;
    let version = if treatment { &under_way.challenger } else { &under_way.incumbent };
    let (units, labelled) = (seen.of(arm), seen.of(arm) * 9 / 10);
    ArmFacts {
        arm,
        version: version.clone(),
        units,
        phase_units: seen.in_phase(arm),
        rows: units * 2,
        fallen_back: if treatment { (units as f64 * (plot.failing + 0.0005)) as u64 } else { 0 },
        labelled,
        mean: (labelled > 0).then_some(if treatment { 0.262 - plot.gain } else { 0.262 }),
    }
}

fn goal(plot: &Plot, shadow: bool, units: u64) -> Look {
    let sd = if shadow { SPREAD.0 } else { SPREAD.1 };
    let n = units as f64;
    let gain = plot.gain + 0.5 * (2.1 * n.ln()).sin() * sd / n.sqrt();
    let bounded = units >= 25;
    Look {
        metric: "log_loss".into(),
        method: if shadow { "both versions on the same rows" } else { "one arm with the other" }.into(),
        gain,
        low: bounded.then(|| gain - reach(sd, n, 0.05)),
        high: bounded.then(|| gain + reach(sd, n, 0.01)),
        sd,
        units,
        first: FIRST,
        planned: PLANNED,
        effect: EFFECT,
    }
}

/// Half the width of a confidence sequence that is tightest at the planned number of units.
fn reach(sd: f64, n: f64, alpha: f64) -> f64 {
    let alpha = 2.0 * alpha;
    let spread = (-2.0 * f64::ln(alpha) + (1.0 - 2.0 * f64::ln(alpha)).ln()) / PLANNED as f64;
    let wide = n * spread + 1.0;
    sd * (wide / (n * n * spread) * (wide / (alpha * alpha)).ln()).sqrt()
}

fn guardrail(name: &str, excess: f64, units: u64) -> Guardrail {
    let (n, tolerance, limit) = (units.max(1) as f64, 0.01, 100.0_f64.ln());
    let bad = |share: f64| (share * n).round() as u64;
    let (control, treatment) = (bad(FAILING), bad(FAILING + excess));
    let spread = 2.0 * FAILING + excess;
    let over = excess - tolerance;
    let evidence = n * over.abs() * over / (2.0 * (spread + tolerance));
    Guardrail {
        name: name.into(),
        control: (control, units),
        treatment: (treatment, units),
        pairs: Pairs {
            worse: treatment,
            same: units.saturating_sub(treatment + control),
            better: control.min(units.saturating_sub(treatment)),
        },
        tolerance,
        log_evidence: evidence,
        high: (excess + (2.0 * spread * limit / n).sqrt() + limit / (3.0 * n)).min(1.0),
    }
}

fn ratios(seen: &Seen, control: f64) -> Vec<SampleRatio> {
    let ratio = |join: &str, share: f64, blocks| {
        let [control_units, treatment] =
            [Arm::Control, Arm::Treatment].map(|arm| (share * seen.of(arm) as f64) as u64);
        let units = (control_units + treatment) as f64;
        SampleRatio {
            join: join.into(),
            control: control_units + (0.3 * units.sqrt()) as u64,
            treatment,
            expected: control,
            log_bayes_factor: 0.2 - 0.5 * (1.0 + units / 100.0).ln(),
            blocks,
        }
    };
    vec![ratio("assigned", 1.0, true), ratio("exposed", 0.999, false), ratio("labelled", 0.9, true)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(gain: f64, failing: f64) -> Plot {
        let id = |digit: &str| VersionId(digit.repeat(64));
        Plot {
            number: 1,
            incumbent: id("a"),
            challenger: id("b"),
            behind: vec![id("a")],
            begin: Timestamp(0),
            until: Timestamp(40 * DAY),
            hourly: 4_000.0,
            gain,
            failing,
        }
    }

    fn end(plot: &Plot) -> Release {
        let recorded = release(plot).into_iter().zip(1..);
        let recorded: Vec<Recorded> =
            recorded.map(|((at, event), sequence)| Recorded { sequence, at, event }).collect();
        History::fold(&recorded).experiments.remove(0)
    }

    #[test]
    fn what_is_better_is_promoted_and_what_fails_is_stopped() {
        let better = end(&plot(0.004, 0.0));
        let said: Vec<String> = better.looks.iter().map(|look| look.decision.to_string()).collect();
        for expected in ["on to canary at 1%", "on to A/B at 50%", "promote", "stop: done"] {
            assert!(said.iter().any(|word| word == expected), "{expected} in {said:?}");
        }
        assert!(better.promoted && better.ended.is_some());
        let failing = end(&plot(0.0, 0.2));
        assert_eq!(failing.looks.last().map(|look| look.decision.to_string()), Some("stop: harm".into()));
        assert!(!failing.promoted);
    }
}
