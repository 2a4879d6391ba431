"""What Sayso's own surface says and hears, in JSON."""
