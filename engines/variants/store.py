"""The variants on disk: ``variants/<digest of the graph>/<precision>.onnx`` and a record beside it.

A file is used only if it is the one that the gate looked at, so its digest is checked before any
runtime reads it.
"""

import os
import shutil
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from engines.errors import VariantError
from engines.models.store import cache_root, sha256
from engines.spec.precision import Precision
from engines.variants.record import VariantRecord

FOLDER: Final = "variants"


class VariantStore:
    """The variants of a cache folder.

    Args:
        root: The cache folder; the user's by default.
    """

    def __init__(self, root: Path | None = None) -> None:
        self._folder = (cache_root() if root is None else root) / FOLDER

    def place(self, graph: str, precision: Precision) -> Path:
        """Return where the variant of a graph lies, whether it is there or not.

        Args:
            graph: The SHA-256 of the f32 graph.
            precision: The variant's.
        """
        return self._folder / graph / f"{precision}.onnx"

    def record(self, graph: str, precision: Precision) -> VariantRecord | None:
        """Return what is known of a variant; None if it was never judged.

        Raises:
            VariantError: If the record is damaged, or another graph's.
        """
        place = record_place(self.place(graph, precision))
        try:
            found = VariantRecord.model_validate_json(place.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError, ValidationError) as error:
            reason = str(error).partition("\n")[0]
            msg = (
                f"{place}: expected what is known of a variant, got no such record ({reason}); "
                f"`subface calibrate {precision} SOURCE...` makes it anew"
            )
            raise VariantError(msg) from error
        for key, expected in (("graph", graph), ("precision", precision)):
            got = getattr(found, key)
            if got != expected:
                msg = f"{place}: {key}: expected {expected}, got {got}; {found.again} makes it anew"
                raise VariantError(msg)
        return found

    def file(self, record: VariantRecord) -> Path | None:
        """Return the file of a variant, checked; None if it has none (bf16).

        Raises:
            VariantError: If it is not there, or not the one that was judged.
        """
        if record.sha256 is None:
            return None
        place = self.place(record.graph, record.precision)
        if not place.is_file():
            msg = f"{place}: {record.name} in {record.precision} is gone; {record.again} makes it"
            raise VariantError(msg)
        got = sha256(place)
        if got != record.sha256:
            msg = (
                f"{place}: expected sha256 {record.sha256}, got {got}: not the graph that was held "
                f"against f32; {record.again} makes it anew"
            )
            raise VariantError(msg)
        return place

    def put(self, record: VariantRecord, file: Path | None) -> None:
        """Keep a variant in place of the one before.

        Args:
            record: What is known of it.
            file: The graph that its digest is of; None where it has none.
        """
        place = self.place(record.graph, record.precision)
        place.parent.mkdir(parents=True, exist_ok=True)
        # without a record a variant is not used: nobody meets a new file with an old record
        record_place(place).unlink(missing_ok=True)
        if file is None:
            place.unlink(missing_ok=True)
        else:
            part = _part(place)
            shutil.copyfile(file, part)
            part.replace(place)
        part = _part(record_place(place))
        part.write_text(record.model_dump_json(indent=2, by_alias=True) + "\n", encoding="utf-8")
        part.replace(record_place(place))


def record_place(file: Path) -> Path:
    """Return where the record of a variant lies."""
    return file.with_suffix(".json")


def _part(place: Path) -> Path:
    return place.with_name(f".{place.name}.{os.getpid()}.part")
