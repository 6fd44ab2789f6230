"""Administrators made by the operator on the host, also when registration is closed."""

from __future__ import annotations

from datetime import datetime

from doorward.settings import Settings
from doorward.sign_in_experience.cached import current_experience
from doorward.sign_in_experience.document import SignInMode
from doorward.storage import Database, Snapshots
from doorward.tenants.seed import ADMIN_TENANT
from doorward.users.password_policy import UserInfo, find_issues, rejection
from doorward.users.passwords import Passwords
from doorward.users.registration import NewUser, create_user, give_administrator_roles
from doorward.users.username_policy import check_username


async def create_administrator(
    db: Database, *, settings: Settings, username: str, password: str, now: datetime
) -> str:
    """Create an administrator by the rules that the page applies and return the user's id.

    Raises:
        RequestError: 422 user.username_*, password.rejected or user.username_already_in_use.
    """
    # 1. The same rules as on the page.
    experience = await current_experience(await Snapshots(db).current(ADMIN_TENANT))
    check_username(username, experience.username_policy)
    issues = find_issues(password, experience.password_policy, UserInfo(username=username))
    if issues:
        raise rejection(issues)

    # 2. Hash outside the transaction.
    passwords = Passwords(settings)
    try:
        digest = await passwords.hash(password)
    finally:
        passwords.close()

    # 3. The first one closes registration as on the page; a later one only gets the roles.
    async with db.transaction(ADMIN_TENANT) as tx:
        user = await create_user(
            tx,
            tenant_id=ADMIN_TENANT,
            new_user=NewUser(username=username, password=digest),
            experience=experience,
            now=now,
        )
        if experience.sign_in_mode is not SignInMode.REGISTER:
            await give_administrator_roles(tx, user_id=user.id)
    return user.id
