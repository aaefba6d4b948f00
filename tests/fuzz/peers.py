"""Prints the settings for two API keys of different workspaces: the first one calls, the second one must not see its objects."""

import json
import os
import sys


def bearer(name, variable):
    return {"name": name, "fixedHeaders": [{"name": "Authorization", "value": f"Bearer {os.environ[variable]}"}]}


with open(sys.argv[1], "w", encoding="utf-8") as file:
    json.dump({"auth": [bearer("caller", "FUZZ_KEY"), bearer("stranger", "FUZZ_STRANGER")]}, file)
print(f'\n[auth.wfc]\npath = "{sys.argv[1]}"\nuser = "caller"\npeers = ["caller", "stranger"]')
