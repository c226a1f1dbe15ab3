"""Networks that were really trained, from packages of the peer's environment, for tests and benchmarks."""
