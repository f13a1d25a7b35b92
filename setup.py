"""What pyproject.toml cannot say: which files of the repository go into the wheel, so that it works without a checkout.

They stand once in the repository, where people look for them; `pipeline/defaults.py` finds them in either place.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
FOLDER = "pipeline/default_files"
# MANIFEST.in and .dockerignore let the same through
SHIPPED = (
    ".env.example",
    "Dockerfile",
    "alert_rules",
    "alertmanager",
    "config",
    "docker",
    "docker-compose.yml",
    "docs/reference",
    "docs/runbooks",
    "grafana",
    "prometheus",
)


class BuildWithDefaults(build_py):
    """Build the packages, and put the shipped files into one of them."""

    def run(self) -> None:
        """Copy after the packages, leaving nothing of an earlier build; an editable install reads the repository."""
        super().run()
        if self.editable_mode:
            return
        folder = Path(self.build_lib, FOLDER)
        shutil.rmtree(folder, ignore_errors=True)
        for name in SHIPPED:
            source, target = ROOT / name, folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns(".*", "__pycache__", "*~"))
            else:
                shutil.copy2(source, target)


setup(cmdclass={"build_py": BuildWithDefaults})
