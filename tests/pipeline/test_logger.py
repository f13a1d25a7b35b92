from __future__ import annotations

import subprocess
import sys


def test_where_nobody_has_configured_structlog_standard_output_stays_the_programs() -> None:
    program = "from pipeline.logger import Logger; Logger('a').warning('something is odd', number=3)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert "something is odd" in done.stderr


def test_where_somebody_has_it_speaks_where_he_says() -> None:
    program = "import structlog; from pipeline.logger import Logger; log = Logger('a'); log.info('early')\n"
    program += "structlog.configure(logger_factory=structlog.PrintLoggerFactory()); log.info('late')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "late" in done.stdout
    assert "early" not in done.stdout
