"""Pages: each file has the view, the form and the context of the page it is named for."""
