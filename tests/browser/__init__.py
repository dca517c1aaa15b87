import pytest

# Assertions in helpers explain themselves like those in tests.
pytest.register_assert_rewrite("tests.browser.user")
