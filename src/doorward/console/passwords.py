"""A new password that an administrator types, held against the tenant's policy."""

from __future__ import annotations

from doorward.console.console import Console
from doorward.console.fields import Errors
from doorward.sign_in_experience.document import PasswordPolicy
from doorward.users.password_policy import PWNED, UserInfo, find_issues
from doorward.users.pwned import PwnedPasswords


async def check_password(
    console: Console,
    password: str,
    *,
    policy: PasswordPolicy,
    user_info: UserInfo,
    pwned: PwnedPasswords,
) -> Errors:
    """Return what speaks against a password, as the error of the field `password`."""
    if not password:
        return {"password": console.text("error.required")}
    issues = find_issues(password, policy, user_info)
    if not issues and policy.rejects.pwned and await pwned.knows(password):
        issues = [PWNED]
    if not issues:
        return {}
    words = (console.text(issue.code, **issue.interpolation) for issue in issues)
    return {"password": " ".join(words)}
