"""The boards of the content pipeline, what is chosen at their top, and the colours that mean something."""

from __future__ import annotations

from monitoring.domains.content.boards import checkpoints, content_types, quality, savings, versions
from monitoring.domains.variable import Variable

BOARDS = (content_types.BOARD, checkpoints.BOARD, quality.BOARD, savings.BOARD, versions.BOARD)
VARIABLES = (
    Variable("job", "Job", "The scrape job.", "label_values(pipeline_items_total, job)", everywhere=True),
    Variable(
        "config_version",
        "Version",
        "The version of the configuration that an item was processed under.",
        'label_values(pipeline_items_total{job=~"$job"}, config_version)',
    ),
    Variable(
        "content_type",
        "Content type",
        "What kind of content.",
        'label_values(pipeline_items_total{job=~"$job"}, content_type)',
    ),
    Variable(
        "checkpoint",
        "Checkpoint",
        "Where items may leave early.",
        'label_values(pipeline_checkpoint_evaluations_total{job=~"$job"}, checkpoint)',
    ),
)
COLOURS = {  # label -> value -> colour; labels that are not here take theirs in the order of their values
    "processing_type": {"full": "blue", "lightweight": "orange", "early_exit": "purple"},
    "decision": {"quality_filter": "blue", "content_type": "orange", "early_exit": "purple"},
}
