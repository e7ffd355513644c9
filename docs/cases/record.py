"""Record every case in the TensorFlow that this is: `record.py FOLDER`. `make cases-record` calls it, deliberately.

The folder is made anew, with a manifest, and takes the old one's place when all is done. Runs under Python 2.7 and 3.
"""

from __future__ import print_function

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile

FOLDER = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(os.path.dirname(FOLDER)))

from original.record_format import write_json

CASES = (
    "small_change", "shuffled_batches", "derived_seeds", "drawn_in_training", "another_default",
    "recurrent_activation", "selfmade_lstm",
)  # fmt: skip


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: record.py FOLDER")
    folder = sys.argv[1].rstrip("/")
    new, old = folder + ".new", folder + ".old"
    shutil.rmtree(new, ignore_errors=True)
    os.makedirs(new)
    digests, stack = {}, None
    for case in CASES:
        path = os.path.join(new, case + ".npz")
        subprocess.check_call([sys.executable, "-W", "ignore", os.path.join(FOLDER, "run.py"), case, path])
        with zipfile.ZipFile(path) as archive:
            stack = json.loads(archive.read("recording.json").decode("ascii"))["stack"]
        with open(path, "rb") as f:
            digests[case + ".npz"] = hashlib.sha256(f.read()).hexdigest()
    write_json(os.path.join(new, "manifest.json"), {"stack": stack, "command": "make cases-record", "sha256": digests})
    if os.path.exists(folder):
        os.rename(folder, old)
    os.rename(new, folder)
    shutil.rmtree(old, ignore_errors=True)


if __name__ == "__main__":
    main()
