"""Charts in the government Analysis Function style, each with its alt text."""
