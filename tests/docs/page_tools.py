"""Programs that the shell of a page's blocks runs in place of others.

python page_tools.py cell FILE: a block with `await` outside functions, as in a notebook.
python page_tools.py get SOCKET URL: wait for a server on a socket, and print its answer.
"""

import ast
import asyncio
import inspect
import sys
from pathlib import Path
from types import FunctionType

import aiohttp


async def cell(file: str) -> None:
    code = compile(Path(file).read_text(), file, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    if inspect.iscoroutine(running := FunctionType(code, {})()):
        await running


async def get(socket: str, url: str) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(socket)) as session:
        while True:
            try:
                async with session.get(url, raise_for_status=True) as answer:
                    print(await answer.text())
                    return
            except aiohttp.ClientConnectorError:
                await asyncio.sleep(0.05)


if __name__ == "__main__":
    asyncio.run({"cell": cell, "get": get}[sys.argv[1]](*sys.argv[2:]))
