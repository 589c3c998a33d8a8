"""The URLs of the pages of insights, under `w/<uuid:workspace_id>/insights/`."""

from django.urls import path

from insights.views import overview, packs

app_name = "insights"
urlpatterns = [
    path("", overview.overview, name="overview"),
    path("overview.csv", overview.overview_csv, name="overview-csv"),
    path("packs/", packs.pack_list, name="packs"),
    path("packs/<uuid:pack_id>/", packs.pack, name="pack"),
    path("packs/<uuid:pack_id>/progress/", packs.progress, name="progress"),
    path("packs/<uuid:pack_id>/ask/", packs.ask, name="ask"),
    path("packs/<uuid:pack_id>/decide/", packs.decide, name="decide"),
    path("packs/<uuid:pack_id>/pack.csv", packs.pack_csv, name="pack-csv"),
]
