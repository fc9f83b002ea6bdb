//! Files that lie: whatever the bytes, loading and running ends in an answer or a clear error, in bounded
//! memory and without a panic.

use models::onnx::{Attribute, Data, Dtype, GraphBuilder, ML, Program, Tensor};
use proptest::prelude::*;
use std::sync::OnceLock;

/// The graphs of the conformance cases, as bytes.
fn files() -> &'static [Vec<u8>] {
    static FILES: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    FILES.get_or_init(|| {
        let read = |text| -> Vec<serde_json::Value> { serde_json::from_str(text).expect("valid JSON") };
        let cases = [read(include_str!("onnx/cases.json")), read(include_str!("onnx/text.json"))].concat();
        let bytes = |hex: &str| {
            (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).expect("hex")).collect()
        };
        cases.iter().map(|c| bytes(c["model"].as_str().expect("hex"))).collect()
    })
}

/// Loads, and runs on three rows of ones when that succeeds.
fn try_all(bytes: &[u8]) {
    let Ok(program) = Program::load(bytes) else { return };
    let feeds: Option<Vec<Tensor>> = program
        .inputs()
        .iter()
        .map(|input| {
            let shape: Vec<usize> = match &input.shape {
                Some(shape) => shape.iter().map(|d| d.unwrap_or(3).min(64)).collect(),
                None => vec![3, 1],
            };
            let count: usize = shape.iter().product();
            if count > 1 << 12 {
                return None;
            }
            Tensor::new(shape, ones(input.dtype, count))
        })
        .collect();
    if let Some(feeds) = feeds {
        // whether it succeeds is not the question here
        let _ = program.run_ordered(&feeds.iter().collect::<Vec<_>>());
    }
}

fn ones(dtype: Dtype, count: usize) -> Data {
    match dtype {
        Dtype::F32 => Data::F32(vec![1.0; count]),
        Dtype::F64 => Data::F64(vec![1.0; count]),
        Dtype::I64 => Data::I64(vec![1; count]),
        Dtype::Bool => Data::Bool(vec![true; count]),
        Dtype::Str => Data::Str(vec!["1".into(); count]),
    }
}

#[track_caller]
fn refused(bytes: &[u8], part: &str) {
    let error = Program::load(bytes).expect_err("must be refused").to_string();
    assert!(error.contains(part), "`{error}` does not say `{part}`");
}

#[track_caller]
fn fails(graph: &GraphBuilder, feed: Tensor, part: &str) {
    let program = Program::load(&graph.finish()).expect("a sound graph");
    let error = program.run(&[("x", feed)]).expect_err("must fail").to_string();
    assert!(error.contains(part), "`{error}` does not say `{part}`");
}

fn graph(dtype: Dtype) -> GraphBuilder {
    let mut graph = GraphBuilder::new("hostile");
    graph.input("x", dtype, &[1]);
    graph
}

/// A graph of one node that reads `x` and writes the output.
fn one(domain: &str, op: &str, attributes: Vec<(&str, Attribute)>) -> Vec<u8> {
    let mut graph = graph(Dtype::F32);
    graph.node(domain, op, &["x"], &["value"], attributes).output("value", Dtype::F32, &[1]);
    graph.finish()
}

#[test]
fn every_shortened_file_is_refused_or_sound() {
    for bytes in files().iter().filter(|b| b.len() < 1500) {
        (0..bytes.len()).for_each(|length| try_all(&bytes[..length]));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn changed_bytes_never_panic(
        file in 0..files().len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = files()[file].clone();
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        try_all(&bytes);
    }

    #[test]
    fn noise_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        try_all(&bytes);
    }
}

#[test]
fn operators_that_are_not_there_are_named() {
    refused(&one("", "Loop", vec![]), "`Loop` of `ai.onnx`");
    refused(&one("com.example", "Add", vec![]), "`Add` of `com.example`");
    refused(&one("", "If", vec![]), "`If`");
}

#[test]
fn settings_that_are_not_understood_are_named() {
    refused(&one("", "Relu", vec![("alpha", 1.0.into())]), "`alpha` is not supported");
    refused(&one("", "Flatten", vec![("axis", 1.0.into())]), "`axis` has type 1, expected 2");
}

#[test]
fn a_cycle_is_refused() {
    let mut graph = graph(Dtype::F32);
    graph.node("", "Add", &["x", "b"], &["a"], vec![]);
    graph.node("", "Add", &["x", "a"], &["b"], vec![]);
    graph.output("b", Dtype::F32, &[1]);
    refused(&graph.finish(), "form a cycle");
}

#[test]
fn a_value_defined_twice_is_refused() {
    let mut graph = graph(Dtype::F32);
    graph.node("", "Relu", &["x"], &["x"], vec![]).output("x", Dtype::F32, &[1]);
    refused(&graph.finish(), "`x` is defined twice");
}

#[test]
fn types_that_do_not_go_together_are_refused_at_load() {
    let mut graph = graph(Dtype::F32);
    graph.initializer_i64("one", &[1], vec![1]);
    graph.node("", "Add", &["x", "one"], &["value"], vec![]).output("value", Dtype::F32, &[1]);
    refused(&graph.finish(), "input 1 is int64, expected float");
}

#[test]
fn an_output_declared_as_another_type_is_refused() {
    let mut graph = graph(Dtype::F32);
    graph.node("", "Relu", &["x"], &["value"], vec![]).output("value", Dtype::I64, &[1]);
    refused(&graph.finish(), "is float, declared as int64");
}

#[test]
fn a_file_that_is_no_onnx_is_refused() {
    refused(b"", "holds no graph");
    refused(b"PK\x03\x04 surely not", "not an ONNX file");
}

/// A field of a message: its key, its length, its bytes.
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

#[test]
fn graphs_nested_without_end_are_not_followed() {
    // an attribute that holds a graph, whose node has an attribute that holds a graph, ...
    let mut attribute = field(1, b"body");
    for _ in 0..5000 {
        attribute = [field(1, b"body"), field(6, &field(1, &field(5, &attribute)))].concat();
    }
    let node = [field(1, b"x"), field(4, b"Relu"), field(5, &attribute)].concat();
    let opset = field(8, &[0x10, 17]);
    let x = field(11, &[field(1, b"x"), field(2, &field(1, &[0x08, 1]))].concat());
    refused(&[opset, field(7, &[field(1, &node), x].concat())].concat(), "attribute `body` is not supported");
}

fn stump(yes: i64, no: i64, weight_node: i64) -> Vec<u8> {
    let ints = |v: [i64; 3]| Attribute::Ints(v.to_vec());
    let modes = ["BRANCH_LEQ", "LEAF", "LEAF"].map(String::from);
    one(
        ML,
        "TreeEnsembleRegressor",
        vec![
            ("nodes_treeids", ints([0, 0, 0])),
            ("nodes_nodeids", ints([0, 1, 2])),
            ("nodes_featureids", ints([0, 0, 0])),
            ("nodes_modes", modes.to_vec().into()),
            ("nodes_values", vec![0.5f32, 0.0, 0.0].into()),
            ("nodes_truenodeids", ints([yes, 0, 0])),
            ("nodes_falsenodeids", ints([no, 0, 0])),
            ("n_targets", 1.into()),
            ("target_treeids", ints([0, 0, 0])),
            ("target_nodeids", ints([1, 2, weight_node])),
            ("target_ids", ints([0, 0, 0])),
            ("target_weights", vec![1.0f32, 2.0, 0.0].into()),
        ],
    )
}

#[test]
fn trees_that_are_no_trees_are_refused() {
    assert!(Program::load(&stump(1, 2, 1)).is_ok());
    refused(&stump(0, 2, 1), "reached twice");
    refused(&stump(1, 1, 1), "reached twice");
    refused(&stump(1, 9, 1), "leads to 9, which is not there");
    refused(&stump(1, i64::MIN, 1), "which is not there");
    refused(&stump(1, 2, 7), "a weight for node 7 of tree 0");
}

#[test]
fn small_files_that_ask_for_gigabytes_fail_before_they_get_them() {
    let huge = 1 << 40;
    let mut fill = graph(Dtype::F32);
    fill.initializer_i64("shape", &[2], vec![huge, huge]);
    fill.node("", "ConstantOfShape", &["shape"], &["value"], vec![]).output("value", Dtype::F32, &[1]);
    fails(&fill, row(), "too large");

    let mut expand = graph(Dtype::F32);
    expand.initializer_i64("shape", &[2], vec![1 << 20, 1 << 20]);
    expand.node("", "Expand", &["x", "shape"], &["value"], vec![]).output("value", Dtype::F32, &[1]);
    fails(&expand, row(), "too large");

    let mut tile = graph(Dtype::F32);
    tile.initializer_i64("repeats", &[2], vec![i64::MAX, i64::MAX]);
    tile.node("", "Tile", &["x", "repeats"], &["value"], vec![]).output("value", Dtype::F32, &[1]);
    fails(&tile, row(), "too large");

    let mut range = graph(Dtype::F32);
    range.initializer_i64("start", &[], vec![0]).initializer_i64("end", &[], vec![i64::MAX]);
    range.initializer_i64("step", &[], vec![1]);
    range.node("", "Range", &["start", "end", "step"], &["value"], vec![]).output("value", Dtype::I64, &[1]);
    fails(&range, row(), "too many");
}

#[test]
fn many_tensors_that_are_each_allowed_are_not_allowed_together() {
    let mut graph = graph(Dtype::F32);
    graph.initializer_i64("shape", &[2], vec![1 << 12, 1 << 12]);
    let copies: Vec<String> = (0..20).map(|_| graph.op("Expand", &["x", "shape"], vec![])).collect();
    graph.node("", "Sum", &copies, &["value"], vec![]).output("value", Dtype::F32, &[1]);
    fails(&graph, row(), "the run holds");
}

fn row() -> Tensor {
    Tensor::new(vec![1, 1], Data::F32(vec![1.0])).expect("one element")
}
