//! The path itself: down the chain until a version answers, and then the floor.
//!
//! Invariant: it always ends, by the deadline plus the time to copy the floor's answer, whatever the
//! models do.

use crate::clock::Clock;
use crate::counters::Counters;
use crate::failure::{Failure, Reason};
use crate::output;
use crate::snapshot::{Link, Snapshot};
use domain::{Outputs, ServedBy, Table};
use std::sync::Arc;
use std::time::Duration;

/// Answers the rows by the first link that can.
pub(crate) async fn walk(
    snapshot: &Snapshot,
    chain: &[Arc<Link>],
    rows: &Arc<Table>,
    arrived: Duration,
    clock: &dyn Clock,
    counters: &Counters,
) -> (Outputs, ServedBy) {
    let mut why: Option<Reason> = None;
    for (place, link) in chain.iter().enumerate() {
        let behind = chain.len() - place - 1;
        let until = snapshot.until(link, behind, arrived, clock.monotonic());
        match ask(link, rows, until, clock).await {
            Ok(outputs) => {
                link.count_answered(rows.rows());
                return (outputs, served_by(link, why));
            }
            Err(failure) => {
                tracing::warn!(version = %link.version(), %failure, "a version did not answer");
                counters.failures(failure.reason).add(1);
                why = Some(failure.reason);
            }
        }
    }
    let why = why.map_or("nothing to ask", Reason::name).into();
    (snapshot.floor().answer(rows.rows()), ServedBy::Floor { why })
}

fn served_by(link: &Link, why: Option<Reason>) -> ServedBy {
    match why {
        None => ServedBy::Intended,
        Some(why) => ServedBy::Fallback { version: link.version().clone(), why: why.name().into() },
    }
}

/// One link's answer by `until`, if it is one.
async fn ask(link: &Link, rows: &Arc<Table>, until: Duration, clock: &dyn Clock) -> Result<Outputs, Failure> {
    let now = clock.monotonic();
    if now >= until {
        // the version is not to blame, so its breaker does not hear of it
        return Err(Failure::new(Reason::Deadline, "no time was left to ask it"));
    }
    let call = link.enter(now)?;
    let reply = wait(link, rows, until, clock).await.and_then(|outputs| checked(link, outputs, rows.rows()));
    call.settle(clock.monotonic(), reply.is_ok());
    reply
}

async fn wait(
    link: &Link,
    rows: &Arc<Table>,
    until: Duration,
    clock: &dyn Clock,
) -> Result<Outputs, Failure> {
    let answer = link.submit(Arc::clone(rows))?;
    tokio::select! {
        biased;
        reply = answer => reply.unwrap_or_else(|_| Err(Failure::new(Reason::Error, "its thread ended"))),
        () = clock.sleep_until(until) => {
            link.count_late();
            Err(Failure::new(Reason::Deadline, "it did not answer in time"))
        }
    }
}

fn checked(link: &Link, outputs: Outputs, rows: usize) -> Result<Outputs, Failure> {
    match output::check(&outputs, &link.signature().output, rows, link.limits().plausible) {
        Ok(()) => Ok(outputs),
        Err(why) => Err(Failure::new(Reason::Invalid, why)),
    }
}

#[cfg(test)]
mod tests {
    use crate::breaker::State;
    use crate::engine::{Answer, Engine, Refusal, Request, Settings};
    use crate::failure::Reason;
    use crate::faults::{Fake, Fault, ManualClock, Switch, rows};
    use crate::twin::Twin;
    use crate::{Clock, Floor, Limits, Snapshot};
    use domain::{OutputKind, ServedBy, VersionId};
    use std::sync::Arc;
    use std::time::Duration;

    const DEADLINE: Duration = Duration::from_millis(80);

    struct House {
        engine: Arc<Engine>,
        clock: Arc<ManualClock>,
        journal: Arc<Twin>,
        /// One for each link of the chain.
        switches: Vec<Arc<Switch>>,
    }

    /// Links `v0`, `v1`, ... that answer `x + 1`, `x + 2`, ... over a floor that answers -1.
    fn house(faults: &[Fault]) -> House {
        let (clock, journal) = (Arc::new(ManualClock::default()), Arc::new(Twin::default()));
        let settings = Settings { max_in_flight: 4, ..Settings::default() };
        let engine = Engine::start(settings, Arc::clone(&journal) as _, Arc::clone(&clock) as _);
        let engine = Arc::new(engine.expect("threads to spare"));
        let fakes = faults.iter().enumerate().map(|(i, fault)| Fake::answering(i as f64 + 1.0).with(*fault));
        let fakes: Vec<Fake> = fakes.collect();
        let switches = fakes.iter().map(Fake::switch).collect();
        let limits = Limits { threads: 1, plausible: Some((-100.0, 100.0)), ..Limits::default() };
        let links = fakes.into_iter().enumerate();
        let chain = links.map(|(i, fake)| Arc::new(fake.link(&format!("v{i}"), limits.clone()))).collect();
        let floor = Floor::new(OutputKind::Value, vec![-1.0]).expect("one number");
        engine.deploy(Snapshot::new("fake", chain, floor, DEADLINE).expect("alike"));
        House { engine, clock, journal, switches }
    }

    impl House {
        fn request(&self, x: &[f64]) -> Request {
            Request { rows: rows(x), version: None, units: vec![], arrived: self.clock.monotonic() }
        }

        async fn predict(&self, request: Request) -> Result<Answer, Refusal> {
            predict(&self.engine, request).await
        }

        async fn ask(&self, x: &[f64]) -> Answer {
            self.predict(self.request(x)).await.expect("every fitting request is answered")
        }

        /// Asks once while the first link hangs, and lets the deadline of that link pass.
        async fn ask_a_hanging_link(&self) -> Answer {
            let (engine, request) = (Arc::clone(&self.engine), self.request(&[1.0]));
            let asked = tokio::spawn(async move { predict(&engine, request).await });
            self.switches[0].hanging(1).await;
            self.clock.advance(DEADLINE.mul_f64(0.875));
            asked.await.expect("no panic").expect("answered")
        }
    }

    impl Drop for House {
        fn drop(&mut self) {
            self.switches.iter().for_each(|switch| switch.release());
        }
    }

    async fn predict(engine: &Engine, request: Request) -> Result<Answer, Refusal> {
        let snapshot = engine.snapshot()?;
        engine.predict(&snapshot, request).await
    }

    fn fallback(version: &str, why: &str) -> ServedBy {
        ServedBy::Fallback { version: VersionId(version.into()), why: why.into() }
    }

    #[tokio::test]
    async fn the_intended_version_answers_every_row_in_order() {
        let house = house(&[Fault::None, Fault::None]);
        let answer = house.ask(&[1.0, 5.0]).await;
        assert_eq!(
            (answer.served_by.clone(), answer.outputs.values.clone()),
            (ServedBy::Intended, vec![2.0, 6.0])
        );
        assert_ne!(answer.ids[0], answer.ids[1]);
        house.engine.drain().await;
        assert_eq!(house.journal.len(), 2);
    }

    #[tokio::test]
    async fn every_fault_falls_back_to_the_next_version() {
        let faults = [
            (Fault::Error, "error"),
            (Fault::Panic, "panic"),
            (Fault::Nan, "invalid"),
            (Fault::Width, "invalid"),
            (Fault::Kind, "invalid"),
        ];
        for (fault, why) in faults {
            let house = house(&[fault, Fault::None]);
            let answer = house.ask(&[1.0]).await;
            assert_eq!(
                (answer.served_by, answer.outputs.values),
                (fallback("v1", why), vec![3.0]),
                "{fault:?}"
            );
            assert_eq!(answer.version, VersionId("v0".into()));
        }
    }

    #[tokio::test]
    async fn the_floor_answers_when_nothing_else_can() {
        let house = house(&[Fault::Panic, Fault::Error]);
        let answer = house.ask(&[1.0, 2.0]).await;
        assert_eq!(answer.served_by, ServedBy::Floor { why: "error".into() });
        assert_eq!(answer.outputs.values, [-1.0, -1.0]);
        let counters = house.engine.counters();
        assert_eq!((counters.floor_rows.get(), counters.failures(Reason::Panic).get()), (2, 1));
    }

    #[tokio::test]
    async fn an_implausible_number_is_a_fault() {
        let house = house(&[Fault::None]);
        assert_eq!(house.ask(&[100.0]).await.served_by, ServedBy::Floor { why: "invalid".into() });
    }

    #[tokio::test]
    async fn a_hanging_version_is_left_behind_within_the_deadline() {
        let house = house(&[Fault::Hang, Fault::None]);
        let answer = house.ask_a_hanging_link().await;
        assert_eq!((answer.served_by, answer.outputs.values), (fallback("v1", "deadline"), vec![3.0]));
        assert!(answer.latency <= DEADLINE);
        let hung = Arc::clone(&house.engine.snapshot().expect("deployed").chain()[0]);
        assert_eq!((hung.late(), hung.overdue()), (1, 1));
    }

    #[tokio::test]
    async fn a_hung_version_holds_up_neither_others_nor_the_callers_behind_it() {
        let house = house(&[Fault::Hang, Fault::None]);
        house.ask_a_hanging_link().await;
        // its only thread hangs: the next call waits in its lane, in vain
        for _ in 0..5 {
            let (engine, request) = (Arc::clone(&house.engine), house.request(&[1.0]));
            let asked = tokio::spawn(async move { predict(&engine, request).await });
            while house.engine.in_flight() == 0 {
                tokio::task::yield_now().await;
            }
            house.clock.advance(DEADLINE);
            let answer = asked.await.expect("no panic").expect("answered");
            assert!(matches!(answer.served_by, ServedBy::Fallback { .. } | ServedBy::Floor { .. }));
        }
        // released, it answers again
        house.switches[0].release();
        assert_eq!(house.ask(&[1.0]).await.served_by, ServedBy::Intended);
    }

    #[tokio::test]
    async fn a_broken_version_is_no_longer_asked_until_its_probes_succeed() {
        let house = house(&[Fault::Error, Fault::None]);
        for _ in 0..20 {
            assert_eq!(house.ask(&[1.0]).await.served_by, fallback("v1", "error"));
        }
        assert_eq!(house.ask(&[1.0]).await.served_by, fallback("v1", "breaker"));
        house.switches[0].release();
        assert_eq!(house.ask(&[1.0]).await.served_by, fallback("v1", "breaker"));
        house.clock.advance(Duration::from_secs(60));
        for _ in 0..10 {
            assert_eq!(house.ask(&[1.0]).await.served_by, ServedBy::Intended);
        }
        let link = Arc::clone(&house.engine.snapshot().expect("deployed").chain()[0]);
        assert_eq!(link.breaker(house.clock.monotonic()), (State::Closed, 1));
    }

    #[tokio::test]
    async fn one_too_many_is_refused_at_once() {
        let house = house(&[Fault::Hang]);
        let ask = || {
            let (engine, request) = (Arc::clone(&house.engine), house.request(&[1.0]));
            tokio::spawn(async move { predict(&engine, request).await })
        };
        let held: Vec<_> = (0..4).map(|_| ask()).collect();
        while house.engine.in_flight() < 4 {
            tokio::task::yield_now().await;
        }
        let refused = house.predict(house.request(&[1.0])).await;
        assert_eq!(refused, Err(Refusal::Overloaded { limit: 4 }));
        house.clock.advance(DEADLINE);
        for asked in held {
            let answer = asked.await.expect("no panic").expect("answered");
            assert_eq!(answer.served_by, ServedBy::Floor { why: "deadline".into() });
        }
        assert_eq!(house.engine.in_flight(), 0);
    }

    #[tokio::test]
    async fn a_caller_that_goes_away_leaves_no_permit_and_no_mark_on_the_breaker() {
        let house = house(&[Fault::Hang]);
        let (engine, request) = (Arc::clone(&house.engine), house.request(&[1.0]));
        let asked = tokio::spawn(async move { predict(&engine, request).await });
        house.switches[0].hanging(1).await;
        asked.abort();
        assert!(asked.await.expect_err("aborted").is_cancelled());
        assert_eq!(house.engine.in_flight(), 0);
    }

    #[tokio::test]
    async fn a_named_version_answers_and_what_stands_behind_it_backs_it_up() {
        let house = house(&[Fault::None, Fault::Error, Fault::None]);
        let named = |name: &str| Request { version: Some(name.into()), ..house.request(&[1.0]) };
        let answer = house.predict(named("v1")).await.expect("answered");
        assert_eq!((answer.version, answer.served_by), (VersionId("v1".into()), fallback("v2", "error")));
        let unknown = house.predict(named("v9")).await;
        assert_eq!(unknown, Err(Refusal::UnknownVersion("v9".into())));
    }

    #[tokio::test]
    async fn the_callers_errors_are_told_and_cost_no_version_anything() {
        let house = house(&[Fault::None]);
        let none = Request { rows: rows(&[]), ..house.request(&[]) };
        assert!(matches!(house.predict(none).await, Err(Refusal::Input(_))));
        let units = Request { units: vec![None], ..house.request(&[1.0, 2.0]) };
        assert_eq!(house.predict(units).await, Err(Refusal::Units { found: 1, rows: 2 }));
        assert_eq!(house.engine.counters().invalid.get(), 2);
    }

    #[tokio::test]
    async fn lost_log_entries_are_reported_once_and_cost_no_answer() {
        let house = house(&[Fault::None]);
        house.journal.fail(true);
        assert_eq!(house.ask(&[1.0, 2.0]).await.served_by, ServedBy::Intended);
        house.engine.drain().await;
        let (dropped, why) = house.engine.take_dropped().expect("two were lost");
        assert!(dropped == 2 && why.contains("told to fail"), "{why}");
        assert_eq!(house.engine.take_dropped(), None);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn swapping_under_load_fails_no_request() {
        let house = Arc::new(house(&[Fault::None]));
        let clients: Vec<_> = (0..4)
            .map(|_| {
                let house = Arc::clone(&house);
                tokio::spawn(async move {
                    for _ in 0..500 {
                        let answer = house.ask(&[1.0]).await;
                        let offset = if answer.version == VersionId("v0".into()) { 1.0 } else { 7.0 };
                        assert_eq!(
                            (answer.served_by, answer.outputs.values[0]),
                            (ServedBy::Intended, 1.0 + offset)
                        );
                    }
                })
            })
            .collect();
        for i in 0..200 {
            let first = house.engine.link(&VersionId("v0".into()));
            let (limits, floor) = (Limits::default(), Floor::ignorant(OutputKind::Value));
            let other = Arc::new(Fake::answering(7.0).link(&format!("w{i}"), limits));
            let chain = if i % 2 == 0 {
                vec![first.expect("in every chain"), other]
            } else {
                vec![other, first.expect("in every chain")]
            };
            house
                .engine
                .deploy(Snapshot::new("fake", chain, floor, Duration::from_secs(3600)).expect("alike"));
            tokio::task::yield_now().await;
        }
        for client in clients {
            client.await.expect("every request was answered by the version it was meant for");
        }
        house.engine.drain().await;
        assert_eq!(house.journal.len(), 2_000);
    }
}
