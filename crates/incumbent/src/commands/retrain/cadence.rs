//! `incumbent retrain --cadence`: how the trainer ages, and how often to retrain at what price.

use super::curve;
use crate::progress::Shown;
use crate::{Outcome, print};
use domain::cadence::{self, Cadence, Odds, Recommended};
use domain::plan::Retrain;
use lifecycle::decay::curve::{AgeRow, Fitted, by_age, fit};
use lifecycle::decay::{self, Measured};
use lifecycle::{Project, live, retrain};
use serde_json::{Value, json};

/// Runs the command.
pub fn run(project: &Project, origins: usize, json: bool) -> anyhow::Result<Outcome> {
    let live = live::read(project)?;
    let mut shown = Shown::new();
    let measured = decay::run(project, &live, origins, &mut shown)?;
    shown.finish();
    let odds = retrain::odds(&project.history()?);
    let rules = &project.plan.retrain;
    let found = Found {
        rows: by_age(&measured.backtests, &measured.ageing)?,
        fitted: fit(&measured.backtests, project.plan.train.seed)?,
        recommended: cadence::recommend(rules, &measured.ageing, odds),
        measured,
        rules,
        odds,
    };
    match json {
        true => print::json(&found.json()),
        false => found.print(),
    }
    Ok(Outcome::Pass)
}

struct Found<'a> {
    rules: &'a Retrain,
    odds: Odds,
    measured: Measured,
    rows: Vec<AgeRow>,
    fitted: Fitted,
    recommended: Recommended,
}

impl Found<'_> {
    fn print(&self) {
        let measured = &self.measured;
        let origins = &measured.backtests.origins;
        println!(
            "{}: {} a row above a fresh model on the same rows, by age; {} rows, {} origins from {} to {}\n",
            measured.trainer,
            measured.loss,
            measured.rows,
            origins.len(),
            origins[0].at,
            origins[origins.len() - 1].at
        );
        let at = |age: f64| measured.ageing.curve.map_or(0.0, |curve| curve.decay().at(age));
        curve::draw(&self.rows, at).iter().for_each(|line| println!("{line}"));
        println!("{:>9} 0{:>59}\n", "", cadence::span(measured.ageing.oldest));
        println!("{}\n", self.table());
        println!("cadence   {}", self.cadence());
        self.recommended.reasons.iter().for_each(|reason| println!("  {reason}"));
        if self.recommended.cadence == Cadence::Unknown {
            self.by_price();
        }
    }

    fn table(&self) -> comfy_table::Table {
        let row = |row: &AgeRow| {
            let numbers = [row.excess, row.never_falling, row.curve].map(print::number);
            let counts = [row.models.to_string(), row.rows.to_string()];
            std::iter::once(cadence::span(row.age)).chain(numbers).chain(counts).collect()
        };
        let headings = ["age", "excess", "never falling", "curve", "models", "rows"];
        print::table(&headings, self.rows.iter().map(row).collect())
    }

    /// The cadence in a line, with its interval.
    fn cadence(&self) -> String {
        match self.recommended.cadence {
            Cadence::Never => "never on schedule; an alarm retrains".into(),
            Cadence::Unknown => "not known without prices".into(),
            Cadence::Every { days, best, .. } => {
                let (low, high) = self.interval();
                let end = |end: Option<f64>| end.map_or_else(|| "never".into(), cadence::span);
                format!(
                    "every {}; {} [{}, {}] costs least",
                    cadence::span(days),
                    cadence::span(best),
                    end(low),
                    end(high)
                )
            }
        }
    }

    /// The interval of the days that cost least.
    fn interval(&self) -> (Option<f64>, Option<f64>) {
        let costs = cadence::costs(self.rules, self.odds);
        costs.map_or((None, None), |costs| self.fitted.cadence_interval(costs))
    }

    fn by_price(&self) {
        let prices = cadence::by_price(self.rules, &self.measured.ageing, self.odds);
        let unit = if self.rules.cost.is_some() { "the plan's money" } else { "retrains" };
        let rows = prices.into_iter().map(|(price, found)| {
            let days = match found {
                Cadence::Every { best, .. } => format!("every {}", cadence::span(best)),
                Cadence::Never | Cadence::Unknown => "never".into(),
            };
            vec![print::number(price), days]
        });
        let heading = format!("a unit of {} a day costs ({unit})", self.measured.loss);
        println!("\n{}", print::table(&[heading.as_str(), "retrain"], rows.collect()));
    }

    fn json(&self) -> Value {
        let measured = &self.measured;
        let prices = cadence::by_price(self.rules, &measured.ageing, self.odds);
        json!({
            "trainer": measured.trainer, "loss": measured.loss, "rows": measured.rows,
            "origins": measured.backtests.origins, "points": measured.backtests.points,
            "by_age": self.rows, "ageing": measured.ageing,
            "cadence": self.recommended.cadence, "interval": self.interval(),
            "reasons": self.recommended.reasons, "by_price": prices,
        })
    }
}
