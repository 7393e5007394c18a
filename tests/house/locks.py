"""Whether the lock files hold what they should, and nothing of the place that made them.

``python -m tests.house.locks`` says what is wrong; ``bin/check`` runs it.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
ENGINES = ("clickhouse", "spark")
ADDRESS = re.compile(r"https?://|file://|[a-z0-9-]+\.[a-z0-9.-]+\.(org|com|net|io)\b")
UNREACHABLE = re.compile(
    r"error sending request|dns error|timed out|offline|connect", re.IGNORECASE
)


def addresses(text: str) -> list[str]:
    """The lines of a lock that hold an address."""
    return [line.strip() for line in text.splitlines() if ADDRESS.search(line)]


def pins(lock: str) -> dict[str, str]:
    """The version of each package in a requirements lock, by canonical name."""
    found = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)", lock, re.MULTILINE)
    return {canonicalize_name(name): version for name, version in found}


def unhashed(lock: str) -> list[str]:
    """The packages of a requirements lock that come without a hash."""
    blocks = re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE)
    return [b.split("==")[0] for b in blocks if "==" in b and "--hash=sha256:" not in b]


def unmet(project: str, lock: str, extras: Sequence[str] = ("dev",)) -> list[str]:
    """The requirements of a pyproject.toml that no pin of the lock satisfies."""
    table = tomllib.loads(project)["project"]
    more = table.get("optional-dependencies", {})
    wanted = [*table["dependencies"], *(one for name in extras for one in more.get(name, []))]
    have = pins(lock)
    return [text for text in wanted if not _met(Requirement(text), have)]


def _met(need: Requirement, have: dict[str, str]) -> bool:
    version = have.get(canonicalize_name(need.name))
    return version is not None and need.specifier.contains(version, prereleases=True)


def apart(lock: str, engines: str) -> list[str]:
    """The packages that two locks pin to different versions: one environment holds both."""
    one, other = pins(lock), pins(engines)
    return sorted(name for name in one.keys() & other.keys() if one[name] != other[name])


def npm_addresses(lock: str) -> list[str]:
    """The packages of a package-lock.json that say where they were fetched."""
    packages = json.loads(lock).get("packages", {})
    return sorted(name for name, entry in packages.items() if "resolved" in entry)


def unresolved(project: Path, lock: Path) -> list[str]:
    """How the lock would change if it were made again with the same pins; needs a registry.

    Nothing where no registry can be reached: the offline checks hold all the same.
    """
    with tempfile.TemporaryDirectory() as folder:
        again = Path(folder) / "requirements.lock"
        again.write_bytes(lock.read_bytes())
        done = subprocess.run(
            [
                *("uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes"),
                *("--python-version", "3.11", "--extra", "dev", "--no-header"),
                *(str(project), "-o", str(again)),
            ],
            capture_output=True,
            text=True,
            timeout=40,
            check=False,
            env={
                "UV_HTTP_TIMEOUT": "5",
                **os.environ,
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            },
        )
        if done.returncode:
            return [] if UNREACHABLE.search(done.stderr) else [done.stderr.strip()]
        before, after = pins(lock.read_text()), pins(again.read_text())
    return sorted(
        f"{name}: {before.get(name, 'absent')} in the lock, {after.get(name, 'absent')} needed"
        for name in before.keys() | after.keys()
        if before.get(name) != after.get(name)
    )


def faults(root: Path) -> list[str]:
    """All that is wrong with the locks of a clone."""
    project, lock = root / "pyproject.toml", root / "requirements.lock"
    text, npm = lock.read_text(), root / "frontend" / "package-lock.json"
    engines = (root / "requirements-engines.lock").read_text()
    return [
        *(f"requirements.lock holds an address: {line}" for line in addresses(text)),
        *(f"requirements.lock has no hash for {name}" for name in unhashed(text)),
        *(
            f"requirements.lock does not satisfy {need}"
            for need in unmet(project.read_text(), text)
        ),
        *(f"requirements-engines.lock holds an address: {line}" for line in addresses(engines)),
        *(f"requirements-engines.lock has no hash for {name}" for name in unhashed(engines)),
        *(
            f"requirements-engines.lock does not satisfy {need}"
            for need in unmet(project.read_text(), engines, ENGINES)
        ),
        *(f"the two locks differ about {name}" for name in apart(text, engines)),
        *(
            f"package-lock.json holds an address of {name}"
            for name in npm_addresses(npm.read_text())
        ),
        *(f"requirements.lock is out of date, {line}" for line in unresolved(project, lock)),
    ]


if __name__ == "__main__":
    wrong = faults(ROOT)
    sys.stdout.writelines(f"{line}\n" for line in wrong)
    sys.exit(1 if wrong else 0)
