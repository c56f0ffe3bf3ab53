"""A Jupyter Server whose browsers say who they are in a cookie, as a hub's would."""

from typing import Any

from jupyter_server.auth.identity import PasswordIdentityProvider, User


class CookieNames(PasswordIdentityProvider):
    """Signs in by the token, as ever; the name is the cookie ``person``, if there is one."""

    def generate_anonymous_user(self, handler: Any) -> User:
        person = handler.get_cookie("person")
        return User(person, person.title()) if person else super().generate_anonymous_user(handler)


c = get_config()  # type: ignore[name-defined]  # noqa: F821 - Jupyter's configuration files have it
c.ServerApp.identity_provider_class = CookieNames
