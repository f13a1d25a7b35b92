"""From metrics back to configuration: thresholds recommended, configurations compared."""
