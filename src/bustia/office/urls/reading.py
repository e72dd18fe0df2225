"""Path of the holder's own reading."""

from django.urls import path

from bustia.office.views import reading

__all__ = ["urlpatterns"]

urlpatterns = [path("contracte/<str:number>/lectura/", reading.reading, name="reading")]
