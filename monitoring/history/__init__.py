"""Recorded history in numbers: blocks of time, ratios, buckets, sampling error."""
