"""Other engines for the same small histories: ClickHouse in this process, a cluster of Spark."""

import json
import logging
import os
import socket
import subprocess
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tandem.lake.engine.compiling import Compiled
from tandem.lake.engine.dialects import Dialect
from tests.lake.answering import Row, rows_of_aliases, rows_of_events
from tests.lake.reference import Alias, Told

WORKERS = 2
STARTING_SECONDS = 240
_TEXTS = "visitor name channel url props".split()


def reason_to_skip(package: str) -> str:
    """Why an engine cannot be tested here; empty where it can be, or must be and fails."""
    if os.environ.get("TANDEM_TEST_ENGINES") or find_spec(package):
        return ""
    return f"{package} is not installed; bin/test --engines installs it"


def _written(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


class InClickHouse:
    """ClickHouse as a library. Texts may be null in it, as they may be in files."""

    def __init__(self, folder: Path) -> None:
        from chdb import session  # noqa: PLC0415  (an extra)

        self.folder, self.session = folder, session.Session()

    def answer(
        self, compiled: Compiled, events: Sequence[Told], aliases: Sequence[Alias]
    ) -> list[Row]:
        """The rows in order."""
        told = _written(self.folder / "events.json", rows_of_events(compiled, events))
        known = _written(self.folder / "aliases.json", rows_of_aliases(aliases))
        texts = ", ".join(f"{name} Nullable(String)" for name in _TEXTS)
        self.session.query(
            "CREATE OR REPLACE VIEW events AS SELECT fromUnixTimestamp64Micro(us, 'UTC') AS at, *"
            f" FROM file('{told}', 'JSONEachRow', 'us Int64, {texts}')"
        )
        self.session.query(
            "CREATE OR REPLACE VIEW aliases AS SELECT * FROM"
            f" file('{known}', 'JSONEachRow', 'visitor Nullable(String), record_id Int64,"
            " since_us Int64, until_us Nullable(Int64)')"
        )
        found = self.session.query(compiled.text(Dialect.CLICKHOUSE), "JSONCompactEachRow")
        return sorted(tuple(json.loads(line)) for line in str(found).splitlines())

    def close(self) -> None:
        """Leave nothing behind."""
        self.session.close()


class InSpark:
    """A session on a cluster."""

    def __init__(self, folder: Path, master: str) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it wants an older pandas, which nothing here uses
            from pyspark.sql import SparkSession  # noqa: PLC0415  (an extra)

        # It says at the end of the process that it ends, when there is nowhere to say it.
        logging.getLogger("py4j").setLevel(logging.WARNING)
        self.folder = folder
        settings: dict[str, Any] = {
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.cores.max": str(WORKERS),
            "spark.executor.cores": "1",
            "spark.executor.memory": "512m",
            "spark.sql.session.timeZone": "UTC",
            "spark.sql.shuffle.partitions": str(WORKERS),
            "spark.sql.warehouse.dir": str(folder / "warehouse"),
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
        }
        builder = SparkSession.builder.master(master).appName("tandem tests")
        self.session = builder.config(map=settings).getOrCreate()
        self.session.sparkContext.setLogLevel("ERROR")

    def executors(self) -> int:
        """How many processes of the cluster work for this session."""
        context = self.session.sparkContext._jsc.sc()
        return int(context.getExecutorMemoryStatus().size()) - 1  # the driver is among them

    def answer(
        self, compiled: Compiled, events: Sequence[Told], aliases: Sequence[Alias]
    ) -> list[Row]:
        """The rows in order."""
        told = _written(self.folder / "events.json", rows_of_events(compiled, events))
        known = _written(self.folder / "aliases.json", rows_of_aliases(aliases))
        texts = ", ".join(f"{name} STRING" for name in _TEXTS)
        read = self.session.read
        read.schema(f"us BIGINT, {texts}").json(str(told)).selectExpr(
            "timestamp_micros(us) AS at", "*"
        ).createOrReplaceTempView("events")
        read.schema("visitor STRING, record_id BIGINT, since_us BIGINT, until_us BIGINT").json(
            str(known)
        ).createOrReplaceTempView("aliases")
        return sorted(
            tuple(row) for row in self.session.sql(compiled.text(Dialect.SPARK)).collect()
        )

    def close(self) -> None:
        """Leave nothing behind."""
        self.session.stop()


@contextmanager
def spark_cluster(folder: Path) -> Iterator[str]:
    """A master and two workers, each a process of its own; the address of the master."""
    import pyspark  # noqa: PLC0415  (an extra)

    home = Path(pyspark.__file__).parent
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"spark://127.0.0.1:{port}"
    environment = {
        **os.environ,
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_HOME": str(home),
    }

    def begin(part: str, *words: str) -> subprocess.Popen[bytes]:
        with (folder / "cluster.log").open("ab") as log:
            return subprocess.Popen(
                [home / "bin" / "spark-class", f"org.apache.spark.deploy.{part}", *words],
                env=environment,
                stdout=log,
                stderr=log,
            )

    place = ["--host", "127.0.0.1", "--webui-port", "0"]
    started = [begin("master.Master", *place, "--port", str(port))]
    try:
        _wait_for(port, started[0])
        for number in range(WORKERS):
            work = ["--cores", "1", "--memory", "1g", "--work-dir", str(folder / f"work{number}")]
            started.append(begin("worker.Worker", *place, *work, address))
        yield address
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            process.wait(timeout=60)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    last = time.monotonic() + STARTING_SECONDS
    while time.monotonic() < last and process.poll() is None:
        with socket.socket() as knock:
            if knock.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise AssertionError("the master of Spark does not answer")
