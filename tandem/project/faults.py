"""What goes wrong on a machine rather than in the business."""


class OperatorError(Exception):
    """A condition the operator must act on; its text is one clear sentence."""


def last_words(text: str) -> str:
    """The last line of what a command of ours wrote before it failed, without its name."""
    lines = text.strip().splitlines()
    return lines[-1].removeprefix("tandem: ") if lines else "it did not say why"


def first_line(error: Exception) -> str:
    """The first line of an error's words."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
