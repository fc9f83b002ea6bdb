//! Every example, one command each: those that are shipped, and, where the reference data lies beside the workspace,
//! those whose data may not be passed on.

mod common;

use common::Copy;
use serde_json::Value;

/// The whole way up to serving.
fn up(example: &Copy) -> Value {
    example.run(&["up", ".", "--once", "--address", "127.0.0.1:0", "--json"]).json(0)
}

/// The verdict on a trainer's version.
fn decision<'a>(up: &'a Value, trainer: &str) -> &'a str {
    let judged = up["judged"].as_array().expect("verdicts");
    let found =
        judged.iter().find(|j| j["trainer"] == trainer).unwrap_or_else(|| panic!("no {trainer}: {up}"));
    found["verdict"]["decision"].as_str().expect("a decision")
}

/// A metric of the version from this trainer or baseline.
fn score(up: &Value, from: &str, metric: &str) -> f64 {
    let versions = up["status"]["versions"].as_array().expect("versions");
    let of = |v: &&Value| v["origin"]["trainer"] == from || v["origin"]["name"] == from;
    let version = versions.iter().find(of).unwrap_or_else(|| panic!("no version from {from}: {up}"));
    let scores = version["scores"].as_array().expect("scores");
    let score =
        scores.iter().find(|s| s["metric"] == metric).unwrap_or_else(|| panic!("no {metric}: {version}"));
    score["estimate"]["value"].as_f64().expect("a number")
}

/// A copy of an example with these files of the reference data put in place; `None` where one is absent.
fn with_data(example: &str, files: &[(&str, &str)]) -> Option<Copy> {
    let copy = Copy::of(example);
    for (from, to) in files {
        std::fs::copy(testkit::shared(from)?, copy.path(to)).expect("a copied file");
    }
    Some(copy)
}

#[test]
fn income_beats_the_published_errors_on_the_published_test_file() {
    let up = up(&Copy::of("income"));
    assert_eq!((decision(&up, "logistic"), decision(&up, "trees")), ("pass", "pass"));
    // NBTree 14.10% and naive Bayes 14.05% are of the rows without missing cells; ours is of all rows
    assert!(1.0 - score(&up, "trees", "accuracy") < 0.1405, "{up}");
}

#[test]
fn an_example_without_its_data_says_where_it_comes_from() {
    for (example, file, owner) in [
        ("cats-dogs", "train.parquet", "CIFAR-10"),
        ("clicks", "clicks.parquet", "TalkingData"),
        ("otto", "train.parquet", "Otto Group"),
        ("ratings", "ratings.parquet", "MovieLens"),
        ("yelp", "yelp_10k.parquet", "Yelp"),
    ] {
        let copy = Copy::of(example);
        let _ = std::fs::remove_file(copy.path(file));
        let run = copy.run(&["up", ".", "--once", "--address", "127.0.0.1:0"]);
        assert_eq!(run.code, 2, "{}", run.stderr);
        assert!(run.stderr.contains(file) && run.stderr.contains("put it in place"), "{}", run.stderr);
        assert!(run.stderr.contains(owner), "{}", run.stderr);
    }
}

#[test]
fn clicks_are_too_few_to_ship_and_the_gate_says_how_many_are_missing() {
    let files = [("data/talkingdata-clicks/clicks.parquet", "clicks.parquet")];
    let Some(clicks) = with_data("clicks", &files) else { return };
    let up = up(&clicks);
    assert_eq!(decision(&up, "trees"), "inconclusive");
    assert!(score(&up, "trees", "auc") > 0.9, "{up}");
}

#[test]
fn sentences_are_judged_by_documents_not_by_categories() {
    let up = up(&Copy::of("sentiment"));
    assert_eq!(decision(&up, "tfidf"), "pass");
    // 79.4% published for NBSVM, by ten-fold cross-validation
    assert!(score(&up, "nbsvm", "accuracy") > 0.77, "{up}");
}

#[test]
fn ratings_reach_the_published_errors() {
    let Some(ratings) = with_data("ratings", &[("data/ml-100k/ratings.parquet", "ratings.parquet")]) else {
        return;
    };
    let up = up(&ratings);
    assert_eq!(decision(&up, "factors"), "pass");
    // published: biases 0.944, SVD 0.934, mean over five folds
    assert!((score(&up, "biases", "rmse") - 0.944).abs() < 0.01, "{up}");
    assert!(score(&up, "factors", "rmse") < 0.934, "{up}");
}

#[test]
fn init_reads_sentences_and_pictures_and_leaves_neither_out() {
    let plan = |example: &str, file: &str| {
        let copy = Copy::of(example);
        std::fs::remove_file(copy.path("incumbent.toml")).expect("it was copied");
        let made = copy.run(&["init", ".", "--data", file, "--target", "label", "--yes", "--json"]).json(0);
        made["text"].as_str().expect("a plan").to_string()
    };
    let sentences = plan("sentiment", "sentence_polarity.parquet");
    assert!(
        sentences.contains("trainers = [\"tfidf\", \"nbsvm\"]") && !sentences.contains("drop"),
        "{sentences}"
    );
    let pictures = plan("fashion", "test.parquet");
    assert!(pictures.contains("image = [1, 28, 28]") && !pictures.contains("drop"), "{pictures}");
}
