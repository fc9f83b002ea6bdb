//! A version's own compute threads. A model that hangs keeps only its own threads; nothing that anybody
//! else needs waits behind it.
//!
//! Invariant: a thread outlives any panic of its model, and ends when its lane is dropped and its current
//! call, if that ever returns, is done.

use crate::failure::{Failure, Reason};
use domain::{Outputs, Table, VersionId};
use models::Predict;
use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::{io, thread};
use tokio::sync::oneshot;

/// Calls that wait for a thread before the lane counts as full, for each thread.
const WAITING_PER_THREAD: usize = 64;

/// What a call came to.
pub(crate) type Reply = Result<Outputs, Failure>;

pub(crate) struct Lane {
    queue: Arc<Queue>,
    most_waiting: usize,
    abandoned: Arc<AtomicU64>,
}

/// Jobs on their way to the threads. Not a channel: a receiver that threads share behind a lock wakes two
/// of them for every job.
struct Queue {
    state: Mutex<Waiting>,
    ready: Condvar,
}

struct Waiting {
    jobs: VecDeque<Job>,
    open: bool,
}

struct Job {
    rows: Arc<Table>,
    reply: oneshot::Sender<Reply>,
}

impl Lane {
    /// Starts `threads` threads (at least one) that call `model`.
    pub(crate) fn start(version: &VersionId, model: Arc<dyn Predict>, threads: usize) -> io::Result<Lane> {
        let threads = threads.max(1);
        let state = Mutex::new(Waiting { jobs: VecDeque::new(), open: true });
        let queue = Arc::new(Queue { state, ready: Condvar::new() });
        // made first, so that threads that were started end even when a later one cannot be
        let most_waiting = threads * WAITING_PER_THREAD;
        let lane = Lane { queue, most_waiting, abandoned: Arc::new(AtomicU64::new(0)) };
        for _ in 0..threads {
            let (model, queue, abandoned) =
                (Arc::clone(&model), Arc::clone(&lane.queue), Arc::clone(&lane.abandoned));
            let thread = thread::Builder::new().name(format!("model-{version}"));
            thread.spawn(move || work(model.as_ref(), &queue, &abandoned))?;
        }
        Ok(lane)
    }

    /// Hands the rows to a thread; the answer comes through the receiver. Never waits.
    pub(crate) fn submit(&self, rows: Arc<Table>) -> Result<oneshot::Receiver<Reply>, Failure> {
        let (reply, answer) = oneshot::channel();
        let mut state = self.queue.lock();
        if state.jobs.len() >= self.most_waiting {
            return Err(Failure::new(Reason::Busy, "all threads and waiting places are taken"));
        }
        state.jobs.push_back(Job { rows, reply });
        drop(state);
        self.queue.ready.notify_one();
        Ok(answer)
    }

    /// Calls that came to an end after their caller had gone.
    pub(crate) fn abandoned(&self) -> u64 {
        self.abandoned.load(Ordering::Relaxed)
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.queue.lock().open = false;
        self.queue.ready.notify_all();
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next job; `None` once the lane is dropped and nothing waits.
    fn next(&self) -> Option<Job> {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            if !state.open {
                return None;
            }
            state = self.ready.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

fn work(model: &dyn Predict, queue: &Queue, abandoned: &AtomicU64) {
    while let Some(job) = queue.next() {
        // whoever asked has already taken another answer
        let reply = if job.reply.is_closed() { None } else { Some(call(model, &job.rows)) };
        if reply.is_none_or(|reply| job.reply.send(reply).is_err()) {
            abandoned.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn call(model: &dyn Predict, rows: &Table) -> Reply {
    match catch_unwind(AssertUnwindSafe(|| model.predict(rows))) {
        Ok(Ok(outputs)) => Ok(outputs),
        Ok(Err(error)) => Err(Failure::new(Reason::Error, error.to_string())),
        Err(panic) => Err(Failure::new(Reason::Panic, panic_message(panic.as_ref()))),
    }
}

pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::{Fake, Fault, rows};

    fn lane(fake: Fake) -> Lane {
        Lane::start(&VersionId("v".into()), Arc::new(fake), 1).expect("threads to spare")
    }

    fn ask(lane: &Lane) -> Result<oneshot::Receiver<Reply>, Failure> {
        lane.submit(Arc::new(rows(&[1.0])))
    }

    #[tokio::test]
    async fn a_thread_outlives_its_models_panics() {
        let fake = Fake::answering(1.0).with(Fault::Panic);
        let switch = fake.switch();
        let lane = lane(fake);
        let failed = ask(&lane).expect("room").await.expect("a reply").expect_err("it panicked");
        assert_eq!((failed.reason, failed.detail.as_str()), (Reason::Panic, "told to panic"));
        switch.release();
        let outputs = ask(&lane).expect("room").await.expect("a reply").expect("it answers");
        assert_eq!(outputs.values, [2.0]);
    }

    #[tokio::test]
    async fn behind_a_hung_thread_only_so_many_wait() {
        let fake = Fake::answering(1.0).with(Fault::Hang);
        let switch = fake.switch();
        let lane = lane(fake);
        let first = ask(&lane).expect("room");
        switch.hanging(1).await;
        let waiting: Vec<_> = (0..WAITING_PER_THREAD).map(|_| ask(&lane).expect("room")).collect();
        assert_eq!(ask(&lane).expect_err("full").reason, Reason::Busy);
        drop(waiting);
        switch.release();
        first.await.expect("a reply").expect("it answers");
        // What was left behind still has to be cleared away by the thread.
        let again = loop {
            match ask(&lane) {
                Ok(reply) => break reply,
                Err(_) => tokio::task::yield_now().await,
            }
        };
        again.await.expect("a reply").expect("it answers");
        assert_eq!(lane.abandoned(), WAITING_PER_THREAD as u64, "those that left were not computed");
    }

    #[tokio::test]
    async fn what_waits_is_answered_even_when_the_lane_is_dropped() {
        let lane = lane(Fake::answering(1.0));
        let answer = ask(&lane).expect("room");
        drop(lane);
        answer.await.expect("a reply").expect("it answers");
    }
}
