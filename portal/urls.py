from django.urls import include, path

urlpatterns = [
    path("api/v1/", include("portal.api.urls")),
    path("node/v1/", include("portal.nodes.urls")),
    path("", include("portal.web.urls")),
]

handler500 = "portal.web.faults.fault"
