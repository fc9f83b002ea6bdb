//! Chains of text operators: run as one step they answer as they do node by node.

use models::onnx::{CONTRIB, Data, Dtype, GraphBuilder, Program, Tensor};
use proptest::prelude::*;

/// Counts of five n-grams, damped, weighed, brought to one length and multiplied with weights for two classes.
/// When `whole`, the counts are answered too, so that the nodes cannot be run as one.
fn pipeline(whole: bool) -> Program {
    let mut graph = GraphBuilder::new("pipeline");
    graph.input("text", Dtype::Str, &[1]);
    graph.initializer_i64("flat", &[1], vec![-1]);
    let texts = graph.op("Reshape", &["text", "flat"], vec![]);
    let settings = vec![
        ("mark", 0.into()),
        ("mincharnum", 1.into()),
        ("pad_value", "#".into()),
        ("tokenexp", "[a-z]+".into()),
    ];
    graph.node(CONTRIB, "Tokenizer", &[&texts], &["tokens"], settings);
    let pool = ["a", "b", "ab", "a", "b", "b", "b"].map(String::from).to_vec();
    let attributes = vec![
        ("mode", "TF".into()),
        ("min_gram_length", 1.into()),
        ("max_gram_length", 2.into()),
        ("max_skip_count", 1.into()),
        ("ngram_counts", vec![0i64, 3].into()),
        ("ngram_indexes", vec![4i64, 0, 2, 1, 3].into()),
        ("pool_strings", pool.into()),
    ];
    graph.node("", "TfIdfVectorizer", &["tokens"], &["counts"], attributes);
    graph.initializer_f32("absent", &[1], vec![0.36]).initializer_f32("one", &[1], vec![1.0]);
    graph.initializer_f32("idf", &[5], vec![0.7, 1.3, 2.1, 0.9, 1.1]);
    let least = graph.op("Max", &["counts", "absent"], vec![]);
    let log = graph.op("Log", &[&least], vec![]);
    let raised = graph.op("Add", &["one", log.as_str()], vec![]);
    let damped = graph.op("Relu", &[&raised], vec![]);
    let weighed = graph.op("Mul", &[damped.as_str(), "idf"], vec![]);
    let even = graph.ml("Normalizer", &[&weighed], vec![("norm", "L2".into())]);
    let weights = (0..10).map(|i| (f64::from(i) * 1.7).sin() as f32).collect();
    graph.initializer_f32("weights", &[5, 2], weights).initializer_f32("start", &[2], vec![0.3, -0.2]);
    let sums = graph.op("Gemm", &[even.as_str(), "weights", "start"], vec![]);
    graph.node("", "Softmax", &[&sums], &["probabilities"], vec![("axis", 1.into())]);
    graph.output("probabilities", Dtype::F32, &[2]);
    if whole {
        graph.output("counts", Dtype::F32, &[5]);
    }
    Program::load(&graph.finish()).expect("a sound graph")
}

fn texts(rows: Vec<String>) -> Tensor {
    let shape = vec![rows.len(), 1];
    Tensor::new(shape, Data::Str(rows.into_iter().map(Into::into).collect())).expect("one text a row")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn one_step_answers_as_many_do(rows in prop::collection::vec("[ab #]{0,12}", 1..20)) {
        let rows = texts(rows);
        let found = pipeline(false).run_ordered(&[&rows]).expect("an answer");
        let expected = pipeline(true).run_ordered(&[&rows]).expect("an answer");
        prop_assert_eq!(&found[0], &expected[0]);
    }
}

#[test]
fn one_long_text_among_many_costs_no_more_than_itself() {
    // node by node, every row would be filled up to 20,000 tokens
    let mut rows = vec!["a b".to_string(); 4000];
    rows[7] = "a b ".repeat(10_000);
    let found = pipeline(false).run_ordered(&[&texts(rows)]).expect("an answer");
    let alone = pipeline(false).run_ordered(&[&texts(vec!["a b".into()])]).expect("an answer");
    let (Data::F32(found), Data::F32(alone)) = (found[0].data(), alone[0].data()) else { panic!("floats") };
    assert_eq!(found[..2], alone[..]);
    assert_eq!(found.len(), 8000);
}

#[test]
fn no_texts_have_no_answers() {
    let found = pipeline(false).run_ordered(&[&texts(vec![])]).expect("an answer");
    assert_eq!(found[0].shape(), [0, 2]);
}
