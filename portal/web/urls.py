from django.contrib.auth.views import LogoutView
from django.urls import path

from portal.web import views

urlpatterns = [
    path("", views.home, name="home"),
    path("log-in", views.LogIn.as_view(), name="log-in"),
    path("log-out", LogoutView.as_view(), name="log-out"),
    path("clusters/create", views.create, name="create"),
    path("clusters/<uuid:cluster_id>", views.cluster, name="cluster"),
    path("clusters/<uuid:cluster_id>/live", views.cluster_live, name="cluster-live"),
    path("clusters/<uuid:cluster_id>/delete", views.delete, name="delete"),
    path("clusters/<uuid:cluster_id>/jobs", views.submit, name="submit"),
    path("jobs/<uuid:job_id>", views.job, name="job"),
    path("jobs/<uuid:job_id>/live", views.job_live, name="job-live"),
    path("jobs/<uuid:job_id>/log", views.job_log, name="job-log"),
    path("jobs/<uuid:job_id>/output/<path:path>", views.job_output, name="job-output"),
]
