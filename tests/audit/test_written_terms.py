"""Terms as they are written into the address of a search."""

import pytest

from dashboard.audit import terms

WRITTEN = ['"-zoe"', '-"-zoe"', '"actor:zoe"', '"zoe\u00a0bronte"', 'about:"zoe b"', "-zoe", "079"]


@pytest.mark.parametrize("text", WRITTEN)
def test_term_is_written_as_it_is_read(text):
    (term,) = terms.terms(text)
    assert str(term) == text
