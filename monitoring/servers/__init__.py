"""The servers that are asked: Prometheus and Alertmanager."""
