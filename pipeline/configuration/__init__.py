"""The pipeline's configuration: files, environment, profiles, with the place of every value."""
