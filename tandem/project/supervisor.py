"""`tandem up`: one process that starts the parts, restarts what dies, and ends them in order.

It does no work of its own and imports neither Django nor a database driver, so that there is
little in it that could fail. It owns what must outlive a part: the lock of the home, the public
socket and the socket of the pages. Every part is a direct child in a session of its own, and
ends when the supervisor does (see processes.wait_for_go and processes.EXEC_SHIM).
"""

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TextIO

from tandem.project import listening, processes
from tandem.project.faults import OperatorError, last_words
from tandem.project.home import Home, upgrade_format, write_whole
from tandem.project.metrics_folder import FOLDER
from tandem.project.postgres import START_SECONDS, Cluster, stop
from tandem.project.schema import is_current

READY_SECONDS = 300.0
ROTATE_SECONDS = 10.0
LONGEST_PAUSE_SECONDS = 5.0
STEADY_SECONDS = 10.0
"""A part that lived this long is restarted at once; one that died sooner waits a little."""

QUESTION_SECONDS = 5.0
SILENCE_SECONDS = 60.0
"""A database server that is silent for so long hangs."""

BOOT_DEATHS = 5
"""A part that dies this often before the first "ready" will not come up by itself."""

STOP_SECONDS = {"edge": 5.0, "web": 15.0, "worker": 15.0, "demo-mail": 3.0}


@dataclass
class Part:
    """One process of the tree; a second one of a kind has a number in its key."""

    key: str
    start: Callable[["Part"], subprocess.Popen[bytes]]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    deaths: int = 0
    restart_at: float = 0.0

    @property
    def name(self) -> str:
        """Its kind: also the command that starts it, and the name of its log."""
        return self.key.partition(" ")[0]

    @property
    def runs(self) -> bool:
        """Whether its process was alive when last looked at."""
        return self.process is not None


@dataclass
class Supervisor:
    """The process tree of one home."""

    home: Home
    host: str = "127.0.0.1"
    port: int = 8000
    demo: bool = False
    out: TextIO = field(default_factory=lambda: sys.stdout)
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    def __post_init__(self) -> None:
        if self.demo:
            self.environ = {**self.environ, "TANDEM_DEMO": "1"}
        self.cluster = Cluster(self.home) if self.home.embeds_postgres else None
        self.parts: dict[str, Part] = {}
        self.stop_asked = 0
        self.url = ""
        self._lifelines: dict[str, int] = {}
        self._go = False
        self._next_rotation = 0.0
        self._next_question = time.monotonic() + QUESTION_SECONDS
        self._silent_since: float | None = None
        self._mail: socket.socket | None = None

    def run(self) -> int:
        """Serve until a signal asks to stop; the exit code. Raises OperatorError."""
        self.home.prepare()
        self.home.check_complete()
        with self._home_lock() as lock_file:
            upgrade_format(self.home, archive=self._archive)
            listener = listening.public_socket(self.host, self.port)
            self.url = listening.url_of(listener, host=self.host)
            lock_file.seek(0)
            lock_file.truncate()
            lock_file.write(f"{os.getpid()} {self.url}\n")
            lock_file.flush()
            shutil.rmtree(self.home.metrics_dir, ignore_errors=True)
            self.home.metrics_dir.mkdir(mode=0o700)
            inner = listening.private_socket(self.home.web_socket)
            self._mail = self._demo_mail()
            with self._signals() as wakeup, self._database_lock():
                try:
                    self._boot(listener, inner, wakeup)
                    while not self.stop_asked:
                        self._turn(wakeup, seconds=1.0)
                finally:
                    self._stop_all()
                    listener.close()
                    inner.close()
                    if self._mail is not None:
                        self._mail.close()
                    self.home.web_socket.unlink(missing_ok=True)
                    self.home.parts_file.unlink(missing_ok=True)
        return 0

    # --- start ------------------------------------------------------------------------------

    def _boot(self, listener: socket.socket, inner: socket.socket, wakeup: socket.socket) -> None:
        """Start everything as far in parallel as its order allows, and say when it serves."""
        if self.cluster is not None:
            is_new = not self.cluster.exists
            if is_new:
                self._say("making the database")
            binaries = self.cluster.prepare()
            cluster = self.cluster
            self._add("postgres", lambda _part: cluster.start(binaries))
        current = self.cluster is not None and is_current(self.cluster)
        self._add("web", lambda part: self._spawn(part, listener=inner))
        self._add("worker", self._spawn)
        self._add("edge", lambda part: self._spawn(part, listener=listener))
        if self._mail is not None:
            mail = self._mail
            self._add("demo-mail", lambda part: self._spawn(part, listener=mail))
        if not current:
            # Nobody may serve before the tables are there; they load meanwhile.
            self._migrate(wakeup)
        self._wait_for_database(wakeup)
        self._open_gate()
        sign_ins = ""
        if self.demo and not self.stop_asked:
            self._say("filling in the demo company")
            sign_ins = self._command(
                wakeup, ["demo-data"], failed="The demo company could not be made"
            )
        self._wait_until_ready(wakeup)
        self.out.write(sign_ins)
        self.out.flush()
        if not self.stop_asked:
            # Only now, as the first page should not wait for it: while one is away, this serves.
            self._add("web 2", lambda part: self._spawn(part, listener=inner))

    def _demo_mail(self) -> socket.socket | None:
        """The socket of the demo's own mail server, which all parts are told of.

        None where there is no demo, or somebody has named a mail server.
        """
        if not self.demo or self.home.smtp_url:
            return None
        mail = listening.public_socket("127.0.0.1", 0)
        url = f"smtp://127.0.0.1:{mail.getsockname()[1]}"
        self.environ = {**self.environ, "TANDEM_SMTP_URL": url}
        return mail

    def _add(self, key: str, start: Callable[["Part"], subprocess.Popen[bytes]]) -> None:
        part = self.parts[key] = Part(key, start)
        self._start(part)

    def _start(self, part: Part) -> None:
        """Start a part; where the machine cannot just now, it is tried again."""
        try:
            part.process = part.start(part)
        except OSError as error:
            self._say(f"{part.key} cannot be started: {error.strerror}")
            part.restart_at = time.monotonic() + LONGEST_PAUSE_SECONDS
        part.started = time.time()
        self._write_parts()

    def _spawn(
        self, part: Part, *, listener: socket.socket | None = None
    ) -> subprocess.Popen[bytes]:
        """Start one of our own parts on its lifeline, with its socket."""
        read_end, write_end = os.pipe()
        inherited = [read_end]
        environ = {
            **self._part_environ(),
            processes.LIFELINE: str(read_end),
        }
        if listener is not None:
            inherited.append(listener.fileno())
            environ[listening.LISTEN] = str(listener.fileno())
        log = processes.open_log(self.home.log_dir / f"{part.name}.log")
        try:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "tandem", part.name],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environ,
                pass_fds=inherited,
                start_new_session=True,
            )
        finally:
            os.close(log)
            os.close(read_end)
        if part.key in self._lifelines:
            os.close(self._lifelines.pop(part.key))
        self._lifelines[part.key] = write_end
        if self._go:
            _say_go(write_end)
        return process

    def _part_environ(self) -> dict[str, str]:
        """What our own parts find in their environment."""
        return {
            **self.environ,
            "TANDEM_HOME": str(self.home.path),
            "TANDEM_PUBLIC_URL": self.home.given_public_url or self.url,
            FOLDER: str(self.home.metrics_dir),
        }

    def _open_gate(self) -> None:
        """Let the parts that have loaded serve."""
        self._go = True
        for write_end in self._lifelines.values():
            _say_go(write_end)

    def _migrate(self, wakeup: socket.socket) -> None:
        """Bring the schema up to date before anybody serves. Raises OperatorError."""
        self._wait_for_database(wakeup)
        if self.stop_asked:
            return
        self._say("bringing the database up to date")
        self._command(wakeup, ["migrate"], failed="The database could not be brought up to date")

    def _wait_for_database(self, wakeup: socket.socket) -> None:
        """Wait until the embedded server answers; a long recovery is not hurried."""
        if self.cluster is None:
            return
        said = time.monotonic() + 5.0
        deadline = time.monotonic() + START_SECONDS
        while not self.stop_asked and not self.cluster.answers():
            self._turn(wakeup, seconds=0.02)
            if time.monotonic() > deadline and self.parts["postgres"].deaths >= BOOT_DEATHS:
                raise OperatorError(self._obituary("postgres"))
            if time.monotonic() > said:
                self._say("the database is recovering")
                said = time.monotonic() + 30.0

    def _wait_until_ready(self, wakeup: socket.socket) -> None:
        """Print `ready URL` once /healthz says that every part serves. Raises OperatorError."""
        deadline = time.monotonic() + READY_SECONDS
        while not self.stop_asked:
            if self._healthy():
                self.out.write(f"ready {self.url}\n")
                self.out.flush()
                return
            for part in self.parts.values():
                if part.deaths >= BOOT_DEATHS and part.key != "postgres":
                    raise OperatorError(self._obituary(part.name))
            if time.monotonic() > deadline:
                raise OperatorError(
                    f"Not every part serves after {READY_SECONDS:.0f} s; `tandem doctor` and the "
                    f"logs in {self.home.log_dir} say more."
                )
            self._turn(wakeup, seconds=0.03)

    def _healthy(self) -> bool:
        """Ask our own public port."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        host, port = self._own_address()
        with socket.socket(family, socket.SOCK_STREAM) as connection:
            connection.settimeout(0.5)
            try:
                connection.connect((host, port))
                connection.sendall(
                    b"GET /healthz HTTP/1.1\r\nhost: tandem.internal\r\nconnection: close\r\n\r\n"
                )
                return connection.recv(64).startswith(b"HTTP/1.1 200")
            except OSError:
                return False

    def _own_address(self) -> tuple[str, int]:
        host, _, port = self.url.removeprefix("http://").rpartition(":")
        return host.strip("[]"), int(port)

    def _command(self, wakeup: socket.socket, arguments: list[str], *, failed: str) -> str:
        """Run one of our own commands while the parts are looked after; what it printed.

        Raises OperatorError with the command's own last words.
        """
        with (
            tempfile.TemporaryFile("w+") as printed,
            tempfile.TemporaryFile("w+") as complained,
        ):
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "tandem", *arguments],
                env=self._part_environ(),
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=complained,
                start_new_session=True,
            )
            try:
                while process.poll() is None and not self.stop_asked:
                    self._turn(wakeup, seconds=0.05)
            finally:
                if process.poll() is None:
                    process.terminate()
                    self._wait_for(process, 10)
            printed.seek(0)
            complained.seek(0)
            if process.returncode and not self.stop_asked:
                raise OperatorError(f"{failed}: {last_words(complained.read())}")
            return printed.read()

    # --- watch ------------------------------------------------------------------------------

    def _turn(self, wakeup: socket.socket, *, seconds: float) -> None:
        """Wait for a signal or so long, then look after the dead, the waiting and the logs."""
        pauses = [
            part.restart_at - time.monotonic() for part in self.parts.values() if not part.runs
        ]
        select.select([wakeup], [], [], max(0.0, min([seconds, *pauses])))
        with suppress(BlockingIOError):
            wakeup.recv(4096)
        for part in self.parts.values():
            self._bury(part)
        if self.stop_asked:
            return
        for part in self.parts.values():
            if not part.runs and time.monotonic() >= part.restart_at:
                self._start(part)
        self._rotate()
        self._question_server()

    def _bury(self, part: Part) -> None:
        """Note the death of a part and when it is to come back."""
        if part.process is None:
            return
        code = part.process.poll()
        if code is None:
            return
        lived = time.time() - part.started
        part.process = None
        part.deaths = 1 if lived > STEADY_SECONDS else part.deaths + 1
        # A killed server leaves backends behind which keep its memory for a second or two.
        longest = 0.2 if part.key == "postgres" else LONGEST_PAUSE_SECONDS
        pause = 0.0 if lived > STEADY_SECONDS else min(longest, 0.1 * 2 ** (part.deaths - 1))
        part.restart_at = time.monotonic() + pause
        self._write_parts()
        if not self.stop_asked:
            ended = f"signal {-code}" if code < 0 else f"exit code {code}"
            self._say(f"{part.key} ended ({ended}) and is started again")

    def _obituary(self, name: str) -> str:
        end = processes.last_lines(self.home.log_dir / f"{name}.log", 1)
        return f"{name} does not start; the end of its log: {end}"

    def _question_server(self) -> None:
        """End a database server that is there and says nothing at all for a long time.

        One that recovers, or refuses because it is full, answers; so it is left alone.
        """
        server = self.parts.get("postgres")
        now = time.monotonic()
        if self.cluster is None or server is None or server.process is None:
            return
        if now < self._next_question:
            return
        self._next_question = now + QUESTION_SECONDS
        if self.cluster.speaks():
            self._silent_since = None
        elif self._silent_since is None:
            self._silent_since = now
        elif now - self._silent_since > SILENCE_SECONDS:
            self._say("the database does not answer and is started again")
            self._silent_since = None
            stop(server.process, how=signal.SIGQUIT, seconds=5)

    def _rotate(self) -> None:
        if time.monotonic() < self._next_rotation:
            return
        self._next_rotation = time.monotonic() + ROTATE_SECONDS
        for path in self.home.log_dir.glob("*.log"):
            # A full disk must not end those who could make room on it.
            with suppress(OSError):
                processes.rotate_log(path)

    def _write_parts(self) -> None:
        """Tell `tandem doctor` what runs."""
        told = {
            "supervisor": os.getpid(),
            "url": self.url,
            "parts": [
                {
                    "name": part.name,
                    "pid": part.process.pid if part.process else None,
                    "started": datetime.fromtimestamp(part.started, UTC).isoformat(),
                    "deaths": part.deaths,
                }
                for part in self.parts.values()
            ],
        }
        with suppress(OSError):
            write_whole(self.home.parts_file, json.dumps(told))

    # --- stop -------------------------------------------------------------------------------

    def _stop_all(self) -> None:
        """End the parts in their order: first who takes requests, last who keeps the data."""
        self.stop_asked = max(self.stop_asked, 1)
        self._go = False
        # The worker needs nothing of the pages: they may end at the same time.
        for names in (("edge",), ("web", "worker"), ("demo-mail",)):
            ending = [
                part.process
                for part in self.parts.values()
                if part.name in names and part.process is not None
            ]
            for process in ending:
                process.terminate()
            deadline = time.monotonic() + max(STOP_SECONDS[name] for name in names)
            for process in ending:
                self._wait_for(process, deadline - time.monotonic())
        for write_end in self._lifelines.values():
            os.close(write_end)
        self._lifelines.clear()
        server = self.parts.get("postgres")
        if server is not None and server.process is not None:
            stop(server.process)

    def _wait_for(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        """Wait for an end, less patiently once a second signal came, then make it one."""
        deadline = time.monotonic() + seconds
        while process.poll() is None:
            if time.monotonic() > deadline or self.stop_asked > 1:
                process.kill()
                process.wait()
                return
            time.sleep(0.01)

    # --- odds -------------------------------------------------------------------------------

    @contextmanager
    def _home_lock(self) -> Iterator[IO[str]]:
        """Be the one `tandem up` of this home. Raises OperatorError."""
        try:
            with processes.held(self.home.lock_file) as file:
                yield file
        except BlockingIOError:
            pid, _, url = self.home.lock_file.read_text().strip().partition(" ")
            raise OperatorError(
                f"Tandem is already running for {self.home.path} (pid {pid or '?'}, {url or '?'})."
            ) from None

    @contextmanager
    def _database_lock(self) -> Iterator[None]:
        """Be the parent of the embedded server; another command that is it ends soon."""
        if self.cluster is None:
            yield
            return
        path = self.home.path / "postgres.lock"
        try:
            with processes.held(path, wait_seconds=120.0):
                yield
        except BlockingIOError:
            raise OperatorError(
                f"Another tandem command uses the database of {self.home.path}; try again after it."
            ) from None

    @contextmanager
    def _signals(self) -> Iterator[socket.socket]:
        """Signals as readable bytes, so that no moment between two looks can lose one."""
        reader, writer = socket.socketpair()
        reader.setblocking(False)
        writer.setblocking(False)

        def ask(_number: int, _frame: object) -> None:
            self.stop_asked += 1

        def nothing(_number: int, _frame: object) -> None:
            pass

        wanted = {
            signal.SIGTERM: ask,
            signal.SIGINT: ask,
            signal.SIGHUP: ask,
            signal.SIGCHLD: nothing,
        }
        before = {number: signal.signal(number, handler) for number, handler in wanted.items()}
        signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        try:
            yield reader
        finally:
            signal.set_wakeup_fd(-1)
            for number, handler in before.items():
                signal.signal(number, handler)
            reader.close()
            writer.close()

    def _archive(self, path: Path) -> None:
        """A backup before the home's format is changed."""
        subprocess.run(
            [sys.executable, "-P", "-m", "tandem", "backup", str(path)],
            env={**self.environ, "TANDEM_HOME": str(self.home.path)},
            check=True,
        )

    def _say(self, words: str) -> None:
        sys.stderr.write(f"tandem: {words}\n")
        sys.stderr.flush()


def _say_go(write_end: int) -> None:
    """Let one part serve; one that is dead already will be replaced."""
    with suppress(BrokenPipeError):
        os.write(write_end, b"!")
