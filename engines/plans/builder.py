"""Plans that are built beforehand: what a run would compile, or could load, is put in the store."""

from collections.abc import Callable

from engines.plans.identity import PlanIdentity
from engines.plans.store import BuiltPlan, PlanStore


class PlanBuilder:
    """Builds whatever plan is asked of it (``Plans``); a broken one is replaced.

    Args:
        store: Where they go.
        anew: Build those, too, that are there.
        built: Is told of each.
    """

    def __init__(
        self, store: PlanStore, *, anew: bool = False, built: Callable[[BuiltPlan], None]
    ) -> None:
        self._store = store
        self._anew = anew
        self._built = built

    def obtain(self, identity: PlanIdentity, make: Callable[[], bytes], name: str) -> bytes:
        """Return a plan that is in the store afterwards.

        Raises:
            PlanError: If it cannot be stored.
            EngineError: Whatever ``make`` raises.
        """
        found = self._store.build(identity, make, name, anew=self._anew)
        self._built(found)
        return found.plan

    def offer(self, identity: PlanIdentity, make: Callable[[], bytes], name: str) -> bytes:
        """Return it as ``obtain`` does: here those count, too, that a run can do without."""
        return self.obtain(identity, make, name)


class PlanCount:
    """Gives out stored plans as a live run does (``Plans``), and counts the graphs that have one.

    Attributes:
        used: The digests of those that there are.
        lacking: The digests of those that there are not.

    Args:
        store: Where they are.
    """

    def __init__(self, store: PlanStore) -> None:
        self._store = store
        self.used: set[str] = set()
        self.lacking: set[str] = set()

    def obtain(self, identity: PlanIdentity, make: Callable[[], bytes], name: str) -> bytes:
        """Return a plan, made if there is none; raises as the store does."""
        self._count(identity, self._store.find(identity))
        return self._store.obtain(identity, make, name)

    def offer(self, identity: PlanIdentity, make: Callable[[], bytes], name: str) -> bytes | None:
        """Return a plan if there is one."""
        plan = self._store.offer(identity, make, name)
        self._count(identity, plan)
        return plan

    def _count(self, identity: PlanIdentity, plan: bytes | None) -> None:
        (self.lacking if plan is None else self.used).add(identity.digest)
