"""What makes a lead, and what both sides owe each other: set by version."""

from django.db import connection
from django.utils.translation import gettext as _

from tandem.handoff import queries
from tandem.handoff.models import Motion, QualificationPolicy
from tandem.handoff.rules.scoring import THRESHOLD, USUAL_POINTS
from tandem.handoff.schemas import PolicyIn, PromisesIn
from tandem.kernel.actions import action
from tandem.kernel.actor import Actor, job_actor
from tandem.kernel.live import changed
from tandem.people.rules import NEW_BUSINESS


def ensure_policy() -> QualificationPolicy:
    """The policy of new business; on first use the product publishes the usual one."""
    return queries.policy_called(NEW_BUSINESS) or _publish_usual(
        job_actor("handoff.ensure_policy", frozenset({"handoff.automate"}))
    )


@action(permission="handoff.automate", is_apart=True)
def _publish_usual(actor: Actor) -> QualificationPolicy:
    _one_at_a_time()
    motion, _is_new = Motion.objects.get_or_create(
        key=NEW_BUSINESS, defaults={"name": _("New business")}
    )
    return queries.policy_of(motion) or _publish(
        motion,
        threshold=THRESHOLD,
        hand_raise=True,
        points={str(key): dict(worth) for key, worth in USUAL_POINTS.items()},
    )


@action(permission="handoff.settings")
def publish_policy(actor: Actor, *, data: PolicyIn) -> QualificationPolicy:
    """Publish a new version of what makes a lead; leads keep the version that made them."""
    policy = ensure_policy()
    points = {str(key): worth.model_dump() for key, worth in data.points.items()}
    if (policy.threshold, policy.hand_raise, policy.points) == (
        data.threshold,
        data.hand_raise,
        points,
    ):
        return policy
    changed("handoff")
    return _publish(
        policy.motion, threshold=data.threshold, hand_raise=data.hand_raise, points=points
    )


@action(permission="handoff.settings")
def set_promises(actor: Actor, *, data: PromisesIn) -> Motion:
    """Set the times that both sides owe each other; clocks that run keep theirs."""
    motion = ensure_policy().motion
    values = data.model_dump()
    if any(getattr(motion, name) != value for name, value in values.items()):
        for name, value in values.items():
            setattr(motion, name, value)
        motion.save(update_fields=list(values))
        changed("handoff")
    return motion


def _publish(
    motion: Motion, *, threshold: int, hand_raise: bool, points: dict[str, dict[str, int]]
) -> QualificationPolicy:
    last = queries.policy_of(motion)
    return QualificationPolicy.objects.create(
        motion=motion,
        version=last.version + 1 if last is not None else 1,
        threshold=threshold,
        hand_raise=hand_raise,
        points=points,
        published_at=queries.now(),
    )


def _one_at_a_time() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('handoff.policies'))")
