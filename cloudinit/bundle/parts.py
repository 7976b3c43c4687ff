"""The parts of the bundle: each is made once, below `parts/NAME-<hash of what it is made from>`, and then only read."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import DIRECTORY, digest, source_files
from .archives import archives_key, make_archives
from .namespace import format_namespace
from .tools import BuildError, Tools, maven_options, run, uv_environment

MARKER = ".complete"
JAR_TIME = 1_577_836_800  # 2020-01-01
RECIPE = "4"  # raise it when a part is made in another way, so that it is made anew


@dataclass(frozen=True)
class Part:
    """`make(destination)` fills an empty folder that is already at its final place: environments hold their path.

    The bundle is good without a part that is `optional`; the next build tries again to make it.
    """

    name: str
    key: str
    title: str
    make: Callable[[Path], None]
    optional: bool = False

    @property
    def directory_name(self) -> str:
        return f"{self.name}-{self.key}"


def all_parts(cache: Path, tools: Tools) -> list[Part]:
    """What stands in the bundle, in the order of making."""
    base = [
        Part("hadoop", _key("pom.xml"), "HDFS, some 130 jars, 70 MB", lambda to: _hadoop(to, cache, tools)),
        Part("spark", _key("requirements-spark.txt"), "Spark, 456 MB", lambda to: _spark(to, cache, tools)),
        *_environments(cache, tools),
    ]
    places = {part.name: cache / "parts" / part.directory_name for part in base}
    java_key = _digest(source_files(DIRECTORY / "java"), places["hadoop"].name, places["spark"].name)
    java = Part("java", java_key, "our own classes", lambda to: _java(to, places["hadoop"], places["spark"], tools))
    places["java"] = cache / "parts" / java.directory_name
    namespace_key = _digest([], places["hadoop"].name)
    namespace = Part(
        "namespace", namespace_key, "an empty file system", lambda to: format_namespace(to, places["java"], tools)
    )
    places["namespace"] = cache / "parts" / namespace.directory_name
    archives = Part(
        "archives",
        _digest([DIRECTORY / "archives.py", DIRECTORY / "trial.py"], java.directory_name, archives_key(tools)),
        "classes as Java has them in memory, 380 MB",
        lambda to: make_archives(to, places, tools),
        optional=True,
    )
    return [*base, java, namespace, archives]


def _environments(cache: Path, tools: Tools) -> list[Part]:
    interpreter = str(tools.python.resolve())
    return [
        Part(
            f"{name}-python",
            _key(requirements, interpreter),
            title,
            lambda to, file=requirements: _environment(to, file, cache, tools),  # type: ignore[misc]
        )
        for name, requirements, title in (
            ("node", "requirements-node.txt", "the node's own Python"),
            ("job", "requirements-jobs.txt", "the jobs' Python with numpy, pandas, pyarrow, 90 MB"),
        )
    ]


def ensure(part: Part, directory: Path) -> bool:
    """Make the part in `directory` unless it is there, complete. True where it was made now."""
    if (directory / MARKER).exists():
        return False
    # What an interrupted build left is not trusted.
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    part.make(directory)
    (directory / MARKER).touch()
    return True


def _key(file: str, *more: str) -> str:
    return _digest([DIRECTORY / file], *more)


def _digest(files: list[Path], *more: str) -> str:
    return digest(files, DIRECTORY, RECIPE, *more)


def _hadoop(destination: Path, cache: Path, tools: Tools) -> None:
    maven = [tools.maven, "-B", "-q", "-f", str(DIRECTORY / "pom.xml"), *maven_options(cache)]
    run([*maven, "dependency:copy-dependencies", f"-DoutputDirectory={destination / 'lib'}"])
    pages = destination / "pages"
    run([*maven, "dependency:unpack@webapps", f"-DoutputDirectory={pages}"])
    shutil.rmtree(pages / ".markers", ignore_errors=True)
    _zip_folder(pages, destination / "slipway-webapps.jar")
    shutil.rmtree(pages)
    _fix_times(destination)


def _java(destination: Path, hadoop: Path, spark: Path, tools: Tools) -> None:
    """Our classes, and one jar each that names all jars of HDFS and of Spark.

    The names in those are relative: the archives of class data ignore absolute ones.
    """
    classes = destination / "classes"
    sources = [str(file) for file in source_files(DIRECTORY / "java")]
    compiler = [tools.javac, "--release", "17", "-encoding", "UTF-8", "-cp", f"{hadoop / 'lib'}/*"]
    run([*compiler, "-d", str(classes), *sources])
    _zip_folder(classes, destination / "slipway-net.jar")
    shutil.rmtree(classes)
    own = ["slipway-net.jar"]
    pages = [f"../{hadoop.name}/slipway-webapps.jar"]
    hdfs_jars = _names(hadoop / "lib", f"../{hadoop.name}/lib")
    # As Spark's own launcher does: some other jars have older classes of this one.
    spark_jars = sorted(
        _names(spark / "deps" / "jars", f"../{spark.name}/deps/jars"), key=lambda n: "/slf4j-api" not in n
    )
    _pathing_jar(destination / "hadoop-path.jar", [*own, *hdfs_jars, *pages])
    _pathing_jar(destination / "spark-path.jar", [*own, *spark_jars])
    _fix_times(destination)


def _fix_times(directory: Path) -> None:
    """The same sources give the same times: an archive of class data knows each jar by that."""
    for jar in directory.rglob("*.jar"):
        os.utime(jar, (JAR_TIME, JAR_TIME))


def _spark(destination: Path, cache: Path, tools: Tools) -> None:
    archive = _spark_archive(cache, tools)
    destination.mkdir(parents=True, exist_ok=True)
    # The program, as Python learnt to take the archive's top folder away only after the 3.11 of Debian 12.
    run(["tar", "-xzf", str(archive), "--strip-components=1", "--no-same-owner", "-C", str(destination)])
    if not (destination / "deps" / "jars").is_dir():
        raise BuildError(f"{archive} has no folder deps/jars: is it the source distribution of pyspark?")
    run([str(tools.python), "-I", "-m", "compileall", "-q", str(destination / "pyspark")])


def _spark_archive(cache: Path, tools: Tools) -> Path:
    requirements = DIRECTORY / "requirements-spark.txt"
    found = re.search(r"^(\w+)==([\d.]+).*?sha256:([0-9a-f]{64})", requirements.read_text(), re.S | re.M)
    if found is None:
        raise BuildError(f"{requirements} does not pin one package with its hash")
    archive = cache / "downloads" / f"{found[1]}-{found[2]}.tar.gz"
    if archive.exists() and _sha256(archive) == found[3]:
        return archive
    helper, folder = cache / "downloads" / "pip", cache / "downloads" / "partial"
    for leftover in (helper, folder):
        shutil.rmtree(leftover, ignore_errors=True)
    _environment(helper, "requirements-tools.txt", cache, tools)
    only = ["--no-deps", "--no-binary", ":all:", "--no-build-isolation", "--no-cache-dir", "--require-hashes"]
    pip = [str(helper / "bin" / "python"), "-m", "pip", "download", "-q", *only]
    run(
        [*pip, "-d", str(folder), "-r", str(requirements)],
        {"TMPDIR": str(_made(cache / "downloads" / "tmp"))},
    )
    (folder / archive.name).replace(archive)
    for leftover in (helper, folder, cache / "downloads" / "tmp"):
        shutil.rmtree(leftover, ignore_errors=True)
    return archive


def _environment(destination: Path, requirements: str, cache: Path, tools: Tools) -> None:
    own = uv_environment(cache)
    # --clear: an interrupted build may have left a part of it
    run([tools.uv, "venv", "-q", "--clear", "--python", str(tools.python), str(destination)], own)
    interpreter = ["--python", str(destination / "bin" / "python")]
    pinned = ["--require-hashes", "--no-deps", "-r", str(DIRECTORY / requirements)]
    # Copies, not links: the files in the cache folder belong to whoever filled it, with that person's modes.
    # Byte code: the nodes' users cannot write any here, and would compile at each start.
    how = ["--system-certs", "--link-mode", "copy", "--compile-bytecode"]
    run([tools.uv, "pip", "install", "-q", *how, *interpreter, *pinned], own)


def _pathing_jar(jar: Path, names: list[str]) -> None:
    line = "Class-Path: " + " ".join(names)
    # A line of a manifest has at most 72 bytes; what follows begins with a blank.
    folded = "\r\n ".join([line[:70], *(line[at : at + 69] for at in range(70, len(line), 69))])
    with zipfile.ZipFile(jar, "w") as archive:
        archive.writestr(_entry("META-INF/MANIFEST.MF"), f"Manifest-Version: 1.0\r\n{folded}\r\n\r\n")


def _names(directory: Path, prefix: str) -> list[str]:
    return [f"{prefix}/{jar.name}" for jar in sorted(directory.glob("*.jar"))]


def _zip_folder(directory: Path, jar: Path) -> None:
    with zipfile.ZipFile(jar, "w", zipfile.ZIP_DEFLATED) as archive:
        for place in sorted(directory.rglob("*")):
            name = place.relative_to(directory).as_posix()
            # Folders too: Hadoop looks for the folder of its pages on the class path.
            if place.is_dir():
                archive.writestr(_entry(f"{name}/"), b"")
            else:
                archive.writestr(_entry(name), place.read_bytes(), zipfile.ZIP_DEFLATED)


def _entry(name: str) -> zipfile.ZipInfo:
    # A fixed time: the same sources give the same bytes.
    return zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _made(directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    return directory
