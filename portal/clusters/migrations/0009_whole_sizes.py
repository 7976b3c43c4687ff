"""Clusters from before nodes had prices know of each role only its vcpus and memory_mb."""

from django.db import migrations


def fill(apps, schema_editor):
    """From the cluster's frozen spec; of what that leaves open, from the catalogue as it is now."""
    flavors = {flavor.name: flavor for flavor in apps.get_model("cloud", "Flavor").objects.all()}
    for cluster in apps.get_model("clusters", "Cluster").objects.prefetch_related("nodes").iterator(chunk_size=500):
        roles = {*cluster.sizes, *(node.role for node in cluster.nodes.all())}
        sizes = {role: _whole(role, cluster.sizes.get(role, {}), cluster.spec, flavors) for role in roles}
        if sizes != cluster.sizes:
            cluster.sizes = sizes
            cluster.save(update_fields=["sizes"])


def _whole(role, size, spec, flavors):
    is_master = role == "master"
    name = (spec.get("master_flavor") if is_master else None) or spec["flavor"]
    flavor = flavors.get(name)
    hdfs = spec.get("hdfs") or {}
    volume_gb = hdfs.get("volume_gb")
    on_disk = flavor.disk_gb if flavor else 0
    storage_gb = on_disk if volume_gb is None else volume_gb * hdfs.get("volumes_each", 1)
    return {
        "flavor": name,
        "vcpus": flavor.vcpus if flavor else 0,
        "memory_mb": flavor.memory_mb if flavor else 0,
        "gpus": flavor.gpus if flavor else spec.get("gpus") or 0,
        "hdfs_gb": 0 if is_master else storage_gb,
        **size,
    }


class Migration(migrations.Migration):
    dependencies = [("clusters", "0008_credit_warnings"), ("cloud", "0003_flavor_gpus")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
