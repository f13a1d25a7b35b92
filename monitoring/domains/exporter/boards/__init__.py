"""The board of the exporter."""
