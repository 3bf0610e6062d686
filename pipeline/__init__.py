"""Reproducible evaluation of school partnerships against the government's results."""
