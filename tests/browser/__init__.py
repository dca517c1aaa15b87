import pytest

# What a desk asserts is told like what a test asserts.
pytest.register_assert_rewrite("tests.browser.desk")
