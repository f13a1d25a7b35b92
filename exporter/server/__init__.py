"""Serving: the loop, the protocol's limits, who may do what, TLS."""
