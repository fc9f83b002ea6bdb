//! People review a served model's answers through the real binary: drawn, given out, answered, restarted, imported.

mod common;

use common::{Copy, draw};
use serde_json::{Value, json};
use std::process::Child;
use std::time::Duration;

const PLAN: &str = r#"
name = "flats"
task = "classification"
[data]
source = "flats.csv"
target = "let"
time = "at"
[train]
trainers = ["logistic"]
[review]
error = 0.05
daily = 100
double = 0.0
"#;

/// Flats with a size, a rent and whether they were let within a week.
fn flats(rows: u64, seed: u64) -> Vec<(f64, f64, &'static str)> {
    let flat = |row: u64| {
        let (size, rent) = (30.0 + 90.0 * draw(seed, 3 * row), 100.0 * draw(seed, 3 * row + 1));
        let dear = (size - 75.0) / 9.0 + (rent - 50.0) / 9.0;
        (size, rent, if draw(seed, 3 * row + 2) < 1.0 / (1.0 + dear.exp()) { "yes" } else { "no" })
    };
    (0..rows).map(flat).collect()
}

/// The moment of a live row: one a minute, after the hourly rows of the table.
fn moment(minute: u64) -> String {
    format!("2026-06-01T{:02}:{:02}:00Z", minute / 60, minute % 60)
}

/// The moment of a row of the table.
fn hour(row: u64) -> String {
    format!("2026-{:02}-{:02}T{:02}:00:00Z", 1 + row / 672, 1 + row % 672 / 24, row % 24)
}

fn serve(folder: &Copy) -> (Child, String) {
    let (server, line) = folder.start(&["serve", ".", "--address", "127.0.0.1:0"]);
    let address = line.split("http://").nth(1).and_then(|l| l.split('/').next()).expect("an address");
    (server, format!("http://{address}"))
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(60)));
    config.http_status_as_error(false).build().new_agent()
}

fn get(url: &str, path: &str) -> Value {
    agent().get(format!("{url}{path}")).call().expect("answered").body_mut().read_json().expect("JSON")
}

fn post(url: &str, path: &str, body: &Value) -> (u16, Value) {
    let mut answer = agent().post(format!("{url}{path}")).send_json(body).expect("answered");
    (answer.status().as_u16(), answer.body_mut().read_json().expect("JSON"))
}

fn predict(url: &str, rows: u64, seed: u64) -> Vec<Value> {
    let row = |(minute, (size, rent, _)): (u64, (f64, f64, &str))| json!({"at": moment(minute), "size": size, "rent": rent});
    let rows: Vec<Value> = (0..).zip(flats(rows, seed)).map(row).collect();
    let (status, answer) = post(url, "/v1/models/flats:predict", &json!({ "rows": rows }));
    assert_eq!(status, 200, "{answer}");
    answer["predictions"].as_array().expect("predictions").clone()
}

/// Looks again until it is so.
fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..600 {
        if let Some(found) = look() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("{what} does not come")
}

fn items(url: &str, person: &str, count: usize) -> Vec<String> {
    let told = get(url, &format!("/api/review/next?person={person}&count={count}"));
    let items = told["items"].as_array().unwrap_or_else(|| panic!("{told}"));
    items.iter().map(|item| item["item"].as_str().expect("an id").to_owned()).collect()
}

fn answer(url: &str, person: &str, item: &str, label: &str) -> (u16, Value) {
    post(url, "/api/review/answers", &json!({"person": person, "item": item, "label": label}))
}

fn given(url: &str) -> u64 {
    get(url, "/api/review")["progress"]["given"].as_u64().expect("a number")
}

#[test]
fn people_answer_what_the_model_doubts() {
    let line = |(row, (size, rent, told)): (u64, (f64, f64, &str))| {
        format!("{},{size:.3},{rent:.3},{told}\n", hour(row))
    };
    let lines = (0..).zip(flats(3000, 1)).map(line);
    let table = format!("at,size,rent,let\n{}", lines.collect::<String>());
    let folder = Copy::with(&[("flats.csv", table.as_bytes()), ("incumbent.toml", PLAN.as_bytes())]);
    folder.run(&["up", ".", "--once", "--address", "127.0.0.1:0", "--json"]).json(0);
    let (mut server, url) = serve(&folder);
    assert_eq!(predict(&url, 1, 9)[0]["review"], true, "nothing is certified yet");
    until("the certificate", || (predict(&url, 20, 9).iter().any(|p| p["review"] == false)).then_some(()));
    let answers = predict(&url, 800, 9);
    let (alone, others): (Vec<&Value>, Vec<&Value>) = answers.iter().partition(|p| p["review"] == false);
    let sure = |p: &&Value| p["probabilities"]["yes"].as_f64().map(|p| p.max(1.0 - p)).expect("a number");
    let (least, most) =
        (alone.iter().map(sure).fold(1.0, f64::min), others.iter().map(sure).fold(0.0, f64::max));
    assert!(most < least && others.len() > 50, "{} of 800 are for people, below {least}", others.len());

    until("the draw", || get(&url, "/api/review")["progress"]["items"].as_u64().filter(|items| *items > 20));
    let (ann, bob) = (items(&url, "ann", 4), items(&url, "bob", 4));
    assert!(
        ann.len() == 4 && bob.len() == 4 && ann.iter().all(|item| !bob.contains(item)),
        "{ann:?} {bob:?}"
    );
    let shown = get(&url, "/api/review/next?person=ann&count=1");
    let cells = &shown["items"][0]["cells"];
    assert_eq!((cells[0]["column"].as_str(), cells.as_array().map(Vec::len)), (Some("size"), Some(2)));
    assert!(
        !shown.to_string().contains("probabilities") && !shown.to_string().contains("abstained"),
        "{shown}"
    );
    assert_eq!(answer(&url, "ann", &ann[0], "yes").0, 200);
    assert_eq!(answer(&url, "ann", &ann[0], "yes").0, 200, "sent again, since its reply was lost");
    assert_eq!((answer(&url, "ann", &ann[0], "no").0, answer(&url, "bob", &ann[1], "no").0), (409, 410));
    assert_eq!((answer(&url, "ann", &ann[1], "maybe").0, answer(&url, "ann", "7", "no").0), (400, 404));
    assert_eq!(answer(&url, "bob", &bob[0], "no").0, 200);
    let (_, undone) = post(&url, "/api/review/undo", &json!({"person": "bob"}));
    assert_eq!((undone["item"]["item"].as_str(), given(&url)), (Some(bob[0].as_str()), 1));
    let page = agent().get(format!("{url}/review")).call().expect("answered").body_mut().read_to_string();
    let page = page.expect("text");
    assert!(page.contains("data-api=\"/api/review\"") && page.contains("Which let?"), "{page}");

    server.kill().expect("a crash");
    drop(server.wait());
    let (mut server, url) = serve(&folder);
    assert_eq!((given(&url), items(&url, "ann", 3)), (1, ann[1..].to_vec()), "a crash loses nothing");
    assert_eq!(items(&url, "bob", 4), bob);
    let tasks = folder.run(&["review", "export", "tasks.json", ".", "--json"]).json(0);
    let waiting = tasks["items"].as_u64().expect("a number");
    let csv = format!("prediction_id,label,worker\n{},no,eve\n{},yes,ann\n", bob[3], ann[0]);
    std::fs::write(folder.path("more.csv"), csv).expect("written");
    let address = url.trim_start_matches("http://").to_owned();
    let told = folder.run(&["review", "import", "more.csv", ".", "--address", &address, "--json"]).json(0);
    assert_eq!((&told["taken"], &told["known"], given(&url)), (&json!(1), &json!(1), 2), "{told}");
    server.kill().expect("it can be ended");
    drop(server.wait());

    let mut tasks: Value =
        serde_json::from_slice(&std::fs::read(folder.path("tasks.json")).expect("written")).expect("JSON");
    assert_eq!(tasks.as_array().map(|tasks| tasks.len() as u64), Some(waiting));
    for task in tasks.as_array_mut().expect("tasks") {
        let of = |name: &str| task["data"][name].as_f64().expect("a number");
        let label = if of("size") + of("rent") < 125.0 { "yes" } else { "no" };
        let result = json!([{"type": "choices", "value": {"choices": [label]}}]);
        task["annotations"] = json!([
            {"was_cancelled": false, "completed_by": {"email": "cem"}, "result": result},
            {"was_cancelled": true, "completed_by": {"email": "dag"}, "result": result},
        ]);
    }
    std::fs::write(folder.path("done.json"), tasks.to_string()).expect("written");
    let told = folder.run(&["review", "import", "done.json", ".", "--json"]).json(0);
    assert_eq!((&told["cancelled"], &told["taken"]), (&json!(waiting), &json!(waiting - 1)), "{told}");
    let list = folder.run(&["review", "list", ".", "--json"]).json(0);
    let (progress, live) = (&list["progress"], &list["live_error"]);
    assert_eq!(
        (&progress["settled"], &progress["noted"]),
        (&progress["items"], &progress["items"]),
        "{progress}"
    );
    let (all, naive) =
        (live["all"]["value"].as_f64().expect("labels"), live["naive"].as_f64().expect("labels"));
    assert!((-0.1..0.2).contains(&all) && naive <= 1.0 && live["waiting"] == 0, "{live}");
    let said = folder.run(&["review", "list", "."]);
    assert!(said.stdout.contains("alone      answers from 0."), "{}", said.stdout);
    let story = folder.run(&["trace", &ann[0], ".", "--json"]).json(0);
    assert_eq!(story["outcomes"][0]["value"], "yes", "{story}");
    let replayed = folder.run(&["history", ".", "--replay", "--json"]).json(0);
    assert_eq!((&replayed["certificates"], &replayed["different"]), (&json!(1), &json!([])));
    learns(&folder, &list["items"]);
    let surest = alone[0]["prediction_id"].as_str().expect("an id");
    let sure = folder.run(&["trace", surest, ".", "--json"]).json(0);
    let certificate = &sure["certificate"];
    assert_eq!(
        (&certificate["alone"], certificate["certificate"]["threshold"].is_f64()),
        (&json!(true), true),
        "{sure}"
    );
    let words = folder.run(&["trace", surest, "."]).stdout;
    assert!(words.contains("  alone      given alone: confidence 0."), "{words}");
}

/// What people told teaches the next version, and both of them know it.
fn learns(folder: &Copy, items: &Value) {
    let renewed = folder.run(&["retrain", "--now", "."]);
    assert!(renewed.stdout.contains("retrain: asked for by hand"), "{}\n{}", renewed.stdout, renewed.stderr);
    let status = folder.run(&["status", ".", "--json"]).json(0);
    let version =
        status["versions"].as_array().and_then(|all| all.last()).expect("versions")["version"].clone();
    let version = version.as_str().expect("an id").to_owned();
    let story = folder.run(&["trace", &version, ".", "--json"]).json(0);
    let learned = &story["learned"];
    let (total, ids) =
        (learned["total"].as_u64().expect("a number"), learned["predictions"].as_array().expect("ids"));
    assert!(total > 5 && ids.len() as u64 == total && learned["labels"]["audit"].is_null(), "{learned}");
    let told = folder.run(&["trace", &version, "."]).stdout;
    assert!(
        told.contains(&format!("from {total} reviewed predictions (")) && told.contains("more; --json"),
        "{told}"
    );

    let of = |id: &str| folder.run(&["trace", id, ".", "--json"]).json(0);
    let first = ids[0].as_str().expect("an id");
    let taught = of(first);
    assert_eq!(taught["learned"][0]["version"], version.as_str());
    assert!(
        ["pass", "fail", "inconclusive"].iter().any(|v| taught["learned"][0]["verdict"] == *v),
        "{taught}"
    );
    let (weight, chance) = (&taught["learned"][0]["weight"], &taught["review"]["draw_probability"]);
    let (weight, chance) = (weight.as_f64().expect("a weight"), chance.as_f64().expect("a chance"));
    assert_eq!(weight, (1.0 / chance).min(20.0));
    let (review, alone) = (&taught["review"], &taught["certificate"]["alone"]);
    assert_eq!(
        (review["counts"].as_bool(), review["label"] == taught["outcomes"][0]["value"]),
        (Some(true), true)
    );
    assert!(review["why"] != "abstained" || alone != true, "{taught}");
    let words = folder.run(&["trace", first, "."]).stdout;
    for part in
        ["  review     drawn as ", " in round 1", " said ", ", reviewer", "which counts", "  taught     v"]
    {
        assert!(words.contains(part), "{part} is not in\n{words}");
    }
    let audited =
        items.as_array().expect("items").iter().find(|item| item["why"] == "audit").expect("the audit");
    let measured = of(audited["prediction_id"].as_str().expect("an id"));
    assert_eq!((&measured["learned"], &measured["review"]["why"]), (&json!([]), &json!("audit")));
}
