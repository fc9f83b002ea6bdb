//! Ensembles that are ready: the winners' of the Otto challenge, one of its best members, a small one and a tiny one.
//!
//! The full one has the 33 models and 8 engineered features of Titericz and Semenov 2015, in their order. What cannot
//! be served, or is not here, is replaced by the nearest that can:
//!
//! | theirs | here |
//! | --- | --- |
//! | random forest, logistic, extra trees, multinomial naive Bayes, k-NN on scaled ln(1 + x) | the same |
//! | libFM on one-hot levels | a narrow perceptron on ln(1 + x) and flags of zeros: low rank, as factors are |
//! | H2O networks, 10 bags on √(x + 3/8); Lasagne networks, 2 and 6 bags | perceptrons with as many bags |
//! | t-SNE in 3 dimensions and its k-means | k-means of the scaled columns: t-SNE has no place for a new row |
//! | 3 linear models by Sofia, one-vs-all, two with t-SNE and interactions | 3 logistic regressions, two with clusters and neighbour distances |
//! | XGBoost one-vs-all; 4 × softprob with k-means, t-SNE, counts | boosted trees alike, clusters for t-SNE |
//! | Lasagne of 2 and 3 layers, 120 bags; XGBoost, 30 bags | 2 and 3 layers, 10 bags; boosted trees, 5 bags: more bags hardly add, and cost hours |
//! | k-NN on x + 1{x = 0}, also with ln(1 + x); raw k-NN of 2, 4, ..., 1024 | the same |
//! | features: distances to the nearest 1, 2, 4 of each class, also in TF-IDF and t-SNE space; clusters; non-zero count; x (networks only) | the same, cluster distances for t-SNE space |
//! | second level: XGBoost × 250, networks × 600, AdaBoost of extra trees × 250 | boosted trees × 3, perceptrons × 3, extra trees of 300 |
//! | 0.85·[XGB^0.65·NN^0.35] + 0.15·ET | the same form, weights fitted on out-of-fold answers |

use super::second::Second;
use super::stack::Stack;
use crate::trees::{Averaging, Params};
use crate::zoo::{Extra, Inputs, Learner, Member, Perceptron, Recipe, Space, Transform};

/// How many rows the shares of all count as in a leaf: hundreds of trees keep shares off 0 without much of it.
const LIGHT: f64 = 0.1;

/// A ready ensemble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// 33 models and 8 engineered features; hours on 60,000 rows.
    Otto,
    /// 15 members, the best and the most unlike of the 33; two hours on 60,000 rows.
    Medium,
    /// 9 members; minutes on 50,000 rows.
    Small,
    /// 3 quick members; seconds on 3,000 rows.
    Tiny,
}

impl Preset {
    /// Its name in plans.
    pub fn name(self) -> &'static str {
        match self {
            Preset::Otto => "otto",
            Preset::Medium => "medium",
            Preset::Small => "small",
            Preset::Tiny => "tiny",
        }
    }

    /// The preset of a name.
    pub fn of(name: &str) -> Option<Preset> {
        [Preset::Otto, Preset::Medium, Preset::Small, Preset::Tiny]
            .into_iter()
            .find(|preset| preset.name() == name)
    }

    /// The ensemble, ready to be fitted.
    pub fn stack(self) -> Stack {
        match self {
            Preset::Otto => {
                Stack { members: otto(), second: judges(3, 300, true), groups: groups(), folds: 5 }
            }
            Preset::Medium => {
                Stack { members: medium(), second: judges(1, 100, false), groups: groups(), folds: 5 }
            }
            Preset::Small => {
                Stack { members: small(), second: judges(1, 100, false), groups: groups(), folds: 5 }
            }
            Preset::Tiny => {
                let second = vec![boosted_judge(params(30, 0.1, 8), None, 1), network_judge(16, 5, None, 1)];
                Stack { members: tiny(), second, groups: vec![vec![0, 1]], folds: 3 }
            }
        }
    }
}

/// The winners' last level: boosted trees times networks, plus extra trees.
fn groups() -> Vec<Vec<usize>> {
    vec![vec![0, 1], vec![2]]
}

fn params(rounds: usize, learning_rate: f64, max_leaves: usize) -> Params {
    let (row_fraction, feature_fraction) = (0.8, 0.5);
    Params {
        rounds,
        learning_rate,
        max_leaves,
        row_fraction,
        feature_fraction,
        lambda_l2: 1.0,
        ..Params::default()
    }
}

fn boosted(name: &str, params: Params, recipe: Recipe) -> Member {
    Member::new(name, recipe, Learner::Boosted { params, one_vs_all: false, search: false })
}

/// Layers, width, epochs, dropout. On held-out Otto rows one of 2 x 512 with a dropout of 0.5 lost 0.526 after 12 epochs,
/// 0.508 after 20, 0.495 after 40 and 0.514 after 80.
fn network(
    name: &str,
    transform: Transform,
    (layers, width, epochs, dropout): (usize, usize, usize, f32),
    bags: usize,
) -> Member {
    let perceptron = Perceptron { layers, width, epochs, dropout };
    Member { name: name.into(), bags, ..Member::perceptron(transform, perceptron) }
}

/// A long run of large trees, slow and held back: against 600 rounds of 31 leaves at twice the rate it loses 0.009 less on
/// held-out Otto rows, in half a minute.
fn long() -> Params {
    Params { lambda_l2: 5.0, feature_fraction: 0.3, ..params(600, 0.03, 127) }
}

fn neighbours(name: &str, recipe: Recipe, k: usize) -> Member {
    Member::new(name, recipe, Learner::Neighbours { k })
}

fn logistic(name: &str, penalty: f64, recipe: Recipe) -> Member {
    Member::new(name, recipe, Learner::Logistic { penalty })
}

fn scaled(transform: Transform) -> Recipe {
    Recipe::of(Inputs::Scaled(transform))
}

fn boosted_judge(params: Params, recipe: Option<Recipe>, bags: usize) -> Second {
    let learner = Learner::Boosted { params, one_vs_all: false, search: false };
    Second { name: "second_boosted".into(), learner, recipe, bags }
}

fn network_judge(width: usize, epochs: usize, recipe: Option<Recipe>, bags: usize) -> Second {
    let learner = Learner::Perceptron(Perceptron { layers: 1, width, epochs, dropout: 0.3 });
    Second { name: "second_network".into(), learner, recipe, bags }
}

/// The second level; with the 8 engineered features beside the members' answers where they are wanted.
fn judges(bags: usize, trees: usize, engineered: bool) -> Vec<Second> {
    let beside = |inputs: Option<Inputs>| {
        let recipe = Recipe { inputs, extras: Vec::new() };
        let spaces = recipe.with(Extra::Neighbours(Space::Scaled)).with(Extra::Neighbours(Space::TfIdf));
        engineered.then(|| spaces.with(Extra::Clusters(32)).with(Extra::NonZero))
    };
    let averaging = Averaging { min_data_in_leaf: 10, max_leaves: 1024, ..Averaging::extra_trees(trees) };
    let extra = Learner::Averaged(averaging);
    vec![
        boosted_judge(params(150, 0.05, 15), beside(None), bags),
        network_judge(64, 10, beside(Some(Inputs::Scaled(Transform::Log1p))), bags),
        Second { name: "second_extra_trees".into(), learner: extra, recipe: beside(None), bags: 1 },
    ]
}

fn tiny() -> Vec<Member> {
    vec![
        logistic("logistic", 10.0, scaled(Transform::Log1p)),
        neighbours("neighbours_20", scaled(Transform::Log1p), 20),
        boosted("boosted", params(30, 0.15, 15), Recipe::of(Inputs::Raw)),
    ]
}

fn small() -> Vec<Member> {
    let averaging =
        Averaging { smoothing: LIGHT, min_data_in_leaf: 3, columns: Some(16), ..Averaging::extra_trees(150) };
    let extra = Learner::Averaged(averaging);
    vec![
        logistic("logistic", 10.0, scaled(Transform::Log1p)),
        Member::naive_bayes(),
        neighbours("neighbours_8", scaled(Transform::Log1p), 8),
        neighbours("neighbours_64", scaled(Transform::Root), 64),
        Member::new("extra_trees", Recipe::of(Inputs::Raw), extra),
        boosted("boosted", params(250, 0.08, 31), Recipe::of(Inputs::Raw)),
        boosted(
            "boosted_neighbours",
            params(200, 0.08, 31),
            Recipe::of(Inputs::Raw).with(Extra::Neighbours(Space::Scaled)),
        ),
        network("network_root", Transform::Root, (2, 256, 15, 0.3), 2),
        network("network_log", Transform::Log1p, (2, 256, 15, 0.3), 1),
    ]
}

/// Some of theirs, of no more than three bags.
fn medium() -> Vec<Member> {
    let some = [
        "random_forest",
        "logistic",
        "extra_trees",
        "naive_bayes",
        "neighbours_log",
        "network_root",
        "network_6_bags",
        "one_vs_all",
        "boosted_1",
        "boosted_2",
        "boosted_3",
        "network_3_layers",
        "boosted_bags",
        "neighbours_64",
        "neighbours_8",
    ];
    let taken = otto().into_iter().filter(|member| some.contains(&member.name.as_str()));
    taken.map(|member| Member { bags: member.bags.min(3), ..member }).collect()
}

/// Theirs, in their order.
fn otto() -> Vec<Member> {
    let raw = || Recipe::of(Inputs::Raw);
    let log = || scaled(Transform::Log1p);
    let averaged = |name: &str, averaging: Averaging| {
        let averaging = Averaging {
            smoothing: LIGHT,
            max_leaves: 1024,
            min_data_in_leaf: 5,
            columns: Some(16),
            ..averaging
        };
        Member::new(name, raw(), Learner::Averaged(averaging))
    };
    let clustered = |recipe: Recipe| recipe.with(Extra::Clusters(32));
    let near = |recipe: Recipe| recipe.with(Extra::Neighbours(Space::Scaled));
    let words = |recipe: Recipe| recipe.with(Extra::Neighbours(Space::TfIdf));
    let ova = Learner::Boosted { params: params(200, 0.1, 15), one_vs_all: true, search: false };
    let mut members = vec![
        averaged("random_forest", Averaging::random_forest(200)),
        logistic("logistic", 10.0, log()),
        averaged("extra_trees", Averaging::extra_trees(200)),
        Member::naive_bayes(),
        neighbours("neighbours_log", log(), 16),
        Member::new(
            "factors",
            log().with(Extra::Zero),
            Learner::Perceptron(Perceptron { layers: 1, width: 24, epochs: 15, dropout: 0.0 }),
        ),
        network("network_root", Transform::Root, (2, 512, 35, 0.5), 10),
        network("network_2_bags", Transform::Log1p, (2, 512, 35, 0.5), 2),
        network("network_6_bags", Transform::Log1p, (2, 192, 25, 0.3), 6),
        boosted(
            "clusters",
            params(200, 0.07, 15),
            Recipe { inputs: None, extras: vec![Extra::Clusters(48)] },
        ),
        logistic("linear_1", 100.0, scaled(Transform::Plain)),
        logistic("linear_2", 100.0, clustered(scaled(Transform::Root))),
        logistic("linear_3", 100.0, near(scaled(Transform::Root))),
        Member::new("one_vs_all", raw(), ova),
        boosted("boosted_1", long(), raw()),
        boosted("boosted_2", long(), near(raw())),
        boosted("boosted_3", long(), words(raw())),
        boosted("boosted_4", long(), clustered(near(raw())).with(Extra::NonZero)),
        network("network_2_layers", Transform::Root, (2, 128, 25, 0.3), 10),
        network("network_3_layers", Transform::Log1p, (3, 256, 35, 0.4), 10),
        Member {
            bags: 5,
            ..boosted("boosted_bags", Params { lambda_l2: 5.0, ..params(300, 0.06, 63) }, raw())
        },
        neighbours("neighbours_zeros", Recipe::of(Inputs::Filled(Transform::Plain)).with(Extra::Zero), 16),
        neighbours(
            "neighbours_log_zeros",
            Recipe::of(Inputs::Filled(Transform::Log1p)).with(Extra::Zero),
            16,
        ),
    ];
    let plain = || Recipe::of(Inputs::Filled(Transform::Plain));
    members
        .extend((1..=10).map(|power| neighbours(&format!("neighbours_{}", 1 << power), plain(), 1 << power)));
    members
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_full_one_has_the_33_models_and_names_differ() {
        let stack = Preset::Otto.stack();
        assert_eq!((stack.members.len(), stack.second.len()), (33, 3));
        assert_eq!(Preset::Medium.stack().members.len(), 15);
        for preset in [Preset::Otto, Preset::Medium, Preset::Small, Preset::Tiny] {
            let mut names: Vec<String> = preset.stack().members.into_iter().map(|m| m.name).collect();
            names.sort();
            assert!(names.windows(2).all(|w| w[0] != w[1]));
            assert_eq!(Preset::of(preset.name()), Some(preset));
        }
        assert_eq!(Preset::of("large"), None);
    }
}
