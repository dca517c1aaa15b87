"""Key and address of cal.com, as operators give them."""

import re

import pytest

from dashboard.edge.setting_readers import calcom_key, calcom_url

CLEAR_TEXT = (
    "must begin with https://, because with http:// the key can be read on the way."
    " Only for a private address or a name without a dot may it be http://."
)


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("https://api.cal.com", "https://api.cal.com"),
        ("https://api.cal.eu/", "https://api.cal.eu"),
        ("https://cal.example.org/api", "https://cal.example.org/api"),
        ("https://cal.example.org:8443/api//", None),
        ("https://cal.example.org/api/", "https://cal.example.org/api"),
        ("http://127.0.0.1:5555", "http://127.0.0.1:5555"),
        ("http://[::1]:5555/", "http://[::1]:5555"),
        ("http://10.1.2.3/api", "http://10.1.2.3/api"),
        ("http://[fd00::5]", "http://[fd00::5]"),
        ("http://localhost:5555", "http://localhost:5555"),
        ("http://calcom-api:3004", "http://calcom-api:3004"),
        ("http://cal.office.internal", "http://cal.office.internal"),
    ],
)
def test_base_is_read(text, base):
    if base is None:
        with pytest.raises(ValueError, match="plain words between single slashes"):
            calcom_url(text)
    else:
        assert calcom_url(text) == base


@pytest.mark.parametrize(
    "text", ["http://api.cal.com", "http://8.8.8.8", "http://[2606:4700::1]", "http://cal.eu/api"]
)
def test_key_is_never_sent_in_clear_over_the_internet(text):
    with pytest.raises(ValueError, match=re.escape(CLEAR_TEXT)):
        calcom_url(text)


@pytest.mark.parametrize("ending", ["/v2", "/v2/", "/api/v2"])
def test_version_is_not_part_of_the_base(ending):
    with pytest.raises(ValueError, match="must end before /v2"):
        calcom_url(f"https://api.cal.com{ending}")


@pytest.mark.parametrize("key", ["cal_live_1", "own_prefix_1", "0123456789abcdef"])
def test_any_key_that_a_header_can_carry_is_read(key):
    assert calcom_key(key) == key
