"""People, their sessions and rights, and the legal entities of the group."""

from services.identity.errors import EmailTaken, LastAdmin, WeakPassword
from services.identity.people import (
    create_user,
    deactivate_user,
    grant_role,
    reactivate_user,
    revoke_role,
    set_password,
)
from services.identity.policy import PERMISSIONS, Grant, SessionLifetime
from services.identity.proof import prove_by_password
from services.identity.queries import (
    colleagues,
    contacts,
    entity_by_code,
    has_users,
    holders,
    legal_entities,
    user_by_email,
    users,
)
from services.identity.secrets_at_rest import owns_keys, retire_key, rewrap_secrets, rotate_keys, secrets_under
from services.identity.service import create_legal_entity
from services.identity.sessions import actor_for_session, choose_entities, end_sessions, set_preferences, sign_out
from services.identity.sign_in import authenticate
from services.identity.views import (
    ContactView,
    LegalEntityView,
    PersonView,
    SessionSecret,
    SignedIn,
    SignInRefused,
    UserView,
)
from services.identity.vocabulary import Locale, Role, Theme

__all__ = [
    "PERMISSIONS",
    "ContactView",
    "EmailTaken",
    "Grant",
    "LastAdmin",
    "LegalEntityView",
    "Locale",
    "PersonView",
    "Role",
    "SessionLifetime",
    "SessionSecret",
    "SignInRefused",
    "SignedIn",
    "Theme",
    "UserView",
    "WeakPassword",
    "actor_for_session",
    "authenticate",
    "choose_entities",
    "colleagues",
    "contacts",
    "create_legal_entity",
    "create_user",
    "deactivate_user",
    "end_sessions",
    "entity_by_code",
    "grant_role",
    "has_users",
    "holders",
    "legal_entities",
    "owns_keys",
    "prove_by_password",
    "reactivate_user",
    "retire_key",
    "revoke_role",
    "rewrap_secrets",
    "rotate_keys",
    "secrets_under",
    "set_password",
    "set_preferences",
    "sign_out",
    "user_by_email",
    "users",
]
