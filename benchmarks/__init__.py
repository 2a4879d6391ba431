"""The figures the README quotes, and what they are compared with."""
