"""Whether the published figures can be relied on: each one held against the others."""
