"""/api/users/{id}/password: setting, verifying and expiring it."""

from __future__ import annotations

from litestar import get, patch, post
from msgspec import UNSET

from doorward.errors import RequestError
from doorward.kit.clock import Clock
from doorward.kit.edge import Edge
from doorward.sign_in_experience.cached import current_experience
from doorward.storage import Database, Snapshots
from doorward.users import accounts
from doorward.users.accounts import get_user
from doorward.users.api.identities import show_account
from doorward.users.api.views import (
    CheckedPassword,
    CheckPassword,
    HasPassword,
    PasswordBody,
    SetPasswordExpired,
    UserView,
)
from doorward.users.password_policy import PWNED, UserInfo, find_issues
from doorward.users.passwords import Passwords
from doorward.users.pwned import PwnedPasswords


@patch("/api/users/{user_id:str}/password", tags=["Users"])
async def update_password(
    user_id: str, data: PasswordBody, db: Database, edge: Edge, passwords: Passwords, clock: Clock
) -> UserView:
    """Set the password of a user; the password policy does not apply."""
    await get_user(db, tenant_id=edge.tenant_id, user_id=user_id)
    digest = await passwords.hash(data.password)
    async with db.transaction(edge.tenant_id) as tx:
        user = await accounts.set_password(
            tx, tenant_id=edge.tenant_id, user_id=user_id, password=digest, now=clock.now()
        )
        return await show_account(tx, edge, user)


@post("/api/users/{user_id:str}/password/verify", tags=["Users"], status_code=204)
async def verify_password(
    user_id: str, data: PasswordBody, db: Database, edge: Edge, passwords: Passwords
) -> None:
    """Tell whether a password is the user's."""
    user = await get_user(db, tenant_id=edge.tenant_id, user_id=user_id)
    outcome = await passwords.verify(user, data.password)
    if not outcome.is_correct:
        raise RequestError("session.invalid_credentials", status=422)


@get("/api/users/{user_id:str}/has-password", tags=["Users"])
async def has_password(user_id: str, db: Database, edge: Edge) -> HasPassword:
    """Tell whether a user has a password."""
    user = await get_user(db, tenant_id=edge.tenant_id, user_id=user_id)
    return HasPassword(has_password=user.has_password)


@patch("/api/users/{user_id:str}/password/expiration", tags=["Users"])
async def set_password_expired(
    user_id: str,
    data: SetPasswordExpired,
    db: Database,
    edge: Edge,
    snapshots: Snapshots,
    clock: Clock,
) -> UserView:
    """Demand a new password at the next sign-in, or no longer."""
    experience = await current_experience(await snapshots.current(edge.tenant_id))
    if data.is_expired and not experience.password_expiration.enabled:
        raise RequestError("sign_in_experiences.password_expiration_not_enabled")
    async with db.transaction(edge.tenant_id) as tx:
        user = await accounts.update_account(
            tx,
            tenant_id=edge.tenant_id,
            user_id=user_id,
            changes={"is_password_expired": data.is_expired},
            is_case_sensitive=True,
            now=clock.now(),
        )
        return await show_account(tx, edge, user)


@post(
    "/api/sign-in-exp/default/check-password",
    tags=["Sign-in experience"],
    status_code=200,
)
async def check_password(
    data: CheckPassword, db: Database, edge: Edge, snapshots: Snapshots, pwned: PwnedPasswords
) -> CheckedPassword:
    """Tell what the password policy says to a password, of a certain user or of anybody."""
    info = UserInfo()
    if data.user_id is not UNSET:
        user = await get_user(db, tenant_id=edge.tenant_id, user_id=data.user_id)
        info = UserInfo(
            username=user.username,
            email=user.primary_email,
            phone=user.primary_phone,
            name=user.name,
        )
    experience = await current_experience(await snapshots.current(edge.tenant_id))
    policy = experience.password_policy
    issues = find_issues(data.password, policy, info)
    if not issues and policy.rejects.pwned and await pwned.knows(data.password):
        issues = [PWNED]
    return CheckedPassword(result=not issues, issues=issues or UNSET)


PASSWORD_HANDLERS = (
    update_password,
    verify_password,
    has_password,
    set_password_expired,
    check_password,
)
