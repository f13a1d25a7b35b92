"""`config/monitoring.yaml`, section by section, read strictly."""
