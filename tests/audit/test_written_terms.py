"""Terms as they are written into the address of a search, and explained below its field."""

import re

import pytest
from django.template.loader import render_to_string

from dashboard.audit import terms

WRITTEN = ['"-zoe"', '-"-zoe"', '"actor:zoe"', '"zoe\u00a0bronte"', 'about:"zoe b"', "-zoe", "079"]


@pytest.mark.parametrize("text", WRITTEN)
def test_term_is_written_as_it_is_read(text):
    (term,) = terms.terms(text)
    assert str(term) == text


def test_each_term_is_explained():
    examples = re.findall(r"<code>([a-z]+):", render_to_string("audit/_find_help.html"))
    assert sorted(examples) == sorted(terms.READERS)
