"""Trusted networks, and the client address behind them."""

import pytest

from dashboard.edge.proxies import client_address, trusted_proxies

TRUSTED = trusted_proxies("10.0.0.0/8, 2001:db8:1::/48 unix")
CLIENT, OTHER = "203.0.113.9", "198.51.100.7"


@pytest.mark.parametrize(
    ("peer", "chain", "client"),
    [
        # Headers of an untrusted peer do not count.
        (CLIENT, "", CLIENT),
        (CLIENT, OTHER, CLIENT),
        (CLIENT, f"{OTHER}, 10.0.0.1", CLIENT),
        # One proxy, and two.
        ("10.0.0.1", CLIENT, CLIENT),
        ("10.0.0.1", f"{CLIENT}, 10.0.0.2", CLIENT),
        # The client can forge entries to the left of those the proxies wrote.
        ("10.0.0.1", f"{OTHER}, {CLIENT}", CLIENT),
        ("10.0.0.1", f"10.0.0.9, {CLIENT}, 10.0.0.2", CLIENT),
        ("10.0.0.1", f"garbage, {CLIENT}", CLIENT),
        # All hops are trusted: the first one is the client.
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        # No chain, or an unreadable one: the peer.
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", f"{CLIENT}, ", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9.1", "10.0.0.1"),
        ("10.0.0.1", "<script>, 10.0.0.2", "10.0.0.1"),
        # IPv6, and the port, brackets and scope that proxies add.
        ("2001:db8:1::1", "2001:DB8:2:0::5", "2001:db8:2::5"),
        ("2001:db8:1::1", "[2001:db8:2::5]:443", "2001:db8:2::5"),
        ("10.0.0.1", f"{CLIENT}:61234", CLIENT),
        ("10.0.0.1", "fe80::1%eth0", "fe80::1"),
        ("::ffff:10.0.0.1", f"::ffff:{CLIENT}", CLIENT),
        # A unix socket has no peer address.
        ("", CLIENT, CLIENT),
        ("", "", ""),
    ],
)
def test_client_is_the_first_untrusted_address_from_the_right(peer, chain, client):
    hops = chain.split(",") if chain else []
    assert client_address(peer, hops, TRUSTED) == client


def test_without_trusted_proxies_the_peer_is_the_client():
    none = trusted_proxies("")
    answers = [client_address(peer, [CLIENT], none) for peer in ("127.0.0.1", "10.0.0.1", "")]
    assert answers == ["127.0.0.1", "10.0.0.1", ""]


@pytest.mark.parametrize("text", ["10.0.0.1/8", "proxy.example.org", "10.0.0"])
def test_invalid_network_is_refused(text):
    with pytest.raises(ValueError, match=f"^has '{text}'"):
        trusted_proxies(f"127.0.0.1, {text}")


@pytest.mark.parametrize(
    ("text", "covered"),
    [
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("::/0", "::/0"),
        ("0.0.0.0/1,128.0.0.0/1", "0.0.0.0/0"),
        ("8000::/1 10.0.0.1 ::/1", "::/0"),
        ("2000::/3", "2000::/3"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
        (" ".join(f"{byte}.0.0.0/8" for byte in range(64, 128)), "64.0.0.0/2"),
    ],
)
def test_networks_that_cover_the_internet_are_refused(text, covered):
    with pytest.raises(ValueError, match=f"^covers {covered}: with so many trusted"):
        trusted_proxies(text)


@pytest.mark.parametrize(
    ("text", "peer"),
    [
        ("10.0.0.0/8", "10.9.8.7"),
        ("fc00::/7", "fd12::1"),
        ("fe80::/10", "fe80::1%eth0"),
        ("17.0.0.0/8", "17.1.2.3"),
        ("2001:db8::/32", "2001:db8::1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.0/104", "::ffff:10.1.2.3"),
        ("10.0.0.1,10.0.0.1", "10.0.0.1"),
    ],
)
def test_networks_of_one_organisation_are_trusted(text, peer):
    assert trusted_proxies(text).trust(peer)
