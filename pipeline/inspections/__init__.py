"""What inspectors found at members and at other schools, then and later."""
