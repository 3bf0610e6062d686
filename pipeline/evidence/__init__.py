"""Facts with their lineage, and words that never say more than the facts."""
