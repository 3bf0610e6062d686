"""What changed in a new file, beside last year's or beside its known layout."""
