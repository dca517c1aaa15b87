"""Read the page of the log."""

from html.parser import HTMLParser

from django.test import Client


class Page(HTMLParser):
    """Rows, links and ids of a page."""

    def __init__(self, response) -> None:
        super().__init__()
        self.rows: list[str] = []
        self.links: dict[str, str] = {}
        self.ids: list[str] = []
        self._tags: list[str] = []
        self._href = ""
        self.feed(response.content.decode())

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self._tags.append(tag)
        self._href = attributes.get("href", self._href) if tag == "a" else self._href
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if tag == "tr":
            self.rows.append("")

    def handle_data(self, data):
        if self.rows and "table" in self._tags:
            self.rows[-1] = " ".join(f"{self.rows[-1]} {data}".split())
        if data.strip():
            self.links[data.strip()] = self._href

    def handle_endtag(self, tag):
        while self._tags and self._tags.pop() != tag:
            pass


def log(browser: Client, **filters: str) -> list[str]:
    """Return the rows of the log, without those of the fixtures."""
    response = browser.get("/audit/", filters)
    assert response.status_code == 200
    return [row for row in Page(response).rows[1:] if "added a person" not in row]
