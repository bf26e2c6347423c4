"""A whole exchange on one machine, with test keys: for the demo, the tests and the benchmarks."""
