"""The JSON API and the pages beside it: what the pipeline did, the API's description, the log of alerts."""
