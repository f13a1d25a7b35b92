"""The choices at the top of a board; each has All."""

from __future__ import annotations

import msgspec


class Variable(msgspec.Struct, frozen=True):
    """One choice: what it is called, what it narrows, where its values come from."""

    label: str
    help: str
    query: str


VARIABLES = {
    "job": Variable("Job", "The scrape job.", "label_values(pipeline_items_total, job)"),
    "instance": Variable("Instance", "The exporter that was scraped.", 'label_values(up{job=~"$job"}, instance)'),
    "config_version": Variable(
        "Version",
        "The version of the configuration that an item was processed under.",
        'label_values(pipeline_items_total{job=~"$job"}, config_version)',
    ),
    "content_type": Variable(
        "Content type", "What kind of content.", 'label_values(pipeline_items_total{job=~"$job"}, content_type)'
    ),
    "checkpoint": Variable(
        "Checkpoint",
        "Where items may leave early.",
        'label_values(pipeline_checkpoint_evaluations_total{job=~"$job"}, checkpoint)',
    ),
}
