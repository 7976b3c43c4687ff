from django.urls import path, re_path

from portal.api import views

app_name = "api"
urlpatterns = [
    path("auth/tokens", views.Tokens.as_view(), name="tokens"),
    path("courses", views.Courses.as_view(), name="courses"),
    path("clusters", views.Clusters.as_view(), name="clusters"),
    path("clusters/<uuid:cluster_id>", views.Cluster.as_view(), name="cluster"),
    path("clusters/<uuid:cluster_id>/resize", views.Resize.as_view(), name="resize"),
    path("clusters/<uuid:cluster_id>/repair", views.Repair.as_view(), name="repair"),
    path("clusters/<uuid:cluster_id>/jobs", views.ClusterJobs.as_view(), name="cluster-jobs"),
    path("folders", views.Folders.as_view(), name="folders"),
    path("folders/<uuid:folder_id>", views.Folder.as_view(), name="folder"),
    path("folders/<uuid:folder_id>/grow", views.FolderGrowth.as_view(), name="folder-grow"),
    path("jobs/<uuid:job_id>", views.Job.as_view(), name="job"),
    path("jobs/<uuid:job_id>/log", views.JobLog.as_view(), name="job-log"),
    path("jobs/<uuid:job_id>/output", views.JobOutputs.as_view(), name="job-outputs"),
    path("jobs/<uuid:job_id>/output/<path:path>", views.JobOutput.as_view(), name="job-output"),
    re_path("", views.Unknown.as_view()),
]
