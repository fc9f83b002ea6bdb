//! A version's own compute threads. A model that hangs keeps only its own threads; nothing that anybody
//! else needs waits behind it.
//!
//! Invariant: a thread outlives any panic of its model, and ends when its lane is dropped and its current
//! call, if that ever returns, is done.

use crate::failure::{Failure, Reason};
use domain::{Outputs, Table, VersionId};
use models::Predict;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::{io, thread};
use tokio::sync::oneshot;

/// Calls that wait for a thread before the lane counts as full, for each thread.
const WAITING_PER_THREAD: usize = 64;

/// What a call came to.
pub(crate) type Reply = Result<Outputs, Failure>;

pub(crate) struct Lane {
    jobs: SyncSender<Job>,
    abandoned: Arc<AtomicU64>,
}

struct Job {
    rows: Arc<Table>,
    reply: oneshot::Sender<Reply>,
}

impl Lane {
    /// Starts `threads` threads (at least one) that call `model`.
    pub(crate) fn start(version: &VersionId, model: Arc<dyn Predict>, threads: usize) -> io::Result<Lane> {
        let threads = threads.max(1);
        let (jobs, waiting) = sync_channel(threads * WAITING_PER_THREAD);
        let waiting = Arc::new(Mutex::new(waiting));
        let abandoned = Arc::new(AtomicU64::new(0));
        for _ in 0..threads {
            let (model, waiting, abandoned) =
                (Arc::clone(&model), Arc::clone(&waiting), Arc::clone(&abandoned));
            let thread = thread::Builder::new().name(format!("model-{version}"));
            thread.spawn(move || work(model.as_ref(), &waiting, &abandoned))?;
        }
        Ok(Lane { jobs, abandoned })
    }

    /// Hands the rows to a thread; the answer comes through the receiver. Never waits.
    pub(crate) fn submit(&self, rows: Arc<Table>) -> Result<oneshot::Receiver<Reply>, Failure> {
        let (reply, answer) = oneshot::channel();
        match self.jobs.try_send(Job { rows, reply }) {
            Ok(()) => Ok(answer),
            Err(TrySendError::Full(_)) => {
                Err(Failure::new(Reason::Busy, "all threads and waiting places are taken"))
            }
            Err(TrySendError::Disconnected(_)) => {
                Err(Failure::new(Reason::Error, "the compute threads are gone"))
            }
        }
    }

    /// Calls that came to an end after their caller had gone.
    pub(crate) fn abandoned(&self) -> u64 {
        self.abandoned.load(Ordering::Relaxed)
    }
}

fn work(model: &dyn Predict, waiting: &Mutex<Receiver<Job>>, abandoned: &AtomicU64) {
    while let Some(job) = next(waiting) {
        // whoever asked has already taken another answer
        let reply = if job.reply.is_closed() { None } else { Some(call(model, &job.rows)) };
        if reply.is_none_or(|reply| job.reply.send(reply).is_err()) {
            abandoned.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn next(waiting: &Mutex<Receiver<Job>>) -> Option<Job> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
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
