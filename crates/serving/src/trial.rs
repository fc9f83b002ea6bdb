//! The experiment of a snapshot: who takes part, and which chain answers whom.
//!
//! It decides nothing: the phase is given, arms are drawn by `domain`, and whoever deploys the next snapshot moves it
//! on. What is counted of an experiment is carried from snapshot to snapshot. Invariant: a row's arm depends on its
//! unit and the phase alone, never on who is able to answer.

use crate::admit::{Admission, Permit};
use crate::answer::Answer;
use crate::failure::Reason;
use crate::link::Link;
use crate::tally::Tally;
use crate::tripwire::{Tripped, Tripwire};
use domain::experiment::{Allocation, Bad, Phase, Step};
use domain::plan::Release;
use domain::{Arm, Assignment, ExperimentId, Table, Values};
use std::sync::Arc;
use std::time::Duration;

/// The least time that a challenger has.
const LEAST_PATIENCE: Duration = Duration::from_millis(10);

/// What an experiment is made of.
pub struct Setup {
    /// Its name, and the salt of its draws.
    pub experiment: ExperimentId,
    /// Where the release stands.
    pub phase: Phase,
    /// What answers the units in control: the incumbent's chain; in a hold-back, that of the version before.
    pub control: Vec<Arc<Link>>,
    /// What answers the units in treatment: the challenger and behind it the incumbent's chain.
    pub treatment: Vec<Arc<Link>>,
    /// What it goes by.
    pub rules: Rules,
}

/// What an experiment goes by.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// The column that names a row's unit, where the request does not.
    pub unit_column: Option<String>,
    /// What counts as slow, from a request's arrival to its answer.
    pub slo: Duration,
    /// The longest that one call of the challenger may take, so that time is left for the incumbent behind it: twice
    /// the incumbent's p99 is a good value. Never less than 10 ms, which a busy machine takes to wake a thread, nor
    /// more than half of the deadline, which is what it is where nothing is known. It does not hold in a hold-back,
    /// where the challenger is the incumbent.
    pub patience: Option<Duration>,
    /// Shadow answers under way at once; one more is left out.
    pub shadow_permits: usize,
    /// How much more often than control the challenger may fail, 0 to 1; 1 stops it never.
    pub errors: f64,
    /// How much more often than control it may be slow.
    pub slow: f64,
    /// The chance taken of stopping one that keeps to it, for each.
    pub harm_alpha: f64,
}

/// An experiment under way.
pub struct Trial {
    setup: Setup,
    allocation: Allocation,
    patience: Option<Duration>,
    tally: Arc<Tally>,
    tripwire: Arc<Tripwire>,
    shadow: Admission,
}

/// Which chain answers the rows of an arm.
pub(crate) struct Path<'a> {
    pub chain: &'a [Arc<Link>],
    /// Why it is not the chain that they were meant for.
    pub why: Option<Reason>,
    /// The longest that its first link may be waited for.
    pub patience: Option<Duration>,
}

impl Rules {
    /// What the plan says, for a server that answers within `deadline`.
    pub fn of(release: &Release, deadline: Duration) -> Rules {
        let slo = release.slo.and_then(|slo| u64::try_from(slo.0).ok());
        Rules {
            unit_column: release.unit.clone(),
            slo: slo.map_or(deadline, Duration::from_micros),
            patience: None,
            shadow_permits: release.shadow_permits,
            errors: release.errors,
            slow: release.slow,
            harm_alpha: release.harm_alpha,
        }
    }
}

impl Trial {
    /// An experiment of which nothing has been counted yet.
    pub fn new(setup: Setup) -> Trial {
        let allocation = setup.phase.allocation();
        let tripwire = Arc::new(Tripwire::new(&setup.rules));
        let shadow = Admission::new(setup.rules.shadow_permits);
        Trial { setup, allocation, patience: None, tally: Arc::default(), tripwire, shadow }
    }

    /// Its name.
    pub fn experiment(&self) -> &ExperimentId {
        &self.setup.experiment
    }

    /// Where the release stands.
    pub fn phase(&self) -> Phase {
        self.setup.phase
    }

    /// What answers the units in control.
    pub fn control(&self) -> &[Arc<Link>] {
        &self.setup.control
    }

    /// What answers the units in treatment.
    pub fn treatment(&self) -> &[Arc<Link>] {
        &self.setup.treatment
    }

    /// What it goes by.
    pub fn rules(&self) -> &Rules {
        &self.setup.rules
    }

    /// What was counted of it by this process.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The harm that stopped the challenger, if any did. From then on its units are answered by control's chain.
    pub fn tripped(&self) -> Option<Tripped> {
        let guardrail = self.tripwire.tripped()?;
        Some(Tripped { experiment: self.experiment().clone(), guardrail })
    }

    /// Goes on counting where the same experiment's snapshot before left off.
    pub(crate) fn carry_on(&mut self, before: &Trial) {
        if before.experiment() == self.experiment() {
            self.tally = Arc::clone(&before.tally);
            self.tripwire = Arc::clone(&before.tripwire);
        }
    }

    /// The units of the rows: those that the request names, or else what stands in the unit column.
    pub(crate) fn units(&self, mut given: Vec<Option<String>>, rows: &Table) -> Vec<Option<String>> {
        let column = self.setup.rules.unit_column.as_ref().and_then(|name| rows.column(name));
        given.resize(rows.rows(), None);
        for (row, unit) in given.iter_mut().enumerate() {
            // many anonymous rows are not one unit
            *unit = unit.take().filter(|unit| !unit.is_empty());
            if unit.is_none() {
                *unit = column.and_then(|column| cell(&column.values, row));
            }
        }
        given
    }

    /// The arm of each row; `None` for those that take no part.
    pub(crate) fn draw(&self, units: &[Option<String>]) -> Vec<Option<Arm>> {
        if self.is_shadow() {
            return vec![None; units.len()];
        }
        let arm = |unit: &Option<String>| {
            let Some(unit) = unit else {
                self.tally.without_unit.add(1);
                return None;
            };
            self.allocation.assign(&self.setup.experiment, unit).map(|assignment| assignment.arm)
        };
        units.iter().map(arm).collect()
    }

    /// The right to ask the challenger beside a request, in the phase for that; `None` where all are taken.
    pub(crate) fn enter_shadow(&self) -> Option<Permit> {
        self.shadow.enter()
    }

    /// Whether the challenger is asked beside every request.
    pub(crate) fn is_shadow(&self) -> bool {
        self.setup.phase.step == Step::Shadow
    }

    /// What is logged of a row in this arm.
    pub(crate) fn assignment(&self, arm: Arm) -> Assignment {
        let Allocation { exposure, control } = self.allocation;
        let propensity = match arm {
            Arm::Control => control,
            Arm::Treatment => 1.0 - control,
        };
        Assignment { experiment: self.setup.experiment.clone(), arm, propensity, exposure }
    }

    /// The version on trial.
    pub(crate) fn challenger(&self) -> &Arc<Link> {
        self.meant(Arm::Treatment)
    }

    /// The version that rows of this arm are meant for.
    pub(crate) fn meant(&self, arm: Arm) -> &Arc<Link> {
        let chain = match arm {
            Arm::Control => self.control(),
            Arm::Treatment => self.treatment(),
        };
        chain.first().expect("a snapshot takes no experiment with an empty chain")
    }

    pub(crate) fn path(&self, arm: Arm) -> Path<'_> {
        match arm {
            Arm::Control => Path { chain: self.control(), why: None, patience: None },
            Arm::Treatment if self.tripwire.is_tripped() => {
                Path { chain: self.control(), why: Some(Reason::Stopped), patience: None }
            }
            Arm::Treatment => Path { chain: self.treatment(), why: None, patience: self.patience },
        }
    }

    /// Sets how long the challenger may be waited for in a server that answers within `deadline`.
    pub(crate) fn hold_to(self, deadline: Duration) -> Trial {
        let half = deadline / 2;
        let wanted = self.setup.rules.patience.unwrap_or(half);
        let patience = wanted.max(LEAST_PATIENCE).min(half);
        let patience = (self.setup.phase.step != Step::HoldBack).then_some(patience);
        Trial { patience, ..self }
    }

    /// Counts an answer, and looks for harm in it. The first row of an arm stands for all of the request: rows that
    /// were answered together fail together, and must not count as if they had failed one by one.
    pub(crate) fn observe(&self, answer: &Answer) {
        let mut seen = [false; 2];
        for row in 0..answer.ids.len() {
            let part = answer.part(row);
            let Some(assignment) = &part.assignment else { continue };
            let arm = assignment.arm;
            self.tally.rows(arm).add(1);
            self.tally.fell_back(arm).add(u64::from(part.fell_back()));
            if !std::mem::replace(&mut seen[arm as usize], true) {
                let bad = Bad { failed: part.fell_back(), slow: part.latency > self.setup.rules.slo };
                self.tripwire.observe(arm, bad, self.meant(Arm::Control).calls());
            }
        }
    }
}

/// A cell as the name of a unit; `None` where it is missing or names nobody.
fn cell(values: &Values, row: usize) -> Option<String> {
    let name = match values {
        Values::Number(cells) => Some(cells[row]).filter(|x| !x.is_nan()).map(|x| x.to_string()),
        Values::Text(cells) => cells[row].clone(),
        Values::Time(cells) => cells[row].map(|at| at.to_string()),
        Values::Tensor { .. } => None,
    };
    name.filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Request;
    use crate::faults::{Fake, Fault, Rule, signature};
    use crate::house::{CANARY, DEADLINE, experiment, floor, house, limits, rules, units, who};
    use crate::{Floor, Snapshot, SnapshotError};
    use domain::{Column, OutputKind, ServedBy, VersionId};

    const AB: Phase = Phase { step: Step::Ab, treatment: 0.5 };

    #[tokio::test]
    async fn the_unit_stands_in_the_request_or_else_in_its_column() {
        let mut house = house(&[Fault::None]);
        house.try_out(AB, Fault::None);
        let treated = units(AB, Some(Arm::Treatment), 2);
        let who = [Some(treated[0].clone()), Some("ignored".into()), Some(String::new()), None];
        let mut columns = house.request(&[0.0; 4]).rows.into_columns();
        columns.push(Column { name: "who".into(), values: Values::Text(who.to_vec()) });
        let rows = Table::new(columns).expect("four rows each");
        let units = vec![None, Some(treated[1].clone()), None, Some(String::new())];
        let answer = house.predict(Request { rows, units, ..house.request(&[]) }).await.expect("answered");
        assert_eq!(answer.outputs.values, [10.0, 10.0, 1.0, 1.0], "nobody's rows are the incumbent's");
        let logged: Vec<Option<String>> = house.logged().await.into_iter().map(|p| p.unit).collect();
        assert_eq!(logged, [Some(treated[0].clone()), Some(treated[1].clone()), None, None]);
        assert_eq!(house.engine.trial().expect("it runs").tally().without_unit.get(), 2);
    }

    #[test]
    fn cells_name_units_as_people_write_them() {
        let names = |values: Values| (0..2).map(|row| cell(&values, row)).collect::<Vec<_>>();
        assert_eq!(names(Values::Number(vec![70_000_123.0, f64::NAN])), [Some("70000123".into()), None]);
        let time = Values::Time(vec![Some(domain::Timestamp(0)), None]);
        assert_eq!(names(time), [Some("1970-01-01T00:00:00Z".into()), None]);
    }

    #[tokio::test]
    async fn stepping_up_keeps_the_counts_and_everybodys_arm() {
        let mut house = house(&[Fault::None]);
        house.try_out(CANARY, Fault::None);
        let treated = units(CANARY, Some(Arm::Treatment), 1);
        let before = house.ask_for(&treated).await;
        let challenger = house.engine.link(&VersionId("c".into())).expect("the trial's links are found");
        house.try_link(AB, challenger, rules());
        let after = house.ask_for(&treated).await;
        assert_eq!(before.outputs, after.outputs);
        let trial = house.engine.trial().expect("it runs");
        assert_eq!(trial.tally().rows(Arm::Treatment).get(), 2);
        assert_eq!(after.part(0).assignment.as_ref().map(|a| (a.propensity, a.exposure)), Some((0.5, 1.0)));
    }

    #[tokio::test]
    async fn in_a_hold_back_the_challenger_serves_and_control_sees_the_version_before() {
        let house = house(&[Fault::None]);
        let old = house.engine.snapshot().expect("deployed").chain().to_vec();
        let new = [&[Arc::new(Fake::answering(10.0).link("c", limits()))][..], &old].concat();
        let phase = Phase { step: Step::HoldBack, treatment: 0.95 };
        let (control, treatment) = (old, new.clone());
        let setup = Setup { experiment: experiment(), phase, control, treatment, rules: rules() };
        let snapshot = Snapshot::new("fake", new, floor(), DEADLINE).expect("alike");
        house.engine.deploy(snapshot.with_trial(Trial::new(setup)).expect("alike"));
        let units = [units(phase, Some(Arm::Control), 1), units(phase, Some(Arm::Treatment), 1)].concat();
        assert_eq!(house.ask_for(&units).await.outputs.values, [1.0, 11.0]);
        assert_eq!(who(&house.ask(&[0.0]).await), ServedBy::Intended);
        assert_eq!(house.ask(&[0.0]).await.outputs.values, [10.0], "without a unit: the incumbent");
        assert_eq!(house.logged().await[0].assignment.as_ref().map(|a| a.propensity), Some(1.0 - 0.95));
    }

    #[test]
    fn the_challenger_has_at_least_ten_milliseconds_and_at_most_half_of_the_deadline() {
        let ms = Duration::from_millis;
        let held = |step, patience, deadline| {
            let (experiment, phase) = (experiment(), Phase { step, treatment: 0.5 });
            let rules = Rules { patience, ..rules() };
            let setup = Setup { experiment, phase, control: vec![], treatment: vec![], rules };
            Trial::new(setup).hold_to(deadline).path(Arm::Treatment).patience
        };
        assert_eq!(held(Step::Ab, None, ms(80)), Some(ms(40)));
        assert_eq!(held(Step::Ab, Some(ms(15)), ms(80)), Some(ms(15)));
        assert_eq!(held(Step::Ab, Some(ms(1)), ms(80)), Some(ms(10)));
        assert_eq!(held(Step::Ab, Some(ms(70)), ms(80)), Some(ms(40)));
        assert_eq!(held(Step::Ab, Some(ms(1)), ms(12)), Some(ms(6)));
        assert_eq!(held(Step::HoldBack, Some(ms(15)), ms(80)), None, "it is the incumbent there");
    }

    #[test]
    fn a_challenger_that_answers_something_else_is_refused() {
        let control = vec![Arc::new(Fake::answering(1.0).link("v0", limits()))];
        let mut path = signature();
        path.output = OutputKind::Path { horizon: 2 };
        let treatment = vec![Arc::new(Rule::new(path, |_| vec![]).link("c"))];
        let setup = |treatment| {
            let (experiment, phase, control) = (experiment(), AB, control.clone());
            Trial::new(Setup { experiment, phase, control, treatment, rules: rules() })
        };
        let snapshot = || {
            let floor = Floor::ignorant(OutputKind::Value);
            Snapshot::new("fake", control.clone(), floor, DEADLINE).expect("alike")
        };
        let refused = snapshot().with_trial(setup(treatment)).err();
        assert!(matches!(refused, Some(SnapshotError::Disagrees { .. })), "{refused:?}");
        assert_eq!(snapshot().with_trial(setup(vec![])).err(), Some(SnapshotError::Empty));
    }
}
