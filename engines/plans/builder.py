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
    """Gives out stored plans as a live run does (``Plans``), and counts them.

    Attributes:
        used: How many there were.
        lacking: How many there were not.

    Args:
        store: Where they are.
    """

    def __init__(self, store: PlanStore) -> None:
        self._store = store
        self.used = 0
        self.lacking = 0

    def obtain(self, identity: PlanIdentity, make: Callable[[], bytes], name: str) -> bytes:
        """Return a plan, made if there is none; raises as the store does."""
        self._count(self._store.find(identity))
        return self._store.obtain(identity, make, name)

    def offer(self, identity: PlanIdentity, make: Callable[[], bytes], name: str) -> bytes | None:
        """Return a plan if there is one."""
        plan = self._store.offer(identity, make, name)
        self._count(plan)
        return plan

    def _count(self, plan: bytes | None) -> None:
        if plan is None:
            self.lacking += 1
        else:
            self.used += 1
