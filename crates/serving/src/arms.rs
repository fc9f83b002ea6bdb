//! A request taken apart by arm: every row goes along the path of its arm, all at the same time and within the same
//! deadline, and each tells who answered it.
//!
//! Without an experiment there is one path, and nothing to take apart.

use crate::answer::Part;
use crate::batch::Batch;
use crate::link::Link;
use crate::predict::{Piece, Walk};
use crate::trial::{Path, Trial};
use domain::{Arm, Table};
use std::sync::Arc;

/// Answers the rows: those that take no part in the experiment by `chain`, the others by their arm's. Gives the pieces and
/// what the rows of each share.
pub(crate) async fn answer(
    walk: &Walk<'_>,
    chain: &[Arc<Link>],
    trial: Option<&Trial>,
    units: &[Option<String>],
    rows: &Arc<Table>,
) -> (Vec<Part>, Vec<Piece>) {
    let whole = Batch::whole(Arc::clone(rows));
    let own = Path { chain, why: None, patience: None };
    let Some(trial) = trial else {
        let pieces = walk.answer(Some(whole), own).await;
        return (parts(&pieces, walk.meant, None), pieces);
    };
    let arms = trial.draw(units);
    let of = |arm: Option<Arm>| whole.only(|place| arms[place] == arm);
    let (mut pieces, control, treatment) = tokio::join!(
        walk.answer(of(None), own),
        walk.answer(of(Some(Arm::Control)), trial.path(Arm::Control)),
        walk.answer(of(Some(Arm::Treatment)), trial.path(Arm::Treatment)),
    );
    let mut all = parts(&pieces, walk.meant, None);
    for (arm, answered) in [(Arm::Control, control), (Arm::Treatment, treatment)] {
        all.extend(parts(&answered, trial.meant(arm), Some((trial, arm))));
        pieces.extend(answered);
    }
    (all, pieces)
}

/// What the rows of each piece share; `meant` is the version that they were meant for.
fn parts(pieces: &[Piece], meant: &Link, arm: Option<(&Trial, Arm)>) -> Vec<Part> {
    let part = |piece: &Piece| Part {
        version: meant.version().clone(),
        served_by: piece.served_by.clone(),
        assignment: arm.map(|(trial, arm)| trial.assignment(arm)),
        latency: piece.latency,
    };
    pieces.iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::engine::Request;
    use crate::faults::{Fake, Fault, Rule, signature};
    use crate::house::{CANARY, DEADLINE, experiment, fallback, house, limits, predict, rules, units, who};
    use crate::trial::Rules;
    use domain::experiment::{Phase, Step};
    use domain::{Column, Domain, Field, Kind, ServedBy, Values, VersionId};
    use std::time::Duration;

    const AB: Phase = Phase { step: Step::Ab, treatment: 0.5 };

    /// Two units of every kind, mixed.
    fn mixed(phase: Phase) -> Vec<String> {
        let of = |arm| units(phase, arm, 2);
        let (none, control, treatment) = (of(None), of(Some(Arm::Control)), of(Some(Arm::Treatment)));
        (0..2).flat_map(|i| [treatment[i].clone(), none[i].clone(), control[i].clone()]).collect()
    }

    #[tokio::test]
    async fn every_row_is_answered_by_the_version_of_its_arm_in_order_and_logged_so() {
        let mut house = house(&[Fault::None]);
        house.try_out(CANARY, Fault::None);
        let units = mixed(CANARY);
        let answer = house.ask_for(&units).await;
        assert_eq!(answer.outputs.values, [10.0, 2.0, 3.0, 13.0, 5.0, 6.0]);
        let arms: Vec<Option<Arm>> =
            (0..6).map(|row| answer.part(row).assignment.as_ref().map(|a| a.arm)).collect();
        let once = [Some(Arm::Treatment), None, Some(Arm::Control)];
        assert_eq!(arms, [once, once].concat());
        for (prediction, unit) in house.logged().await.iter().zip(&units) {
            assert_eq!(prediction.unit.as_ref(), Some(unit));
            assert_eq!(prediction.assignment, CANARY.allocation().assign(&experiment(), unit));
            let treated = prediction.assignment.as_ref().is_some_and(|a| a.arm == Arm::Treatment);
            assert_eq!(prediction.version.0, if treated { "c" } else { "v0" });
            assert_eq!(prediction.served_by, ServedBy::Intended);
        }
        let trial = house.engine.trial().expect("it runs");
        let counted = [Arm::Control, Arm::Treatment].map(|arm| trial.tally().rows(arm).get());
        assert_eq!((counted, trial.tally().without_unit.get()), ([2, 2], 0));
    }

    #[tokio::test]
    async fn whoever_names_a_version_takes_no_part() {
        let mut house = house(&[Fault::None]);
        house.try_out(CANARY, Fault::None);
        for (name, value) in [("v0", 1.0), ("c", 10.0)] {
            let request = house.request_of(&units(CANARY, Some(Arm::Treatment), 1));
            let answer = house.predict(Request { version: Some(name.into()), ..request }).await;
            let answer = answer.expect("a challenger may be asked by its name");
            assert_eq!((answer.outputs.values[0], answer.part(0).assignment.clone()), (value, None));
        }
    }

    #[tokio::test]
    async fn a_failed_challenger_is_answered_for_and_counts_in_its_arm() {
        for (fault, why) in [(Fault::Error, "error"), (Fault::Panic, "panic"), (Fault::Nan, "invalid")] {
            let mut house = house(&[Fault::None]);
            house.try_out(CANARY, fault);
            let treated = units(CANARY, Some(Arm::Treatment), 1);
            let answer = house.ask_for(&treated).await;
            assert_eq!((who(&answer), answer.outputs.values[0]), (fallback("v0", why), 1.0));
            let logged = house.logged().await.remove(0);
            assert_eq!(logged.version, VersionId("c".into()));
            assert_eq!(logged.assignment.map(|a| a.arm), Some(Arm::Treatment));
            let trial = house.engine.trial().expect("it runs");
            assert_eq!(trial.tally().fell_back(Arm::Treatment).get(), 1);
        }
    }

    #[tokio::test]
    async fn a_challenger_that_hangs_takes_no_time_from_the_rows_beside_it() {
        let mut house = house(&[Fault::None]);
        house.try_out(CANARY, Fault::Hang);
        let (engine, request) = (Arc::clone(&house.engine), house.request_of(&mixed(CANARY)));
        let asked = tokio::spawn(async move { predict(&engine, request).await });
        house.switches[1].hanging(1).await;
        while house.engine.link(&VersionId("v0".into())).expect("it serves").answered() < 4 {
            tokio::task::yield_now().await;
        }
        house.clock.advance(DEADLINE / 2);
        let answer = asked.await.expect("no panic").expect("answered");
        assert_eq!(answer.outputs.values, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(answer.part(0).served_by, fallback("v0", "deadline"));
        assert_eq!(answer.part(0).latency, DEADLINE / 2);
        let beside = [1, 2].map(|row| answer.part(row).latency);
        assert_eq!(beside, [Duration::ZERO; 2], "they were answered at once");
    }

    #[tokio::test]
    async fn a_challenger_gets_no_more_patience_than_the_incumbent_needs() {
        let house = house(&[Fault::None]);
        let patience = Some(Duration::from_millis(15));
        let fake = Fake::answering(10.0).with(Fault::Hang);
        let switch = fake.switch();
        house.try_link(CANARY, Arc::new(fake.link("c", limits())), Rules { patience, ..rules() });
        let treated = units(CANARY, Some(Arm::Treatment), 1);
        let (engine, request) = (Arc::clone(&house.engine), house.request_of(&treated));
        let asked = tokio::spawn(async move { predict(&engine, request).await });
        switch.hanging(1).await;
        house.clock.advance(Duration::from_millis(15));
        assert_eq!(who(&asked.await.expect("no panic").expect("answered")), fallback("v0", "deadline"));
        switch.release();
    }

    #[tokio::test]
    async fn a_challenger_may_need_a_column_that_the_incumbent_does_not() {
        let house = house(&[Fault::None]);
        let mut wider = signature();
        let domain = Domain::Any;
        wider
            .inputs
            .fields
            .insert(0, Field { name: "z".into(), kind: Kind::Number, nullable: false, domain });
        let answer = |rows: &Table| match rows.column("z").map(|c| &c.values) {
            Some(Values::Number(cells)) => cells.clone(),
            _ => vec![],
        };
        house.try_link(AB, Arc::new(Rule::new(wider, answer).link("c")), rules());
        let treated = units(AB, Some(Arm::Treatment), 1);
        let bare = house.ask_for(&treated).await;
        assert_eq!(who(&bare), fallback("v0", "domain"), "it cannot read the row");
        let request = house.request_of(&treated);
        let mut columns = request.rows.into_columns();
        columns.push(Column { name: "z".into(), values: Values::Number(vec![7.0]) });
        let rows = Table::new(columns).expect("one row");
        let answer = house.predict(Request { rows, ..house.request_of(&treated) }).await.expect("answered");
        assert_eq!((who(&answer), answer.outputs.values[0]), (ServedBy::Intended, 7.0));
        let link = house.engine.link(&VersionId("c".into())).expect("on trial");
        assert_eq!(link.calls(), (0, 1), "what it could not read does not count against it");
        assert_eq!(link.breaker(house.clock.monotonic()).1, 0);
    }
}
