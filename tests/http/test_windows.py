"""Rate limits in fixed windows."""

from sayso.http import windows
from sayso.http.windows import Windows, client_key

START = 1_793_620_800_000


def test_what_remains_counts_down_and_goes_below_nothing():
    counted = Windows(18)

    assert [2, 1, 0, -1, -2] == [counted.spend("a", START) for _ in range(5)]


def test_keys_are_counted_apart():
    counted = Windows(6)

    assert [0, 0] == [counted.spend("a", START), counted.spend("b", START)]


def test_a_window_ends_at_a_whole_ten_seconds():
    counted = Windows(6)

    assert [0, -1, 0] == [counted.spend("a", at) for at in (START, START + 9_999, START + 10_000)]
    assert START // 1000 + 20 == counted.reset


def test_to_look_counts_nothing():
    counted = Windows(12)

    assert [2, 2, 1] == [counted.left("a", START), counted.left("a", START), counted.spend("a", START)]


def test_a_clock_that_goes_back_starts_a_window_too():
    counted = Windows(6)

    assert [0, 0] == [counted.spend("a", START), counted.spend("a", START - 60_000)]


def test_very_many_keys_do_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr(windows, "_MOST_KEYS", 2)
    counted = Windows(12)

    assert [1, 1, 1, 1, 0] == [counted.spend(key, START) for key in ("a", "b", "c", "c", "a")]
    assert 2 == len(counted._counts)


def test_very_many_clients_do_not_switch_off_the_limits_of_tokens(monkeypatch):
    monkeypatch.setattr(windows, "_MOST_KEYS", 2)
    counted = Windows(12)
    for number in range(9):
        counted.spend(client_key(f"192.0.2.{number}"), START)

    assert [1, 0, -1] == [counted.spend("token", START) for _ in range(3)]
    assert [1, 1] == [counted.spend(client_key("192.0.2.9"), START) for _ in range(2)]
    assert 3 == len(counted._counts)


def test_very_many_clients_are_counted_anew_in_the_next_window(monkeypatch):
    monkeypatch.setattr(windows, "_MOST_KEYS", 2)
    counted = Windows(12)
    keys = [client_key(f"192.0.2.{number}") for number in range(2)]

    for at in (START, START + 10_000):
        assert [1, 1, 0] == [counted.spend(key, at) for key in (*keys, keys[0])]


def test_addresses_of_one_ipv6_network_are_one_client():
    assert client_key("2001:db8::1") == client_key("2001:db8::ffff:1")
    assert client_key("2001:db8::1") != client_key("2001:db8:0:1::1")
    assert client_key("192.0.2.1") == client_key("::ffff:192.0.2.1") != client_key("192.0.2.2")


def test_what_was_spent_while_a_clock_was_ahead_is_not_missing_when_it_is_right_again():
    counted = Windows(6)
    ahead = [counted.spend("a", START + 3_600_000) for _ in range(2)]

    assert ([0, -1], 0) == (ahead, counted.spend("a", START))
    assert START // 1000 + 10 == counted.reset
