"""The server in a process of its own, which does not outlive this one."""

import asyncio, ctypes, os, pathlib, re, signal, subprocess, time

from . import Failed
from .wire import Broken, Connection, together

EMAIL, PASSWORD = "admin@example.com", "carp-and-heron-7"


def dies_with_us(how=signal.SIGKILL):
    """Asks the kernel to end a child when this process ends, however that happens."""
    return lambda: ctypes.CDLL(None).prctl(1, int(how))


def clean_environment():
    return {name: value for name, value in os.environ.items() if name != "DATABASE_URL" and not name.startswith(("FISHPOND_", "PG"))}


class Server:
    def __init__(self, binary, url, folder, settings=None):
        self.binary, self.url, self.folder, self.settings = binary, url, pathlib.Path(folder), settings or {}
        self.process, self.address, self.key, self.ready_in, self.listens_in = None, None, None, 0.0, 0.0
        self.folder.mkdir(parents=True, exist_ok=True)

    async def start(self):
        """Starts it and waits until it is ready; `listens_in` and `ready_in` are how long that took."""
        env = clean_environment() | {"FISHPOND_ADMIN_EMAIL": EMAIL, "FISHPOND_ADMIN_PASSWORD": PASSWORD}
        env |= {"FISHPOND_METRICS_LISTEN": "off", "FISHPOND_LOG_LEVEL": "warn"} | self.settings
        out = self.folder / "out"
        out.write_bytes(b"")
        began = time.perf_counter()
        with open(out, "ab") as stdout, open(self.folder / "log", "ab") as stderr:
            command = [self.binary, "serve", "--listen", "127.0.0.1:0", "--database-url", self.url]
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, env=env, cwd=self.folder, preexec_fn=dies_with_us()
            )
        while not (found := re.search(rb"^listening on http://(\S+)\s", out.read_bytes(), re.M)):
            if self.process.poll() is not None or time.perf_counter() - began > 60:
                raise Failed(f"the server does not come up (status {self.process.poll()}): {self.log()[-1500:]}")
            await asyncio.sleep(0.005)
        self.address, self.listens_in = found[1].decode().rstrip("/"), time.perf_counter() - began
        while True:
            try:
                if (await self.connection().call("GET", "/readyz")).status == 200:
                    break
            except Broken:
                pass
            if time.perf_counter() - began > 60:
                raise Failed(f"the server does not get ready: {self.log()[-1500:]}")
            await asyncio.sleep(0.005)
        self.ready_in = time.perf_counter() - began
        if self.key is None:
            admin = self.connection(await self.login(EMAIL, PASSWORD))
            self.key = (await admin.call("POST", "/api-keys", {"name": "Faults", "scopes": ["*"]})).ok()["key"]
        return self

    def connection(self, token=None):
        return Connection(self.address, token)

    def api(self, hear=None):
        """A connection of the API key that may do everything."""
        return Connection(self.address, self.key, hear)

    async def login(self, email, password=PASSWORD):
        answer = await self.connection().call("POST", "/auth/login", {"email": email, "password": password})
        return answer.ok()["access_token"]

    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    def check_log(self):
        """No panic and nothing that the server itself calls an error."""
        bad = [line for line in self.log().splitlines() if re.search(r"\bERROR fishpond|panicked at", line)]
        if bad:
            raise Failed(f"the server's log has {len(bad)} errors: {bad[0][:400]}")

    def memory(self, name="VmHWM"):
        """MiB, by the kernel: `VmRSS` now, `VmHWM` at most."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"^{name}:\s+(\d+) kB", status, re.M)[1]) / 1024

    def forget_peak(self):
        """Lets `VmHWM` begin anew."""
        pathlib.Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def signal(self, which):
        self.process.send_signal(which)

    async def ended(self, seconds):
        """The exit status, or None when it still runs after that time."""
        until = time.perf_counter() + seconds
        while self.process.poll() is None and time.perf_counter() < until:
            await asyncio.sleep(0.005)
        return self.process.poll()

    async def kill_under(self, seconds, *callers):
        """kill -9 after so many seconds, under callers who hear of it by the event that each is given."""
        dead = asyncio.Event()

        async def killer():
            await asyncio.sleep(seconds)
            self.kill()
            dead.set()

        await together(killer(), *(caller(dead) for caller in callers))

    def kill(self):
        """kill -9."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
