"""Alerting rules replayed over recorded history."""
