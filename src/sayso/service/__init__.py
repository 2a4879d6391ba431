"""What can be done: one module per feature, each read, decide, commit."""
