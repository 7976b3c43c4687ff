from django.contrib.auth.views import LogoutView
from django.urls import path

from portal.web.views import audit, classes, clusters, folders, jobs, session

urlpatterns = [
    path("", clusters.home, name="home"),
    path("log-in", session.LogIn.as_view(), name="log-in"),
    path("log-out", LogoutView.as_view(), name="log-out"),
    path("clusters/create", clusters.create, name="create"),
    path("clusters/<uuid:cluster_id>", clusters.cluster, name="cluster"),
    path("clusters/<uuid:cluster_id>/live", clusters.cluster_live, name="cluster-live"),
    path("clusters/<uuid:cluster_id>/delete", clusters.delete, name="delete"),
    path("clusters/<uuid:cluster_id>/resize", clusters.resize, name="resize"),
    path("clusters/<uuid:cluster_id>/repair", clusters.repair, name="repair"),
    path("clusters/<uuid:cluster_id>/jobs", jobs.submit, name="submit"),
    path("folders", folders.listing, name="folders"),
    path("folders/live", folders.listing_live, name="folders-live"),
    path("folders/make", folders.make, name="make-folder"),
    path("folders/<uuid:folder_id>", folders.folder, name="folder"),
    path("folders/<uuid:folder_id>/live", folders.folder_live, name="folder-live"),
    path("folders/<uuid:folder_id>/grow", folders.grow, name="grow-folder"),
    path("folders/<uuid:folder_id>/delete", folders.delete, name="delete-folder"),
    path("admin/stacks", audit.stacks, name="stacks"),
    path("admin/stacks/<uuid:stack_id>", audit.stack, name="stack"),
    path("courses/<uuid:course_id>/class", classes.overview, name="class"),
    path("courses/<uuid:course_id>/class/start", classes.start, name="class-start"),
    path("courses/<uuid:course_id>/class/end", classes.end, name="class-end"),
    path("courses/<uuid:course_id>/class/<uuid:action_id>", classes.action, name="class-action"),
    path("courses/<uuid:course_id>/class/<uuid:action_id>/cancel", classes.cancel, name="class-cancel"),
    path("trail", audit.trail, name="trail"),
    path("jobs/<uuid:job_id>", jobs.job, name="job"),
    path("jobs/<uuid:job_id>/live", jobs.job_live, name="job-live"),
    path("jobs/<uuid:job_id>/cancel", jobs.cancel, name="job-cancel"),
    path("jobs/<uuid:job_id>/log", jobs.job_log, name="job-log"),
    path("jobs/<uuid:job_id>/output/<path:path>", jobs.job_output, name="job-output"),
]
