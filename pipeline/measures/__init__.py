"""What each published measure is, where it stands in each table, what it cannot say."""
