"""django-oauth-toolkit as an OpenID Provider, in one file. Settings are JSON in the variable SETTINGS."""

import json
import os
import sys
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
from django.conf import settings

# The settings name parts of this file.
sys.modules["django_app"] = sys.modules["__main__"]

given = json.loads(os.environ["SETTINGS"])
folder, port = given["folder"], given["port"]

settings.configure(
    DEBUG=False,
    SECRET_KEY="only for the tests",
    ALLOWED_HOSTS=["localhost"],
    ROOT_URLCONF="django_app",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.path.join(folder, "django.db")}},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "django.contrib.admin",
        "oauth2_provider",
    ],
    MIDDLEWARE=[
        "django_app.allow_other_origins",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
    STATIC_URL="/static/",
    LOGIN_URL="/admin/login/",
    OAUTH2_PROVIDER={
        "OIDC_ENABLED": True,
        "OIDC_ISS_ENDPOINT": f"http://localhost:{port}/o",
        "OIDC_RSA_PRIVATE_KEY": given["key"],
        "PKCE_REQUIRED": True,
        "SCOPES": {"openid": "openid", "profile": "profile", "email": "email"},
        "OAUTH2_VALIDATOR_CLASS": "django_app.Validator",
        "REQUEST_APPROVAL_PROMPT": "auto",
    },
)


def allow_other_origins(get_response):
    """CORS for the page's client, which django leaves to a middleware."""
    from django.http import HttpResponse

    def middleware(request):
        response = HttpResponse() if request.method == "OPTIONS" else get_response(request)
        response["Access-Control-Allow-Origin"] = "*"
        response["Access-Control-Allow-Headers"] = "authorization, content-type"
        return response

    return middleware


django.setup()

from oauth2_provider.oauth2_validators import OAuth2Validator

class Validator(OAuth2Validator):
    """Adds the claims of the user, as the documentation of django-oauth-toolkit shows."""

    def get_additional_claims(self, request):
        return {"name": request.user.get_full_name(), "email": request.user.email}

from oauth2_provider.views import ConnectDiscoveryInfoView
from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    # Without a slash: the page's client follows no redirect.
    path("o/.well-known/openid-configuration", ConnectDiscoveryInfoView.as_view()),
    # As packaged.
    path("packaged/", include("oauth2_provider.urls", namespace="packaged")),
    path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
]

from django.core.management import call_command
from django.core.wsgi import get_wsgi_application

call_command("migrate", verbosity=0)
from django.contrib.auth import get_user_model
from oauth2_provider.models import get_application_model

get_user_model().objects.create_superuser(**given["user"])
for client in given["clients"]:
    is_public = "secret" not in client
    get_application_model().objects.create(
        name=client["id"],
        client_id=client["id"],
        client_secret=client.get("secret", ""),
        client_type="public" if is_public else "confidential",
        authorization_grant_type="authorization-code",
        redirect_uris=client["redirectUri"],
        algorithm="RS256",
    )

class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass

make_server("localhost", port, get_wsgi_application(), Server, Quiet).serve_forever()
