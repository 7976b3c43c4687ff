from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from portal.nodes import views

urlpatterns = [
    path("events", views.Events.as_view()),
    path("health", views.Health.as_view()),
    path("mounts/<int:number>/key", views.MountKey.as_view()),
    path("hosts", csrf_exempt(views.hosts)),
    path("software/<str:name>", views.software),
    path("commands", csrf_exempt(views.commands)),
    path("commands/<uuid:command_id>/lease", views.Lease.as_view()),
    path("commands/<uuid:command_id>/result", views.Result.as_view()),
    path("jobs/<uuid:job_id>/application", views.Application.as_view()),
    path("jobs/<uuid:job_id>/files/<int:number>", views.InputFile.as_view()),
    path("jobs/<uuid:job_id>/log", views.Log.as_view()),
    path("jobs/<uuid:job_id>/output", views.Output.as_view()),
]
