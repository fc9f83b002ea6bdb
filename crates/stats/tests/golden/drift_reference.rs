//! drift_reference.json: scipy's values for two files of 20,000 rows, from the edges and counts that it
//! states; whole columns are compared where the files can be read.

use crate::file::{close_relative, count, number, numbers};
use serde_json::Value;
use stats::drift::{Ecdf, bin_counts, category_drift, kolmogorov_smirnov_p, psi};

const EXACT: f64 = 1e-9;
const FLOOR: f64 = 1e-4;

fn features() -> Value {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/drift_reference.json");
    let text = std::fs::read_to_string(path).expect("the golden file is in the repository");
    let whole: Value = serde_json::from_str(&text).expect("the golden file is JSON");
    whole["features"].clone()
}

fn counts(of: &Value, key: &str) -> Vec<u64> {
    of[key].as_array().expect("counts").iter().map(count).collect()
}

#[test]
fn binned_and_categorical_columns_agree() {
    let mut checked = 0;
    for (name, feature) in features().as_object().expect("features by name") {
        for (key, part) in feature.as_object().expect("values by name") {
            if part.get("ref_counts").is_some() {
                compare(&format!("{name} {key}"), part);
                checked += 1;
            }
        }
    }
    // Deciles and equal widths of five numeric columns, two policies of two categorical ones.
    assert_eq!(checked, 14);
}

fn compare(case: &str, part: &Value) {
    let (reference, current) = (counts(part, "ref_counts"), counts(part, "cur_counts"));
    let found = category_drift(&reference, &current).unwrap();
    let values = [
        ("psi_eps1e_4", psi(&reference, &current, FLOOR).unwrap().value),
        ("js_distance_base2", found.js_distance),
        ("js_distance_nat", found.js_distance * std::f64::consts::LN_2.sqrt()),
        ("hellinger", found.hellinger),
        ("linf", found.largest_gap),
        ("tvd", found.total_variation),
        ("chi2_homog", found.chi_square),
        ("chi2_homogeneity", found.chi_square),
        ("chi2_dof", found.degrees as f64),
        ("chi2_p", found.p_value),
        ("cramers_v", found.cramers_v),
    ];
    let named = values.iter().filter(|(key, _)| part.get(key).is_some());
    named.for_each(|(key, value)| close_relative(&format!("{case} {key}"), *value, &part[key], EXACT));
}

#[test]
fn p_values_of_the_stated_gaps_agree() {
    let mut checked = 0;
    for (name, feature) in features().as_object().expect("features by name") {
        let Some(statistic) = feature.get("ks").map(number) else { continue };
        let p = kolmogorov_smirnov_p(statistic, count(&feature["n_ref"]), count(&feature["n_cur"])).unwrap();
        close_relative(name, p, &feature["ks_p_asymp"], EXACT);
        checked += 1;
    }
    assert_eq!(checked, 6);
}

/// A column with the stated counts falls into the stated bins, edges belonging above.
#[test]
fn stated_edges_bin_as_stated() {
    let features = features();
    let part = &features["i_poisson"]["psi_ref_deciles"];
    let (edges, wanted) = (numbers(&part["edges_inner"]), counts(part, "cur_counts"));
    let points = std::iter::once(0.0).chain(edges.iter().copied()).zip(wanted.iter().copied());
    assert_eq!(bin_counts(&Ecdf::weighted(points.collect()).unwrap(), &edges), wanted);
}
