//! A real server on a port of its own, and a client that takes every status for an answer.

#![allow(dead_code, reason = "each test binary uses its own part of this")]

use domain::history::History;
use domain::{Domain, Field, Kind, OutputKind, Schema, Signature, Table, Task, Values};
use serde_json::Value;
use server::{About, App, Limits, Progress, Source};
use serving::faults::Rule;
use serving::twin::Twin;
use serving::{Engine, Floor, Settings, Snapshot, SystemClock};
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// A server that runs until it is stopped or dropped.
pub struct Running {
    pub address: SocketAddr,
    pub engine: Arc<Engine>,
    pub journal: Arc<Twin>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// An answer of any status.
pub struct Reply {
    pub status: u16,
    pub headers: ureq::http::HeaderMap,
    pub body: Vec<u8>,
}

/// A host with this history and nothing under way.
pub struct Host(pub History);

impl Source for Host {
    fn history(&self) -> Arc<History> {
        Arc::new(self.0.clone())
    }

    fn about(&self) -> About {
        About { model: "bank".into(), target: "y".into(), metric: "log_loss".into(), higher_is_better: false }
    }

    fn progress(&self) -> Option<Progress> {
        None
    }
}

/// A server of this snapshot.
pub fn run(snapshot: Snapshot, settings: Settings, limits: Limits) -> Running {
    run_with(snapshot, settings, limits, Arc::new(Host(History::default())))
}

/// A server of this snapshot whose page shows this host's facts.
pub fn run_with(snapshot: Snapshot, settings: Settings, limits: Limits, source: Arc<dyn Source>) -> Running {
    let journal = Arc::new(Twin::default());
    let clock = Arc::new(SystemClock::default());
    let engine = Engine::start(settings, Arc::clone(&journal) as _, clock).expect("threads to spare");
    engine.deploy(snapshot);
    let engine = Arc::new(engine);
    let app = Arc::new(App::new(Arc::clone(&engine), source, limits));
    let (stop, stopped) = oneshot::channel();
    let (bound, address) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            bound.send(listener.local_addr().expect("bound")).expect("the test waits for it");
            server::serve(listener, app, async { drop(stopped.await) }).await;
        });
    });
    let address = address.recv().expect("the server binds");
    Running { address, engine, journal, stop: Some(stop), thread: Some(thread) }
}

impl Running {
    /// Tells it to stop, without waiting.
    pub fn tell_to_stop(&mut self) {
        self.stop.take();
    }

    /// Waits until it has stopped.
    pub fn join(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the server does not panic");
        }
    }

    pub fn get(&self, path: &str) -> Reply {
        let response = agent().get(self.url(path)).call();
        reply(response.expect("the server answers"))
    }

    pub fn post(&self, path: &str, body: &[u8], headers: &[(&str, &str)]) -> Reply {
        let mut request = agent().post(self.url(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        reply(request.send(body).expect("the server answers"))
    }

    pub fn post_json(&self, path: &str, body: &Value) -> Reply {
        self.post(path, body.to_string().as_bytes(), &[])
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.take();
    }
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The message of a refusal with this status.
    pub fn refusal(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text());
        self.json()["error"].as_str().expect("an error message").to_owned()
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).build().new_agent()
}

fn reply(mut response: ureq::http::Response<ureq::Body>) -> Reply {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = response.body_mut().read_to_vec().expect("a whole body");
    Reply { status, headers, body }
}

/// A model `bank` of `age`, `job`, `day` and a block `x` of two numbers; `yes` at `age / 100`.
pub fn bank(deadline: Duration) -> Snapshot {
    let chain =
        vec![Arc::new(bank_model().link(&"a".repeat(64))), Arc::new(bank_model().link(&"b".repeat(64)))];
    let floor = Floor::new(signature().output, vec![0.9, 0.1]).expect("a distribution");
    Snapshot::new("bank", chain, floor, deadline).expect("alike")
}

/// The signature of [`bank`].
pub fn signature() -> Signature {
    let field = |name: &str, kind, domain| Field { name: name.into(), kind, nullable: false, domain };
    let jobs = Domain::Categories(vec!["clerk".into(), "nurse".into()]);
    let fields = vec![
        field("age", Kind::Number, Domain::Range { min: 18.0, max: 90.0 }),
        field("job", Kind::Text, jobs),
        field("day", Kind::Time, Domain::Any),
        field("x", Kind::Tensor(vec![2]), Domain::Any),
    ];
    let output = OutputKind::Probabilities { classes: vec!["no".into(), "yes".into()] };
    Signature { task: Task::Classification, inputs: Schema { fields }, output }
}

/// What answers in [`bank`].
pub fn bank_model() -> Rule {
    Rule::new(signature(), |rows: &Table| match rows.column("age").map(|c| &c.values) {
        Some(Values::Number(ages)) => ages.iter().flat_map(|age| [1.0 - age / 100.0, age / 100.0]).collect(),
        _ => vec![],
    })
}
