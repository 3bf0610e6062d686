"""Bringing a new year: fetched where a service allows it, else saved by hand and checked."""
