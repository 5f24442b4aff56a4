"""The manifest and the cache side by side, as a table or as records."""

from typing import Any, Final

from rich.console import Console
from rich.table import Table

from engines.models.manifest import DerivedModel
from engines.models.store import ModelStore

PIPE_WIDTH: Final = 200  # columns where no terminal says how wide it is: lines stay whole


def as_records(store: ModelStore) -> list[dict[str, Any]]:
    """Return everything that is known of each model, in the order of the manifest."""
    return [
        {
            "name": name,
            "path": str(store.place(name)),
            "present": store.present(name),
            **model.model_dump(mode="json", exclude_none=True),
        }
        for name, model in store.manifest.models.items()
    ]


def print_table(store: ModelStore, console: Console | None = None) -> None:
    """Print one line a model to stdout."""
    if console is None:
        console = Console()
        if not console.is_terminal:
            console = Console(width=PIPE_WIDTH)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("name", "MB", "licence", "present", "groups", "what"):
        table.add_column(column, justify="right" if column == "MB" else "left")
    for name, model in store.manifest.models.items():
        present = "yes" if store.present(name) else "no"
        table.add_row(
            name, _size(store, name), model.licence, present, ", ".join(model.used_by), model.about
        )
    console.print(table, markup=False)
    console.print(f"cache: {store.root}", style="dim", markup=False)


def _size(store: ModelStore, name: str) -> str:
    size_bytes = store.size_bytes(name)
    if size_bytes is not None:
        return f"{size_bytes / 1e6:.1f}"
    return "-" if isinstance(store.manifest.model(name), DerivedModel) else "?"
