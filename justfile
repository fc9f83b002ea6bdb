# What CI runs.
check:
    .ci/run

# The plan's and the operators' pages in the book, from what the program itself reads; tests fail when they are stale.
reference:
    cargo run -q -p incumbent-domain --example plan_reference > target/plan.md
    mv target/plan.md docs/book/reference/plan.md
    OPERATORS_PAGE={{justfile_directory()}}/docs/book/reference/operators.md \
        cargo test -q -p incumbent-models --test node_tests the_book

# Licences, sources and banned crates; needs cargo-deny.
deny:
    cargo deny check licenses sources bans

# The boosted trees against LightGBM; needs python with lightgbm.
bench-trees data:
    benches/trees/run.sh {{data}}
