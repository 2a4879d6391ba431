"""A scroll over all companies by Intercom's own client for Python, unmodified, whichever version is on the path.

Prints the ids that came, as JSON: of the client that waits, and of the one that does not.
"""

from __future__ import annotations

import asyncio
import json
import os

from intercom import AsyncIntercom, Intercom

OPTIONS = {"base_url": os.environ["SAYSO_URL"], "token": os.environ["SAYSO_TOKEN"]}


async def walk() -> list[str]:
    return [company.id async for company in await AsyncIntercom(**OPTIONS).companies.scroll()]


if __name__ == "__main__":
    print(json.dumps([[company.id for company in Intercom(**OPTIONS).companies.scroll()], asyncio.run(walk())]))
