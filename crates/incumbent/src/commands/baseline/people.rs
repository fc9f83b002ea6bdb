//! People's accuracy, from their labels or from a publication.

use crate::error::Hinted;
use crate::{Outcome, plan_file, print, workspace};
use lifecycle::people::{People, beside_published, people, published as estimate};
use serde_json::json;
use std::path::Path;
use store::files::{ReadOptions, read_table};

/// From a table of labels.
pub fn from_labels(file: &Path, truth: Option<&Path>, json: bool) -> anyhow::Result<Outcome> {
    let labels = read_table(file, &ReadOptions::default())?;
    let truth = truth.map(|path| read_table(path, &ReadOptions::default())).transpose()?;
    let found = people(&labels, truth.as_ref(), &file.display().to_string())?;
    if json {
        print::json(&as_json(&found));
    } else {
        show(&found);
        if found.automation.is_none() {
            println!("hint: add a column `model` and a truth, and the automation rule compares the two");
        }
    }
    Ok(Outcome::Pass)
}

/// From a published figure, `0.835/1000`; beside the version that serves in this folder, if one does.
pub fn published(text: &str, dir: &Path, json: bool) -> anyhow::Result<Outcome> {
    let bad = || {
        Hinted::error(
            format!("`{text}` is no accuracy"),
            "write the share and the number of items: 0.835/1000",
        )
    };
    let (share, items) = text.split_once('/').ok_or_else(bad)?;
    let (share, items): (f64, u64) = (share.parse().map_err(|_| bad())?, items.parse().map_err(|_| bad())?);
    if !(0.0..=1.0).contains(&share) || items == 0 {
        return Err(bad());
    }
    let right = (share * items as f64).round() as u64;
    let accuracy = estimate(right, items)?;
    let beside = if plan_file::path(dir).exists() {
        beside_published(&workspace::open_to_watch(dir)?.history()?, right, items)?
    } else {
        None
    };
    if json {
        let model =
            beside.as_ref().map(|(version, model, _)| json!({"version": version.0, "accuracy": model}));
        let verdict = beside.as_ref().map(|(_, _, verdict)| verdict);
        print::json(&json!({"people": accuracy, "model": model, "automation": verdict}));
        return Ok(Outcome::Pass);
    }
    println!("people reach {} on {items} items (Wilson, 95%)", print::estimate(&accuracy));
    if let Some((version, model, verdict)) = beside {
        println!("version {version} reaches {} on {} others", print::estimate(&model), model.rows);
        println!("automation: {verdict}");
    }
    Ok(Outcome::Pass)
}

/// Prints what people's labels say.
pub fn show(found: &People) {
    println!("{} labels of {} items by {} people", found.labels, found.items, found.workers);
    println!("  agreement (Krippendorff's alpha)  {}", print::number(found.agreement));
    println!("  one person                        {}", print::estimate(&found.one_person));
    if let Some(majority) = &found.majority {
        println!(
            "  majority vote                     {}; {} ties count in part",
            print::estimate(majority),
            found.ties
        );
    }
    if let Some(dawid_skene) = &found.dawid_skene {
        println!("  Dawid-Skene                       {}", print::estimate(dawid_skene));
    }
    println!("  items for an expert               {}", found.for_expert);
    if let Some(verdict) = &found.automation {
        println!("automation: {verdict}");
    }
}

/// The same as data.
pub fn as_json(found: &People) -> serde_json::Value {
    json!({
        "labels": found.labels, "items": found.items, "workers": found.workers, "agreement": found.agreement,
        "one_person": found.one_person, "majority": found.majority, "ties": found.ties, "dawid_skene": found.dawid_skene,
        "for_expert": found.for_expert, "automation": found.automation,
    })
}
