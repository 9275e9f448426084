"""The pipeline: a file a verb, and what verbs share."""
