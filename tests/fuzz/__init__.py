"""Hostile input: real files, spoilt in every way, read by every reader."""
