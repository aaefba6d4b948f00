"""What the faults share: HTTP, processes, databases, and what is checked of a workspace."""


class Failed(Exception):
    """A bar that was not met."""


class Skipped(Exception):
    """Why a fault cannot be made here."""


def insist(condition, text):
    if not condition:
        raise Failed(text)
