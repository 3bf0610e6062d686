"""The Papermill engine: the same inputs give the same bytes, and failures say where.

Papermill's own engine differs between two equal runs in three places: its metadata, the
kernel's execution times and the random id of the injected cell. It also only warns of a
parameter that the notebook does not declare, and goes on with the default.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

# jsonschema compiles 35 grammars for a format that no notebook uses when this package
# is there (with JupyterLab): 1.4 s for every notebook (jupyter_server issue 1559).
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

import click  # noqa: E402
import nbformat  # noqa: E402
from jupyter_client.kernelspec import KernelSpec  # noqa: E402
from jupyter_client.manager import AsyncKernelManager  # noqa: E402
from nbclient.exceptions import DeadKernelError  # noqa: E402
from papermill.clientwrap import PapermillNotebookClient  # noqa: E402
from papermill.engines import NBClientEngine, NotebookExecutionManager  # noqa: E402
from papermill.inspection import _infer_parameters  # noqa: E402
from papermill.iorw import write_ipynb  # noqa: E402

from pipeline.run import locations  # noqa: E402

TOLD_WITHOUT_TRACEBACK = {"Fault", "InputFault"}

LONGEST_MESSAGE = 1000
KERNEL_SETTINGS = {
    "PYTHONHASHSEED": "0",
    "TZ": "UTC",
    "LC_ALL": "C.UTF-8",
    "SOURCE_DATE_EPOCH": "0",
    # Two BLAS threads on two shared cores are slower than one, and may change the
    # order of sums and with it last digits.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}


class ProjectKernel(AsyncKernelManager):
    """A kernel from the environment that runs the engine, whatever else is installed.

    A kernel specification named python3 may belong to another environment of the user.
    """

    @property
    def kernel_spec(self) -> KernelSpec:
        """Start this very interpreter."""
        # Only what kills a kernel is worth a line; being told to stop at the end is not.
        quiet = "--IPKernelApp.log_level=CRITICAL"
        # A run is no session of a person: it leaves no history in the user's home.
        forgetful = "--HistoryManager.enabled=False"
        command = [sys.executable, "-m", "ipykernel_launcher", quiet, forgetful, "-f"]
        return KernelSpec(
            argv=[*command, "{connection_file}"],
            display_name="Python 3",
            language="python",
        )


class PartnershipEngine(NBClientEngine):  # type: ignore[misc]
    """Run a notebook so that equal inputs leave equal bytes.

    Nothing is written to the output's place until every cell has run: a notebook that
    fails is kept in `reports/failed/`, and the earlier run stays where it was.
    """

    @classmethod
    def execute_notebook(  # noqa: D102
        cls,
        nb: nbformat.NotebookNode,
        kernel_name: str | None,
        output_path: str | None = None,
        **settings: Any,
    ) -> nbformat.NotebookNode:
        refuse_undeclared_parameters(nb)
        _refuse_unwritable(output_path)
        for cell in nb.cells:
            if "injected-parameters" in cell.metadata.get("tags", []):
                cell["id"] = "injected-parameters"
        settings["progress_bar"] = False
        done: nbformat.NotebookNode = super().execute_notebook(
            nb, kernel_name, output_path=None, **settings
        )
        failure = _first_failure(done)
        strip_what_differs(done)
        if failure is not None:
            raise click.ClickException(_tell(done, *failure))
        return done

    @classmethod
    def execute_managed_notebook(  # noqa: D102
        cls,
        nb_man: NotebookExecutionManager,
        kernel_name: str,
        start_timeout: int = 120,
        execution_timeout: int | None = None,
        **_: Any,
    ) -> None:
        # A socket path may have no more than 104 bytes, so not below the project.
        # Papermill's IPC sockets would all be ./kernel-ipc-N: two notebooks at once
        # would talk to each other's kernel.
        place = tempfile.gettempdir()
        sockets = Path(
            tempfile.mkdtemp(prefix="nb-", dir=place if len(place) < 60 else "/tmp")
        )
        try:
            # The engine hands over its settings through the environment, which is
            # how a kernel inherits them without another wrapper.
            os.environ.update(KERNEL_SETTINGS)
            os.environ["PARTNERSHIP_ROOT"] = str(locations.root())
            PapermillNotebookClient(
                nb_man,
                kernel_manager_class=_kernel_in(sockets),
                timeout=execution_timeout,
                startup_timeout=start_timeout,
                record_timing=False,
            ).execute()
        except DeadKernelError:
            _mark_where_the_kernel_died(nb_man.nb)
        finally:
            shutil.rmtree(sockets, ignore_errors=True)

    @classmethod
    def nb_kernel_name(cls, nb: nbformat.NotebookNode, name: str | None = None) -> str:
        """Every notebook runs in the project's own Python."""
        return "python3"

    @classmethod
    def nb_language(cls, nb: nbformat.NotebookNode, language: str | None = None) -> str:
        """Every notebook is written in Python."""
        return "python"


def _kernel_in(sockets: Path) -> type[ProjectKernel]:
    class KernelInFolder(ProjectKernel):
        def __init__(self, **settings: Any) -> None:
            super().__init__(
                **settings | {"transport": "ipc", "ip": str(sockets / "kernel")}
            )
            self.connection_file = str(sockets / "kernel.json")

    return KernelInFolder


def refuse_undeclared_parameters(nb: nbformat.NotebookNode) -> None:
    """Stop when a parameter is passed that the notebook's parameters cell lacks.

    Raises click.ClickException, which names the parameter and those declared.
    """
    passed = nb.metadata.get("papermill", {}).get("parameters", {})
    declared = [p.name for p in _infer_parameters(nb, name="python3")]
    unknown = sorted(set(passed) - set(declared))
    if unknown:
        name = nb.metadata.papermill.get("input_path", "the notebook")
        raise click.ClickException(
            f"{name} declares no parameter {', '.join(map(repr, unknown))}; "
            f"it declares {', '.join(map(repr, declared)) or 'none'}"
        )


def strip_what_differs(nb: nbformat.NotebookNode) -> None:
    """Remove from an executed notebook everything that two equal runs do not share."""
    papermill = nb.metadata.get("papermill", {})
    keep = ("input_path", "output_path", "parameters", "version")
    nb.metadata["papermill"] = {k: papermill[k] for k in keep if k in papermill}
    nb.metadata["kernelspec"] = {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    }
    nb.metadata["language_info"] = {"name": "python"}
    for cell in nb.cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)


def _refuse_unwritable(output_path: str | None) -> None:
    if output_path:
        folder = Path(output_path).parent
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise click.ClickException(f"{folder} cannot be written to: nothing was run")


def _mark_where_the_kernel_died(nb: nbformat.NotebookNode) -> None:
    # Papermill counts the cell in which the kernel died as completed; those after it are
    # pending still.
    code = [cell for cell in nb.cells if cell.cell_type == "code"]
    begun = [c for c in code if c.metadata.papermill.get("status") != "pending"]
    (begun or code)[-1].metadata.papermill["exception"] = True


def _first_failure(
    nb: nbformat.NotebookNode,
) -> tuple[int, nbformat.NotebookNode, nbformat.NotebookNode | None] | None:
    for number, cell in enumerate(nb.cells, start=1):
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                return number, cell, output
        if cell.metadata.get("papermill", {}).get("exception"):
            return number, cell, None
    return None


def _tell(
    nb: nbformat.NotebookNode,
    number: int,
    cell: nbformat.NotebookNode,
    error: nbformat.NotebookNode | None,
) -> str:
    about = nb.metadata.papermill
    kept = locations.failed() / Path(about.get("output_path") or "notebook.ipynb").name
    kept.parent.mkdir(parents=True, exist_ok=True)
    write_ipynb(nb, str(kept))
    passed = about.get("parameters", {})
    lines = [
        f"{about.get('input_path')} stopped in cell {number} "
        f"({', '.join(f'{k}={v!r}' for k, v in passed.items()) or 'no parameters'}):",
        f"    {next(iter(cell.source.strip().splitlines()), '')}",
    ]
    if error is None:
        lines.append("  the kernel died: it was killed, or ran out of memory")
    elif error.ename in TOLD_WITHOUT_TRACEBACK:
        lines.append(f"  {error.evalue}")
    else:
        lines.append(f"  {error.ename}: {error.evalue[:LONGEST_MESSAGE]}")
        lines.append("  the traceback stands at the end of the half-run copy")
    lines.append(f"  half-run copy kept: {locations.shown(kept)}")
    lines.append("  earlier results stay as they were")
    return "\n".join(lines)
