//! Which trainers and baselines the plan's names stand for.

use crate::{Project, StageError};
use domain::{Plan, Task};
use models::Fit;
use models::baseline::{Majority, Mean, Median, Previous, Prior, Stump};
use models::factors::{Biases, Factors, ItemMean};

/// Every baseline that suits the plan's task.
pub fn baselines(plan: &Plan) -> Vec<Box<dyn Fit>> {
    match plan.task {
        Task::Classification => {
            with_previous(plan, vec![Box::new(Prior), Box::new(Majority), Box::new(Stump)])
        }
        Task::Regression => with_previous(plan, of_ratings_or_numbers(plan)),
        Task::Forecasting => models::forecast::baselines(plan.forecast.season, plan.forecast.gap),
    }
}

fn of_ratings_or_numbers(plan: &Plan) -> Vec<Box<dyn Fit>> {
    let mut all: Vec<Box<dyn Fit>> = vec![Box::new(Mean), Box::new(Median)];
    match plan.recommend.pair() {
        Some((user, item)) => {
            all.push(Box::new(ItemMean::new(user, item)));
            all.push(Box::new(Biases::new(user, item)));
        }
        None => all.push(Box::new(Stump)),
    }
    all
}

fn with_previous(plan: &Plan, mut all: Vec<Box<dyn Fit>>) -> Vec<Box<dyn Fit>> {
    all.extend(
        plan.baseline
            .previous
            .as_ref()
            .map(|column| Box::new(Previous { column: column.clone() }) as Box<dyn Fit>),
    );
    all
}

/// The names of the plan's trainers, in order: the embedded ones, then `command`.
pub fn names(plan: &Plan) -> Vec<String> {
    let own = (!plan.train.command.is_empty()).then(|| "command".to_string());
    plan.trainers().into_iter().chain(own).collect()
}

/// The trainer of this name: embedded, or `command` for the plan's own.
pub fn named(project: &Project, name: &str) -> Result<Box<dyn Fit>, StageError> {
    if name == "command" {
        let train = &project.plan.train;
        return Ok(Box::new(models::command::Command {
            argv: train.command.clone(),
            folder: project.dir.clone(),
            work: project.dir.join(".incumbent").join("commands"),
            time_limit: std::time::Duration::from_micros(train.time_limit.0.unsigned_abs()),
            target: project.plan.data.target.clone(),
            said: models::command::Said::default(),
        }));
    }
    embedded(&project.plan, name)
}

/// The names of the embedded trainers that a task knows.
fn known(plan: &Plan) -> &'static [&'static str] {
    match plan.task {
        Task::Classification => &["logistic", "trees", "mlp", "tfidf", "nbsvm", "cnn"],
        Task::Regression if plan.recommend.pair().is_some() => {
            &["ridge", "trees", "mlp", "item_mean", "biases", "factors"]
        }
        Task::Regression => &["ridge", "trees", "mlp"],
        Task::Forecasting => &["lags", "lag_trees"],
    }
}

/// The embedded trainer of this name.
pub fn embedded(plan: &Plan, name: &str) -> Result<Box<dyn Fit>, StageError> {
    let fit = match plan.task {
        Task::Classification => of_classes(name),
        Task::Regression => of_ratings(plan, name).or_else(|| of_numbers(name)),
        Task::Forecasting => of_series(plan, name),
    };
    fit.ok_or_else(|| {
        let found = format!("no trainer `{name}` for {}", plan.task);
        let hint = format!("train.trainers may hold {}", known(plan).join(", "));
        StageError::data("incumbent.toml", found, hint)
    })
}

fn of_classes(name: &str) -> Option<Box<dyn Fit>> {
    Some(match name {
        "logistic" => Box::new(models::linear::Logistic::default()),
        "trees" => Box::new(models::boosted::Trees::default()),
        "mlp" => Box::new(models::neural::Mlp::default()),
        "tfidf" => Box::new(models::text::Tfidf::default()),
        "nbsvm" => Box::new(models::text::Nbsvm),
        "cnn" => Box::new(models::neural::Cnn::default()),
        _ => return None,
    })
}

fn of_ratings(plan: &Plan, name: &str) -> Option<Box<dyn Fit>> {
    let (user, item) = plan.recommend.pair()?;
    Some(match name {
        "item_mean" => Box::new(ItemMean::new(user, item)),
        "biases" => Box::new(Biases::new(user, item)),
        "factors" => Box::new(Factors::new(user, item)),
        _ => return None,
    })
}

fn of_numbers(name: &str) -> Option<Box<dyn Fit>> {
    Some(match name {
        "ridge" => Box::new(models::linear::Ridge::default()),
        "trees" => Box::new(models::boosted::Trees::default()),
        "mlp" => Box::new(models::neural::Mlp::default()),
        _ => return None,
    })
}

fn of_series(plan: &Plan, name: &str) -> Option<Box<dyn Fit>> {
    let (season, gap) = (plan.forecast.season, plan.forecast.gap);
    Some(match name {
        "lags" => Box::new(models::forecast::Lags::new(season, gap)),
        "lag_trees" => Box::new(models::forecast::LagTrees::new(season, gap)),
        _ => return None,
    })
}
