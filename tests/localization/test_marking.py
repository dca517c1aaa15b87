"""Names in sentences for HTML."""

from dashboard.localization.marking import filled, name


def test_names_are_marked_and_everything_is_escaped() -> None:
    shown = filled("%(who)s & you: %(time)s", who=name("<b>Will</b>"), time="<10")

    assert shown == '<bdi translate="no">&lt;b&gt;Will&lt;/b&gt;</bdi> &amp; you: &lt;10'
    assert filled("%(text)s", text=shown) == shown
