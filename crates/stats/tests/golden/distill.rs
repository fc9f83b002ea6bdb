//! 09_distillation.json: soft targets, the loss of a student, its likeness to the teacher, and blends.

use crate::file::{all_close, cases, close, indices, number, numbers};
use serde_json::Value;
use stats::distill::{
    Blend, Group, Point, cheapest_best, fidelity, frontier, gain_kept, hinton, soft_target_derivatives,
    softmax,
};
use stats::metric::log_losses;

#[test]
fn every_vector_of_distillation_agrees() {
    let cases = cases("09_distillation.json", "vectors");
    assert_eq!(cases.len(), 5);
    for vector in &cases {
        let name = vector["name"].as_str().expect("a vector has a name");
        let check = match name {
            "hinton_loss" => temperatures,
            "gbdt_soft_target_grad_hess" => derivatives,
            "fidelity" => likeness,
            "otto_final_blend" => blend,
            "pareto_frontier" => pareto,
            other => panic!("no test for vector {other}"),
        };
        check(&vector["input"], &vector["expected"], number(&vector["tol_abs"]));
    }
}

/// A matrix, row by row.
fn flat(value: &Value) -> Vec<f64> {
    value.as_array().expect("rows").iter().flat_map(numbers).collect()
}

fn all(case: &str, found: &[f64], expected: &Value, tolerance: f64) {
    all_close(case, found, &Value::from(flat(expected)), tolerance);
}

fn temperatures(input: &Value, expected: &Value, tolerance: f64) {
    let (teacher, student) = (flat(&input["teacher_logits"]), flat(&input["student_logits"]));
    let classes = indices(&input["y"]);
    for temperature in [1.0, 2.0, 4.0, 8.0] {
        let at = &expected[format!("T{temperature}")];
        all("teacher", &softmax(&teacher, 4, temperature).unwrap(), &at["teacher"], tolerance);
        all("student", &softmax(&student, 4, temperature).unwrap(), &at["student"], tolerance);
        let rows = hinton(&teacher, &student, &classes, 4, temperature, 0.0).unwrap();
        let divergence: Vec<f64> = rows.iter().map(|r| r.soft).collect();
        all_close("kl", &divergence, &at["kl"], tolerance);
        let slope: Vec<f64> = rows.iter().flat_map(|r| r.soft_gradient.clone()).collect();
        all("gradient", &slope, &at["grad_T2_KL_wrt_student_logits"], tolerance);
    }
    let share = number(&input["alpha_hard"]);
    let mixed = hinton(&teacher, &student, &classes, 4, number(&input["T_mixed"]), share).unwrap();
    all_close("ce", &mixed.iter().map(|r| r.hard).collect::<Vec<_>>(), &expected["ce"], tolerance);
    let mean = mixed.iter().map(|r| r.loss).sum::<f64>() / mixed.len() as f64;
    close("mixed", mean, &expected["mixed_mean"], tolerance);
    assert_eq!(expected.as_object().expect("values").len(), 6, "all expected values were read");
}

fn derivatives(input: &Value, expected: &Value, tolerance: f64) {
    let (target, scores) = (flat(&input["soft_target"]), flat(&input["raw_score"]));
    let (first, second) = soft_target_derivatives(&target, &scores, 3).unwrap();
    all("grad", &first, &expected["grad"], tolerance);
    all("hess", &second, &expected["hess"], tolerance);
    let p = softmax(&scores, 3, 1.0).unwrap();
    all("p", &p, &expected["p"], tolerance);
    // The loss with soft targets is a mean over the classes' log losses.
    let loss = |row: usize| {
        let answer = &p[row * 3..row * 3 + 3];
        let of = |class: usize| log_losses(&[class], answer, 3).unwrap()[0];
        (0..3).map(|class| target[row * 3 + class] * of(class)).sum::<f64>()
    };
    all_close("loss", &[loss(0), loss(1)], &expected["loss"], tolerance);
}

fn likeness(input: &Value, expected: &Value, tolerance: f64) {
    let found = fidelity(&flat(&input["teacher"]), &flat(&input["student"]), 3).unwrap();
    close("agreement", found.agreement, &expected["agreement"], tolerance);
    close("kl", found.divergence, &expected["kl"], tolerance);
    close("tv", found.variation, &expected["tv"], tolerance);
    let loss = |of: &str| number(&input[format!("loss_{of}")]);
    let kept = gain_kept(loss("base"), loss("teacher"), loss("student")).unwrap();
    close("kept", kept, &expected["share_of_gain_kept"], tolerance);
}

fn blend(input: &Value, expected: &Value, tolerance: f64) {
    let models = ["xgb", "nn", "et"].map(|name| flat(&input[name]));
    let models: Vec<&[f64]> = models.iter().map(Vec::as_slice).collect();
    let blend = Blend {
        groups: vec![
            Group { weight: 0.85, members: vec![(0, 0.65), (1, 0.35)] },
            Group { weight: 0.15, members: vec![(2, 1.0)] },
        ],
    };
    all("unnormalised", &blend.pool(&models, 3).unwrap(), &expected["unnormalised"], tolerance);
    all("normalised", &blend.apply(&models, 3).unwrap(), &expected["normalised"], tolerance);
}

fn pareto(input: &Value, expected: &Value, _: f64) {
    let listed = input["points_name_p99ms_loss"].as_array().expect("points");
    let point = |p: &Value| Point { cost: number(&p[1]), loss: number(&p[2]) };
    let points: Vec<Point> = listed.iter().map(point).collect();
    let names: Vec<Value> = frontier(&points).unwrap().into_iter().map(|i| listed[i][0].clone()).collect();
    assert_eq!(Value::from(names), expected["frontier"]);
    let pick = cheapest_best(&points, number(&input["budget_ms"])).unwrap().expect("something fits");
    assert_eq!(listed[pick][0], expected["pick"]);
}
