# What CI runs.
check:
    .ci/run
# The boosted trees against LightGBM; needs python with lightgbm.
bench-trees data:
    benches/trees/run.sh {{data}}
