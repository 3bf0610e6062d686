"""What the records tell of leadership and capacity to improve (Aim 3): counts, no causes."""
