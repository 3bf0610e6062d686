"""Arrays in, small frozen results out: one file for each question."""
