"""Which school is a member when, and what becomes of the schools that are listed."""
