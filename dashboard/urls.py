"""The whole site on one screen."""

from django.urls import path

urlpatterns: list = []
