"""The pipeline, a verb a file."""
