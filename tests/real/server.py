"""A running server and connections to it."""

import http.client, json, os, pathlib, re, signal, subprocess, time
from urllib.parse import quote, urlencode

EMAIL, PASSWORD = "admin@example.com", "a-fine-long-passphrase"


class Failed(Exception):
    pass


class Server:
    """A running server; `started` and `ready` are seconds from the start of the process."""

    def __init__(self, binary, database_url, work):
        begun, self.log = time.perf_counter(), work / "stdout"
        self.pid_file = work / "server.pid"
        env = {key: value for key, value in os.environ.items() if key != "DATABASE_URL" and not key.startswith("FISHPOND_")}
        env |= {"FISHPOND_ADMIN_EMAIL": EMAIL, "FISHPOND_ADMIN_PASSWORD": PASSWORD, "FISHPOND_METRICS_LISTEN": "off", "FISHPOND_LOG_LEVEL": "warn"}
        with open(self.log, "wb") as out, open(work / "stderr", "ab") as err:
            command = [binary, "serve", "--listen", "127.0.0.1:0", "--database-url", database_url]
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=env, cwd=work)
        self.pid_file.write_text(str(self.process.pid))
        try:
            self.address = self.wait(begun, lambda: re.search(r"^listening on http://(\S+)\s", self.log.read_text(), re.M))[1].rstrip("/")
            self.started = time.perf_counter() - begun
            self.wait(begun, lambda: Client(self.address).call("GET", "/readyz")[0] == 200)
            self.ready = time.perf_counter() - begun
        except BaseException:
            self.kill()
            raise

    def wait(self, begun, condition):
        while not (result := condition()):
            if self.process.poll() is not None or time.perf_counter() - begun > 60:
                log = (self.log.parent / "stderr").read_text(errors="replace")[-2000:]
                raise Failed(f"the server does not come up (exit status {self.process.poll()})\n{log}")
            time.sleep(0.001)
        return result

    def memory(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        resident, peak = (int(re.search(rf"^{name}:\s+(\d+) kB", status, re.M)[1]) / 1024 for name in ("VmRSS", "VmHWM"))
        return f"{resident:.1f} MiB resident, {peak:.1f} MiB at most"

    def cpu(self):
        ticks = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
        return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        """SIGTERM; gives the exit status, or None when it has not ended in 10 s."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(10)
        except subprocess.TimeoutExpired:
            return None
        finally:
            self.kill()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.pid_file.unlink(missing_ok=True)


class Client:
    """One keep-alive connection."""

    def __init__(self, address, token=None):
        self.connection = http.client.HTTPConnection(address, timeout=60)
        self.headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        self.busy = 0

    def call(self, method, path, body=None):
        """Status, answer and seconds. A 503 is tried again as its Retry-After says; status 0 is a broken connection."""
        for left in reversed(range(20)):
            begun = time.perf_counter()
            try:
                self.connection.request(method, path, body, self.headers)
                response = self.connection.getresponse()
                raw = response.read()
            except (OSError, http.client.HTTPException) as error:
                self.connection.close()
                return 0, {"code": type(error).__name__, "detail": str(error)}, time.perf_counter() - begun
            seconds = time.perf_counter() - begun
            if response.status != 503 or not left or not path.startswith("/api/"):
                break
            self.busy += 1
            time.sleep(float(response.headers.get("Retry-After") or 1))
        try:
            answer = json.loads(raw or b"null")
        except ValueError:
            answer = {"code": "not_json", "detail": repr(raw[:200])}
        return response.status, answer, seconds

    def get(self, path, **query):
        path = f"/api/v1{path}?{urlencode(query, quote_via=quote)}"
        return self.expect(200, "GET", path)

    def expect(self, expected, method, path, body=None):
        status, answer, _ = self.call(method, path, None if body is None else json.dumps(body))
        if status != expected:
            raise Failed(f"{method} {path}: {status} {json.dumps(answer)[:600]}")
        return answer

    def all(self, path, limit=200, **query):
        """Every row, by cursor pages."""
        rows, cursors = [], []
        while True:
            page = self.get(path, limit=limit, **query, **({"cursor": cursors[-1]} if cursors else {}))
            rows += page["data"]
            if not page["has_more"]:
                return rows
            if page["next_cursor"] in cursors:
                raise Failed(f"{path}: a cursor leads back to itself")
            cursors.append(page["next_cursor"])


def log_in(address):
    return Client(address).expect(200, "POST", "/api/v1/auth/login", {"email": EMAIL, "password": PASSWORD})["access_token"]
