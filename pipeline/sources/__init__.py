"""From the government's files as published to tidy results."""
