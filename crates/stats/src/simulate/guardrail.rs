//! One simulated canary: requests that go bad, and the harm process that stops it.
//!
//! Not the answers that callers get: a bad request falls back and is answered. The invariant: the evidence is
//! asked for whenever it can have risen, which is at a pair in which the challenger was worse.

use super::HARM_DELTA;
use crate::input::BadInput;
use crate::random;
use crate::sequential::{Arm, HarmLimit, Pairing};

/// Shares of bad requests, and what is tolerated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Guardrail {
    /// The incumbent's share of bad requests.
    pub incumbent: f64,
    /// The challenger's.
    pub challenger: f64,
    /// The excess that is tolerated.
    pub tolerance: f64,
    /// The challenger's share of the traffic.
    pub allocation: f64,
    /// Requests to the challenger in a run, at most.
    pub requests: u64,
}

impl Guardrail {
    /// The challenger's request at which it is stopped in this run.
    pub fn run(&self, seed: u64, run: u64) -> Result<Option<u64>, BadInput> {
        let limit = HarmLimit::new(self.tolerance)?;
        let (mut pairing, mut worse, mut requests, mut draw) = (Pairing::default(), 0, 0, 0);
        while requests < self.requests {
            let ours = random::unit(seed, run, draw) < self.allocation;
            let (arm, share) =
                if ours { (Arm::Challenger, self.challenger) } else { (Arm::Incumbent, self.incumbent) };
            let counts = pairing.observe(arm, random::unit(seed, run, draw + 1) < share);
            draw += 2;
            requests += u64::from(ours);
            if counts.worse > worse && limit.log_e_value(counts) >= -HARM_DELTA.ln() {
                return Ok(Some(requests));
            }
            worse = counts.worse;
        }
        Ok(None)
    }
}
