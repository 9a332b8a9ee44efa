"""Sign-in through an OpenID provider: Authorization Code flow with PKCE, any provider that has discovery."""

from backend.services.oidc.flows import Flows, Intent
from backend.services.oidc.linking import Linking
from backend.services.oidc.provider import OidcClient, OidcSettings
from backend.services.oidc.sign_in import Begun, Callback, Finished, OidcSignIn

__all__ = [
    "Begun",
    "Callback",
    "Finished",
    "Flows",
    "Intent",
    "Linking",
    "OidcClient",
    "OidcSettings",
    "OidcSignIn",
]
