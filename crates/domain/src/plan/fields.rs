//! Every key of the plan, once: its kind, its default and the reason for it.

/// What a key takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FieldKind {
    /// Any text.
    Text,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A list of texts.
    Texts,
    /// A list of words among these, each at most once and in this order.
    Steps(&'static [&'static str]),
    /// A list of numbers above 0 and at most 0.5, each larger than the one before.
    Shares,
    /// Channels, height and width of a picture.
    Shape,
    /// A number in this range, both ends included.
    Number {
        /// Smallest.
        min: f64,
        /// Largest.
        max: f64,
    },
    /// A whole number in this range, both ends included.
    Whole {
        /// Smallest.
        min: i64,
        /// Largest.
        max: i64,
    },
    /// A span of time, such as `30d`.
    Span,
    /// `true` or `false`.
    Switch,
}

/// One key.
#[derive(Debug, Clone, Copy)]
pub struct FieldDoc {
    /// Its place, such as `gate.alpha`.
    pub path: &'static str,
    /// What it takes.
    pub kind: FieldKind,
    /// What holds when it is left out; `required` where it can't be.
    pub default: &'static str,
    /// What it means, and why the default is what it is.
    pub why: &'static str,
}

const fn field(path: &'static str, kind: FieldKind, default: &'static str, why: &'static str) -> FieldDoc {
    FieldDoc { path, kind, default, why }
}

use FieldKind::{Choice, Number, Shape, Shares, Span, Steps, Switch, Text, Texts, Whole};

/// The most pixels along one side of a picture: beyond, a model that a plan trains is not what sees it.
pub const LONGEST_SIDE: usize = 1024;

const MANY: i64 = 1_000_000_000;

/// Every key of the plan, in the order of the file.
pub const FIELDS: &[FieldDoc] = &[
    field("name", Text, "required", "the model's name in addresses and tables: letters, digits, - and _"),
    field(
        "task",
        Choice(&["classification", "regression", "forecasting"]),
        "required",
        "the kind of problem",
    ),
    field(
        "data.source",
        Text,
        "required",
        "the table (.csv, .parquet or .ndjson), or the pictures (a folder with one folder a class, an IDX file), relative to the plan",
    ),
    field(
        "data.test",
        Text,
        "none",
        "the rows that judge, where a benchmark fixes them in a file of their own; otherwise `split` sets some apart",
    ),
    field(
        "data.provenance",
        Text,
        "none",
        "where the data comes from and under which licence; told to whoever starts without the file",
    ),
    field("data.target", Text, "required", "the column to predict; `label` for a folder of pictures"),
    field(
        "data.time",
        Text,
        "none",
        "the column that orders the rows; with it, splits are by time, as production is",
    ),
    field(
        "data.entity",
        Text,
        "none",
        "the column that says who a row is about: rows of one customer are not independent, and one customer may not stand on both sides of a split",
    ),
    field("data.series", Text, "none", "the column that names the series, where the table holds several"),
    field(
        "data.drop",
        Texts,
        "[]",
        "columns that are not known when the prediction is made, or tell nothing",
    ),
    field(
        "data.categories",
        Texts,
        "[]",
        "columns of numbers that are names: ids and codes, whose size and order mean nothing",
    ),
    field(
        "data.image",
        Shape,
        "as the first picture is",
        "channels (1 grey, 3 colours), height and width that every picture is brought to, in training and in service alike",
    ),
    field(
        "data.until",
        Text,
        "none",
        "rows at or after this instant are the future: nothing sees them until `up --replay` sends them as live traffic",
    ),
    field(
        "forecast.season",
        Whole { min: 1, max: 100_000 },
        "24",
        "steps in a season: 24 for hours, 48 for half hours, 7 for days, 12 for months",
    ),
    field("forecast.horizon", Whole { min: 1, max: 100_000 }, "24", "how many steps ahead"),
    field(
        "forecast.history",
        Whole { min: 0, max: 1_000_000 },
        "14 seasons",
        "past steps that a request brings along; 14 seasons hold two weeks of days",
    ),
    field(
        "forecast.gap",
        Whole { min: 0, max: 100_000 },
        "0",
        "steps between the last known value and the first forecast one: label delay plus deploy delay",
    ),
    field(
        "forecast.every",
        Whole { min: 0, max: 100_000 },
        "the horizon",
        "steps between two origins; the horizon keeps their errors from overlapping",
    ),
    field(
        "recommend.user",
        Text,
        "none",
        "the column that says who rates; makes the regression a recommendation",
    ),
    field("recommend.item", Text, "none", "the column that says what is rated"),
    field(
        "split.test",
        Number { min: 0.01, max: 0.9 },
        "0.2",
        "the share of rows, the last ones where there is a time column, that the gate judges on",
    ),
    field(
        "split.gap",
        Span,
        "0s",
        "time left out between training and test rows: as long as a label takes to arrive",
    ),
    field(
        "metric.primary",
        Choice(&["log_loss", "brier", "accuracy", "auc", "mae", "rmse", "mse"]),
        "log_loss, or mae",
        "the metric that decides; a proper loss rewards honest probabilities, accuracy does not",
    ),
    field(
        "metric.guardrails",
        Texts,
        "[\"accuracy\"], or [\"rmse\"]",
        "metrics that may not get worse by more than their margin",
    ),
    field(
        "baseline.previous",
        Text,
        "none",
        "the column with the answer of the model in use today: the baseline to beat where there is one",
    ),
    field(
        "baseline.people",
        Text,
        "none",
        "people's answers (columns item, worker, label, and truth where known), about 1,000 items: the accuracy that automation must match",
    ),
    field(
        "train.trainers",
        Texts,
        "[\"logistic\", \"trees\"], by task",
        "embedded trainers, tried in order: a simple one first, since it often is enough",
    ),
    field(
        "train.command",
        Texts,
        "[]",
        "your own trainer, a program and its arguments, without a shell; it writes ONNX",
    ),
    field("train.time_limit", Span, "1h", "how long the command may take before it is ended"),
    field(
        "train.seed",
        Whole { min: 0, max: i64::MAX },
        "1",
        "where all randomness starts: the same plan and rows make the same bytes",
    ),
    field(
        "gate.mode",
        Choice(&["superior", "non-inferior"]),
        "superior",
        "what a challenger must show; non-inferior suffices for what is cheaper, faster or fresher",
    ),
    field(
        "gate.alpha",
        Number { min: 0.0001, max: 0.5 },
        "0.05",
        "the chance taken of shipping a challenger that is not better",
    ),
    field(
        "gate.power",
        Number { min: 0.5, max: 0.999 },
        "0.8",
        "the chance wanted of shipping one that is better by the margin; sets how many rows are asked for",
    ),
    field(
        "gate.margin",
        Number { min: 0.0, max: 1e12 },
        "10% of the incumbent's skill",
        "the smallest difference that matters, in units of the primary loss; give it in business terms if you can",
    ),
    field(
        "gate.min_rows",
        Whole { min: 2, max: MANY },
        "200",
        "the fewest labelled rows that a verdict may rest on: below, normal approximations mislead",
    ),
    field(
        "gate.slices",
        Texts,
        "[]",
        "columns whose categories are watched one by one; others are searched on half of the rows",
    ),
    field(
        "gate.holdout_queries",
        Whole { min: 1, max: 1_000_000 },
        "20",
        "how often the same fixed rows may be asked before they count as used up",
    ),
    field(
        "budget.p99",
        Span,
        "none",
        "the most that 99 of 100 requests may take at the server's own door: a model over it does not ship, however accurate",
    ),
    field(
        "budget.batch",
        Whole { min: 1, max: 10_000 },
        "1",
        "rows of a request while `p99` is measured: as many as your clients send",
    ),
    field(
        "budget.concurrency",
        Whole { min: 1, max: 256 },
        "1",
        "requests under way at once while `p99` is measured: as many as your clients have",
    ),
    field(
        "budget.requests",
        Whole { min: 500, max: 1_000_000 },
        "2000",
        "how many requests are measured, after 100 that warm up; fewer than 500 do not bound the 99th of 100",
    ),
    field("budget.size_mb", Number { min: 1e-6, max: 1e6 }, "none", "the largest model, in MB of its file"),
    field(
        "budget.memory_mb",
        Number { min: 1e-3, max: 1e6 },
        "none",
        "the most memory that a server with this model alone may take",
    ),
    field(
        "distill.preset",
        Choice(&["tiny", "small", "medium", "otto"]),
        "small",
        "the teacher of `incumbent distill`: 3 models in seconds, 9 in minutes, 15 in an hour or two, or the 33 that won the Otto challenge in hours",
    ),
    field(
        "distill.guard",
        Number { min: 0.01, max: 0.5 },
        "0.1",
        "the share of training rows that no teacher sees: a student that is chosen on rows of its teacher looks better than it is",
    ),
    field(
        "distill.bred",
        Number { min: 0.0, max: 20.0 },
        "1.0",
        "rows bred for each training row, which the teacher labels: more to learn from than there are labels",
    ),
    field(
        "distill.live_rows",
        Whole { min: 0, max: 10_000_000 },
        "20000",
        "the most live rows without an outcome, the latest, that the teacher labels for its students: what is really asked costs nothing and is better than bred rows; 0 takes none",
    ),
    field(
        "distill.epochs",
        Whole { min: 1, max: 1000 },
        "20",
        "how often a student network looks at each row",
    ),
    field(
        "distill.tolerance",
        Number { min: 0.0, max: 1.0 },
        "0.002",
        "what a student may lose a row, in nats, by int8 weights and by a narrower network; a step that may cost more is undone, 0 tries none",
    ),
    field(
        "serve.address",
        Text,
        "127.0.0.1:8085",
        "where to listen; the default can't be reached from other machines",
    ),
    field("serve.deadline", Span, "200ms", "how long a request may take, fallbacks included"),
    field(
        "serve.permits",
        Whole { min: 1, max: 100_000 },
        "64",
        "requests under way at once; one more is told `overloaded` at once instead of waiting",
    ),
    field("serve.body_limit_mb", Whole { min: 1, max: 4096 }, "16", "the largest request body, in MB"),
    field(
        "serve.journal",
        Choice(&["wait", "drop"]),
        "wait",
        "when the journal is behind: wait within the deadline, or answer unlogged and count it",
    ),
    field(
        "serve.out_of_domain",
        Number { min: 0.0, max: 1.0 },
        "0.05",
        "the share of a row's columns that may be unlike the training data; beyond it a version is not asked and the next one answers; 1 only flags",
    ),
    field(
        "release.steps",
        Steps(&["shadow", "canary", "ab"]),
        "[] (at once)",
        "how a challenger that passed the gate meets real traffic; none ships at once",
    ),
    field(
        "release.over_baseline",
        Choice(&["at-once", "steps"]),
        "at-once",
        "what to do while a baseline serves: there is little to protect, and any evidence beats it",
    ),
    field(
        "release.ramp",
        Shares,
        "[0.01, 0.05, 0.2, 0.5]",
        "the shares of units that see the challenger, step by step: a total failure meets few, a small one is found",
    ),
    field(
        "release.hold_back",
        Number { min: 0.0, max: 0.5 },
        "0.05",
        "the share of units that sees the version before for one label window more: late harm shows there",
    ),
    field(
        "release.unit",
        Text,
        "none",
        "the column that names who a row is about, where requests do not: a unit always sees the same arm",
    ),
    field(
        "release.goal",
        Choice(&["loss", "outcome"]),
        "loss",
        "what the arms are compared by; `outcome` where answers are meant to change what turns out to be true",
    ),
    field(
        "release.compare",
        Choice(&["paired", "arms"]),
        "paired",
        "paired asks both versions for each row, which needs a fraction of the units, and is right where answers do not change what turns out to be true; arms where they do",
    ),
    field(
        "release.success",
        Text,
        "none",
        "the class that counts as a success, where the goal is the outcome",
    ),
    field(
        "release.peek",
        Choice(&["any", "planned"]),
        "any",
        "bounds that hold at every look for ever, or up to the planned units: then fewer are needed, and no more may come",
    ),
    field(
        "release.alpha",
        Number { min: 0.0001, max: 0.5 },
        "0.05",
        "the chance taken of promoting a challenger that is not better, however often one looks",
    ),
    field(
        "release.power",
        Number { min: 0.5, max: 0.999 },
        "0.9",
        "the chance wanted of promoting one that is better by release.effect",
    ),
    field(
        "release.effect",
        Number { min: 0.0, max: 1e12 },
        "the gate's margin",
        "the smallest gain that matters, in units of the goal; sets how many units are planned",
    ),
    field(
        "release.most_units",
        Whole { min: 1, max: MANY },
        "as planned; twice that where peek is any",
        "units at which a comparison that has shown nothing ends",
    ),
    field(
        "release.label_window",
        Span,
        "retrain.label_delay",
        "how long after an answer its outcome may still come; younger units do not count yet",
    ),
    field(
        "release.min_units",
        Whole { min: 1, max: MANY },
        "1000",
        "the fewest units of the challenger in each phase",
    ),
    field("release.min_time", Span, "1h", "the least time in each phase, by the rows' own clock"),
    field(
        "release.before_half",
        Span,
        "1d",
        "the least time in the phase before the half: a day has a night",
    ),
    field("release.ab_time", Span, "7d", "the least time at the half: a week has a weekend"),
    field(
        "release.errors",
        Number { min: 0.0001, max: 0.9 },
        "0.01",
        "how much more often than control the challenger may fail or answer nonsense; a fallback counts as a failure",
    ),
    field(
        "release.slow",
        Number { min: 0.0001, max: 0.9 },
        "0.01",
        "how much more often than control the challenger may be slower than release.slo",
    ),
    field(
        "release.slo",
        Span,
        "serve.deadline",
        "what counts as slow, from a request's arrival to its answer",
    ),
    field(
        "release.harm_alpha",
        Number { min: 0.000001, max: 0.5 },
        "0.01",
        "the chance taken of stopping a harmless challenger, for each guardrail",
    ),
    field(
        "release.srm_alpha",
        Number { min: 0.000001, max: 0.5 },
        "0.001",
        "the chance taken of calling the arms' sizes wrong when they are right",
    ),
    field(
        "release.shadow_permits",
        Whole { min: 1, max: 100_000 },
        "8",
        "shadow answers under way at once; one more is left out and counted, so that shadow slows nobody",
    ),
    field(
        "watch.every",
        Span,
        "1h",
        "how often live traffic is looked at, by the rows' own clock; `0s` is never",
    ),
    field(
        "watch.window",
        Span,
        "7d",
        "how far back the rows go that are compared with the reference: a week holds every weekday once",
    ),
    field(
        "watch.effect",
        Number { min: 0.001, max: 1.0 },
        "0.1",
        "how far a column must have moved to count: on many rows everything differs, and little of it matters",
    ),
    field(
        "watch.alpha",
        Number { min: 0.000001, max: 0.5 },
        "0.01",
        "the share of false ones among the columns that are said to have moved (Benjamini-Hochberg): one looks often",
    ),
    field(
        "watch.told_apart",
        Number { min: 0.5, max: 1.0 },
        "0.65",
        "the out-of-fold AUC from which on a classifier tells live rows from the reference: joint drift",
    ),
    field(
        "watch.tolerance",
        Number { min: 0.0, max: 1e12 },
        "20% of the skill over the baseline",
        "how much worse than promised is harm, in units of the primary loss: alarms are about harm, not change",
    ),
    field(
        "watch.delta",
        Number { min: 0.000001, max: 0.5 },
        "0.05",
        "the chance taken of an alarm on harm where there is none, however often one looks",
    ),
    field("watch.fresh", Span, "0s (for ever)", "how long nothing may be asked before that is a fault"),
    field(
        "watch.replay_rows",
        Whole { min: 1, max: 1_000_000 },
        "2000",
        "logged rows that are answered and recomputed again: none wrong bounds the rate at 0.15% (rule of three)",
    ),
    field(
        "watch.transform",
        Texts,
        "none",
        "the training transform, a program and its arguments: it recomputes the inputs of logged rows, which are compared column by column",
    ),
    field("watch.rising", Texts, "none", "columns with which the answer must not fall, all else equal"),
    field("watch.falling", Texts, "none", "columns with which the answer must not rise, all else equal"),
    field("watch.webhook", Text, "none", "the address that is sent every alarm as JSON, by POST"),
    field(
        "review.error",
        Number { min: 0.0001, max: 0.5 },
        "none (nothing is deferred)",
        "the largest share of wrong classes among the answers that are given alone; all others say `review: true`, and none is given alone before labels have shown it",
    ),
    field(
        "review.delta",
        Number { min: 0.000001, max: 0.5 },
        "0.05",
        "the chance taken that the share is larger all the same, over all certificates of a version",
    ),
    field(
        "review.daily",
        Whole { min: 0, max: 1_000_000 },
        "200",
        "items that people can look at in a day of the rows' own clock; 200 are about an hour's work, 0 asks nobody",
    ),
    field(
        "review.mandatory",
        Number { min: 0.0, max: 1.0 },
        "0.7",
        "the share of items for answers that were not given alone, the likeliest mistakes first",
    ),
    field(
        "review.audit",
        Number { min: 0.01, max: 1.0 },
        "0.2",
        "the share of items drawn alike from all rows, and at most this share of the rows; never trained on, so that they measure",
    ),
    field(
        "review.novelty",
        Number { min: 0.0, max: 1.0 },
        "0.1",
        "the share of items for rows unlike those that came with them: what nobody thought to look for",
    ),
    field(
        "review.floor",
        Number { min: 0.0, max: 0.5 },
        "0.02",
        "the least chance with which any row is drawn; the audit takes novelty's share to keep it, and more is told: what can never be drawn is in no estimate",
    ),
    field(
        "review.double",
        Number { min: 0.0, max: 1.0 },
        "0.1",
        "the share of items that two people label, and a third where they differ: agreement can't be seen otherwise",
    ),
    field(
        "review.gold",
        Number { min: 0.0, max: 0.5 },
        "0.03",
        "items whose answer is known already, for every item of the others: how right people are",
    ),
    field(
        "review.lease",
        Span,
        "10m",
        "how long an item stays with the person that it was given to, before it is given to somebody else",
    ),
    field(
        "retrain.every",
        Span,
        "0s (never)",
        "how often a challenger is trained on newer rows and sent through the gate",
    ),
    field(
        "retrain.cadence",
        Choice(&["plan", "measured"]),
        "plan",
        "whether `retrain.every` holds, or the cadence that costs least by how the model was measured to age; `incumbent retrain --cadence` prints it",
    ),
    field("retrain.window", Span, "0s (all rows)", "how far back training rows go"),
    field(
        "retrain.label_delay",
        Span,
        "0s",
        "how long an outcome takes to become known; younger rows have no label yet",
    ),
    field(
        "retrain.on_alarm",
        Switch,
        "true",
        "retrain when a diagnosis says covariate shift or concept drift; a bug is never retrained away",
    ),
    field(
        "retrain.on_labels",
        Whole { min: 0, max: MANY },
        "0 (never)",
        "how many labelled rows since the last retrain trigger the next, whatever the day",
    ),
    field(
        "retrain.budget",
        Whole { min: 0, max: 1_000_000 },
        "0 (no bound)",
        "the most retrains within 30 days: an alarm that stands may not train for ever; a person may always ask for one more",
    ),
    field(
        "retrain.cost",
        Number { min: 1e-12, max: 1e15 },
        "none",
        "what a retrain costs, computing and review, in any money; with `loss_cost` it sets the cadence",
    ),
    field(
        "retrain.loss_cost",
        Number { min: 1e-12, max: 1e15 },
        "none",
        "what one unit of the row loss costs a day, in the same money: 0.01 of log loss at 500 is 5 a day",
    ),
];

/// The key of this path.
pub fn find(path: &str) -> Option<&'static FieldDoc> {
    FIELDS.iter().find(|f| f.path == path)
}

/// The names that may stand in a section; `""` is the top.
pub fn names_in(section: &str) -> Vec<&'static str> {
    let mut names: Vec<&'static str> = Vec::new();
    for field in FIELDS {
        let name = match (section, field.path.split_once('.')) {
            ("", Some((section, _))) => section,
            ("", None) => field.path,
            (section, Some((own, name))) if own == section => name,
            _ => continue,
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}
