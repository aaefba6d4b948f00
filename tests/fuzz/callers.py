"""The callers of the run. What is done to them cannot end it: whoever is lost is replaced by one made on the command line."""

import json
import os
import subprocess
import time
import urllib.error
import urllib.request

BASE = os.environ["BASE"]
WORKSPACE = os.environ["FUZZ_WORKSPACE"]
AS_KEY = os.environ["FUZZ_CALLER"] == "key"
# An access token lives for 15 minutes.
TOKEN_SECONDS = 600


def fishpond(*arguments):
    """Runs a command beside the server; gives the last word that it prints."""
    command = [os.environ["FUZZ_BINARY"], *arguments, "--workspace", WORKSPACE, "--database-url", os.environ["FUZZ_DATABASE_URL"]]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split()[-1]


class Person:
    """An administrator of its own."""

    made = 0

    def __init__(self):
        Person.made += 1
        self.email, self.password = f"fuzz{Person.made}@example.com", "carp-and-heron-7"
        fishpond("user", "create", "--email", self.email, "--name", "Fuzz", "--role", "admin", "--password", self.password)
        self.log_in()

    def credentials(self):
        return {"email": self.email, "password": self.password, "workspace_id": WORKSPACE}

    def log_in(self):
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(BASE + "/api/v1/auth/login", json.dumps(self.credentials()).encode(), headers)
        with urllib.request.urlopen(request) as answer:
            pair = json.load(answer)
        self.token, self.refresh_token, self.since = pair["access_token"], pair["refresh_token"], time.monotonic()

    def is_fresh(self):
        return time.monotonic() - self.since < TOKEN_SECONDS


class Key:
    """An API key with all scopes."""

    def __init__(self, token=None):
        self.token = token or fishpond("api-key", "create", "--name", "Fuzz", "--scopes", "*")

    def is_fresh(self):
        return True


class Callers:
    """Who calls, and the walker: a person whom the calls about sessions and passwords are about, so that these can succeed."""

    def __init__(self):
        self.main = Key(os.environ["FUZZ_KEY"]) if AS_KEY else Person()
        self.walker = None
        # Whoever of these calls next has the token of then.
        self.ours = {self.main.token}
        self.may_be_lost = False

    def token(self):
        if not self.main.is_fresh():
            self.replace()
        return self.main.token

    def replace(self):
        self.main = Key() if AS_KEY else Person()
        self.ours.add(self.main.token)
        self.may_be_lost = False

    def walk(self):
        """The walker, logged in afresh."""
        try:
            self.walker = self.walker or Person()
            self.walker.log_in()
        except urllib.error.HTTPError:
            # Some call has changed its password or switched it off.
            self.walker = Person()
        self.ours.add(self.walker.token)
        return self.walker
