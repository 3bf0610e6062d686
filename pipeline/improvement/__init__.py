"""How schools change over the years: partners against all others, school by school."""
