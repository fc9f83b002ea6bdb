//! Tests of `neural`.
