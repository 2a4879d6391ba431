"""Sayso keeps what people said about being messaged: every yes and every no, proven and obeyed."""

__version__ = "0.1.0"
