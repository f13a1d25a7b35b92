"""Metrics of batch jobs, pushed as to a Pushgateway."""
