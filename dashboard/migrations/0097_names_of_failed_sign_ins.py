"""Name people in old failed sign-ins as they are called, and not in the capitals that were typed."""

from typing import Any

from django.db import migrations


def name_people(apps: Any, schema_editor: Any) -> None:
    alias = schema_editor.connection.alias
    users = apps.get_model("dashboard", "User").objects.using(alias)
    people = users.values_list("username", flat=True)
    by_folded = {username.casefold(): username for username in people}
    actions = apps.get_model("dashboard", "LoggedAction").objects.using(alias)
    failed = actions.filter(action__in=("sign_in_failed", "denied"), about__isnull=False)
    failed = failed.exclude(about__in=people)  # old names may differ in capitals only
    for typed in failed.values_list("about", flat=True).distinct():
        username = by_folded.get(typed.casefold(), typed)
        if username != typed:
            failed.filter(about=typed).update(about=username)


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0096_index_end_notes")]

    operations = [migrations.RunPython(name_people, migrations.RunPython.noop)]
