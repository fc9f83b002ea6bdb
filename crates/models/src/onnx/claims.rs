//! What is claimed of operators, as a list and as a page of the documentation.
//!
//! Read off the tables that the loader itself looks operators up in, so that no claim stands apart from the code.

use super::ops::DOMAINS;
use super::program::{ML_OPSETS, OPSETS};
use std::collections::BTreeMap;
use std::fmt::Write;

/// What is claimed of an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// Its domain under its full name: `ai.onnx` for the default one.
    pub domain: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The element types that its inputs and outputs may have, as ONNX calls them.
    pub types: &'static [&'static str],
    /// What it does not do; empty when it does all that its specification says.
    pub limit: &'static str,
}

/// All operators that a graph may use, by domain and name.
pub fn claims() -> Vec<Claim> {
    let of = |&(domain, table): &(&'static str, &'static [super::ops::Operator])| {
        table.iter().map(move |o| Claim { domain, name: o.name, types: o.types, limit: o.limit })
    };
    let mut claims: Vec<Claim> = DOMAINS.iter().flat_map(of).collect();
    claims.sort_by_key(|c| (c.domain, c.name));
    claims
}

const TOP: &str = "# Operators

<!-- Written by `just reference` from the tables in crates/models/src/onnx; a test fails when it is stale. -->

A model is an ONNX graph of these operators; any other is refused at load, with its name. Functions, subgraphs
(`If`, `Loop`, `Scan`), sparse constants and data outside the file are refused as well.

Integers narrower than 64 bits are held in 64 bits: what would overflow them does not. `float16`, `bfloat16`, 8-bit
floats, `uint64`, complex numbers and types below 8 bits are refused. A `Conv`, or a product with a large constant
matrix, is computed by the library rten; everything else by our own evaluator.

The last column counts the node tests of the `onnx` package that the operator passes within its claim. Where there
are none, it is checked against onnxruntime, or against the makers of the models that use it.
";

/// The page `docs/book/reference/operators.md`; `passed` counts node tests by domain and operator.
pub fn reference(passed: &BTreeMap<(String, String), usize>) -> String {
    let mut page = TOP.to_string();
    let mut domain = "";
    for claim in claims() {
        if claim.domain != domain {
            domain = claim.domain;
            let versions = match domain {
                "ai.onnx" => format!(", versions {} to {}", OPSETS.start(), OPSETS.end()),
                "ai.onnx.ml" => format!(", versions {} to {}", ML_OPSETS.start(), ML_OPSETS.end()),
                _ => String::new(),
            };
            let heads = "| operator | element types | limits | node tests |\n| --- | --- | --- | --- |";
            write!(page, "\n## `{domain}`{versions}\n\n{heads}\n").expect("a String takes everything");
        }
        let count = passed.get(&(claim.domain.into(), claim.name.into())).map_or("".into(), usize::to_string);
        let (name, types, limit) = (claim.name, types(claim.types), claim.limit);
        writeln!(page, "| `{name}` | {types} | {limit} | {count} |").expect("a String takes everything");
    }
    page
}

/// Element types in words: all integers are one.
fn types(types: &[&str]) -> String {
    let whole = |t: &&&str| t.contains("int");
    let rest = types.iter().filter(|t| !whole(t)).map(|t| t.to_string());
    let integers = types.iter().any(|t| whole(&t)).then(|| "integers".to_string());
    let mut all: Vec<String> = rest.collect();
    if let Some(integers) = integers {
        let at = all.iter().position(|t| t == "bool" || t == "string").unwrap_or(all.len());
        all.insert(at, integers);
    }
    all.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_operator_is_claimed_twice() {
        let claims = claims();
        let twice = claims.windows(2).find(|w| (w[0].domain, w[0].name) == (w[1].domain, w[1].name));
        assert_eq!(twice, None);
    }

    #[test]
    fn integers_are_one_word() {
        assert_eq!(types(&["float", "int8", "int64", "bool"]), "float, integers, bool");
        assert_eq!(types(&["float"]), "float");
    }
}
