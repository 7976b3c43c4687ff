from django.contrib.auth.views import LogoutView
from django.urls import path

from portal.web import folder_views, views

urlpatterns = [
    path("", views.home, name="home"),
    path("log-in", views.LogIn.as_view(), name="log-in"),
    path("log-out", LogoutView.as_view(), name="log-out"),
    path("clusters/create", views.create, name="create"),
    path("clusters/<uuid:cluster_id>", views.cluster, name="cluster"),
    path("clusters/<uuid:cluster_id>/live", views.cluster_live, name="cluster-live"),
    path("clusters/<uuid:cluster_id>/delete", views.delete, name="delete"),
    path("clusters/<uuid:cluster_id>/resize", views.resize, name="resize"),
    path("clusters/<uuid:cluster_id>/repair", views.repair, name="repair"),
    path("clusters/<uuid:cluster_id>/jobs", views.submit, name="submit"),
    path("folders", folder_views.listing, name="folders"),
    path("folders/live", folder_views.listing_live, name="folders-live"),
    path("folders/make", folder_views.make, name="make-folder"),
    path("folders/<uuid:folder_id>", folder_views.folder, name="folder"),
    path("folders/<uuid:folder_id>/live", folder_views.folder_live, name="folder-live"),
    path("folders/<uuid:folder_id>/grow", folder_views.grow, name="grow-folder"),
    path("folders/<uuid:folder_id>/delete", folder_views.delete, name="delete-folder"),
    path("jobs/<uuid:job_id>", views.job, name="job"),
    path("jobs/<uuid:job_id>/live", views.job_live, name="job-live"),
    path("jobs/<uuid:job_id>/log", views.job_log, name="job-log"),
    path("jobs/<uuid:job_id>/output/<path:path>", views.job_output, name="job-output"),
]
