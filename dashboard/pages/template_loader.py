"""Load the project's templates without the indentation that only their readers need."""

import re

from django.template import Origin
from django.template.loaders import filesystem


class Loader(filesystem.Loader):
    """Loader of the folders in ``DIRS``; line breaks stay, which are text in some places."""

    def get_contents(self, origin: Origin) -> str:
        contents = super().get_contents(origin)
        return re.sub(r"\n\s+", "\n", contents) if origin.name.endswith(".html") else contents
