"""Rows refer to each other for good: people and holds are never deleted, nor is what names them."""

from django.apps import apps
from django.db.models import PROTECT


def test_foreign_keys_protect_what_they_name():
    keys = {
        field: field.remote_field.on_delete
        for model in apps.get_app_config("dashboard").get_models()
        for field in model._meta.concrete_fields
        if field.is_relation
    }
    assert len(keys) > 10
    assert {field for field, on_delete in keys.items() if on_delete is not PROTECT} == set()
