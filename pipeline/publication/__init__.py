"""From facts to the pages that evaluators open."""
