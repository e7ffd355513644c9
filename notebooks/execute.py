"""Execute the notebooks and store what comes out: `make execute-notebooks`. Twice in a row gives the same files.

A notebook also keeps the SHA-256 of its code and of what came out. So a test can tell one that was edited afterwards,
even where nbval does not look: at pictures, at digits past the horizon, at an edit that would change no output.
"""

import hashlib
import json
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parent
LANGUAGE = {"name": "python", "file_extension": ".py", "mimetype": "text/x-python", "pygments_lexer": "ipython3"}
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


def executed_sha256(notebook):
    """Return the SHA-256, in hex, of a notebook's code cells with their outputs, and of the drawings' code."""
    cells = [[cell.source, cell.outputs] for cell in notebook.cells if cell.cell_type == "code"]
    content = json.dumps([(FOLDER / "drawings.py").read_text(), *cells], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def execute(path):
    """Execute the notebook at a path in place; if a cell fails, raise `CellExecutionError` and leave the file alone."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, kernel_name="python3", record_timing=False, resources={"metadata": {"path": str(path.parent)}}
    )
    client.execute()
    for cell in notebook.cells:
        if cell.cell_type == "code":  # what a kernel wrote in pieces is one output, wherever it was cut
            cell.outputs = _joined(cell.outputs)
    notebook.metadata = {"kernelspec": KERNEL, "language_info": LANGUAGE, "executed_sha256": executed_sha256(notebook)}
    nbformat.validate(notebook)
    temporary = path.with_suffix(".tmp")
    nbformat.write(notebook, temporary)
    temporary.replace(path)


def _joined(outputs):
    joined = []
    for output in outputs:
        if joined and output.output_type == joined[-1].output_type == "stream" and output.name == joined[-1].name:
            joined[-1].text += output.text
        else:
            joined.append(output)
    return joined


if __name__ == "__main__":
    for path in sorted(FOLDER.glob("*.ipynb")):
        print(path.relative_to(FOLDER.parent), flush=True)
        execute(path)
