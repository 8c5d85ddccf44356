"""Writes a container image of one small file in the form of skopeo's `dir:` transport: `make_image.py DIRECTORY`."""
import gzip
import hashlib
import io
import json
import os
import sys
import tarfile


def main():
    directory = sys.argv[1]
    os.makedirs(directory)

    def put(content):
        digest = hashlib.sha256(content).hexdigest()
        with open(os.path.join(directory, digest), "wb") as file:
            file.write(content)
        return {"digest": "sha256:" + digest, "size": len(content)}

    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        entry = tarfile.TarInfo("hello")
        entry.size = 6
        tar.addfile(entry, io.BytesIO(b"hello\n"))
    layer = archive.getvalue()
    diff = "sha256:" + hashlib.sha256(layer).hexdigest()
    config = {"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": [diff]},
              "history": [{"created_by": "acme"}]}
    kind = "application/vnd.docker."
    manifest = {"schemaVersion": 2, "mediaType": kind + "distribution.manifest.v2+json",
                "config": {"mediaType": kind + "container.image.v1+json", **put(json.dumps(config).encode())},
                "layers": [{"mediaType": kind + "image.rootfs.diff.tar.gzip", **put(gzip.compress(layer, mtime=0))}]}
    with open(os.path.join(directory, "manifest.json"), "w", encoding="ascii") as file:
        json.dump(manifest, file)
    with open(os.path.join(directory, "version"), "w", encoding="ascii") as file:
        file.write("Directory Transport Version: 1.1\n")


main()
