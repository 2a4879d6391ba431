"""A contact's subscriptions with Python's standard library. Needs SAYSO_URL and SAYSO_TOKEN in the environment."""

import json
import os
import sys
import time
from urllib.error import HTTPError
from urllib.request import Request, urlopen

URL = os.environ["SAYSO_URL"]
TOKEN = os.environ["SAYSO_TOKEN"]


def call(method, path, body=None, status=200, token=TOKEN):
    """The body of the answer, which must have that status."""
    request = Request(
        URL + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    try:
        answer = urlopen(request)
    except HTTPError as error:
        answer = error
    with answer:
        text = answer.read()
        if answer.status != status:
            sys.exit(f"{method} {path}: expected {status}, got {answer.status} {text.decode()}")
        return json.loads(text)


def ids(types):
    return [one["id"] for one in types["data"]]


def expect(wanted, got):
    if wanted != got:
        sys.exit(f"expected {wanted}, got {got}")


types = call("GET", "/subscription_types")
live = [one for one in types["data"] if one["state"] == "live"]
opt_in = next(one["id"] for one in live if one["consent_type"] == "opt_in")
opt_out = next(one["id"] for one in live if one["consent_type"] == "opt_out")
print("types:", len(types["data"]))

contact = call("POST", "/contacts", {"email": f"python-{time.time_ns()}@example.com"})
subscriptions = f"/contacts/{contact['id']}/subscriptions"
print("created:", contact["role"])

# Attaching an opt_in type opts the contact in; attaching an opt_out type opts the contact out.
call("POST", subscriptions, {"id": opt_in, "consent_type": "opt_in"})
call("POST", subscriptions, {"id": opt_out, "consent_type": "opt_out"})
attached = ids(call("GET", subscriptions))
expect([opt_in, opt_out], attached)
print("attached:", *attached)

detached = call("DELETE", f"{subscriptions}/{opt_in}")
attached = ids(call("GET", subscriptions))
expect([opt_out], attached)
print("detached:", detached["id"])
print("attached:", *attached)

error = call("GET", "/contacts/000000000000000000000000/subscriptions", status=404)["errors"][0]
print("not found:", error["code"], error["message"])
error = call("GET", "/subscription_types", status=401, token="wrong-token")["errors"][0]
print("unauthorized:", error["code"], error["message"])
