"""What the organisation contributes to research and policy (Aim 4), by its own records."""
