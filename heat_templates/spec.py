"""What a cluster shall be, checked on construction.

Each field says who gives its value (`x-from`): the person who asks for the cluster, or the site. JSON Schema, the
API, the page's form and docs/cluster-spec.md come from what stands here.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeGuard

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, WithJsonSchema, field_validator

from cloudinit import frameworks
from cloudinit.frameworks.manifest import Workers, worker_numbers
from heat_templates.contradictions import contradictions
from heat_templates.faults import faults
from heat_templates.fields import (
    NAME_LIMIT,
    AddressRange,
    DownloadAddress,
    Host,
    Identifier,
    Label,
    MountPath,
    Name,
    PackageName,
    PrivateRange,
    SettingName,
    SettingValue,
    Sha512,
    WebAddress,
    Whole,
    Zone,
)

__all__ = ["NAME_LIMIT", "ClusterSpec", "SpecError"]

HIGHEST_NUMBER = 9999  # of a worker: each growth goes on above the highest
SIGNAL_SECONDS = 60  # a node gives up so much before Heat does: its own reason is better than "timed out"
PERSON: Any = {"x-from": "person"}
SITE: Any = {"x-from": "site"}

_MANIFESTS = [frameworks.manifest(name) for name in frameworks.names()]
FEWEST_WORKERS = min(manifest.minimum_workers for manifest in _MANIFESTS)
MOST_WORKERS = max(manifest.maximum_workers for manifest in _MANIFESTS)
_WORKERS_SCHEMA = {"type": "integer", "minimum": FEWEST_WORKERS, "maximum": MOST_WORKERS}
_NUMBERS_SCHEMA = {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": HIGHEST_NUMBER}}


class SpecError(ValueError):
    """A spec with wrong fields. `fields` maps each one's path to what is wrong and what is allowed."""

    def __init__(self, wrong: Mapping[str, str]) -> None:
        self.fields = dict(wrong)
        super().__init__("; ".join(f"{name}: {why}" for name, why in self.fields.items()))


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OwnNetwork(_Part):
    """A network, a subnet and a router of the cluster's own."""

    external: Label = Field(title="External network", description="the network that the router leads to")
    cidr: PrivateRange = Field(
        title="Address range", description="of the subnet, private addresses such as 10.20.0.0/24"
    )
    dns: list[Host] = Field(default=[], max_length=5, title="DNS servers", description="IPv4 addresses")


class FloatingIp(_Part):
    """An address for the master that can be reached from outside the cloud."""

    network: Label = Field(title="Network", description="the external network that the address is taken from")
    allowed: AddressRange = Field(
        title="Who may come in",
        description="who may come, to Spark's page and with a key pair by SSH: addresses as 192.0.2.0/24",
    )


class Hdfs(_Part):
    """Where HDFS keeps its blocks."""

    storage: Literal["root", "ephemeral", "volumes"] = Field(
        default="root",
        title="Storage",
        description="the machine's root disk, its ephemeral disk, or Cinder volumes that end with the cluster",
    )
    volume_gb: Whole | None = Field(
        default=None, ge=1, le=16_384, title="Size of a volume", description="in GB; for volumes only"
    )
    volumes_each: Whole = Field(
        default=1, ge=1, le=8, title="Volumes of each worker", description="the master has one, for HDFS's names"
    )
    volume_type: Label | None = Field(
        default=None, title="Volume type", description="one of the cloud's; without it the cloud's default"
    )


class Scratch(_Part):
    """A share of the cluster's own, mounted on all nodes over NFS, that ends with it."""

    size_gb: Whole = Field(ge=1, le=102_400, title="Size", description="in GB")
    share_type: Label | None = Field(
        default=None, title="Share type", description="one of the cloud's; without it the cloud's default"
    )
    path: MountPath = Field(default="/data/scratch", title="Path", description="where it stands on each node")


class Folder(_Part):
    """A share that outlives the cluster, mounted on all nodes."""

    path: MountPath = Field(description="where it stands on each node")
    export: Annotated[Label, Field(max_length=4096)] | list[Annotated[Label, Field(max_length=4096)]] = Field(
        description="what Manila says, as it is: a text, or a list of texts of which the first that works is taken"
    )
    protocol: Literal["NFS", "CEPHFS"] = Field(default="NFS", description="GPFS comes over NFS")
    access: Literal["rw", "ro"] = Field(default="rw", description="read and write, or read only")


class Software(_Part):
    """The bundle, for images without it."""

    url: DownloadAddress = Field(description="where a node fetches it from")
    sha512: Sha512 = Field(description="the sum that it must have")


class Size(_Part):
    """What a machine has."""

    vcpus: Whole = Field(ge=1, le=1024, description="processors")
    memory_mb: Whole = Field(ge=256, le=16_777_216, description="memory, in MiB")


class ClusterSpec(_Part):
    """One cluster. Made by `from_mapping`; raises SpecError, which names all wrong fields at once, and what is wrong
    between fields when each is right for itself."""

    id: Identifier = Field(description="a UUID; names in the cloud are made from it", json_schema_extra=SITE)
    name: Name = Field(title="Name", description="what people call it", json_schema_extra=PERSON)
    framework: str = Field(
        title="Runs",
        description="the software that the cluster runs",
        json_schema_extra={**PERSON, "enum": [*frameworks.names()]},
    )
    workers: Annotated[Workers, WithJsonSchema({"anyOf": [_WORKERS_SCHEMA, _NUMBERS_SCHEMA]})] = Field(
        title="Workers",
        description="how many; or the sorted numbers of those that there are, as [1, 3] for worker-01 and worker-03",
        json_schema_extra=PERSON,
    )
    flavor: Label = Field(
        title="Size of each machine",
        description="the flavor of the workers, and of the master where it has none of its own",
        json_schema_extra=PERSON,
    )
    master_flavor: Label | None = Field(
        default=None,
        title="Size of the master",
        description="where it is to be another than the workers'",
        json_schema_extra=PERSON,
    )
    image: Label = Field(
        title="Image",
        description="one of the catalogue; without a name, the portal takes one that has its bundle",
        json_schema_extra=PERSON,
    )
    architecture: Literal["x86_64", "ppc64le", "aarch64"] | None = Field(
        default=None, title="Architecture", description="of the machines' processors", json_schema_extra=PERSON
    )
    runtime: Literal["nova", "nova-docker", "zun"] = Field(
        default="nova", description="what the machines are: docs/runtimes.md", json_schema_extra=SITE
    )
    size: Size | None = Field(
        default=None,
        description="what a machine of the flavor has; for the runtimes of containers, and only for them",
        json_schema_extra=SITE,
    )
    master_size: Size | None = Field(
        default=None, description="the same of the master's flavor, where it has one", json_schema_extra=SITE
    )
    network: Label | None = Field(
        default=None, description="one that is there already; this or own_network", json_schema_extra=SITE
    )
    own_network: OwnNetwork | None = Field(
        default=None,
        title="Own network",
        description="a network, a subnet and a router for this cluster alone; without scratch and NFS folders",
        json_schema_extra=PERSON,
    )
    key_pair: Label | None = Field(
        default=None,
        title="Key pair",
        description="a key pair of the cloud, where the image has an SSH server; in by floating_ip only",
        json_schema_extra=PERSON,
    )
    floating_ip: FloatingIp | None = Field(
        default=None,
        title="Floating IP",
        description="an address of the master's own for a named range of addresses; none unless asked for",
        json_schema_extra=PERSON,
    )
    hdfs: Hdfs = Field(default=Hdfs(), title="HDFS", description="where its blocks lie", json_schema_extra=PERSON)
    scratch: Scratch | None = Field(
        default=None,
        title="Scratch folder",
        description="a folder that all nodes share and that ends with the cluster",
        json_schema_extra=PERSON,
    )
    # From what a person asks for the portal makes this: it knows the folders and their exports.
    folders: list[Folder] = Field(
        default=[], max_length=16, description="shares to mount, which outlive the cluster", json_schema_extra=SITE
    )
    spread: bool = Field(
        strict=True,
        default=False,
        title="Spread over hosts",
        description="the machines lie on different hosts of the cloud where there are enough of them",
        json_schema_extra=PERSON,
    )
    availability_zone: Zone | None = Field(
        default=None, title="Availability zone", description="one of the cloud's", json_schema_extra=PERSON
    )
    gpus: Whole = Field(
        default=0,
        ge=0,
        le=16,
        title="GPUs of each worker",
        description="that Spark shall see; the flavor must have them",
        json_schema_extra=PERSON,
    )
    settings: Annotated[
        dict[str, Annotated[dict[SettingName, SettingValue], Field(max_length=64)]],
        WithJsonSchema(
            {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    family: {
                        "type": "object",
                        "title": f"Settings of {family.capitalize()}",
                        "description": "your own; those of security, addresses and software are the cluster's",
                        "additionalProperties": {"type": "string", "maxLength": 1000},
                        "maxProperties": 64,
                    }
                    for family in sorted({name for manifest in _MANIFESTS for name in manifest.protected_settings})
                },
            }
        ),
    ] = Field(default={}, title="Settings", description="by the software's own names", json_schema_extra=PERSON)
    python_packages: list[PackageName] = Field(
        default=[],
        max_length=50,
        title="Python packages",
        description="for the jobs, beside those that are there; best with a version, such as scipy==1.14.1",
        json_schema_extra=PERSON,
    )
    package_index: DownloadAddress | None = Field(
        default=None, description="where Python packages come from; the machines' own default", json_schema_extra=SITE
    )
    bundle_version: Label = Field(description="the bundle that the image must have", json_schema_extra=SITE)
    software: Software | None = Field(
        default=None, description="where a node without the bundle fetches it from", json_schema_extra=SITE
    )
    portal_url: WebAddress = Field(description="how the nodes reach the portal", json_schema_extra=SITE)
    gateway_address: Host = Field(
        description="the only stranger that may open the cluster's pages", json_schema_extra=SITE
    )
    owner: Label = Field(description="whose cluster it is", json_schema_extra=SITE)
    course: Label = Field(description="the course that it belongs to", json_schema_extra=SITE)
    boot_timeout: Whole = Field(
        default=900, ge=120, le=3600, description="seconds until a node must be ready", json_schema_extra=SITE
    )

    @property
    def worker_numbers(self) -> tuple[int, ...]:
        return worker_numbers(self.workers)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> ClusterSpec:
        """A spec from a mapping, as a file or the database holds it."""
        try:
            spec = cls.model_validate(dict(values))
        except ValidationError as error:
            raise SpecError(faults(error, cls)) from None
        wrong = dict(contradictions(spec))
        if wrong:
            raise SpecError(wrong)
        return spec

    def as_mapping(self) -> dict[str, Any]:
        """What `from_mapping` makes the same spec of, as JSON can hold it."""
        return self.model_dump(mode="json")

    @field_validator("framework")
    @classmethod
    def _known(cls, framework: str) -> str:
        if framework not in frameworks.names():
            raise ValueError(f"unknown; there is {', '.join(frameworks.names())}")
        return framework

    @field_validator("workers", mode="plain")
    @classmethod
    def _counted(cls, workers: object, info: ValidationInfo) -> object:
        framework = info.data.get("framework")
        low, high = FEWEST_WORKERS, MOST_WORKERS
        if framework is not None:
            manifest = frameworks.manifest(framework)
            low, high = manifest.minimum_workers, manifest.maximum_workers
        if isinstance(workers, list | tuple):
            if not _is_rising(workers) or not low <= len(workers) <= high:
                raise ValueError(
                    f"must be {low} to {high} different numbers from 1 to {HIGHEST_NUMBER}, in their order"
                )
            return list(workers)
        if not _is_whole(workers) or not low <= workers <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return workers


def _is_rising(numbers: list[object] | tuple[object, ...]) -> bool:
    bounded = [number for number in numbers if _is_whole(number) and 1 <= number <= HIGHEST_NUMBER]
    return len(bounded) == len(numbers) and all(one < after for one, after in itertools.pairwise(bounded))


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
