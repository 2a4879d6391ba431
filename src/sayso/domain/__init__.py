"""What is true: values and rules, pure and synchronous, on the standard library alone."""
