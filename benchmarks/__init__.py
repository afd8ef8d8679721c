"""Benchmarks: run by hand, and by ``nox -s bench``."""
