//! What a version costs to serve: measured where the plan bounds it, for the gate to judge.
//!
//! Not the server, which this crate does not know: a [`Door`] brings one. Invariant: what is measured is a server with this
//! version alone, on rows that it has not seen, at the plan's batch and concurrency.

use crate::version::Version;
use crate::{Project, StageError};
use domain::gate::{Cost, Estimate, Resource};
use domain::{Table, VersionId};
use store::version::load_version;

const LEVEL: f64 = 0.95;
const MEGA: f64 = 1e6;

/// Who can serve a version alone, and tell what that takes.
pub trait Door: Send + Sync {
    /// Serves the version, sends the plan's requests of these rows, and stops.
    fn serve(&self, project: &Project, version: &VersionId, rows: &Table) -> Result<Served, StageError>;
}

/// What a server with one version took.
#[derive(Debug, Clone, PartialEq)]
pub struct Served {
    /// How long each request took, in microseconds.
    pub took: Vec<f64>,
    /// The most memory that it had, in bytes; `None` where the system does not tell.
    pub memory: Option<u64>,
}

/// What each thing costs that the plan bounds; nothing where it bounds none.
pub fn costs(project: &Project, version: &Version, rows: &Table) -> Result<Vec<Cost>, StageError> {
    let budget = &project.plan.budget;
    let mut costs = Vec::new();
    if let Some(most) = budget.size_mb {
        let bytes = load_version(project.blobs.as_ref(), &version.id)?.onnx.len() as f64;
        costs.push(cost(Resource::Size, Some(exact(bytes, 1)), most * MEGA, "of model.onnx"));
    }
    if !budget.needs_a_server() {
        return Ok(costs);
    }
    let served = match &project.door {
        Some(door) => Some(door.serve(project, &version.id, rows)?),
        None => None,
    };
    let how = how(project, served.as_ref());
    if let Some(most) = budget.p99 {
        let found = served.as_ref().map(|served| p99(&served.took)).transpose()?;
        costs.push(cost(Resource::P99, found, most.0 as f64, &how));
    }
    if let Some(most) = budget.memory_mb {
        let requests = served.as_ref().map_or(0, |served| served.took.len() as u64);
        let bytes = served.and_then(|served| served.memory);
        let found = bytes.map(|bytes| exact(bytes as f64, requests));
        let how =
            if found.is_some() { "at the most, with this model alone" } else { "this system does not tell" };
        costs.push(cost(Resource::Memory, found, most * MEGA, how));
    }
    Ok(costs)
}

fn cost(resource: Resource, found: Option<Estimate>, most: f64, how: &str) -> Cost {
    Cost { resource, found, most, how: how.into() }
}

fn how(project: &Project, served: Option<&Served>) -> String {
    let budget = &project.plan.budget;
    let Some(served) = served else { return "there is no server at hand".into() };
    let plural = |n: u64| if n == 1 { "" } else { "s" };
    format!(
        "for a request of {} row{}, {} at a time, over {} requests",
        budget.batch,
        plural(budget.batch),
        budget.concurrency,
        served.took.len()
    )
}

fn p99(took: &[f64]) -> Result<Estimate, StageError> {
    let found = stats::quantile::quantile(took, 0.99, LEVEL);
    let found = found.map_err(|why| StageError::Measure { metric: "p99".into(), why: why.to_string() })?;
    // an event holds plain numbers: what is not bounded is bounded by nothing that a clock can show
    let finite = |x: f64| x.clamp(0.0, f64::from(u32::MAX));
    Ok(Estimate { value: found.value, low: finite(found.low), high: finite(found.high), rows: found.rows })
}

fn exact(value: f64, rows: u64) -> Estimate {
    Estimate { value, low: value, high: value, rows }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_few_requests_bound_nothing_that_fits_a_budget() {
        let few = p99(&[100.0; 50]).expect("measured");
        assert_eq!((few.value, few.low), (100.0, 100.0));
        assert!(few.high > 1e9, "{few:?}");
        let many = p99(&[100.0; 2000]).expect("measured");
        assert_eq!((many.low, many.high), (100.0, 100.0));
    }
}
