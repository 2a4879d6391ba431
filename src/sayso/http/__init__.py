"""A thin HTTP kernel on ASGI: it knows nothing of the product."""
