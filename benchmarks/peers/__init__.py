"""What Sayso is compared with."""
