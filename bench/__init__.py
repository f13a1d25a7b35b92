"""Benchmarks: each prints figures against a peer that is measured in the same run."""
