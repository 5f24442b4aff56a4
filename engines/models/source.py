"""Where a file of a model comes from: publisher, model hub, pinned package, or Subface itself.

All parts of the manifest are frozen and closed: a mistyped key is an error, not a silent default.
"""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

HUB: Final = "https://huggingface.co"


class Entry(BaseModel):
    """A frozen part of the manifest that accepts no unknown key."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class PublisherSource(Entry):
    """A file on a server of those who made it."""

    kind: Literal["publisher"]
    url: Annotated[str, Field(pattern=r"^https?://\S+$")]


class HubSource(Entry):
    """A file of a repository on a model hub."""

    kind: Literal["hub"]
    repo: Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$")]
    path: str
    revision: str = "main"

    def url(self, hub: str = HUB) -> str:
        """Return where a hub serves the file."""
        return f"{hub.rstrip('/')}/{self.repo}/resolve/{self.revision}/{self.path}"


class Member(Entry):
    """A member of a pinned package."""

    package: str
    member: str
    """The path inside the package's file."""


class PackageSource(Member):
    """A member of a pinned package, or several of them joined."""

    kind: Literal["package"]
    then: tuple[Member, ...] = ()
    """What is appended: a file that is too large for one package was cut."""

    def members(self) -> tuple[Member, ...]:
        """Return what the file is joined from, in order."""
        return (self, *self.then)


class ShippedSource(Entry):
    """A file that lies in Subface itself: it is used where it is, and never copied or fetched."""

    kind: Literal["shipped"]
    path: Annotated[str, Field(pattern=r"^[a-z0-9-]+/[\w.-]+$")]
    """Below ``engines/models``."""


Source = Annotated[
    PublisherSource | HubSource | PackageSource | ShippedSource, Field(discriminator="kind")
]


class Package(Entry):
    """One file of a package index, pinned by version and digest, for any Python and platform.

    It is only downloaded and taken apart, never installed: what it depends on does not matter.
    """

    version: str
    kind: Literal["wheel", "sdist"]
    file_sha256: Sha256
    python: str | None = None
    """The Python version that the wheel was built for; None where it says py3."""
    abi: str | None = None
    platform: str | None = None
