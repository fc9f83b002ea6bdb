//! From the plan's text to a [`Plan`], with every mistake at its place in the text.

use super::fields::{self, FieldKind};
use super::{CadenceSource, Goal, Plan, Span};
use crate::model::Task;
use crate::time::Timestamp;
use std::ops::Range;
use thiserror::Error;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A mistake in a plan, and where it stands.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[error("{message}")]
pub struct PlanError {
    /// What was found and what was expected.
    pub message: String,
    /// The bytes of the text that are wrong.
    pub span: Range<usize>,
    /// What to do.
    pub hint: Option<String>,
}

impl Plan {
    /// Reads a plan's text.
    pub fn parse(text: &str) -> Result<Plan, PlanError> {
        let document = DeTable::parse(text).map_err(|e| from_toml(&e))?;
        check_table(document.get_ref(), "")?;
        let mut plan: Plan = toml::from_str(text).map_err(|e| from_toml(&e))?;
        check_meaning(&plan, document.get_ref())?;
        plan.release.label_window.get_or_insert(plan.retrain.label_delay);
        plan.release.slo.get_or_insert(plan.serve.deadline);
        Ok(plan)
    }
}

fn check_table(table: &DeTable<'_>, section: &str) -> Result<(), PlanError> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    for (key, value) in entries {
        let name = key.get_ref().as_ref();
        let known = fields::names_in(section);
        if !known.contains(&name) {
            return Err(unknown(name, section, key.span(), &known));
        }
        let path = if section.is_empty() { name.to_string() } else { format!("{section}.{name}") };
        match (fields::find(&path), value.get_ref()) {
            (None, DeValue::Table(inner)) => check_table(inner, &path)?,
            (None, _) => {
                let message = format!("`{path}` is a section");
                return Err(at(value.span(), message, Some(format!("write [{path}] on a line of its own"))));
            }
            (Some(field), _) => check_value(&path, field.kind, value)?,
        }
    }
    Ok(())
}

fn unknown(name: &str, section: &str, span: Range<usize>, known: &[&str]) -> PlanError {
    let place = if section.is_empty() { "the plan".into() } else { format!("[{section}]") };
    let near = known.iter().map(|k| (strsim::damerau_levenshtein(name, k), k)).min();
    let hint = match near {
        Some((distance, key)) if distance <= 1 + name.len() / 3 => format!("did you mean `{key}`?"),
        _ => format!("it may hold {}", known.join(", ")),
    };
    at(span, format!("{place} has no key `{name}`"), Some(hint))
}

fn check_value(path: &str, kind: FieldKind, value: &Spanned<DeValue<'_>>) -> Result<(), PlanError> {
    let found = value.get_ref();
    let expected = match kind {
        FieldKind::Choice(words) => match found.as_str() {
            Some(word) if words.contains(&word) => return Ok(()),
            _ => format!("one of {}", words.join(", ")),
        },
        FieldKind::Number { min, max } => match number(found) {
            Some(x) if (min..=max).contains(&x) => return Ok(()),
            _ => format!("a number from {min} to {max}"),
        },
        FieldKind::Whole { min, max } => match whole(found) {
            Some(x) if (min..=max).contains(&x) => return Ok(()),
            _ => format!("a whole number from {min} to {max}"),
        },
        FieldKind::Span => match found.as_str().map(|s| Span::try_from(s.to_string())) {
            Some(Ok(_)) => return Ok(()),
            _ => "a span of time such as \"30d\", \"12h\" or \"200ms\"".into(),
        },
        FieldKind::Switch if matches!(found, DeValue::Boolean(_)) => return Ok(()),
        FieldKind::Switch => "true or false".into(),
        FieldKind::Text if found.as_str().is_some() => return Ok(()),
        FieldKind::Text => "a text in quotes".into(),
        FieldKind::Steps(words) if rising(&places(found, words)) => return Ok(()),
        FieldKind::Steps(words) => format!("a list among {}, in this order", words.join(", ")),
        FieldKind::Shares => match shares(found) {
            Some(shares) if rising(&shares.iter().map(|s| Some(*s)).collect::<Vec<_>>()) => return Ok(()),
            _ => "a list of rising numbers above 0 and at most 0.5, such as [0.01, 0.1, 0.5]".into(),
        },
        FieldKind::Shape if is_shape(found) => return Ok(()),
        FieldKind::Shape => {
            let side = fields::LONGEST_SIDE;
            format!("channels (1 or 3), height and width (1 to {side}), such as [3, 32, 32]")
        }
        FieldKind::Texts => match found.as_array() {
            Some(items) if items.iter().all(|i| i.get_ref().as_str().is_some()) => return Ok(()),
            _ => "a list of texts, such as [\"a\", \"b\"]".into(),
        },
    };
    let why = fields::find(path).map(|f| format!("{path}: {}", f.why));
    Err(at(value.span(), format!("`{path}` is {}, expected {expected}", shown(found)), why))
}

/// The place of each word of a list among those known.
fn places(value: &DeValue<'_>, words: &[&str]) -> Vec<Option<f64>> {
    let place = |item: &Spanned<DeValue<'_>>| {
        let word = item.get_ref().as_str()?;
        words.iter().position(|known| *known == word).map(|place| place as f64)
    };
    value.as_array().map_or_else(|| vec![None], |items| items.iter().map(place).collect())
}

fn shares(value: &DeValue<'_>) -> Option<Vec<f64>> {
    let shares: Option<Vec<f64>> = value.as_array()?.iter().map(|item| number(item.get_ref())).collect();
    shares.filter(|shares| shares.iter().all(|share| *share > 0.0 && *share <= 0.5))
}

fn is_shape(value: &DeValue<'_>) -> bool {
    let numbers: Option<Vec<i64>> =
        value.as_array().and_then(|items| items.iter().map(|item| whole(item.get_ref())).collect());
    let side = 1..=fields::LONGEST_SIDE as i64;
    matches!(numbers.as_deref(), Some([1 | 3, height, width]) if side.contains(height) && side.contains(width))
}

fn rising(items: &[Option<f64>]) -> bool {
    items.iter().all(Option::is_some) && items.windows(2).all(|pair| pair[0] < pair[1])
}

fn check_meaning(plan: &Plan, document: &DeTable<'_>) -> Result<(), PlanError> {
    let named = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if plan.name.is_empty() || !plan.name.chars().all(named) {
        let message = format!("`name` is \"{}\", expected letters, digits, - and _", plan.name);
        return Err(at(place(document, "name"), message, Some("it stands in addresses".into())));
    }
    if plan.task == Task::Forecasting && plan.data.time.is_none() {
        let hint = "name the column with each value's time: data.time = \"...\"";
        return Err(at(place(document, "data"), "forecasting needs `data.time`".into(), Some(hint.into())));
    }
    check_recommend(plan, document)?;
    if plan.data.test.is_some() && (plan.data.until.is_some() || plan.task == Task::Forecasting) {
        let message = "`data.test` fixes the rows that judge, where the plan goes by time".to_string();
        let hint = "leave out `data.test`: the last rows before `data.until` judge";
        return Err(at(place(document, "data.test"), message, Some(hint.into())));
    }
    if plan.data.drop.contains(&plan.data.target) {
        let message = format!("`data.drop` holds the target `{}`", plan.data.target);
        return Err(at(place(document, "data.drop"), message, Some("the target is never an input".into())));
    }
    if let Some(until) = plan.data.until.as_deref()
        && Timestamp::parse(until).is_none()
        && until.parse::<f64>().is_err()
    {
        let message = format!("`data.until` is \"{until}\", expected a date, an instant or a number");
        return Err(at(place(document, "data.until"), message, Some("write \"2009-01-31\"".into())));
    }
    if plan.release.goal == Goal::Outcome
        && plan.task == Task::Classification
        && plan.release.success.is_none()
    {
        let hint = "name the class that counts as a success: release.success = \"...\"";
        let message = "a goal of `outcome` needs `release.success`".into();
        return Err(at(place(document, "release.goal"), message, Some(hint.into())));
    }
    let retrain = &plan.retrain;
    if retrain.cadence == CadenceSource::Measured && (retrain.cost.is_none() || retrain.loss_cost.is_none()) {
        let hint =
            "set retrain.cost and retrain.loss_cost; `incumbent retrain --cadence` shows what they come to";
        let message = "a measured cadence needs to know what things cost".into();
        return Err(at(place(document, "retrain.cadence"), message, Some(hint.into())));
    }
    check_review(plan, document)?;
    check_metrics(plan, document)
}

fn check_review(plan: &Plan, document: &DeTable<'_>) -> Result<(), PlanError> {
    let review = &plan.review;
    if review.error.is_some() && plan.task != Task::Classification {
        let message = format!("`review.error` is of no use for {}", plan.task);
        let hint = "it is a share of wrong classes: leave it out, and nothing is deferred";
        return Err(at(place(document, "review.error"), message, Some(hint.into())));
    }
    let sum = review.mandatory + review.audit + review.novelty;
    if (sum - 1.0).abs() > 1e-9 {
        let message = format!("the shares of [review] add up to {sum:.3}, expected 1");
        let hint = "mandatory, audit and novelty share the day's items; name all three";
        return Err(at(place(document, "review"), message, Some(hint.into())));
    }
    if review.lease.0 <= 0 {
        let message = "`review.lease` is no time at all".to_string();
        let hint = "an item has to stay with a person while they look at it: lease = \"10m\"";
        return Err(at(place(document, "review.lease"), message, Some(hint.into())));
    }
    Ok(())
}

fn check_recommend(plan: &Plan, document: &DeTable<'_>) -> Result<(), PlanError> {
    let recommend = &plan.recommend;
    if recommend.user.is_some() != recommend.item.is_some() {
        let message = "[recommend] needs both `user` and `item`".into();
        return Err(at(
            place(document, "recommend"),
            message,
            Some("a rating is of an item by a user".into()),
        ));
    }
    if recommend.user.is_some() && plan.task != Task::Regression {
        let message = format!("[recommend] is of no use for {}", plan.task);
        let hint = "ratings are numbers to predict: set task = \"regression\"";
        return Err(at(place(document, "recommend"), message, Some(hint.into())));
    }
    Ok(())
}

fn check_metrics(plan: &Plan, document: &DeTable<'_>) -> Result<(), PlanError> {
    let fitting: &[&str] = match plan.task {
        Task::Classification => &["log_loss", "brier", "accuracy", "auc"],
        Task::Regression | Task::Forecasting => &["mae", "rmse", "mse"],
    };
    let wrong = |name: &str, path: &str| {
        let message = format!("`{path}` names `{name}`, which does not measure {}", plan.task);
        at(place(document, path), message, Some(format!("choose among {}", fitting.join(", "))))
    };
    if !fitting.contains(&plan.primary()) {
        return Err(wrong(plan.primary(), "metric.primary"));
    }
    match plan.guardrails().iter().find(|g| !fitting.contains(&g.as_str())) {
        Some(guardrail) => Err(wrong(guardrail, "metric.guardrails")),
        None => Ok(()),
    }
}

/// Where a key's value stands; where the plan has no such key, the start of the text.
fn place(document: &DeTable<'_>, path: &str) -> Range<usize> {
    let mut table = document;
    let mut span = 0..0;
    for name in path.split('.') {
        let Some(value) = table.get(name) else { return span };
        span = value.span();
        match value.get_ref() {
            DeValue::Table(inner) => table = inner,
            _ => return span,
        }
    }
    span
}

fn from_toml(error: &toml::de::Error) -> PlanError {
    let missing = error.message().strip_prefix("missing field `").and_then(|m| m.split('`').next());
    let hint = missing.and_then(|name| {
        fields::FIELDS.iter().find(|f| f.path.rsplit('.').next() == Some(name)).map(|f| f.why.to_string())
    });
    at(error.span().unwrap_or(0..0), error.message().to_string(), hint)
}

fn at(span: Range<usize>, message: String, hint: Option<String>) -> PlanError {
    PlanError { message, span, hint }
}

fn number(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Float(f) => f.as_str().replace('_', "").parse().ok(),
        _ => whole(value).map(|x| x as f64),
    }
}

fn whole(value: &DeValue<'_>) -> Option<i64> {
    match value {
        DeValue::Integer(i) => i64::from_str_radix(i.as_str(), i.radix()).ok(),
        _ => None,
    }
}

fn shown(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(s) => format!("\"{s}\""),
        DeValue::Integer(i) => i.as_str().to_string(),
        DeValue::Float(f) => f.as_str().to_string(),
        DeValue::Boolean(b) => b.to_string(),
        DeValue::Datetime(d) => d.to_string(),
        DeValue::Array(_) => "a list".into(),
        DeValue::Table(_) => "a section".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BANK: &str =
        "name = \"bank\"\ntask = \"classification\"\n[data]\nsource = \"bank.parquet\"\ntarget = \"y\"\n";

    fn check(addition: &str, marked: &str, message: &str, hint: &str) {
        let text = format!("{BANK}{addition}");
        let error = Plan::parse(&text).expect_err(addition);
        assert_eq!(&text[error.span.clone()], marked, "{error:?}");
        assert!(error.message.contains(message), "{error:?}");
        assert!(error.hint.as_deref().unwrap_or("").contains(hint), "{error:?}");
    }

    #[test]
    fn five_lines_are_a_plan() {
        let plan = Plan::parse(BANK).expect("the smallest plan");
        assert_eq!((plan.primary(), plan.gate.alpha, plan.gate.min_rows), ("log_loss", 0.05, 200));
    }

    #[test]
    fn mistakes_are_found_where_they_stand() {
        check("[gate]\nalfa = 0.1\n", "alfa", "[gate] has no key `alfa`", "did you mean `alpha`?");
        check("[gatte]\n", "gatte", "the plan has no key `gatte`", "did you mean `gate`?");
        check("[gate]\nalpha = 5\n", "5", "expected a number from 0.0001 to 0.5", "chance taken");
        check("[gate]\nmode = \"best\"\n", "\"best\"", "one of superior, non-inferior", "");
        check("[gate]\nslices = \"job\"\n", "\"job\"", "a list of texts", "");
        check("[retrain]\nevery = \"soon\"\n", "\"soon\"", "a span of time", "");
        check("[retrain]\ncadence = \"measured\"\n", "\"measured\"", "what things cost", "loss_cost");
        check("[retrain]\non_alarm = \"no\"\n", "\"no\"", "expected true or false", "covariate shift");
        check("until = \"later\"\n", "\"later\"", "expected a date", "2009");
        check("[metric]\nprimary = \"mae\"\n", "\"mae\"", "does not measure classification", "log_loss");
        check(
            "[release]\nsteps = [\"ab\", \"shadow\"]\n",
            "[\"ab\", \"shadow\"]",
            "in this order",
            "meets real traffic",
        );
        check("[release]\nramp = [0.5, 0.1]\n", "[0.5, 0.1]", "rising numbers", "");
        check("[release]\ngoal = \"outcome\"\n", "\"outcome\"", "needs `release.success`", "class");
        check("image = [4, 8, 8]\n", "[4, 8, 8]", "channels (1 or 3)", "every picture");
        check("[recommend]\nuser = \"u\"\n", "[recommend]", "needs both", "by a user");
        check("[review]\naudit = 0.5\n", "[review]", "add up to 1.300", "all three");
        check("[review]\nlease = \"0s\"\n", "\"0s\"", "no time at all", "10m");
        check("drop = [\"y\"]\n", "[\"y\"]", "holds the target", "never an input");
    }

    #[test]
    fn a_missing_key_is_named() {
        let error = Plan::parse("name = \"bank\"\ntask = \"classification\"\n[data]\nsource = \"b\"\n");
        let error = error.expect_err("no target");
        assert!(error.message.contains("target") && error.hint.is_some(), "{error:?}");
    }

    #[test]
    fn every_key_is_documented_and_every_documented_key_is_read() {
        let text = format!(
            "{BANK}[forecast]\n[recommend]\n[split]\n[metric]\n[baseline]\n[train]\n[gate]\n[serve]\n[release]\n[watch]\n[review]\n[retrain]\n"
        );
        let plan = serde_json::to_value(Plan::parse(&text).expect("all sections")).expect("plain data");
        let mut keys: Vec<String> = Vec::new();
        for (name, value) in plan.as_object().expect("a plan is an object") {
            match value.as_object() {
                Some(section) => keys.extend(section.keys().map(|k| format!("{name}.{k}"))),
                None => keys.push(name.clone()),
            }
        }
        let documented: Vec<&str> = fields::FIELDS.iter().map(|f| f.path).collect();
        assert_eq!(keys, documented);
    }
}
