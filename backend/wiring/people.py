"""Who people are, what they may do, and what becomes of their accounts."""

from dataclasses import dataclass

from backend.services.accounts import AccountExport, Accounts, Housekeeping, Links, MailDispatch, SecondFactorSettings
from backend.services.administration import UserAdministration
from backend.services.api_keys import ApiKeys
from backend.services.identity import Identity
from backend.services.oidc import OidcSignIn
from backend.services.repositories.api_keys import ApiKeyRepository
from backend.services.repositories.conversations import AdminConversationRepository, ConversationRepository
from backend.services.repositories.leases import LeaseRepository
from backend.services.repositories.mail_requests import MailRequestRepository
from backend.services.repositories.managed_users import AdminAccountRepository
from backend.services.repositories.one_time_tokens import OneTimeTokenRepository
from backend.services.repositories.personal_data import PersonalDataRepository
from backend.services.repositories.users import UserRepository
from backend.wiring.foundation import Foundation
from backend.wiring.parts import identity_of, letters_of, oidc_of


@dataclass(frozen=True, slots=True)
class People:
    """oidc: None without an identity provider."""

    users: UserRepository
    identity: Identity
    api_keys: ApiKeys
    mail: MailDispatch
    housekeeping: Housekeeping
    oidc: OidcSignIn | None
    accounts: Accounts
    account_export: AccountExport
    administration: UserAdministration
    second_factor: SecondFactorSettings


def people_of(base: Foundation) -> People:
    settings, database, audit = base.settings, base.database, base.audit
    users = UserRepository(database)
    identity = identity_of(settings, users, database, base.limiter, base.bus, audit)
    api_keys = ApiKeys(ApiKeyRepository(database), limits=base.limiter, bus=base.bus, audit=audit)
    links = Links(OneTimeTokenRepository(database))
    mail = MailDispatch(MailRequestRepository(database), users, links, letters_of(settings), audit)
    personal_data = PersonalDataRepository(database)
    housekeeping = Housekeeping(
        users,
        personal_data,
        ConversationRepository(database),
        AdminConversationRepository(database),
        base.cache,
        LeaseRepository(database),
        owner=base.worker,
    )
    verified = settings.require_verified_email
    return People(
        users=users,
        identity=identity,
        api_keys=api_keys,
        mail=mail,
        housekeeping=housekeeping,
        oidc=oidc_of(settings, database, identity, users, links, audit),
        accounts=Accounts(identity, api_keys, users, links, mail, housekeeping, audit, require_verified=verified),
        account_export=AccountExport(users, personal_data, audit),
        administration=UserAdministration(AdminAccountRepository(database), identity, api_keys, audit),
        second_factor=SecondFactorSettings(identity, users, mail),
    )
