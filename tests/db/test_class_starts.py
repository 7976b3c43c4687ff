"""Clusters for a whole class: so many at once, each within its limits, and never one twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.utils import timezone

from portal.accounts.models import User
from portal.classes import carrying_out, previews, services
from portal.classes.models import ClassAction, Part, State
from portal.classes.services import StartWish
from portal.clusters import services as clusters
from portal.clusters.models import Cluster, Status
from portal.clusters.wishes import Wish
from portal.courses.models import Course, Limit, Membership, Role
from portal.refusals import Conflict, Invalid, NotFound
from portal.trail.models import Entry
from tests.db.test_course_limits import limit

PASS = "import django; django.setup(); from portal.classes.carrying_out import carry_on; carry_on()"


@pytest.fixture
def wanted(wish: Wish) -> StartWish:
    """For Alice and Ann, now."""
    return StartWish(replace(wish, name="lab", workers=1), timezone.now(), hours=2)


@pytest.fixture
def class_of_200(course: Course) -> list[str]:
    """Alice, Ann and 198 others; the course may have 50 clusters at once."""
    others = User.objects.bulk_create(User(username=f"s{number:03}") for number in range(198))
    Membership.objects.bulk_create(Membership(course=course, user=user, role=Role.STUDENT) for user in others)
    limit(course, "clusters", 50, Limit.Scope.COURSE)
    return ["alice", "ann", *(user.username for user in others)]


def parts(action: ClassAction) -> dict[str, str]:
    return dict(action.parts.values_list("user__username", "state"))


def counts(action: ClassAction) -> dict[str, int]:
    found: dict[str, int] = {}
    for state in parts(action).values():
        found[state] = found.get(state, 0) + 1
    return found


def become_ready() -> None:
    """What the reconciler writes, as Heat makes one wave of clusters after the other."""
    Cluster.objects.filter(status=Status.CREATING).update(status=Status.READY, ready_at=timezone.now())


def test_each_student_gets_a_cluster_of_their_own_that_the_teacher_asked_for(
    wanted: StartWish, course: Course, bob: User
) -> None:
    action = services.plan_start(bob, course, wanted)
    carrying_out.carry_on()
    action.refresh_from_db()
    assert parts(action) == {"alice": "done", "ann": "done"}
    assert action.ended_at
    made = {cluster.owner.username: cluster for cluster in Cluster.objects.all()}
    assert {name: (each.name, each.workers, each.course) for name, each in made.items()} == {
        "alice": ("lab", 1, course), "ann": ("lab", 1, course),
    }  # fmt: skip
    assert {part.user.username: part.made for part in action.parts.all()} == made
    assert set(Entry.objects.filter(action="cluster.create").values_list("actor", flat=True)) == {"bob"}
    planned = Entry.objects.get(action="class.start")
    assert (planned.actor, planned.subject, planned.after["students"]) == ("bob", str(action.pk), 2)


def test_nothing_begins_before_its_time_and_all_lasts_from_when_the_class_begins(
    wanted: StartWish, course: Course, bob: User
) -> None:
    monday = timezone.now() + timedelta(days=2)
    action = services.plan_start(bob, course, replace(wanted, ready_at=monday))
    assert monday - timedelta(minutes=15) < action.begins_at < monday - timedelta(minutes=3)
    carrying_out.carry_on()
    assert not Cluster.objects.exists()
    now = timezone.now()
    ClassAction.objects.update(begins_at=now, ready_at=now + timedelta(minutes=9))
    carrying_out.carry_on()
    ends = Cluster.objects.values_list("expires_at", flat=True)
    assert all(now + timedelta(hours=2, minutes=9) <= end <= now + timedelta(hours=3, minutes=1) for end in ends)


def test_it_begins_earlier_where_clusters_take_longer(
    wanted: StartWish, course: Course, bob: User, ready: Cluster
) -> None:
    monday = timezone.now() + timedelta(days=2)
    usual = replace(wanted, ready_at=monday)
    Cluster.objects.update(created_at=timezone.now() - timedelta(minutes=20), ready_at=timezone.now())
    assert monday - services.plan_start(bob, course, usual).begins_at == pytest.approx(
        timedelta(minutes=20 * 1.25 + 2), abs=timedelta(seconds=1)
    )


def test_so_many_are_being_made_at_once_and_no_more(
    wanted: StartWish, course: Course, class_of_200: list[str], bob: User
) -> None:
    action = services.plan_start(bob, course, replace(wanted, at_once=7))
    carrying_out.carry_on()
    carrying_out.carry_on()
    assert counts(action) == {"done": 7, "waiting": 193}
    become_ready()
    carrying_out.carry_on()
    assert counts(action) == {"done": 14, "waiting": 186}


def test_of_200_students_50_get_one_where_50_is_the_limit_and_150_hear_why(
    wanted: StartWish, course: Course, class_of_200: list[str], bob: User
) -> None:
    seen = previews.of_start(course, wanted)
    action = services.plan_start(bob, course, wanted)
    for _ in range(20):
        carrying_out.carry_on()
        become_ready()
    action.refresh_from_db()
    assert action.ended_at
    assert counts(action) == {"done": 50, "refused": 150}
    assert Cluster.objects.count() == 50
    refused = action.parts.filter(state=State.REFUSED)
    assert all("50 clusters at once is the limit" in part.reason for part in refused)
    # The preview has said so before, of the same students.
    assert {each.username for each in seen.outcomes if not each.reason} == {
        name for name, state in parts(action).items() if state == "done"
    }


@pytest.mark.django_db(transaction=True)
def test_a_pass_that_is_killed_anywhere_is_gone_on_with_and_nobody_gets_two(
    wanted: StartWish, course: Course, class_of_200: list[str], bob: User, settings: Any
) -> None:
    """Real processes on the real database, ended by SIGKILL in the middle, again and again."""
    action = services.plan_start(bob, course, replace(wanted, at_once=50))
    ClassAction.objects.filter(pk=action.pk).update(at_once=200)
    environment = {**os.environ, "SLIPWAY_DATABASE_URL": configured.DATABASE_URL}
    kills = 0
    for _ in range(60):
        before = Cluster.objects.count()
        running = subprocess.Popen(
            [sys.executable, "-c", PASS], env=environment, cwd=Path(__file__).parents[2],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        while running.poll() is None and Cluster.objects.count() < before + 12:
            time.sleep(0.002)
        if running.poll() is None:
            running.send_signal(signal.SIGKILL)
            kills += 1
        running.wait()
        action.refresh_from_db()
        if action.ended_at:
            break
    assert kills >= 3
    assert counts(action) == {"done": 50, "refused": 150}
    assert Cluster.objects.count() == 50
    owners = Cluster.objects.values_list("owner__username", flat=True)
    assert sorted(owners) == sorted(name for name, state in parts(action).items() if state == "done")
    assert Entry.objects.filter(action="cluster.create").count() == 50


def test_two_passes_at_once_are_one(wanted: StartWish, course: Course, bob: User) -> None:
    action = services.plan_start(bob, course, wanted)
    part = action.parts.model(action=action)
    carrying_out._begin(action)
    part = Part.objects.filter(action=action).select_related("user").first()
    assert part
    assert carrying_out._do(action, part, late=False)
    assert carrying_out._do(action, part, late=False)  # as another pass would that read the row before
    assert Cluster.objects.filter(owner=part.user).count() == 1
    part.refresh_from_db()
    assert part.state == State.DONE


def test_whoever_comes_to_the_course_before_it_begins_gets_one_too(
    wanted: StartWish, course: Course, bob: User
) -> None:
    monday = timezone.now() + timedelta(days=2)
    action = services.plan_start(bob, course, replace(wanted, ready_at=monday))
    Membership.objects.create(course=course, user=User.objects.create(username="late"), role=Role.STUDENT)
    Membership.objects.filter(user__username="ann").delete()
    ClassAction.objects.update(begins_at=timezone.now())
    carrying_out.carry_on()
    assert parts(action) == {"alice": "done", "late": "done"}


def test_some_can_be_chosen_and_whoever_has_left_meanwhile_is_refused(
    wanted: StartWish, course: Course, bob: User
) -> None:
    action = services.plan_start(bob, course, replace(wanted, students=("ann",)))
    assert parts(action) == {"ann": "waiting"}
    Membership.objects.filter(user__username="ann").delete()
    carrying_out.carry_on()
    assert parts(action) == {"ann": "refused"}
    assert not Cluster.objects.exists()


def test_what_has_been_called_off_does_not_begin_and_what_is_made_stays(
    wanted: StartWish, course: Course, bob: User
) -> None:
    action = services.plan_start(bob, course, replace(wanted, at_once=1))
    carrying_out.carry_on()
    services.cancel(bob, action)
    become_ready()
    carrying_out.carry_on()
    services.cancel(bob, action)
    assert parts(action) == {"alice": "done", "ann": "cancelled"}
    assert Entry.objects.filter(action="class.cancel").count() == 1


def test_one_that_is_called_off_before_it_begins_never_begins(wanted: StartWish, course: Course, bob: User) -> None:
    action = services.plan_start(bob, course, replace(wanted, ready_at=timezone.now() + timedelta(days=2)))
    services.cancel(bob, action)
    ClassAction.objects.update(begins_at=timezone.now())
    carrying_out.carry_on()
    assert not Cluster.objects.exists()


def test_one_students_trouble_keeps_nobody_else_from_a_cluster(
    wanted: StartWish, course: Course, bob: User, alice: User
) -> None:
    clusters.create(alice, wanted.wish)
    action = services.plan_start(bob, course, wanted)
    carrying_out.carry_on()
    assert parts(action) == {"alice": "refused", "ann": "done"}
    assert "'lab'" in action.parts.get(user=alice).reason


def test_a_course_that_is_busy_is_waited_for_but_not_for_ever(
    wanted: StartWish, course: Course, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.db.test_allocation import held_elsewhere

    monkeypatch.setattr("portal.locks.LONGEST_WAIT", "50ms")
    action = services.plan_start(bob, course, wanted)
    with held_elsewhere(course):
        carrying_out.carry_on()
        assert counts(action) == {"waiting": 2}
        assert action.parts.exclude(reason="").count() == 1
        long_ago = timezone.now() - carrying_out.PATIENCE - timedelta(minutes=1)
        ClassAction.objects.update(ready_at=long_ago, begins_at=long_ago)
        carrying_out.carry_on()
        assert counts(action) == {"refused": 2}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"hours": 0}, "hours"), ({"at_once": 0}, "at_once"), ({"at_once": 51}, "at_once"),
        ({"students": ("charlie",)}, "students"), ({"students": ("bob", "alice")}, "students"),
        ({"hours": 99}, "hours"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_at_once_by_its_name_and_plans_nothing(
    change: dict[str, Any], field: str, wanted: StartWish, course: Course, bob: User
) -> None:
    wrong = replace(wanted, **change)
    for act in (lambda: services.plan_start(bob, course, wrong), lambda: previews.of_start(course, wrong)):
        with pytest.raises(Invalid) as refusal:
            act()
        assert list(refusal.value.fields) == [field]
    assert not ClassAction.objects.exists()


def test_a_moment_that_is_over_is_refused(wanted: StartWish, course: Course, bob: User) -> None:
    for when in (timezone.now() - timedelta(hours=1), timezone.now() + timedelta(days=400)):
        with pytest.raises(Invalid, match="ready_at"):
            services.plan_start(bob, course, replace(wanted, ready_at=when))


def test_a_cluster_that_cannot_be_is_refused_at_once(wanted: StartWish, course: Course, bob: User) -> None:
    with pytest.raises(Invalid, match="flavor"):
        services.plan_start(bob, course, replace(wanted, wish=replace(wanted.wish, flavor="huge")))


def test_a_course_without_students_has_nobody_to_start_for(wanted: StartWish, course: Course, bob: User) -> None:
    Membership.objects.filter(role=Role.STUDENT).delete()
    with pytest.raises(Conflict, match="no students"):
        services.plan_start(bob, course, wanted)


def test_a_preview_does_nothing(wanted: StartWish, course: Course, alice: User, bob: User, ready: Cluster) -> None:
    clusters.create(alice, wanted.wish)
    before = Entry.objects.count()
    seen = previews.of_start(course, wanted)
    assert {each.username: bool(each.reason) for each in seen.outcomes} == {"alice": True, "ann": False}
    assert len(previews.of_end(course).outcomes) == 2
    assert (ClassAction.objects.count(), Cluster.objects.count(), Entry.objects.count()) == (0, 2, before)


def test_all_end_and_what_comes_meanwhile_does_not(
    course: Course, bob: User, alice: User, ready: Cluster, creating: Cluster, wish: Wish
) -> None:
    action = services.end_all(bob, course, "demo")
    later = clusters.create(alice, replace(wish, name="later"))
    carrying_out.carry_on()
    action.refresh_from_db()
    assert action.ended_at
    assert set(Cluster.objects.filter(target=Status.DELETED)) == {ready, creating}
    later.refresh_from_db()
    assert later.target == Status.READY
    assert set(Entry.objects.filter(action="cluster.delete").values_list("actor", flat=True)) == {"bob"}


def test_what_failed_ends_with_all_others(course: Course, bob: User, ready: Cluster, creating: Cluster) -> None:
    Cluster.objects.filter(pk=creating.pk).update(status=Status.FAILED)
    assert len(previews.of_extension(course, 1).outcomes) == 1
    services.end_all(bob, course, "demo")
    carrying_out.carry_on()
    assert set(Cluster.objects.values_list("target", flat=True)) == {Status.DELETED}


def test_all_end_only_where_the_courses_name_was_typed(course: Course, bob: User, ready: Cluster) -> None:
    for typed in ("", "Demo course", "other"):
        with pytest.raises(Invalid, match="confirm"):
            services.end_all(bob, course, typed)
    assert not ClassAction.objects.exists()


def test_where_there_is_no_cluster_there_is_nothing_to_end(course: Course, bob: User) -> None:
    with pytest.raises(Conflict, match="no cluster"):
        services.end_all(bob, course, "demo")


def test_an_action_of_another_course_is_not_found(wanted: StartWish, course: Course, bob: User) -> None:
    action = services.plan_start(bob, course, wanted)
    with pytest.raises(NotFound):
        services.find(Course.objects.get(name="other"), action.pk)
    assert services.find(course, action.pk).waiting == 0


def test_all_ends_are_put_off_once_within_the_limits_and_the_others_hear_why(
    course: Course, bob: User, alice: User, ann: User, ready: Cluster, wish: Wish
) -> None:
    long = clusters.create(ann, replace(wish, name="long", hours=11))
    before = {each.pk: each.expires_at for each in (ready, long)}
    limit(course, "hours", 12)
    seen = previews.of_extension(course, 3)
    assert {each.username: bool(each.reason) for each in seen.outcomes} == {"alice": False, "ann": True}
    action = services.extend_all(bob, course, 3)
    carrying_out._begin(action)
    for part in action.parts.select_related("user", "cluster"):
        for _ in range(2):  # as another pass would that read the row before
            assert carrying_out._do(action, part, late=False)
    assert parts(action) == {"alice": "done", "ann": "refused"}
    assert "12 hours" in action.parts.get(user=ann).reason
    after = {each.pk: each.expires_at for each in Cluster.objects.all()}
    assert after == {ready.pk: before[ready.pk] + timedelta(hours=3), long.pk: before[long.pk]}
    assert list(Entry.objects.filter(action="cluster.extend").values_list("actor", flat=True)) == ["bob"]


@pytest.mark.parametrize("hours", [0, 8761])
def test_an_end_is_put_off_by_hours_that_there_are(hours: int, course: Course, bob: User, ready: Cluster) -> None:
    for act in (lambda: services.extend_all(bob, course, hours), lambda: previews.of_extension(course, hours)):
        with pytest.raises(Invalid, match="hours"):
            act()
