"""The register doctor: what is wrong with a list of members, and what it may have meant."""
