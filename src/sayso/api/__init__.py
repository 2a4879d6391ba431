"""Sayso's own surface, under /sayso/."""
