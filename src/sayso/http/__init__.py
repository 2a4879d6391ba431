"""An HTTP/1.1 server and what serves requests on it: it knows nothing of the product."""
