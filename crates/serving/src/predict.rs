//! The path itself: down the chain until a version answers, and then the floor.
//!
//! Rows that are unlike what a link was trained on go on to the next link by themselves, at the same time. Invariant:
//! it always ends, by the deadline plus the time to copy the floor's answer, whatever the models do, and every row
//! is in exactly one piece.

use crate::batch::Batch;
use crate::clock::Clock;
use crate::counters::Counters;
use crate::doubt::Unseen;
use crate::failure::{Failure, Reason};
use crate::link::Link;
use crate::output;
use crate::snapshot::Snapshot;
use crate::trial::Path;
use crate::validate::conform_again;
use domain::{Outputs, ServedBy, Table};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// What every step of one request's way shares.
pub(crate) struct Walk<'a> {
    pub snapshot: &'a Snapshot,
    pub arrived: Duration,
    pub clock: &'a dyn Clock,
    pub counters: &'a Counters,
    /// The version that the request was read by, and what is unseen in its rows.
    pub meant: &'a Link,
    pub unseen: &'a Unseen,
}

/// Rows that one link, or the floor, answered together.
pub(crate) struct Piece {
    pub batch: Batch,
    pub outputs: Outputs,
    pub served_by: ServedBy,
    /// From the request's arrival until they were answered.
    pub latency: Duration,
}

type Pieces<'a> = Pin<Box<dyn Future<Output = Vec<Piece>> + Send + 'a>>;

impl Walk<'_> {
    /// Answers the rows by the first link of the path that can; no rows give no pieces.
    pub async fn answer(&self, batch: Option<Batch>, path: Path<'_>) -> Vec<Piece> {
        let Some(batch) = batch else { return Vec::new() };
        if let Some(why) = path.why {
            self.counters.failures(why).add(1);
        }
        self.walk(path, batch).await
    }

    async fn walk(&self, path: Path<'_>, batch: Batch) -> Vec<Piece> {
        let Some((link, behind)) = path.chain.split_first() else {
            return vec![self.floor(batch, path.why)];
        };
        let next = |why| Path { chain: behind, why: Some(why), patience: None };
        match self.sift(link, batch, behind.is_empty()) {
            (Some(own), None) => self.try_link(link, path, own).await,
            (None, Some(odd)) => self.on(next(Reason::Domain), odd).await,
            (Some(own), Some(odd)) => {
                let others = self.on(next(Reason::Domain), odd);
                let (mut pieces, others) = tokio::join!(self.try_link(link, path, own), others);
                pieces.extend(others);
                pieces
            }
            (None, None) => Vec::new(),
        }
    }

    /// The rest of the way, behind a pointer since it may be as long as the chain.
    fn on<'a>(&'a self, path: Path<'a>, batch: Batch) -> Pieces<'a> {
        Box::pin(self.walk(path, batch))
    }

    async fn try_link(&self, link: &Link, path: Path<'_>, batch: Batch) -> Vec<Piece> {
        let behind = &path.chain[1..];
        let now = self.clock.monotonic();
        let until = self.snapshot.until(link, behind.len(), self.arrived, now);
        let until = path.patience.map_or(until, |patience| until.min(now + patience));
        match ask(link, &batch.table, until, self.clock).await {
            Ok(outputs) => vec![self.piece(batch, outputs, served_by(link, path.why))],
            Err(failure) => {
                tracing::warn!(version = %link.version(), %failure, "a version did not answer");
                self.counters.failures(failure.reason).add(1);
                self.on(Path { chain: behind, why: Some(failure.reason), patience: None }, batch).await
            }
        }
    }

    /// The rows that the link is asked for, and those that are left to the links behind it.
    fn sift(&self, link: &Link, batch: Batch, is_last: bool) -> (Option<Batch>, Option<Batch>) {
        let sifted = if std::ptr::eq(link, self.meant) {
            // read by this link's own signature, and looked at already
            let odd = if is_last { vec![] } else { self.unseen.rows_beyond(link.limits().out_of_domain) };
            split(batch, &odd)
        } else {
            sift(link, batch, is_last)
        };
        if sifted.1.is_some() {
            self.counters.failures(Reason::Domain).add(1);
        }
        sifted
    }

    fn floor(&self, batch: Batch, why: Option<Reason>) -> Piece {
        let why = why.map_or("nothing to ask", Reason::name).into();
        let outputs = self.snapshot.floor().answer(batch.rows());
        self.piece(batch, outputs, ServedBy::Floor { why })
    }

    fn piece(&self, batch: Batch, outputs: Outputs, served_by: ServedBy) -> Piece {
        let latency = self.clock.monotonic().saturating_sub(self.arrived);
        Piece { batch, outputs, served_by, latency }
    }
}

/// Reads the rows by the link's own signature, and parts those that are in its domain from those that are not. Of the
/// last link only what it cannot read is kept away.
pub(crate) fn sift(link: &Link, batch: Batch, is_last: bool) -> (Option<Batch>, Option<Batch>) {
    let schema = &link.signature().inputs;
    let table = match conform_again(&batch.table, schema) {
        Ok(table) => table,
        Err(error) => {
            tracing::warn!(version = %link.version(), %error, "a version cannot read rows that another takes");
            return (None, Some(batch));
        }
    };
    let most = link.limits().out_of_domain;
    let odd = if is_last { vec![] } else { Unseen::of(&table, schema).rows_beyond(most) };
    let odd: Vec<usize> = odd.into_iter().map(|row| batch.place(row)).collect();
    split(batch.with(table), &odd)
}

/// The rows whose places do not stand among the odd ones, which are sorted, and those whose do.
fn split(batch: Batch, odd: &[usize]) -> (Option<Batch>, Option<Batch>) {
    if odd.is_empty() {
        return (Some(batch), None);
    }
    let is_odd = |place: usize| odd.binary_search(&place).is_ok();
    (batch.only(|place| !is_odd(place)), batch.only(is_odd))
}

fn served_by(link: &Link, why: Option<Reason>) -> ServedBy {
    match why {
        None => ServedBy::Intended,
        Some(why) => ServedBy::Fallback { version: link.version().clone(), why: why.name().into() },
    }
}

/// One link's answer by `until`, if it is one.
pub(crate) async fn ask(
    link: &Link,
    rows: &Arc<Table>,
    until: Duration,
    clock: &dyn Clock,
) -> Result<Outputs, Failure> {
    let now = clock.monotonic();
    if now >= until {
        // the version is not to blame, so its breaker does not hear of it
        return Err(Failure::new(Reason::Deadline, "no time was left to ask it"));
    }
    let call = link.enter(now)?;
    let reply = wait(link, rows, until, clock).await.and_then(|outputs| checked(link, outputs, rows.rows()));
    call.settle(clock.monotonic(), reply.is_ok());
    if reply.is_ok() {
        link.count_answered(rows.rows());
    }
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
    use crate::engine::{Refusal, Request};
    use crate::failure::Reason;
    use crate::faults::{Fake, Fault, rows};
    use crate::house::{DEADLINE, fallback, house, predict, who};
    use crate::{Clock, Floor, Limits, Snapshot};
    use domain::{OutputKind, ServedBy, VersionId};
    use std::sync::Arc;
    use std::time::Duration;

    #[tokio::test]
    async fn the_intended_version_answers_every_row_in_order() {
        let house = house(&[Fault::None, Fault::None]);
        let answer = house.ask(&[1.0, 5.0]).await;
        assert_eq!((who(&answer), answer.outputs.values.clone()), (ServedBy::Intended, vec![2.0, 6.0]));
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
            assert_eq!((who(&answer), answer.outputs.values), (fallback("v1", why), vec![3.0]), "{fault:?}");
            assert_eq!(answer.version, VersionId("v0".into()));
        }
    }

    #[tokio::test]
    async fn the_floor_answers_when_nothing_else_can() {
        let house = house(&[Fault::Panic, Fault::Error]);
        let answer = house.ask(&[1.0, 2.0]).await;
        assert_eq!(who(&answer), ServedBy::Floor { why: "error".into() });
        assert_eq!(answer.outputs.values, [-1.0, -1.0]);
        let counters = house.engine.counters();
        assert_eq!((counters.floor_rows.get(), counters.failures(Reason::Panic).get()), (2, 1));
    }

    #[tokio::test]
    async fn an_implausible_number_is_a_fault() {
        let house = house(&[Fault::None]);
        assert_eq!(who(&house.ask(&[100.0]).await), ServedBy::Floor { why: "invalid".into() });
    }

    #[tokio::test]
    async fn rows_unlike_the_training_data_go_to_the_next_version_by_themselves() {
        let house = house(&[Fault::None, Fault::None]);
        let answer = house.ask(&[1.0, 50.0, 2.0]).await;
        assert_eq!(answer.outputs.values, [2.0, 52.0, 3.0]);
        let who = [0, 1, 2].map(|row| answer.part(row).served_by.clone());
        assert_eq!(who, [ServedBy::Intended, fallback("v1", "domain"), ServedBy::Intended]);
        assert_eq!(answer.doubts.iter().map(|doubt| doubt.row).collect::<Vec<_>>(), [1]);
        assert_eq!(house.ask(&[50.0]).await.part(0).served_by, fallback("v1", "domain"), "all rows are odd");
        let chain = house.engine.snapshot().expect("deployed").chain().to_vec();
        assert_eq!([chain[0].calls(), chain[1].calls()], [(0, 1), (0, 2)], "no call of it failed");
        let counters = house.engine.counters();
        assert_eq!((counters.failures(Reason::Domain).get(), counters.fallback_rows.get()), (2, 2));
        let by: Vec<ServedBy> = house.logged().await.into_iter().map(|p| p.served_by).collect();
        assert_eq!(by, [&who[..], &[fallback("v1", "domain")]].concat());
    }

    #[tokio::test]
    async fn the_last_version_is_asked_whatever_the_rows_look_like() {
        let house = house(&[Fault::Error, Fault::None]);
        assert_eq!(who(&house.ask(&[50.0]).await), fallback("v1", "domain"));
        let alone = crate::house::house(&[Fault::None]);
        let answer = alone.ask(&[50.0]).await;
        assert_eq!((who(&answer), answer.doubts.len()), (ServedBy::Intended, 1), "better than the constant");
    }

    #[tokio::test]
    async fn a_share_of_one_only_flags() {
        let house = house(&[Fault::None]);
        let lenient = Limits { out_of_domain: 1.0, ..crate::house::limits() };
        let chain = [("w0", 1.0), ("w1", 2.0)];
        let chain =
            chain.map(|(name, by)| Arc::new(Fake::answering(by).link(name, lenient.clone()))).to_vec();
        house.engine.deploy(Snapshot::new("fake", chain, crate::house::floor(), DEADLINE).expect("alike"));
        let answer = house.ask(&[50.0]).await;
        assert_eq!((who(&answer), answer.doubts.len()), (ServedBy::Intended, 1));
    }

    #[tokio::test]
    async fn odd_rows_do_not_wait_for_the_version_that_they_are_unlike() {
        let house = house(&[Fault::Hang, Fault::None]);
        let (engine, request) = (Arc::clone(&house.engine), house.request(&[1.0, 50.0]));
        let asked = tokio::spawn(async move { predict(&engine, request).await });
        house.switches[0].hanging(1).await;
        let next = Arc::clone(&house.engine.snapshot().expect("deployed").chain()[1]);
        while next.answered() == 0 {
            tokio::task::yield_now().await;
        }
        house.clock.advance(DEADLINE.mul_f64(0.875));
        let answer = asked.await.expect("no panic").expect("answered");
        assert_eq!(answer.outputs.values, [3.0, 52.0]);
        let who = [0, 1].map(|row| answer.part(row).served_by.clone());
        assert_eq!(who, [fallback("v1", "deadline"), fallback("v1", "domain")]);
        assert_eq!(answer.part(1).latency, Duration::ZERO);
    }

    #[tokio::test]
    async fn a_hanging_version_is_left_behind_within_the_deadline() {
        let house = house(&[Fault::Hang, Fault::None]);
        let answer = house.ask_a_hanging_link().await;
        assert_eq!((who(&answer), answer.outputs.values), (fallback("v1", "deadline"), vec![3.0]));
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
            assert!(matches!(who(&answer), ServedBy::Fallback { .. } | ServedBy::Floor { .. }));
        }
        // released, it answers again
        house.switches[0].release();
        assert_eq!(who(&house.ask(&[1.0]).await), ServedBy::Intended);
    }

    #[tokio::test]
    async fn a_broken_version_is_no_longer_asked_until_its_probes_succeed() {
        let house = house(&[Fault::Error, Fault::None]);
        for _ in 0..20 {
            assert_eq!(who(&house.ask(&[1.0]).await), fallback("v1", "error"));
        }
        assert_eq!(who(&house.ask(&[1.0]).await), fallback("v1", "breaker"));
        house.switches[0].release();
        assert_eq!(who(&house.ask(&[1.0]).await), fallback("v1", "breaker"));
        house.clock.advance(Duration::from_secs(60));
        for _ in 0..10 {
            assert_eq!(who(&house.ask(&[1.0]).await), ServedBy::Intended);
        }
        let link = Arc::clone(&house.engine.snapshot().expect("deployed").chain()[0]);
        assert_eq!(link.breaker(house.clock.monotonic()), (State::Closed, 1));
        assert_eq!(house.engine.take_openings(), [(VersionId("v0".into()), 1)]);
        assert_eq!(house.engine.take_openings(), [], "told once");
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
            assert_eq!(who(&answer), ServedBy::Floor { why: "deadline".into() });
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
        assert_eq!((who(&answer), answer.version), (fallback("v2", "error"), VersionId("v1".into())));
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
        assert_eq!(who(&house.ask(&[1.0, 2.0]).await), ServedBy::Intended);
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
                            (who(&answer), answer.outputs.values[0]),
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
