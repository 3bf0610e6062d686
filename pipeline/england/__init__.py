"""A made-up England, in the department's own layout, whose true answer is known."""
