"""From targets to alerts and recording rules, as data."""
