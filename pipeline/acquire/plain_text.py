"""Text that came from elsewhere, as one line that a terminal does nothing with."""

LONGEST = 200


def plain(text: str) -> str:
    """Take line breaks and control characters out, and what is beyond 200 letters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= LONGEST else line[: LONGEST - 3] + "..."
