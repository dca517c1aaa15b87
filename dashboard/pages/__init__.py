"""The pages of holds: all that knows a request, a form or a template stands here."""
