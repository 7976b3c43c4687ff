from django.urls import path, re_path

from portal.api.views import accounts, audit, classes, clusters, courses, folders, jobs, unknown

app_name = "api"
urlpatterns = [
    path("me", accounts.Me.as_view(), name="me"),
    path("auth/tokens", accounts.Tokens.as_view(), name="tokens"),
    path("auth/tokens/<uuid:token_id>", accounts.Token.as_view(), name="token"),
    path("auth/introspect", accounts.Introspection.as_view(), name="introspect"),
    path("auth/service-accounts", accounts.ServiceAccounts.as_view(), name="service-accounts"),
    path("courses", courses.Courses.as_view(), name="courses"),
    path("courses/<uuid:course_id>/class-starts", classes.ClassStarts.as_view(), name="class-starts"),
    path("courses/<uuid:course_id>/class-actions/<uuid:action_id>", classes.Action.as_view(), name="class-action"),
    path("courses/<uuid:course_id>/end-all", classes.EndAll.as_view(), name="end-all"),
    path("clusters", clusters.Clusters.as_view(), name="clusters"),
    path("clusters/<uuid:cluster_id>", clusters.Cluster.as_view(), name="cluster"),
    path("clusters/<uuid:cluster_id>/resize", clusters.Resize.as_view(), name="resize"),
    path("clusters/<uuid:cluster_id>/repair", clusters.Repair.as_view(), name="repair"),
    path("clusters/<uuid:cluster_id>/jobs", jobs.ClusterJobs.as_view(), name="cluster-jobs"),
    path("folders", folders.Folders.as_view(), name="folders"),
    path("folders/<uuid:folder_id>", folders.Folder.as_view(), name="folder"),
    path("folders/<uuid:folder_id>/grow", folders.FolderGrowth.as_view(), name="folder-grow"),
    path("jobs/<uuid:job_id>", jobs.Job.as_view(), name="job"),
    path("jobs/<uuid:job_id>/cancel", jobs.JobCancellation.as_view(), name="job-cancel"),
    path("jobs/<uuid:job_id>/log", jobs.JobLog.as_view(), name="job-log"),
    path("jobs/<uuid:job_id>/output", jobs.JobOutputs.as_view(), name="job-outputs"),
    path("jobs/<uuid:job_id>/output/<path:path>", jobs.JobOutput.as_view(), name="job-output"),
    path("admin/stacks", audit.Stacks.as_view(), name="admin-stacks"),
    path("admin/stacks/<uuid:stack_id>", audit.Stack.as_view(), name="admin-stack"),
    path("trail", audit.Trail.as_view(), name="trail"),
    re_path("", unknown.Unknown.as_view()),
]
