"""The paths of the API, under /api/v1/."""

from django.urls import path

from bustia.api import changes

__all__ = ["app_name", "urlpatterns"]

app_name = "api"
urlpatterns = [
    path("changes", changes.changes, name="changes"),
    path("changes/<str:number>/taken", changes.taken, name="taken"),
    path("<path:rest>", changes.not_found),
]
