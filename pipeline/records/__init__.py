"""The organisation's own records: who took part in what, and what became of it."""
