//! The server with its control loop: what the registry deploys, the engine serves.
//!
//! Serving and lifecycle meet only here and in the store: the loop folds new events, and a new deployment becomes
//! a new snapshot. No request is lost over a swap; links that stay keep their threads and their breakers.

use crate::interrupt;
use anyhow::Context;
use domain::experiment::{Guardrail, Step};
use domain::history::{Deployment, Release};
use domain::{Event, History};
use lifecycle::Project;
use lifecycle::diagnose::Found;
use lifecycle::maintenance::Maintenance;
use lifecycle::review::Desk;
use lifecycle::version::open;
use server::{About, App, BodyLimit, Progress, Source};
use serving::trial::{Rules, Setup, Trial};
use serving::{Deferral, Engine, Floor, Limits, Link, Settings, Snapshot, SystemClock, WhenFull};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

/// How often the registry is asked for news.
const TICK: Duration = Duration::from_millis(250);

/// How often past hours of the journal are packed. Outcomes that come late are packed with them.
const SEALING: Duration = Duration::from_secs(3600);

/// A server under way.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    facts: Arc<Facts>,
    engine: Arc<Engine>,
    project: Project,
    server: std::thread::JoinHandle<()>,
    runtime: tokio::runtime::Handle,
    stop: tokio::sync::watch::Sender<bool>,
}

/// What the page is told.
struct Facts {
    history: RwLock<Arc<History>>,
    watched: RwLock<Option<Arc<Found>>>,
    desk: RwLock<Option<Arc<Desk>>>,
    maintenance: RwLock<Option<Arc<Maintenance>>>,
    about: About,
    progress: Arc<Mutex<Option<Progress>>>,
}

impl Source for Facts {
    fn history(&self) -> Arc<History> {
        Arc::clone(&self.history.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn watched(&self) -> Option<Arc<Found>> {
        self.watched.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn review(&self) -> Option<Arc<Desk>> {
        self.desk.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn maintenance(&self) -> Option<Arc<Maintenance>> {
        self.maintenance.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn about(&self) -> About {
        self.about.clone()
    }

    fn progress(&self) -> Option<Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Starts serving on threads of its own; what is deployed later is picked up by [`Running::refresh`].
pub fn start(
    project: &Project,
    address: Option<&str>,
    progress: Arc<Mutex<Option<Progress>>>,
) -> anyhow::Result<Running> {
    let serve = &project.plan.serve;
    // refused before the first answer: one process alone writes the journal
    project.journal.append(&[])?;
    let engine = Engine::start(settings(project), Arc::clone(&project.journal), Arc::new(SystemClock::new()));
    let engine = Arc::new(engine.context("could not start the serving threads")?);
    let facts = Arc::new(Facts {
        history: RwLock::default(),
        watched: RwLock::default(),
        desk: RwLock::default(),
        maintenance: RwLock::default(),
        about: about(project),
        progress,
    });
    let limits = server::Limits { body: body_limit(serve.body_limit_mb), ..server::Limits::default() };
    let app = Arc::new(App::new(Arc::clone(&engine), Arc::clone(&facts) as Arc<dyn Source>, limits));
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("could not start")?;
    let address = address.unwrap_or(&serve.address);
    let listener = runtime.block_on(tokio::net::TcpListener::bind(address));
    let listener = listener.with_context(|| format!("could not listen on {address}"))?;
    let bound = listener.local_addr().context("could not read the address")?;
    let (stop, mut stopped) = tokio::sync::watch::channel(false);
    runtime.spawn(seal(project.clone(), stop.subscribe()));
    let handle = runtime.handle().clone();
    let server = std::thread::spawn(move || {
        runtime.block_on(server::serve(listener, app, async move {
            drop(stopped.wait_for(|stop| *stop).await);
        }));
    });
    let running =
        Running { address: bound, facts, engine, project: project.clone(), server, runtime: handle, stop };
    running.refresh()?;
    Ok(running)
}

impl Running {
    /// Takes in what the registry has come to hold: new events for the page, a new deployment for the engine.
    pub fn refresh(&self) -> anyhow::Result<()> {
        self.report()?;
        let known = self.facts.history();
        let news = self.project.registry.events(known.sequence)?;
        if news.is_empty() {
            return Ok(());
        }
        let mut history = (*known).clone();
        news.iter().for_each(|recorded| history.add(recorded));
        let serves = |history: &History| {
            let running = history.experiment().map(|release| (release.id.clone(), release.phase));
            (history.deployment.clone(), running, history.certificates.len())
        };
        if serves(&history) != serves(&known)
            && let Some(deployment) = &history.deployment
        {
            self.engine.deploy(self.snapshot(&history, deployment)?);
            if known.deployment.as_ref().map(|d| &d.incumbent) != Some(&deployment.incumbent) {
                self.review(&deployment.incumbent)?;
            }
        }
        *self.facts.history.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(history);
        Ok(())
    }

    /// What the data plane saw for itself of the release that runs: harm that need not wait for the journal.
    pub fn seen(&self) -> Vec<Guardrail> {
        self.engine.tripped().map(|tripped| tripped.guardrail).into_iter().collect()
    }

    /// Where people review answers, once something serves whose answers are classes.
    pub fn desk(&self) -> Option<Arc<Desk>> {
        self.facts.review()
    }

    /// Opens the desk, or tells it that another version serves. What cannot be reviewed is told and served all the same.
    fn review(&self, incumbent: &domain::VersionId) -> anyhow::Result<()> {
        let plan = &self.project.plan;
        if plan.task != domain::Task::Classification || plan.review.daily == 0 {
            return Ok(());
        }
        let model = open(&self.project, incumbent)?.model;
        if let Some(desk) = self.desk() {
            desk.follow(model);
            return Ok(());
        }
        let file = lifecycle::review::file(&self.project.state());
        match Desk::open(&self.project, &file, model) {
            Ok(desk) => {
                *self.facts.desk.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(desk));
            }
            Err(error) => tracing::warn!(%error, "nobody can review answers"),
        }
        Ok(())
    }

    /// Hands the page what was found of live rows.
    pub fn watched(&self, found: Arc<Found>) {
        *self.facts.watched.write().unwrap_or_else(PoisonError::into_inner) = Some(found);
    }

    /// Hands the page where maintenance stands.
    pub fn maintained(&self, found: Arc<Maintenance>) {
        *self.facts.maintenance.write().unwrap_or_else(PoisonError::into_inner) = Some(found);
    }

    /// Ends when every answer given so far is in the journal.
    pub fn drain(&self) {
        let engine = Arc::clone(&self.engine);
        let (done, drained) = std::sync::mpsc::channel();
        self.runtime.spawn(async move {
            engine.drain().await;
            // whoever waits may have gone
            let _ = done.send(());
        });
        // an error means that the runtime is gone, and nothing is left to wait for
        let _ = drained.recv();
    }

    /// Refreshes until somebody asks to stop; `work` is called in between, and may take its time.
    pub fn watch(&self, mut work: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<()> {
        while !interrupt::asked() {
            self.refresh()?;
            work()?;
            std::thread::sleep(TICK);
        }
        Ok(())
    }

    /// Lets requests under way end, writes the journal to disk, and stops.
    pub fn stop(self) -> anyhow::Result<()> {
        let _ = self.stop.send(true);
        if self.server.join().is_err() {
            anyhow::bail!("the server ended in a panic");
        }
        Ok(())
    }

    /// Records what the data plane lost, and what it stopped asking.
    fn report(&self) -> anyhow::Result<()> {
        let dropped = self.engine.take_dropped();
        let dropped = dropped.map(|(predictions, why)| Event::Dropped { predictions, why });
        let openings = self.engine.take_openings().into_iter();
        let opened = openings.flat_map(|(version, times)| {
            (0..times).map(move |_| Event::BreakerOpened { version: version.clone() })
        });
        let events: Vec<Event> = dropped.into_iter().chain(opened).collect();
        if !events.is_empty() {
            self.project.record(&events)?;
        }
        Ok(())
    }

    fn snapshot(&self, history: &History, deployment: &Deployment) -> anyhow::Result<Snapshot> {
        let chain = self.chain(deployment)?;
        let kind = chain.first().context("a deployment names a version")?.signature().output.clone();
        let floor = lifecycle::up::recorded_floor(history).and_then(|row| Floor::new(kind.clone(), row).ok());
        let floor = floor.unwrap_or_else(|| Floor::ignorant(kind));
        let deadline = Duration::from_micros(self.project.plan.serve.deadline.0 as u64);
        let snapshot = Snapshot::new(self.project.plan.name.as_str(), chain.clone(), floor, deadline)?;
        let snapshot = match self.project.plan.review.error {
            Some(_) => snapshot.with_deferral(deferral(history)),
            None => snapshot,
        };
        match history.experiment() {
            Some(release) => Ok(snapshot.with_trial(self.trial(history, release, chain, deadline)?)?),
            None => Ok(snapshot),
        }
    }

    /// The release under way. Before the promotion the snapshot's own chain is control's; after it, treatment's.
    fn trial(
        &self,
        history: &History,
        release: &Release,
        chain: Vec<Arc<Link>>,
        deadline: Duration,
    ) -> anyhow::Result<Trial> {
        let (control, treatment) = if release.phase.step == Step::HoldBack {
            let before = lifecycle::gate::before(history, release);
            (self.chain(&before.context("a promotion took somebody's place")?)?, chain)
        } else {
            (chain.clone(), std::iter::once(self.link(&release.challenger)?).chain(chain).collect())
        };
        let mut rules = Rules::of(&self.project.plan.release, deadline);
        let p99 = control.first().and_then(|link| link.took().quantile_bound(0.99));
        rules.patience = p99.map(|seconds| Duration::from_secs_f64(2.0 * seconds));
        let (experiment, phase) = (release.id.clone(), release.phase);
        Ok(Trial::new(Setup { experiment, phase, control, treatment, rules }))
    }

    fn chain(&self, deployment: &Deployment) -> anyhow::Result<Vec<Arc<Link>>> {
        let ids = std::iter::once(&deployment.incumbent).chain(&deployment.fallback);
        ids.map(|id| self.link(id)).collect()
    }

    fn link(&self, id: &domain::VersionId) -> anyhow::Result<Arc<Link>> {
        if let Some(link) = self.engine.link(id) {
            return Ok(link);
        }
        let version = open(&self.project, id)?;
        let out_of_domain = self.project.plan.serve.out_of_domain;
        let link = Link::start(id.clone(), version.model, Limits { out_of_domain, ..Limits::default() });
        Ok(Arc::new(link.with_context(|| format!("could not start threads for version {id}"))?))
    }
}

/// From which confidence on each version answers alone, by its last certificate.
fn deferral(history: &History) -> Deferral {
    let now = domain::Timestamp(i64::MAX);
    let threshold = |standing: &domain::history::Standing| {
        Some((standing.version.clone(), history.threshold(&standing.version, now)?))
    };
    Deferral::new(history.versions.iter().filter_map(threshold))
}

/// Packs what is past, now and then, until the server stops. What cannot be packed stays readable as it is.
async fn seal(project: Project, mut stopped: tokio::sync::watch::Receiver<bool>) {
    let mut due = tokio::time::interval(SEALING);
    loop {
        tokio::select! {
            _ = stopped.wait_for(|stop| *stop) => return,
            _ = due.tick() => {}
        }
        let (journal, now) = (Arc::clone(&project.journal), (project.now)());
        match tokio::task::spawn_blocking(move || journal.seal(now)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::warn!(%error, "could not seal the journal"),
            Err(error) => tracing::warn!(%error, "sealing the journal panicked"),
        }
    }
}

fn settings(project: &Project) -> Settings {
    let serve = &project.plan.serve;
    let when_full = match serve.journal {
        domain::plan::JournalPolicy::Wait => WhenFull::Wait,
        domain::plan::JournalPolicy::Drop => WhenFull::Drop,
    };
    let window = Duration::from_micros(project.plan.release.label_window().0.unsigned_abs());
    let label_window = (!window.is_zero()).then_some(window);
    Settings { max_in_flight: serve.permits, when_full, label_window, ..Settings::default() }
}

fn body_limit(megabytes: usize) -> BodyLimit {
    BodyLimit { bytes: megabytes << 20, ..server::Limits::default().body }
}

fn about(project: &Project) -> About {
    let metric = project.plan.primary().to_string();
    let higher_is_better = lifecycle::score::higher_is_better(&metric);
    About {
        model: project.plan.name.clone(),
        target: project.plan.data.target.clone(),
        metric,
        higher_is_better,
    }
}
