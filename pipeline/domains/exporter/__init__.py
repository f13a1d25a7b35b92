"""The exporter: what it says of itself."""
