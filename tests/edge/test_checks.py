"""Deployment check of static files."""

from dashboard.edge.checks import check_collected


def messages(settings, folder, *, debug=False):
    settings.STATIC_ROOT, settings.DEBUG = folder, debug
    return [(message.id, message.msg, message.hint) for message in check_collected()]


def test_missing_static_files_are_reported(settings, tmp_path):
    text = f"There are no collected static files in STATIC_ROOT, {str(tmp_path)!r}."
    assert messages(settings, tmp_path) == [("edge.W001", text, "Run 'manage.py collectstatic'.")]


def test_collected_static_files_pass(settings, tmp_path):
    (tmp_path / "staticfiles.json").write_text("{}")
    assert messages(settings, tmp_path) == []


def test_debug_needs_no_collected_files(settings, tmp_path):
    assert messages(settings, tmp_path, debug=True) == []
