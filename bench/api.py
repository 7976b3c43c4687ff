"""The API with much in its database: how long answers take, against a bare view that reads one row.

    heavy ./slipway tool python -m bench.api [--clusters 10000] [--students 1000] [--courses 100] [--requests 200]

A PostgreSQL, a Redis and a web process (uvicorn) of its own. The bare view is one of the same process: DRF, no token,
one row by its key. All are asked in turns over one connection, so that the machine's load is the same for each; what is
compared are 95th percentiles. Students ask for their own clusters, teachers for those of their course.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import statistics
import sys
import time
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tests.web_processes import Fire, free_port, stores

MOST = {"list": 3.0, "list of a teacher": 3.0, "get": 3.0, "create": 10.0}


@dataclass(frozen=True)
class Size:
    clusters: int
    students: int
    courses: int


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clusters", type=int, default=10_000)
    parser.add_argument("--students", type=int, default=1_000)
    parser.add_argument("--courses", type=int, default=100)
    parser.add_argument("--requests", type=int, default=200, help="of each kind")
    given = parser.parse_args()
    with stores() as environment:
        prepare(environment)
        started = time.monotonic()
        people = fill(Size(given.clusters, given.students, given.courses))
        print(f"filled in {time.monotonic() - started:.0f} s: {rows()}")
        with web(people).serving() as fire:
            found = measure(http.client.HTTPConnection("127.0.0.1", fire.port, timeout=60), people, given.requests)
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    return report(found)


def prepare(environment: dict[str, str]) -> None:
    """Makes this process, and those that it starts, the portal of these stores."""
    os.environ |= environment | {"SLIPWAY_REQUESTS_EACH_MINUTE": "1000000"}
    import django

    django.setup()


def web(people: People) -> Fire:
    tokens = [each.token for each in people.students]
    database, environment = os.environ["SLIPWAY_DATABASE_URL"], dict(os.environ)
    return Fire(free_port(), people.course, tokens, database, environment, 1, "bench.bare:application")


@dataclass(frozen=True)
class Person:
    token: str
    course: str
    cluster: str


@dataclass(frozen=True)
class People:
    students: list[Person]
    teachers: list[Person]
    course: str


def fill(size: Size) -> People:
    """Each student has clusters of one course, a fifth of them ready and the others deleted, all with the steps of
    their boot."""
    from django.utils import timezone

    from portal.accounts.models import User
    from portal.accounts.tokens import issue_for_log_in
    from portal.cloud.catalogue import import_catalogue
    from portal.clusters import services
    from portal.clusters.models import Cluster, ClusterEvent, Node, Status
    from portal.clusters.wishes import Wish
    from portal.courses.models import Course, Membership, Role

    import_catalogue(
        {
            "flavors": [{"name": "small", "vcpus": 1, "memory_mb": 1536, "disk_gb": 4}],
            "images": [
                {"name": "node", "framework": "spark", "bundle_version": "1-abcdef012345", "architecture": "x86_64"}
            ],
            "share_types": [],
        }
    )
    courses = Course.objects.bulk_create(
        Course(name=f"course-{number}", title=f"Course {number}", project_id=f"p{number}")
        for number in range(size.courses)
    )
    users = User.objects.bulk_create(User(username=f"student-{number}") for number in range(size.students))
    teachers = User.objects.bulk_create(User(username=f"teacher-{number}") for number in range(size.courses))
    Membership.objects.bulk_create(
        [
            *(
                Membership(course=courses[n % size.courses], user=user, role=Role.STUDENT)
                for n, user in enumerate(users)
            ),
            *(
                Membership(course=course, user=teacher, role=Role.TEACHER)
                for course, teacher in zip(courses, teachers, strict=True)
            ),
        ]
    )
    pattern = services.create(users[0], Wish(str(courses[0].pk), "pattern", "spark", 2, "small", 4))
    fields = {field.attname: getattr(pattern, field.attname) for field in Cluster._meta.concrete_fields}
    now = timezone.now()
    clusters = []
    for number in range(size.clusters):
        student = number % size.students
        ready = number // size.students % 5 == 0
        clusters.append(
            Cluster(
                **{
                    **fields,
                    "id": uuid.uuid4(),
                    "name": f"cluster-{number}",
                    "owner_id": users[student].pk,
                    "course_id": courses[student % size.courses].pk,
                    "status": Status.READY if ready else Status.DELETED,
                    "target": Status.READY if ready else Status.DELETED,
                    "ready_at": now,
                    "heard_at": now,
                    "ended_at": None if ready else now,
                }
            )
        )
    Cluster.objects.bulk_create(clusters, batch_size=1000)
    Cluster.objects.filter(pk=pattern.pk).delete()
    moments = [Cluster(pk=each.pk, created_at=now - timedelta(minutes=n)) for n, each in enumerate(clusters)]
    Cluster.objects.bulk_update(moments, ["created_at"], batch_size=1000)
    names = [(node.name, node.role) for node in pattern.manifest.nodes(pattern.worker_numbers)]
    Node.objects.bulk_create(
        (Node(cluster=each, name=name, role=role, address="127.0.0.1") for each in clusters for name, role in names),
        batch_size=5000,
    )
    ClusterEvent.objects.bulk_create(
        (
            ClusterEvent(cluster=each, generation=1, node=name, step=step, state="done", seconds=0.1)
            for each in clusters
            for name, role in names
            for step in pattern.manifest.role(role).steps
        ),
        batch_size=5000,
    )
    analyse()

    def person(user: User, course: Course, cluster: Cluster) -> Person:
        return Person(issue_for_log_in(user).secret, str(course.pk), str(cluster.pk))

    return People(
        [person(users[n], courses[n % size.courses], clusters[n]) for n in range(min(50, size.students))],
        [person(teachers[n], courses[n], clusters[n]) for n in range(min(20, size.courses))],
        str(courses[0].pk),
    )


def analyse() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def rows() -> str:
    from portal.accounts.models import User
    from portal.clusters.models import Cluster, ClusterEvent
    from portal.courses.models import Course

    counted = {kind.__name__: kind.objects.count() for kind in (Course, User, Cluster, ClusterEvent)}
    return ", ".join(f"{number:,} of {name}" for name, number in counted.items())


def ask(connection: http.client.HTTPConnection, method: str, path: str, token: str = "", body: Any = None) -> int:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if body is not None:
        headers |= {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
    connection.request(method, path, json.dumps(body) if body is not None else None, headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status


def measure(connection: http.client.HTTPConnection, people: People, count: int) -> dict[str, list[float]]:
    """Seconds of each kind of request."""

    def timed(expected: int, method: str, path: str, token: str = "", body: Any = None) -> float:
        start = time.perf_counter()
        status = ask(connection, method, path, token, body)
        taken = time.perf_counter() - start
        if status != expected:
            raise RuntimeError(f"{method} {path} answered {status}")
        return taken

    found: dict[str, list[float]] = {}
    for number in range(-10, count):  # the first ones warm up
        student = people.students[number % len(people.students)]
        teacher = people.teachers[number % len(people.teachers)]
        wish = {
            "course": student.course, "name": f"new-{number}", "framework": "spark", "workers": 2, "flavor": "small",
            "hours": 4,
        }  # fmt: skip
        taken = {
            "bare": timed(200, "GET", f"/bare/{people.course}"),
            "list": timed(200, "GET", "/api/v1/clusters", student.token),
            "list of a teacher": timed(200, "GET", "/api/v1/clusters", teacher.token),
            "get": timed(200, "GET", f"/api/v1/clusters/{student.cluster}", student.token),
            "create": timed(202, "POST", "/api/v1/clusters", student.token, wish),
        }
        if number >= 0:
            for name, seconds in taken.items():
                found.setdefault(name, []).append(seconds)
    return found


def p95(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=20)[-1]


def report(found: dict[str, list[float]]) -> int:
    bare = p95(found["bare"])
    print(f"bare view: {bare * 1000:.1f} ms (p95), {statistics.median(found['bare']) * 1000:.1f} ms (median)")
    missed = False
    for name, most in MOST.items():
        share = p95(found[name]) / bare
        missed = missed or share > most
        print(
            f"{name}: {p95(found[name]) * 1000:.1f} ms (p95), {statistics.median(found[name]) * 1000:.1f} ms (median): "
            f"{share:.1f} times (at most {most:.0f})"
        )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
