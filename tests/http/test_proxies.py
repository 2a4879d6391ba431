"""Whom a proxy speaks for, and whose word counts."""

from __future__ import annotations

import pytest

from sayso.http.proxies import TrustedProxies
from sayso.http.request import Fields, Request


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "1.2.3.4, 198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "1.2.3.4, 198.51.100.7, 10.0.0.2", "198.51.100.7"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.7,", "10.0.0.1"),
        ("::ffff:10.0.0.1", "198.51.100.7", "198.51.100.7"),
        # Some tell the client's port.
        ("10.0.0.1", "198.51.100.7:4711, 10.0.0.2:80", "198.51.100.7"),
        ("10.0.0.1", "[2001:DB8::1]:4711", "2001:db8::1"),
        ("10.0.0.1", "2001:db8::1", "2001:db8::1"),
        # What is no address names nobody, and could be of any length.
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.7, " + "x" * 60_000, "10.0.0.1"),
        ("10.0.0.1", "999.51.100.7", "10.0.0.1"),
        ("203.0.113.9", "1.2.3.4", "203.0.113.9"),
        ("", "1.2.3.4", ""),
    ],
)
def test_the_client_is_the_last_address_that_is_no_proxy_of_ours(peer, forwarded, client):
    request = Request("GET", b"/", Fields({b"x-forwarded-for": forwarded.encode()}), b"", peer)

    TrustedProxies("10.0.0.0/8, ::1").unfold(request)

    assert client == request.client


@pytest.mark.parametrize(
    ("peer", "came", "forwarded", "scheme"),
    [
        ("10.0.0.1", "http", "https", "https"),
        ("10.0.0.1", "http", "HTTPS", "https"),
        ("10.0.0.1", "https", "http", "http"),
        ("10.0.0.1", "https", "", "https"),
        ("10.0.0.1", "http", "gopher", "http"),
        ("203.0.113.9", "http", "https", "http"),
        ("", "https", "http", "https"),
    ],
)
def test_the_scheme_that_a_proxy_was_asked_by_counts_from_trusted_peers_alone(peer, came, forwarded, scheme):
    request = Request("GET", b"/", Fields({b"x-forwarded-proto": forwarded.encode()}), b"", peer, came)

    TrustedProxies("10.0.0.0/8").unfold(request)

    assert scheme == request.scheme
