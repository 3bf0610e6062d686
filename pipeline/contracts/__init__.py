"""What each table promises to the stage that reads it."""
