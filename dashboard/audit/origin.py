"""Command that runs in this process. The log has it where no person is signed in."""

command = ""  # such as "manage.py person"; "" in the processes that serve
