"""The product's root URLconf, which includes the URLs of each app."""

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LogoutView
from django.urls import include, path, re_path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularJSONAPIView

import jobs.views
from config import views
from config.metrics import metrics
from inbox.pages import access
from inbox.pages.account import company_login, invitations, login, profile, security
from inbox.pages.desk import conversation_list, live
from inbox.pages.operations import health

urlpatterns = [
    path("", profile.home, name="home"),
    path("login/", login.Login.as_view(), name="login"),
    path("login/code/", login.login_code, name="login-code"),
    path("login/company/", company_login.begin, name="company-login"),
    path("login/company/done/", company_login.end, name="company-login-end"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("live/", live.live, name="live"),
    path("desk/", conversation_list.desk, name="desk"),
    path("desk/named/", live.leads_named_anywhere, name="desk-named"),
    path("account/", profile.Account.as_view(), name="account"),
    path("account/preferences/", profile.preferences, name="preferences"),
    path("account/notices/", profile.notices, name="own-notices"),
    path("account/notices/browser/", profile.notices_here, name="browser-notices"),
    path("account/proof/", access.proof, name="proof"),
    path("account/security/", security.security, name="security"),
    path("account/security/factor/", security.factor, name="factor"),
    path("account/security/sessions/", security.end_session, name="session-end"),
    path("account/password/", login.PasswordChange.as_view(), name="password-change"),
    path("password/forgotten/", login.PasswordForgotten.as_view(), name="password-forgotten"),
    path("password/mailed/", login.PasswordMailed.as_view(), name="password-mailed"),
    path("password/new/<uidb64>/<token>/", login.PasswordNew.as_view(), name="password-new"),
    path("invitation/<str:token>/", invitations.by_mail, name="invitation"),
    path("invitations/", invitations.waiting, name="invitations"),
    path("invitations/<int:invitation_id>/", invitations.answer, name="invitation-answer"),
    path("reconnect/<str:token>/", health.owner, name="owner-reconnect"),
    path("w/<uuid:workspace_id>/insights/", include("insights.urls")),
    path("w/<uuid:workspace_id>/", include("inbox.urls")),
    path("api/schema/", login_not_required(SpectacularJSONAPIView.as_view()), name="schema"),
    path("api/v1/", include("api.urls")),
    path("api/webhooks/", include("inbox.webhooks.urls")),
    re_path(r"^api/cron/(?P<name>[a-z/-]+?)/?$", jobs.views.cron, name="cron"),
    # Pages for login and passwords are the product's own, in the admin too, so that their rate limits apply.
    path("admin/login/", RedirectView.as_view(pattern_name="login", query_string=True)),
    path("admin/password_change/", RedirectView.as_view(pattern_name="password-change")),
    path("admin/", admin.site.urls),
    re_path(r"^healthz/?$", views.healthz, name="healthz"),
    re_path(r"^metrics/?$", metrics, name="metrics"),
    re_path(r"^readyz/?$", views.readyz, name="readyz"),
]
