//! The labelling page over HTTP: what people are shown, what is kept, and how what cannot be is refused; and the review
//! in the server that serves.

mod common;
#[path = "label/review.rs"]
mod review;
#[path = "common/story.rs"]
mod story;

use domain::{Column, Examples, Table, Target, Timestamp, Values};
use lifecycle::labelling::{Desk, Rows, Size, file};
use serde_json::{Value, json};
use serving::image::{ImageShape, decode};
use std::sync::Arc;
use std::thread::JoinHandle;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

const SHAPE: ImageShape = ImageShape { channels: 1, height: 2, width: 2 };

/// A page that runs until it is dropped.
struct Page {
    url: String,
    dir: Arc<TempDir>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Pictures with a note beside them; the truth is a word that stands nowhere else.
fn rows() -> Rows {
    let data = (0..12_u8).flat_map(|item| [item, 0, 128, 255].map(f32::from)).collect();
    let notes = (0..12).map(|item| Some(format!("note {item} <b>"))).collect();
    let columns = vec![
        Column { name: "a picture/1".into(), values: Values::Tensor { shape: SHAPE.to_vec(), data } },
        Column { name: "note".into(), values: Values::Text(notes) },
    ];
    let classes = vec!["cat".into(), "dog".into()];
    let test = Examples {
        rows: Table::new(columns).expect("equally long"),
        target: Target::Class { classes, index: [0, 1].repeat(6) },
        weight: None,
        at: None,
        entity: None,
    };
    Rows { test, target: "animal".into(), source: "pets".into(), seed: 1, now: Arc::new(|| Timestamp(0)) }
}

impl Page {
    fn start(dir: Arc<TempDir>) -> Page {
        let desk = Desk::open(rows(), &file(dir.path()), Size { items: 6, each: 2 }).expect("a new file");
        let (stop, stopped) = oneshot::channel();
        let (bound, address) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            tokio::runtime::Runtime::new().expect("a runtime").block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
                bound.send(listener.local_addr().expect("bound")).expect("the test waits for it");
                server::label::serve(listener, Arc::new(desk), async { drop(stopped.await) }).await;
            });
        });
        let url = format!("http://{}", address.recv().expect("it binds"));
        Page { url, dir, stop: Some(stop), thread: Some(thread) }
    }

    fn fresh() -> Page {
        Page::start(Arc::new(tempfile::tempdir().expect("a folder")))
    }

    /// Ends it in good order and starts it anew on the same file.
    fn restart(mut self) -> Page {
        let dir = Arc::clone(&self.dir);
        self.stop.take();
        self.thread.take().map(JoinHandle::join).expect("it ran").expect("it does not panic");
        Page::start(dir)
    }

    fn get(&self, path: &str) -> (u16, Vec<u8>) {
        read(agent().get(format!("{}{path}", self.url)).call())
    }

    fn json(&self, path: &str) -> Value {
        let (status, body) = self.get(path);
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).expect("JSON")
    }

    fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let request = agent().post(format!("{}{path}", self.url)).header("content-type", "application/json");
        let (status, body) = read(request.send(body.to_string()));
        (status, serde_json::from_slice(&body).expect("JSON"))
    }

    /// The numbers of the items that a person is given.
    fn next(&self, person: &str, count: usize) -> Vec<u64> {
        let told = self.json(&format!("/api/label/next?person={person}&count={count}"));
        let items = told["items"].as_array().expect("items").iter();
        items.map(|item| item["item"].as_u64().expect("a number")).collect()
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.stop.take();
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).build().new_agent()
}

fn read(response: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> (u16, Vec<u8>) {
    let mut response = response.expect("the page answers");
    (response.status().as_u16(), response.body_mut().read_to_vec().expect("a whole body"))
}

#[test]
fn people_label_undo_and_go_on_after_a_restart() {
    let page = Page::fresh();
    let items = page.next("ann", 3);
    let (status, told) =
        page.post("/api/label/answers", &json!({"person": "ann", "item": items[0], "label": "cat"}));
    assert_eq!((status, &told["progress"]["labels"], &told["progress"]["own"]), (200, &json!(1), &json!(1)));
    assert!(!page.next("ann", 20).contains(&items[0]), "nobody is given an item twice");
    assert_eq!(page.next("bob", 20).last(), Some(&items[0]), "the fewest labels come first");
    page.post("/api/label/answers", &json!({"person": "ann", "item": items[1]}));
    let (_, undone) = page.post("/api/label/undo", &json!({"person": "ann"}));
    assert_eq!((&undone["item"]["item"], &undone["progress"]["labels"]), (&json!(items[1]), &json!(1)));
    let page = page.restart();
    assert_eq!(page.json("/api/label")["people"], json!([{"name": "ann", "labels": 1}]));
    assert_eq!(page.next("ann", 20).len(), 5);
    for person in ["ann", "bob", "cem"] {
        for item in page.next(person, 20) {
            let (status, told) =
                page.post("/api/label/answers", &json!({"person": person, "item": item, "label": "dog"}));
            assert_eq!(status, 200, "{told}");
        }
    }
    let progress = &page.json("/api/label")["progress"];
    assert_eq!((&progress["finished"], &progress["labels"]), (&json!(6), &json!(12)));
    assert!(page.next("dag", 20).is_empty(), "an item with its labels is given to nobody");
}

#[test]
fn an_item_is_its_inputs_with_pictures_by_their_address() {
    let page = Page::fresh();
    let told = page.json("/api/label/next?person=ann&count=1");
    let (item, cells) = (told["items"][0]["item"].as_u64().expect("a number"), &told["items"][0]["cells"]);
    assert_eq!(cells[1], json!({"column": "note", "kind": "text", "value": format!("note {item} <b>")}));
    assert_eq!(cells[0]["kind"], "picture");
    let (status, png) = page.get(cells[0]["value"].as_str().expect("an address"));
    assert_eq!((status, decode(&png, SHAPE)), (200, Ok(vec![item as f32, 0.0, 128.0, 255.0])));
    assert_eq!(page.get("/api/label/picture/99/note").0, 404);
    assert_eq!(page.get("/api/label/picture/1/note").0, 404, "a note is no picture");
}

#[test]
fn the_truth_is_nowhere() {
    let page = Page::fresh();
    let about = page.json("/api/label");
    assert_eq!(about["classes"], json!([{"key": "1", "name": "cat"}, {"key": "2", "name": "dog"}]));
    let items = page.json("/api/label/next?person=ann&count=20").to_string();
    assert!(!items.contains("cat") && !items.contains("dog"), "{items}");
}

#[test]
fn the_document_has_a_key_for_every_class_and_loads_nothing_from_elsewhere() {
    let page = Page::fresh();
    let response = agent().get(format!("{}/", page.url)).call().expect("the page answers");
    let policy = response.headers()["content-security-policy"].to_str().expect("text").to_owned();
    assert!(policy.starts_with("default-src 'none'") && policy.contains("img-src 'self'"), "{policy}");
    let (_, document) = read(Ok(response));
    let document = String::from_utf8(document).expect("text");
    for part in [
        "Which animal?",
        "data-key=\"2\" data-label=\"dog\"",
        "data-key=\"u\"",
        "data-key=\"s\"",
        "<noscript>",
    ] {
        assert!(document.contains(part), "{part} is not in\n{document}");
    }
    for name in ["page.css", "label.css", "label.js"] {
        let (status, text) = page.get(&format!("/ui/{name}"));
        let text = String::from_utf8(text).expect("text");
        assert!(status == 200 && !text.contains("http://") && !text.contains("https://"), "{name}");
    }
    assert_eq!(page.get("/ui/other.js").0, 404);
}

#[test]
fn what_cannot_be_kept_is_told() {
    let page = Page::fresh();
    let item = page.next("ann", 1)[0];
    let said = |body: Value| {
        let (status, told) = page.post("/api/label/answers", &body);
        (status, told["error"].as_str().expect("a reason").to_owned())
    };
    let (status, why) = said(json!({"person": "ann", "item": item, "label": "cow"}));
    assert_eq!((status, why.as_str()), (400, "found `cow`, expected one of the classes cat, dog"));
    assert_eq!(said(json!({"person": "", "item": item, "label": "cat"})).0, 400);
    assert_eq!(
        said(json!({"person": "ann", "item": 99, "label": "cat"})),
        (404, "there is no item 99 to label".into())
    );
    assert_eq!(
        page.post("/api/label/answers", &json!({"person": "ann", "item": item, "label": "cat"})).0,
        200
    );
    assert_eq!(said(json!({"person": "ann", "item": item, "label": "dog"})).0, 409);
    assert!(said(json!({"person": "ann", "item": item, "class": "cat"})).1.contains("unknown field `class`"));
    // what another site's page could send unasked is not read
    let form = agent().post(format!("{}/api/label/undo", page.url)).header("content-type", "text/plain");
    let (status, body) = read(form.send("{\"person\": \"ann\"}"));
    assert_eq!(status, 415, "{}", String::from_utf8_lossy(&body));
    let long = json!({"person": "ann", "item": item, "label": "x".repeat(100_000)});
    assert_eq!(said(long).0, 413);
    assert_eq!(page.json("/api/label")["progress"]["labels"], 1);
}
