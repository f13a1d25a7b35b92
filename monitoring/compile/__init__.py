"""What config/monitoring.yaml becomes: files for Prometheus, Alertmanager and people."""
