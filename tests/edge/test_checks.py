"""What the check for deployment says of static files."""

from dashboard.edge.checks import check_collected


def said(settings, folder, *, debug=False):
    settings.STATIC_ROOT, settings.DEBUG = folder, debug
    return [(message.id, message.msg, message.hint) for message in check_collected()]


def test_files_that_were_never_collected_are_missed(settings, tmp_path):
    text = f"There are no collected static files in STATIC_ROOT, {str(tmp_path)!r}."
    assert said(settings, tmp_path) == [("edge.W001", text, "Run 'manage.py collectstatic'.")]


def test_collected_files_are_enough(settings, tmp_path):
    (tmp_path / "staticfiles.json").write_text("{}")
    assert said(settings, tmp_path) == []


def test_debug_takes_them_from_their_folders(settings, tmp_path):
    assert said(settings, tmp_path, debug=True) == []
