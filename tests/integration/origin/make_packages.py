"""Makes what package managers and git fetch: `make_packages.py DIRECTORY npm|pip|apt|git`. Each package is called
`tinypkg`, version 1.0.0."""
import base64
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import zipfile

NPM_BASE = "https://index.acme.example/site/npm"


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode())


def npm(directory):
    files = {
        "package/package.json": json.dumps({"name": "tinypkg", "version": "1.0.0", "main": "index.js"}),
        "package/index.js": "module.exports = 'tiny from npm';\n",
    }
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))
    data = packed.getvalue()
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()
    version = {"name": "tinypkg", "version": "1.0.0",
               "dist": {"tarball": NPM_BASE + "/tinypkg-1.0.0.tgz", "integrity": integrity}}
    write(f"{directory}/site/npm/tinypkg-1.0.0.tgz", data)
    write(f"{directory}/site/npm/tinypkg",
          json.dumps({"name": "tinypkg", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": version}}))


def pip(directory):
    info = "tinypkg-1.0.0.dist-info"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as wheel:
        wheel.writestr("tinypkg.py", "words = 'tiny from pip'\n")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tinypkg\nVersion: 1.0.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", f"tinypkg.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    name = "tinypkg-1.0.0-py3-none-any.whl"
    write(f"{directory}/site/private/simple/tinypkg/{name}", packed.getvalue())
    write(f"{directory}/site/private/simple/tinypkg/index.html", f'<!DOCTYPE html><a href="{name}">{name}</a>\n')


def apt(directory):
    control = ("Package: tinypkg\nVersion: 1.0.0\nArchitecture: all\nMaintainer: A Test <test@acme.example>\n"
               "Description: tiny from apt\n")
    root = f"{directory}/deb"
    write(f"{root}/DEBIAN/control", control)
    os.makedirs(f"{directory}/site/apt", exist_ok=True)
    subprocess.run(["dpkg-deb", "--build", "--root-owner-group", root, f"{directory}/site/apt/tinypkg.deb"],
                   check=True, stdout=subprocess.DEVNULL)
    with open(f"{directory}/site/apt/tinypkg.deb", "rb") as file:
        data = file.read()
    write(f"{directory}/site/apt/Packages",
          f"{control}Filename: ./tinypkg.deb\nSize: {len(data)}\nSHA256: {hashlib.sha256(data).hexdigest()}\n\n")


def git(directory):
    repository, work = f"{directory}/git/repo.git", f"{directory}/work"
    write(f"{work}/README", "tiny from git\n")
    for command in (
        ["git", "init", "-q", "--bare", "-b", "main", repository],
        ["git", "-C", repository, "config", "http.receivepack", "true"],
        ["git", "-C", work, "init", "-q", "-b", "main"],
        ["git", "-C", work, "add", "README"],
        ["git", "-C", work, "-c", "user.name=A", "-c", "user.email=a@acme.example", "commit", "-q", "-m", "first"],
        ["git", "-C", work, "push", "-q", repository, "main"],
    ):
        subprocess.run(command, check=True)


{"npm": npm, "pip": pip, "apt": apt, "git": git}[sys.argv[2]](sys.argv[1])
