"""The exporter and the chain of alerting: what they are judged by."""
