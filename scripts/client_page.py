"""Write docs/how-to/use-a-client.md anew: it shows the very files of examples/clients. A test holds it to them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples/clients"
PAGE = ROOT / "docs/how-to/use-a-client.md"


class Example(NamedTuple):
    language: str
    file: str
    run: str
    fence: str
    note: str = ""


SHOWN = (
    Example("curl", "subscriptions.sh", "sh subscriptions.sh", "sh"),
    Example("Node.js", "subscriptions.mjs", "node subscriptions.mjs", "js", "Node.js 18 or newer, for `fetch`."),
    Example("Ruby", "subscriptions.rb", "ruby subscriptions.rb", "ruby", "Ruby 3 or newer; `net/http` is part of it."),
    Example("PHP", "subscriptions.php", "php subscriptions.php", "php", "PHP 8.1 or newer with its curl extension."),
    Example("Python", "subscriptions.py", "python3 subscriptions.py", "python", "The standard library is enough."),
    Example("Java", "Subscriptions.java", "java Subscriptions.java", "java", "JDK 11 or newer, nothing to build."),
    Example("Go", "subscriptions.go", "go run subscriptions.go", "go", "Go 1.18 or newer, no modules to fetch."),
    Example("C#", "Subscriptions.cs", "mcs Subscriptions.cs && mono Subscriptions.exe", "csharp"),
    Example("R", "subscriptions.R", "Rscript subscriptions.R", "r", "The packages httr and jsonlite."),
)

HEAD = """\
# Use a client

Sayso speaks Intercom's REST API, so whatever talks to Intercom talks to Sayso once its base URL and its token are
changed. Nothing else changes: paths, bodies, headers, versions and errors are Intercom's.

## Intercom's own clients

The official clients for Python (5.x, 4.x) and for Node.js (7.x, 6.x, 5.x) run unmodified against Sayso; the
tests see to that. Without `Intercom-Version` a request is answered as 2.11.

Start a server with `make serve`, and say where it is and which token it printed:

```sh
export SAYSO_URL=http://127.0.0.1:8080
export SAYSO_TOKEN=...
```

Python, after `pip install "python-intercom>=5,<6"`:

```python
import os

from intercom import Intercom
from intercom.types import CreateContactRequestWithEmail

client = Intercom(base_url=os.environ["SAYSO_URL"], token=os.environ["SAYSO_TOKEN"])
kim = client.contacts.create(request=CreateContactRequestWithEmail(email="kim@example.org"))
print(client.contacts.attach_subscription(kim.id, subscription_id="2", consent_type="opt_in"))
```

A bug in the Python client: its search pager drops the cursor and fetches the first page for ever. Pass `starting_after`
in `pagination` yourself.

Node.js, after `npm install intercom-client@7`, in a file that ends in `.mjs`:

```js
import { IntercomClient } from "intercom-client";

const client = new IntercomClient({ baseUrl: process.env.SAYSO_URL, token: process.env.SAYSO_TOKEN });
const lee = await client.contacts.create({ email: "lee@example.org" });
console.log(await client.contacts.attachSubscription({ contact_id: lee.id, id: "2", consent_type: "opt_in" }));
```

## Plain HTTP, in nine languages

Each program lists the subscription types, creates a contact, attaches an opt_in type and an opt_out type, lists what is
attached, detaches one, and meets an unknown contact and a wrong token. Each is a file of its own in
[examples/clients](../../examples/clients), and the tests run each against a running server.

With `SAYSO_URL` and `SAYSO_TOKEN` exported as above:

```sh
cd examples/clients
```

Every one of them prints the same:

```text
types: 4
created: user
attached: 2 1
detached: 2
attached: 1
not found: not_found User Not Found
unauthorized: unauthorized Access Token Invalid
```
"""


def page() -> str:
    return "\n".join([HEAD, *map(_section, SHOWN)])


def _section(example: Example) -> str:
    note = f"{example.note}\n\n" if example.note else ""
    code = (EXAMPLES / example.file).read_text()
    return f"### {example.language}\n\n{note}```sh\n{example.run}\n```\n\n```{example.fence}\n{code}```\n"


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page())
