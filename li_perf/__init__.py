"""A city's 311 service requests, turned into answers that survive a fact check."""

__version__ = "0.1.0"
