"""Our own pipeline at work: the engine, batches, the stages put together."""
