"""Build hook of the package: style sheets, scripts and icons are made before they are packed."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class FrontendBuildHook(BuildHookInterface[Any]):
    """Runs `frontend/build.py`; with TANDEM_SKIP_FRONTEND=1 the pages stay without style."""

    PLUGIN_NAME = "frontend"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Bring `tandem/ui/static/ui` up to date; in an unpacked sdist it already is."""
        if os.environ.get("TANDEM_SKIP_FRONTEND") == "1":
            self.app.display_warning("TANDEM_SKIP_FRONTEND=1: the front-end is not built")
            return
        script = Path(self.root) / "frontend" / "build.py"
        spec = importlib.util.spec_from_file_location("tandem_frontend_build", script)
        if spec is None or spec.loader is None:
            raise FileNotFoundError(script)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        module.build()
        module.forget_previous()
