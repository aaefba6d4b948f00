"""The databases: SQLite files, and a PostgreSQL cluster of our own on a free port, with fsync on."""

import asyncio, contextlib, glob, os, pathlib, pwd, shutil, signal, socket, sqlite3, subprocess, time

from . import Failed, Skipped
from .process import clean_environment, dies_with_us


def program(name):
    """Where the cluster's programs are, all in one folder; `psql` may be elsewhere, and then it may be a wrapper."""
    initdb = shutil.which("initdb") or max(glob.glob("/usr/lib/postgresql/*/bin/initdb"), default=None)
    found = initdb and shutil.which(name, path=os.path.dirname(os.path.realpath(initdb))) or shutil.which(name)
    if found is None:
        raise Skipped(f"no {name} here, neither in PATH nor in /usr/lib/postgresql/*/bin")
    return found


class Cluster:
    """As user `postgres` when we are root, since PostgreSQL refuses root."""

    def __init__(self, folder):
        self.folder, self.process = pathlib.Path(folder), None
        self.tools = {name: program(name) for name in ("initdb", "postgres", "psql")}
        self.who = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    def run(self, *command):
        done = subprocess.run(command, capture_output=True, text=True, env=clean_environment(), cwd=self.folder, **self.who)
        if done.returncode:
            raise Failed(f"{command[0]}: {done.stderr[-800:]}")
        return done.stdout.strip()

    async def create(self):
        self.folder.mkdir(parents=True)
        self.folder.chmod(0o700)
        if self.who:
            owner = pwd.getpwnam("postgres")
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
        data = str(self.folder / "data")
        self.run(self.tools["initdb"], "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C")
        await self.start()

    async def start(self):
        settings = {"port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": self.folder, "fsync": "on"}
        settings |= {"max_connections": 100, "autovacuum": "on", "log_min_messages": "warning", "shared_buffers": "64MB"}
        arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with open(self.folder.parent / "postgres.log", "ab") as log:
            self.process = subprocess.Popen(
                [self.tools["postgres"], "-D", str(self.folder / "data"), *arguments],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder, env=clean_environment(),
                preexec_fn=dies_with_us(signal.SIGQUIT), **self.who,
            )
        until = time.perf_counter() + 60
        while True:
            try:
                self.sql("SELECT 1")
                return
            except Failed as why:
                if self.process.poll() is not None or time.perf_counter() > until:
                    raise Failed(f"the cluster does not come up: {why}") from None
            await asyncio.sleep(0.02)

    def sql(self, statement, database="postgres"):
        return self.run(self.tools["psql"], "-XqAt", "-h", str(self.folder), "-p", str(self.port), "-U", "postgres", "-d", database, "-c", statement)

    async def stop(self, how=signal.SIGINT):
        """SIGINT is a fast shutdown, SIGQUIT one without any goodbye (a crash)."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(how)
            while self.process.poll() is None:
                await asyncio.sleep(0.01)

    def url(self, name):
        """A new database."""
        self.sql(f"CREATE DATABASE {name}")
        return f"postgres://postgres@127.0.0.1:{self.port}/{name}"


class Elsewhere:
    """A cluster that somebody else runs: for what leaves the cluster alone."""

    def __init__(self, url):
        self.base, self.made = url, []
        self.psql = program("psql")

    def sql(self, statement):
        done = subprocess.run([self.psql, "-XqAt", "-d", self.base, "-c", statement], capture_output=True, text=True)
        if done.returncode:
            raise Failed(f"psql: {done.stderr[-800:]}")
        return done.stdout.strip()

    def url(self, name):
        name = f"{name}_{os.getpid()}"
        self.sql(f"CREATE DATABASE {name}")
        self.made.append(name)
        return f"{self.base.rsplit('/', 1)[0]}/{name}"

    def drop_all(self):
        for name in self.made:
            with contextlib.suppress(Failed):
                self.sql(f"DROP DATABASE {name} WITH (FORCE)")


def check_sqlite(path, work):
    """Copies a dead server's files, so that nobody but the server repairs them, and checks the copy."""
    work = pathlib.Path(work)
    copy = work / "copy.db"
    for end in ("", "-wal"):
        (work / f"copy.db{end}").unlink(missing_ok=True)
        if (source := pathlib.Path(f"{path}{end}")).exists():
            shutil.copyfile(source, f"{copy}{end}")
    (work / "copy.db-shm").unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(copy)) as database:
        found = [row[0] for row in database.execute("PRAGMA integrity_check")]
        broken = database.execute("PRAGMA foreign_key_check").fetchall()
    if found != ["ok"] or broken:
        raise Failed(f"the database is damaged: integrity_check {found[:3]}, foreign_key_check {broken[:3]}")
