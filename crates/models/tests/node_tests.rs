//! The node tests of the `onnx` package, for every operator that is claimed.
//!
//! A case counts when its element types are claimed. It must then agree within 1e-5, or stand in [`BEYOND`] and
//! be refused: what is not claimed is never answered.

mod pack;

use models::onnx::{Claim, Data, Program, Tensor, claims, reference};
use pack::Pack;
use serde_json::Value;
use std::collections::BTreeMap;

const PACK: &[u8] = include_bytes!("node_tests/node_tests.pack.gz");

/// How many cases must pass.
const LEAST: usize = 500;

/// Cases beyond what is claimed: refused, with the words of the refusal.
const BEYOND: &[(&str, &str)] = &[
    ("test_ai_onnx_ml_tree_ensemble_set_membership", "membership in a set"),
    ("test_batchnorm_epsilon_training_mode", "training mode"),
    ("test_batchnorm_example_training_mode", "training mode"),
    ("test_convtranspose_3d", "does not fit"),
    ("test_convtranspose_autopad_same", "auto_pad is supported as NOTSET and VALID"),
    ("test_convtranspose_kernel_shape", "`output_shape` is not supported"),
    ("test_convtranspose_output_shape", "`output_shape` is not supported"),
    ("test_dequantizelinear_blocked", "scales of blocks are not supported"),
    ("test_gru_batchwise", "batches first"),
    ("test_lstm_batchwise", "batches first"),
    ("test_simple_rnn_batchwise", "batches first"),
    ("test_maxpool_with_argmax_2d_precomputed_pads", "2 outputs, it has 1"),
    ("test_maxpool_with_argmax_2d_precomputed_strides", "2 outputs, it has 1"),
    ("test_not_2d", "version 1 of operator set"),
    ("test_not_3d", "version 1 of operator set"),
    ("test_not_4d", "version 1 of operator set"),
    ("test_reduce_max_empty_set", "nothing to reduce"),
    ("test_reduce_min_empty_set", "nothing to reduce"),
    ("test_scatter_elements_with_duplicate_indices", "reductions are not supported"),
    ("test_scatter_elements_with_reduction_max", "reductions are not supported"),
    ("test_scatter_elements_with_reduction_min", "reductions are not supported"),
    ("test_training_dropout", "training mode"),
    ("test_training_dropout_default", "training mode"),
    ("test_training_dropout_default_mask", "training mode"),
    ("test_training_dropout_mask", "training mode"),
    ("test_training_dropout_zero_ratio", "training mode"),
    ("test_training_dropout_zero_ratio_mask", "training mode"),
];

/// Cases whose expected answers are not what the specification leaves no choice about.
const OTHERWISE: &[(&str, &str)] = &[
    ("test_averagepool_2d_ceil_last_window_starts_on_pad", "its expected numbers are rounded to 4 digits"),
    ("test_cast_FLOAT_to_STRING", "the digits of a text are left open by the specification"),
    ("test_castlike_FLOAT_to_STRING_expanded", "the digits of a text are left open by the specification"),
];

/// What became of a case.
#[derive(Debug, PartialEq)]
enum Fate {
    Passed,
    Beyond,
    Left(String),
    Wrong(String),
}

fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case[key].as_str().expect("a text")
}

fn fate(pack: &Pack, case: &Value, claims: &[Claim]) -> Fate {
    let name = text(case, "name");
    if let Some(why) = case.get("left_out").and_then(Value::as_str) {
        return Fate::Left(why.into());
    }
    let claim = claims.iter().find(|c| (c.domain, c.name) == (text(case, "domain"), text(case, "op")));
    let claim = claim.unwrap_or_else(|| panic!("{name}: its operator is not claimed"));
    let types: Vec<&str> =
        case["types"].as_array().expect("types").iter().filter_map(Value::as_str).collect();
    // int64 stands beside all types, for axes and shapes
    if let Some(odd) = types.iter().find(|t| **t != "int64" && !claim.types.contains(t)) {
        return Fate::Left(format!("element type {odd} is not claimed"));
    }
    if let Some((_, why)) = OTHERWISE.iter().find(|(n, _)| *n == name) {
        return Fate::Left((*why).into());
    }
    let beyond = BEYOND.iter().find(|(n, _)| *n == name);
    match (run(pack, name, case), beyond) {
        (Ok(None), None) => Fate::Passed,
        (Err(why), Some((_, part))) if why.contains(part) => Fate::Beyond,
        (Ok(Some(difference)), _) => Fate::Wrong(difference),
        (Ok(None), Some(_)) => Fate::Wrong("it passes, though it stands among those beyond".into()),
        (Err(why), _) => Fate::Wrong(why),
    }
}

/// The difference to the expected answer, if any; an error where the graph is refused.
fn run(pack: &Pack, name: &str, case: &Value) -> Result<Option<String>, String> {
    let program = Program::load(pack.bytes(&format!("{name}/model"))).map_err(|e| e.to_string())?;
    let parts: Vec<&str> =
        case["parts"].as_array().expect("parts").iter().filter_map(Value::as_str).collect();
    let tensors = |kind: &str| -> Vec<Tensor> {
        let count = parts.iter().filter(|p| p.starts_with(kind)).count();
        (0..count).map(|i| pack.tensor(&format!("{name}/{kind}_{i}"))).collect()
    };
    let feeds = tensors("input");
    let answers = program.run_ordered(&feeds.iter().collect::<Vec<_>>()).map_err(|e| e.to_string())?;
    let expected = tensors("output");
    assert_eq!(answers.len(), expected.len(), "{name}: outputs");
    Ok(answers.iter().zip(&expected).find_map(|(found, expected)| difference(found, expected)))
}

fn difference(found: &Tensor, expected: &Tensor) -> Option<String> {
    let near =
        |x: f64, y: f64| x == y || (x.is_nan() && y.is_nan()) || (x - y).abs() <= 1e-5 * y.abs().max(1.0);
    let same = found.shape() == expected.shape()
        && match (found.data(), expected.data()) {
            (Data::F32(x), Data::F32(y)) => x.iter().zip(y).all(|(&x, &y)| near(x.into(), y.into())),
            (Data::F64(x), Data::F64(y)) => x.iter().zip(y).all(|(&x, &y)| near(x, y)),
            (x, y) => x == y,
        };
    (!same).then(|| format!("found {found:?}, expected {expected:?}"))
}

/// Every case with its fate.
fn all() -> Vec<((String, String), String, Fate)> {
    let (pack, claims) = (Pack::of(PACK), claims());
    let index = pack.json("index.json");
    let cases = index["cases"].as_array().expect("cases");
    let key = |case: &Value| (text(case, "domain").to_string(), text(case, "op").to_string());
    cases.iter().map(|c| (key(c), text(c, "name").to_string(), fate(&pack, c, &claims))).collect()
}

/// How many cases each operator passes.
fn passed(all: &[((String, String), String, Fate)]) -> BTreeMap<(String, String), usize> {
    let mut passed = BTreeMap::new();
    for (key, _, fate) in all {
        if *fate == Fate::Passed {
            *passed.entry(key.clone()).or_insert(0) += 1;
        }
    }
    passed
}

#[test]
fn every_claimed_operator_passes_its_node_tests() {
    let all = all();
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, _, fate) in &all {
        if let Fate::Left(why) = fate {
            *left.entry(why).or_insert(0) += 1;
        }
    }
    let passed = passed(&all);
    for ((domain, op), count) in &passed {
        println!("{domain:12} {op:26} {count:3}");
    }
    let total: usize = passed.values().sum();
    let beyond = all.iter().filter(|(_, _, f)| *f == Fate::Beyond).count();
    println!(
        "{total} node tests of {} operators pass; {beyond} beyond a stated limit are refused",
        passed.len()
    );
    for (why, count) in left {
        println!("left out: {count:3} ({why})");
    }
    let wrong: Vec<String> = all
        .iter()
        .filter_map(|(_, name, fate)| match fate {
            Fate::Wrong(why) => Some(format!("{name}: {why}")),
            _ => None,
        })
        .collect();
    assert!(wrong.is_empty(), "{} cases differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(total >= LEAST, "only {total} cases");
}

#[test]
fn the_pack_holds_the_cases_that_are_named_here() {
    let pack = Pack::of(PACK);
    let index = pack.json("index.json");
    let cases: Vec<&str> =
        index["cases"].as_array().expect("cases").iter().map(|c| text(c, "name")).collect();
    let named = BEYOND.iter().chain(OTHERWISE).find(|(name, _)| !cases.contains(name));
    assert_eq!(named, None);
}

/// With `OPERATORS_PAGE` set to a path, the page is written there instead of compared.
#[test]
fn the_book_holds_this_very_page() {
    let page = reference(&passed(&all()));
    if let Some(path) = std::env::var_os("OPERATORS_PAGE") {
        std::fs::write(path, &page).expect("the page can be written");
        return;
    }
    let written = include_str!("../../../docs/book/reference/operators.md");
    let line = page.lines().zip(written.lines()).position(|(now, then)| now != then);
    assert_eq!(line, None, "docs/book/reference/operators.md is stale; write it with `just reference`");
    assert_eq!(page.len(), written.len(), "docs/book/reference/operators.md has more or fewer lines");
}

/// What `node_tests/make.py` is given.
#[test]
fn every_domain_and_name_is_one_word() {
    for claim in claims() {
        println!("{} {}", claim.domain, claim.name);
        assert!(!claim.name.contains(char::is_whitespace) && !claim.types.is_empty());
    }
}
