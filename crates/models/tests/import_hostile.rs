//! Files that are broken or mean harm, through `import` and one prediction, for both engines: each is refused with
//! a word that names the fault, in bounded memory.
//!
//! What single operators refuse is tested in `onnx_hostile.rs`.

use domain::{Column, Domain, Field, Kind, OutputKind, Schema, Table, Task, Values};
use models::Predict;
use models::import::{Expected, Told, import};
use models::onnx::{Attribute, Dtype, Engine, GraphBuilder, OnnxModel, Program};

/// How far all of these files together may raise the process's peak memory. The bound that a run declares is 2^26
/// elements; none of these should come near it.
const MOST_BYTES: usize = 256 << 20;

fn ints(v: &[i64]) -> Attribute {
    Attribute::Ints(v.to_vec())
}

/// A graph that takes an image and has it, convolved or as it is, in the value `x`; `y` is left to be written.
fn start(engine: Engine) -> GraphBuilder {
    let mut graph = GraphBuilder::new("hostile");
    graph.input("image", Dtype::F32, &[1, 4, 4]);
    match engine {
        Engine::Own => graph.node("", "Identity", &["image"], &["x"], vec![]),
        Engine::Rten => graph.initializer_f32("kernel", &[1, 1, 1, 1], vec![1.0]).node(
            "",
            "Conv",
            &["image", "kernel"],
            &["x"],
            vec![],
        ),
    };
    graph
}

/// The mean of `y` over all but the rows is the answer.
fn end(graph: &mut GraphBuilder, y: &str) -> Vec<u8> {
    graph.initializer_i64("to_rows", &[2], vec![0, -1]);
    let flat = graph.op("Reshape", &[y, "to_rows"], vec![]);
    graph.node("", "ReduceMean", &[flat], &["value"], vec![("axes", ints(&[1]))]);
    graph.output("value", Dtype::F32, &[1]);
    graph.finish()
}

/// A field of a message: its key, its length, its bytes. Fields that stand twice are merged by the decoder.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    let mut length = bytes.len();
    while length >= 0x80 {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    [&out[..], bytes].concat()
}

/// A sound file to which this part of a graph is added.
fn with_graph_part(engine: Engine, part: &[u8]) -> Vec<u8> {
    [end(&mut start(engine), "x"), field(7, part)].concat()
}

/// A single-precision constant called `c` with these dimensions, and more fields.
fn constant(dims: &[u64], more: &[u8]) -> Vec<u8> {
    let mut tensor = vec![];
    for &dim in dims {
        tensor.push(0x08);
        let mut left = dim;
        while left >= 0x80 {
            tensor.push(left as u8 | 0x80);
            left >>= 7;
        }
        tensor.push(left as u8);
    }
    tensor.extend([0x10, 1]);
    field(5, &[tensor, field(8, b"c"), more.to_vec()].concat())
}

fn external(path: &str) -> Vec<u8> {
    let entry = [field(1, b"location"), field(2, path.as_bytes())].concat();
    constant(&[2], &[field(13, &entry), vec![0x70, 1]].concat())
}

/// A node that holds a subgraph in its attribute `body`, nested this deep.
fn nested(op: &str, depth: usize) -> Vec<u8> {
    let mut attribute = field(1, b"body");
    for _ in 0..depth {
        let inner = field(1, &[field(4, op.as_bytes()), field(5, &attribute)].concat());
        attribute = [field(1, b"body"), field(6, &inner), vec![0xa0, 0x01, 5]].concat();
    }
    field(1, &[field(1, b"x"), field(2, b"z"), field(4, op.as_bytes()), field(5, &attribute)].concat())
}

/// A graph whose node `op` makes `y` of `x` and whole numbers.
fn asks(engine: Engine, op: &str, whole: &[&[i64]], settings: Vec<(&str, Attribute)>) -> Vec<u8> {
    let mut graph = start(engine);
    let names: Vec<String> = (0..whole.len()).map(|i| format!("whole{i}")).collect();
    for (name, values) in names.iter().zip(whole) {
        graph.initializer_i64(name, &[values.len()], values.to_vec());
    }
    let fed = if op == "ConstantOfShape" { None } else { Some("x") };
    let inputs: Vec<&str> = fed.into_iter().chain(names.iter().map(String::as_str)).collect();
    let y = graph.op(op, &inputs, settings);
    end(&mut graph, &y)
}

/// Every file with a part of the refusal's words.
fn files(engine: Engine) -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let sound = end(&mut start(engine), "x");
    let huge = 1i64 << 33;
    let mut cycle = start(engine);
    cycle.node("", "Add", &["x", "b"], &["a"], vec![]).node("", "Neg", &["a"], &["b"], vec![]);
    let mut unknown = start(engine);
    unknown.node("com.example", "Steal", &["x"], &["y"], vec![]);
    let mut twice = start(engine);
    twice.node("", "Neg", &["x"], &["y"], vec![]).node("", "Abs", &["x"], &["y"], vec![]);
    let mut long = start(engine);
    long.node("", "Relu", &["x"], &["y"], vec![("note", Attribute::Str("n".repeat(1 << 22)))]);
    let mut chain = start(engine);
    chain.initializer_i64("eight", &[4], vec![1, 1, 8, 8]);
    let mut last = "x".to_string();
    for _ in 0..8 {
        last = chain.op("Tile", &[last.as_str(), "eight"], vec![]);
    }
    let lying = constant(&[1 << 20], &field(9, &[0; 8]));
    let beyond = [vec![0x3a], vec![0xff, 0xff, 0xff, 0xff, 0x07]].concat();
    let stretched = vec![("kernel_shape", ints(&[1, 1])), ("strides", ints(&[1 << 15, 1 << 15]))];
    let mut transposed = start(engine);
    transposed.initializer_f32("w", &[1, 1, 1, 1], vec![1.0]);
    let far = transposed.op("ConvTranspose", &["x", "w"], stretched);
    let mut padded = start(engine);
    padded.initializer_f32("w", &[1, 1, 1, 1], vec![1.0]);
    let wide = padded.op("Conv", &["x", "w"], vec![("pads", ints(&[1 << 15; 4]))]);
    vec![
        ("data behind a path", with_graph_part(engine, &external("../../../etc/passwd")), "outside the file"),
        ("data behind a link", with_graph_part(engine, &external("model.onnx.data")), "outside the file"),
        (
            "dimensions that overflow",
            with_graph_part(engine, &constant(&[1 << 62, 1 << 62], &[])),
            "too large",
        ),
        ("a negative dimension", with_graph_part(engine, &constant(&[u64::MAX], &[])), "negative"),
        (
            "gigabytes by ConstantOfShape",
            asks(engine, "ConstantOfShape", &[&[huge, huge]], vec![]),
            "too large",
        ),
        ("gigabytes by Expand", asks(engine, "Expand", &[&[huge, 1, 4, 4]], vec![]), "too large"),
        ("gigabytes by Tile", asks(engine, "Tile", &[&[1, 1, huge, huge]], vec![]), "too large"),
        (
            "gigabytes by Pad",
            asks(engine, "Pad", &[&[0, 0, 0, 0, 0, 0, 1 << 20, 1 << 20]], vec![]),
            "too large",
        ),
        ("gigabytes by a chain of Tile", end(&mut chain, &last), "too large"),
        ("gigabytes by Conv", end(&mut padded, &wide), "too large"),
        ("gigabytes by ConvTranspose", end(&mut transposed, &far), "too large"),
        ("a cycle", end(&mut cycle, "b"), "form a cycle"),
        ("an unknown operator", end(&mut unknown, "y"), "`Steal` of `com.example`"),
        ("half a file", sound[..sound.len() / 2].to_vec(), "not an ONNX file"),
        ("a length beyond the end", beyond, "are left"),
        ("a constant that lies", with_graph_part(engine, &lying), "asks for 4194304 bytes, it has 8"),
        ("one name twice", end(&mut twice, "y"), "defined twice"),
        ("a setting of megabytes", end(&mut long, "y"), "`note` is not supported"),
        ("a loop without end", with_graph_part(engine, &nested("Loop", 1)), "`Loop` of `ai.onnx`"),
        ("a scan", with_graph_part(engine, &nested("Scan", 1)), "`Scan` of `ai.onnx`"),
        ("graphs nested 10,000 deep", with_graph_part(engine, &nested("If", 10_000)), "`If` of `ai.onnx`"),
        ("a million empty nodes", [sound.clone(), field(7, &[0x0a, 0].repeat(1 << 20))].concat(), "messages"),
        ("functions of its own", [sound, vec![0xca, 0x01, 0]].concat(), "functions of its own"),
        ("a pickle", b"\x80\x04\x95cos\nsystem\n(S'true'\ntR.".to_vec(), "a pickle or joblib file"),
    ]
}

fn expect() -> Expected {
    let kind = Kind::Tensor(vec![1, 4, 4]);
    let image = Field { name: "image".into(), kind, nullable: false, domain: Domain::Any };
    let columns = Schema { fields: vec![image] };
    Expected { task: Task::Regression, output: OutputKind::Value, columns, told: Told::default() }
}

/// Imports and, where that succeeds, predicts one row; the words of the refusal.
fn attempt(bytes: &[u8]) -> Result<Vec<f64>, String> {
    let imported = import(bytes, &expect()).map_err(|e| e.to_string())?;
    let model = OnnxModel::load(&imported.artifact).map_err(|e| e.to_string())?;
    let values = Values::Tensor { shape: vec![1, 4, 4], data: (0..16).map(|x| x as f32).collect() };
    let rows = Table::new(vec![Column { name: "image".into(), values }]).expect("one column");
    model.predict(&rows).map(|o| o.values).map_err(|e| e.to_string())
}

/// The most memory that this process ever had, where the system tells.
fn peak() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<usize>().ok().map(|kilobytes| kilobytes << 10)
}

#[test]
fn the_file_that_all_are_made_from_is_sound() {
    for engine in [Engine::Own, Engine::Rten] {
        let bytes = end(&mut start(engine), "x");
        assert_eq!(Program::load(&bytes).expect("a sound graph").engine(), engine);
        assert_eq!(attempt(&bytes), Ok(vec![7.5]));
    }
}

#[test]
fn hostile_files_are_refused_with_a_clear_word_in_bounded_memory() {
    let before = peak();
    for engine in [Engine::Own, Engine::Rten] {
        for (name, bytes, part) in files(engine) {
            let error = attempt(&bytes).expect_err(name);
            println!(
                "{engine:5} {name:30} {:9} bytes  {}",
                bytes.len(),
                error.chars().take(110).collect::<String>()
            );
            assert!(error.contains(part), "{name}: `{error}` does not say `{part}`");
        }
    }
    if let (Some(before), Some(after)) = (before, peak()) {
        let grown = after.saturating_sub(before);
        println!("peak memory grew by {} MiB", grown >> 20);
        assert!(grown <= MOST_BYTES, "peak memory grew by {grown} bytes, more than {MOST_BYTES}");
    }
}
