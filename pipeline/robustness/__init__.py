"""What tries to break the findings before a report may be built on them."""
