# What CI runs.
check:
    .ci/run

# The plan's page in the book, from the list that the program itself reads; a test fails when it is stale.
reference:
    cargo run -q -p incumbent-domain --example plan_reference > target/plan.md
    mv target/plan.md docs/book/reference/plan.md

# Licences, sources and banned crates; needs cargo-deny.
deny:
    cargo deny check licenses sources bans

# The boosted trees against LightGBM; needs python with lightgbm.
bench-trees data:
    benches/trees/run.sh {{data}}
