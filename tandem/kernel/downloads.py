"""Files that others brought, handed out so that they can run nothing in our pages."""

from pathlib import Path

from django.http import FileResponse
from django.utils.translation import gettext_lazy as _

from tandem.kernel.errors import Missing

PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"})
"""What every browser draws and what cannot hold a script; all else is only downloaded."""


class ContentGone(Missing):
    """The row is there, its content is not: a restore without the files, or a damaged disk."""

    code = "content_gone"
    message = _("The content of this file is not here any more.")


def download(path: Path, *, name: str, media_type: str) -> FileResponse:
    """A file from disk under a name; shown only where it is a picture. Raises ContentGone."""
    try:
        content = path.open("rb")
    except FileNotFoundError as error:
        raise ContentGone() from error
    is_picture = media_type in PICTURES
    response = FileResponse(
        content,
        as_attachment=not is_picture,
        filename=name,
        content_type=media_type if is_picture else "application/octet-stream",
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "private, max-age=3600"
    return response
