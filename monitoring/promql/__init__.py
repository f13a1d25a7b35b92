"""PromQL: how signals become expressions, and expressions taken apart."""
