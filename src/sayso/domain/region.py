"""Regions: the servers that Intercom's reference names."""

NAMES = ("us", "eu", "au")

#: The one that also routes other regions' tokens.
PRODUCTION = "us"


def token(region: str, secret: str) -> str:
    """A token's value: it says which region it is of."""
    return f"sayso_{region}_{secret}"


def of_token(value: bytes) -> str | None:
    """The region that a token's value names; None where somebody else chose the value."""
    return next((name for name in NAMES if value.startswith(token(name, "").encode())), None)
