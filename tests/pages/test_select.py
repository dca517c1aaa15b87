"""Selects as pages show them."""

from __future__ import annotations

from pytest_django.asserts import assertHTMLEqual

from dashboard.pages.choices import EventTypeSelect


def test_options_have_groups_attributes_and_escaped_texts():
    choices = [("", "none"), ("Ada & Li", [(1, "<b>Consult</b>"), (2, "Return"), (3, "Long")])]
    attributes = {"id": "<b>", "required": True, "hidden": False}
    html = EventTypeSelect(choices, disabled=[3]).render("event_type", 2, attributes)
    assertHTMLEqual(
        html,
        """
        <select name="event_type" data-choose="" id="&lt;b&gt;" required>
          <option value="">none</option>
          <optgroup label="Ada &amp; Li">
            <option value="1">&lt;b&gt;Consult&lt;/b&gt;</option>
            <option value="2" selected>Return</option>
            <option value="3" disabled>Long</option>
          </optgroup>
        </select>
        """,
    )
