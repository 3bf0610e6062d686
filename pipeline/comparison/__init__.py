"""The comparison of members with all other schools, measure by measure and year by year."""
