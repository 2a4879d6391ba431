"""Regions: the servers that Intercom's reference names."""

NAMES = ("us", "eu", "au")

#: The one that also routes other regions' tokens.
PRODUCTION = "us"
