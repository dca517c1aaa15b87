"""Questions of commands to the operator."""


def is_confirmed(question: str) -> bool:
    """Return whether "yes" was typed; a job without a terminal types nothing."""
    try:
        return input(question) == "yes"
    except EOFError:
        return False
