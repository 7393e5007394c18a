"""Whether the lake holds what its manifest says."""

from dataclasses import dataclass, field

from django.db.models import Sum

from tandem.lake import storage
from tandem.lake.models import Event, EventFile
from tandem.lake.rules import DRAFT


@dataclass(frozen=True, slots=True)
class Health:
    """What is there, and what is wrong: files by their names."""

    hot: int
    filed: int
    files: int
    bytes: int
    missing: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    unlisted: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Whether every listed file is there as it was written; what is unlisted harms nobody."""
        return not self.missing and not self.damaged


def health_of_lake() -> Health:
    """Look at every file: there, unchanged by its checksum, listed. Reads all of the lake once."""
    before = storage.names_there()
    live = EventFile.objects.filter(retired_at__isnull=True)
    missing, damaged = [], []
    for file in live.defer("visitors").order_by("path"):
        try:
            found = storage.size_and_digest(file.path)
        except FileNotFoundError:
            # It may have been replaced since the list was read.
            if live.filter(pk=file.pk).exists():
                missing.append(file.path)
            continue
        if found != (file.bytes, file.sha256):
            damaged.append(file.path)
    listed = set(EventFile.objects.values_list("path", flat=True))
    told = live.aggregate(rows=Sum("rows"), bytes=Sum("bytes"))
    return Health(
        hot=Event.objects.count(),
        filed=told["rows"] or 0,
        files=live.count(),
        bytes=told["bytes"] or 0,
        missing=missing,
        damaged=damaged,
        unlisted=sorted(
            name for name in before - listed if not name.rpartition("/")[2].startswith(DRAFT)
        ),
    )
