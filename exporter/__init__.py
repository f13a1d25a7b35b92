"""Serves what the pipeline says: takes records in, keeps them, and exposes them to Prometheus."""
