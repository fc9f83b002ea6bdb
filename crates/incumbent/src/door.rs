//! A server of our own with one version alone, asked as a client asks: what a request takes, and how much memory.
//!
//! Not what may be taken (`domain::gate`). Invariant: it is the server that ships, in a process of its own, on the road
//! that every client takes: connection, JSON, the serving threads, the journal. What it wrote is thrown away.

use crate::commands::up::replay::objects;
use crate::workspace::{self, STATE};
use anyhow::Context;
use domain::plan::{Budget, Release, Review, Span};
use domain::time::SECOND;
use domain::{Event, Origin, Plan, Table, TrainedOn, VersionId};
use lifecycle::cost::{Door, Served};
use lifecycle::{Project, StageError};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};
use store::version::{load_version, put_version};

/// Requests before the first that is measured.
const WARM: usize = 100;
/// A request that takes longer is not waited for.
const LONGEST: i64 = 60 * SECOND;
/// No more rows than this are sent, again and again.
const ROWS: usize = 1000;
/// Measuring ends after so long, with as many requests as were answered by then.
const TIME: Duration = Duration::from_secs(120);

/// This very program, serving.
pub struct OwnServer;

impl Door for OwnServer {
    fn serve(&self, project: &Project, version: &VersionId, rows: &Table) -> Result<Served, StageError> {
        measured(project, version, rows).map_err(|error| StageError::Measure {
            metric: "what serving takes".into(),
            why: format!("{error:#}"),
        })
    }
}

fn measured(project: &Project, version: &VersionId, rows: &Table) -> anyhow::Result<Served> {
    let folder = tempfile::tempdir_in(project.dir.join(STATE)).context("could not make a folder")?;
    furnish(project, version, folder.path())?;
    let server = Server::start(folder.path())?;
    let url = format!("{}v1/models/{}:predict", server.address, project.plan.name);
    let bodies = bodies(rows, project.plan.budget.batch as usize);
    let took = ask(&url, &bodies, version, &project.plan.budget)?;
    Ok(Served { took, memory: server.memory() })
}

/// A project with this version alone: deployed, with nothing behind it.
fn furnish(project: &Project, version: &VersionId, folder: &Path) -> anyhow::Result<()> {
    let mut plan = Plan::clone(&project.plan);
    // whatever would answer in the version's place, or do something beside, is left out
    plan.serve.deadline = Span(LONGEST);
    plan.serve.out_of_domain = 1.0;
    plan.review = Review { daily: 0, ..Review::default() };
    plan.release = Release::default();
    plan.baseline = domain::plan::Baseline::default();
    let text = toml::to_string(&plan).context("could not write the plan")?;
    std::fs::write(folder.join("incumbent.toml"), text).context("could not write the plan")?;
    let alone = workspace::open(folder)?;
    let id = put_version(alone.blobs.as_ref(), &load_version(project.blobs.as_ref(), version)?)?;
    let trained_on = TrainedOn { data: String::new(), rows: 0, until: None, reviewed: None };
    let origin = Origin::Imported { file: "measured".into() };
    let registered = Event::Registered { version: id.clone(), model: plan.name.clone(), origin, trained_on };
    alone.record(&[registered, Event::Deployed { incumbent: id, fallback: Vec::new() }])?;
    Ok(())
}

/// Requests of so many rows each, as many as there are rows for.
fn bodies(rows: &Table, batch: usize) -> Vec<Vec<u8>> {
    let few: Vec<usize> = (0..rows.rows().min(ROWS.max(batch))).collect();
    let all = objects(&rows.take(&few));
    let body = |rows: &[Value]| json!({ "rows": rows }).to_string().into_bytes();
    let full = all.chunks_exact(batch.min(all.len()).max(1));
    full.map(body).collect()
}

/// Sends the plan's requests, and tells how long each took, in microseconds.
fn ask(url: &str, bodies: &[Vec<u8>], version: &VersionId, budget: &Budget) -> anyhow::Result<Vec<f64>> {
    anyhow::ensure!(!bodies.is_empty(), "there are no rows to send");
    let clients = budget.concurrency.max(1) as usize;
    let each = (budget.requests as usize).div_ceil(clients);
    let end = Instant::now() + TIME;
    let client = |client: usize| -> anyhow::Result<Vec<f64>> {
        let agent = agent();
        let mut took = Vec::with_capacity(each);
        for turn in 0..WARM.div_ceil(clients) + each {
            let body = &bodies[(client + turn * clients) % bodies.len()];
            let begin = Instant::now();
            let answer = send(&agent, url, body)?;
            let passed = begin.elapsed();
            anyhow::ensure!(answer["version"] == version.0, "another version answered: {answer}");
            if turn >= WARM.div_ceil(clients) {
                took.push(passed.as_secs_f64() * 1e6);
            }
            if Instant::now() > end {
                break;
            }
        }
        Ok(took)
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..clients).map(|number| scope.spawn(move || client(number))).collect();
        let mut all = Vec::new();
        for thread in threads {
            all.extend(thread.join().map_err(|_| anyhow::anyhow!("a client panicked"))??);
        }
        Ok(all)
    })
}

fn send(agent: &ureq::Agent, url: &str, body: &[u8]) -> anyhow::Result<Value> {
    let request = agent.post(url).header("content-type", "application/json");
    let mut response = request.send(body).with_context(|| format!("could not send to {url}"))?;
    let answer: Value = response.body_mut().read_json().with_context(|| format!("{url} answered no JSON"))?;
    anyhow::ensure!(response.status().is_success(), "{url} answered {}: {answer}", response.status());
    Ok(answer)
}

fn agent() -> ureq::Agent {
    let patience = Duration::from_micros(LONGEST as u64);
    let config = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(patience));
    config.build().new_agent()
}

/// A process that serves; it ends with this value.
struct Server {
    child: Child,
    /// With a slash at the end.
    address: String,
    /// Kept open, so that what it says later does not break it.
    _said: BufReader<ChildStdout>,
}

impl Server {
    fn start(folder: &Path) -> anyhow::Result<Server> {
        let program = std::env::current_exe().context("could not find this program")?;
        let mut command = Command::new(program);
        command.arg("serve").arg(folder).args(["--address", "127.0.0.1:0", "--json"]);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("could not start a server")?;
        let mut said = BufReader::new(child.stdout.take().context("a server without a voice")?);
        let address = address(&mut said);
        if address.is_none() {
            drop((child.kill(), child.wait()));
        }
        let address = address.context("the server did not come up")?;
        Ok(Server { child, address, _said: said })
    }

    /// The most memory that it had so far, in bytes.
    fn memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
        Some(kilobytes << 10)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // it may have ended by itself
        drop((self.child.kill(), self.child.wait()));
    }
}

/// Where it listens, as it says in JSON.
fn address(said: &mut impl BufRead) -> Option<String> {
    let mut text = String::new();
    while said.read_line(&mut text).ok()? > 0 {
        if let Ok(told) = serde_json::from_str::<Value>(&text) {
            return told["address"].as_str().map(str::to_owned);
        }
    }
    None
}
