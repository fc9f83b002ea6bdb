//! Live traffic out of the plan's own future: the rows after `data.until`, sent to our own HTTP door in their order,
//! with outcomes arriving as late as the plan says they do.

use crate::control::Control;
use crate::interrupt;
use crate::progress::Shown;
use crate::running::Running;
use anyhow::Context;
use domain::plan::Span;
use domain::{Examples, Table, Target, Task, Timestamp, Values};
use lifecycle::{Progress, Project, data};
use serde_json::{Map, Value, json};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Rows of one request: a client that has many sends some at a time.
const BATCH: usize = 64;
/// How often the replayed clock moves on.
const STEP: Duration = Duration::from_millis(100);

/// One row of the future: what a client sends, who it is about, and what turns out to be true. Where the plan names
/// nobody, every row is about somebody else.
struct Row {
    at: Timestamp,
    unit: String,
    input: Value,
    truth: Value,
}

/// Sends all of the future, `speed` of the table's time each second.
pub fn run(
    project: &Project,
    running: &Running,
    future: &Table,
    speed: Span,
    control: &mut Control,
    shown: &mut Shown,
) -> anyhow::Result<()> {
    let rows = rows(project, future)?;
    let (Some(first), Some(last)) = (rows.first().map(|r| r.at), rows.last().map(|r| r.at)) else {
        shown.say("nothing to replay: no rows at or after data.until");
        return Ok(());
    };
    let sent = sent_before(project)?;
    let mut ahead: VecDeque<Row> = rows.into_iter().filter(|r| sent.is_none_or(|sent| r.at > sent)).collect();
    let begin = sent.unwrap_or(first);
    shown.begin("replay", &format!("{} rows from {begin} to {last}, {speed} each second", ahead.len()));
    let agent = agent();
    let mut waiting: VecDeque<(Timestamp, Value)> = VecDeque::new();
    let (mut now, mut stepped) = (begin, Instant::now());
    while !(interrupt::asked() || ahead.is_empty() && waiting.is_empty()) {
        // while the loop trains or looks, the world stands still: else a slow machine would see another story
        let passed = stepped.elapsed().min(2 * STEP).as_secs_f64() * speed.0 as f64;
        (now, stepped) = (Timestamp(now.0.saturating_add(passed as i64)), Instant::now());
        send(project, running, &agent, &mut ahead, now, &mut waiting)?;
        report(running, &agent, &mut waiting, now)?;
        control.tick(running, shown)?;
        running.refresh()?;
        shown.share(((now.0 - first.0) as f64 / (last.0 - first.0).max(1) as f64).min(1.0));
        std::thread::sleep(STEP);
    }
    control.now(running, shown)?;
    running.refresh()?;
    shown.finish();
    Ok(())
}

/// Rows as JSON objects of named columns.
pub fn objects(rows: &Table) -> Vec<Value> {
    let cell = |values: &Values, row: usize| match values {
        Values::Number(v) => json!(v[row]),
        Values::Text(v) => json!(v[row]),
        Values::Time(v) => json!(v[row].map(|t| t.to_string())),
        Values::Tensor { shape, data } => {
            let width: usize = shape.iter().product();
            json!(&data[row * width..(row + 1) * width])
        }
    };
    let object = |row| {
        let cells = rows.columns().iter().map(|c| (c.name.clone(), cell(&c.values, row)));
        Value::Object(cells.collect::<Map<_, _>>())
    };
    (0..rows.rows()).map(object).collect()
}

fn rows(project: &Project, future: &Table) -> anyhow::Result<Vec<Row>> {
    if future.rows() == 0 {
        return Ok(Vec::new());
    }
    let examples = future_examples(project, future)?;
    let at = examples.at.clone().context("the future has no time column")?;
    let mut inputs = objects(&examples.rows);
    if project.plan.task != Task::Forecasting {
        // The order is no input of the model, but the journal is told it, as a real client would.
        let time = project.plan.data.time.clone().unwrap_or_default();
        inputs.iter_mut().zip(&at).for_each(|(input, at)| input[&time] = json!(at.to_string()));
    }
    let named = project.plan.data.entity.as_ref().or(project.plan.data.series.as_ref());
    let rows = inputs.into_iter().zip(at).enumerate();
    let row = |(i, (input, at)): (usize, (Value, Timestamp))| {
        let unit =
            named.and_then(|name| input.get(name)).map_or_else(|| format!("row {i}"), Value::to_string);
        Row { at, unit, input, truth: truth(&examples.target, i) }
    };
    Ok(rows.map(row).collect())
}

/// The future, cut like the past. A series' first windows reach back into the past.
fn future_examples(project: &Project, future: &Table) -> anyhow::Result<Examples> {
    let file = project.source().display().to_string();
    if project.plan.task == Task::Forecasting {
        return Ok(data::future_windows(project, future)?);
    }
    Ok(data::labelled(&project.plan, future, &file, &mut Vec::new())?)
}

fn truth(target: &Target, row: usize) -> Value {
    match target {
        Target::Class { classes, index } => json!(classes[index[row] as usize]),
        Target::Number(values) => json!(values[row]),
        Target::Path { horizon, values } => json!(&values[row * horizon..(row + 1) * horizon]),
        Target::Soft { classes, probability } => {
            json!(&probability[row * classes.len()..(row + 1) * classes.len()])
        }
    }
}

fn send(
    project: &Project,
    running: &Running,
    agent: &ureq::Agent,
    ahead: &mut VecDeque<Row>,
    now: Timestamp,
    waiting: &mut VecDeque<(Timestamp, Value)>,
) -> anyhow::Result<()> {
    let due = ahead.iter().take_while(|row| row.at <= now).count();
    let rows: Vec<Row> = ahead.drain(..due).collect();
    let url = format!("http://{}/v1/models/{}:predict", running.address, project.plan.name);
    for batch in rows.chunks(BATCH) {
        let (inputs, units): (Vec<&Value>, Vec<&str>) =
            batch.iter().map(|r| (&r.input, r.unit.as_str())).unzip();
        let body = json!({"rows": inputs, "units": units});
        let answer = post(agent, &url, &body)?;
        let answered = answer["predictions"].as_array().context("an answer without predictions")?;
        for (row, prediction) in batch.iter().zip(answered) {
            let known = Timestamp(row.at.0 + project.plan.retrain.label_delay.0);
            let outcome = json!({"prediction_id": prediction["prediction_id"], "value": row.truth, "at": known.to_string()});
            waiting.push_back((known, outcome));
        }
    }
    Ok(())
}

fn report(
    running: &Running,
    agent: &ureq::Agent,
    waiting: &mut VecDeque<(Timestamp, Value)>,
    now: Timestamp,
) -> anyhow::Result<()> {
    let due = waiting.iter().take_while(|(at, _)| *at <= now).count();
    let outcomes: Vec<Value> = waiting.drain(..due).map(|(_, outcome)| outcome).collect();
    let url = format!("http://{}/v1/outcomes", running.address);
    for batch in outcomes.chunks(1_000) {
        post(agent, &url, &json!({"outcomes": batch}))?;
    }
    Ok(())
}

fn post(agent: &ureq::Agent, url: &str, body: &Value) -> anyhow::Result<Value> {
    let mut response = agent.post(url).send_json(body).with_context(|| format!("could not send to {url}"))?;
    let status = response.status();
    let answer: Value = response.body_mut().read_json().with_context(|| format!("{url} answered no JSON"))?;
    anyhow::ensure!(status.is_success(), "{url} answered {status}: {}", answer["error"]);
    Ok(answer)
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(30)));
    config.build().new_agent()
}

/// How far an earlier replay came.
fn sent_before(project: &Project) -> anyhow::Result<Option<Timestamp>> {
    Ok(lifecycle::live::read(project)?.now)
}
