"""Creates and revokes the tokens of programs. Both creation and revocation are audited."""

from collections.abc import Collection
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from inbox.models import Workspace, audit
from inbox.models.actor import Actor
from integrations.models import ApiToken
from integrations.models.program import networks


def create_token(
    workspace: Workspace,
    name: str,
    scopes: Collection[str],
    *,
    by: Actor | None,
    days: int | None = None,
    sources: Collection[str] = (),
) -> tuple[ApiToken, str]:
    """Creates a token of `workspace`. Returns the token and its text, which cannot be read later. `by` is None for a
    command. The token expires after `days`; None: never. It works only from `sources` (IP addresses and networks), or
    from everywhere if there are none. Raises ValidationError for a source that is neither an address nor a network.
    """
    with transaction.atomic():
        token, text = ApiToken.issue(
            workspace=workspace,
            name=name,
            scopes=sorted(set(scopes)),
            sources=networks(sources),
            expires_at=timezone.now() + timedelta(days=days) if days else None,
        )
        audit.record(workspace.pk, by, "token.created", token, scopes=token.scopes)
    return token, text


def revoke_token(token: ApiToken, *, by: Actor | None) -> bool:
    """Revokes the API token `token` at once. Returns False if the token was already revoked."""
    with transaction.atomic():
        usable = ApiToken.objects.filter(pk=token.pk, workspace_id=token.workspace_id, revoked_at=None)
        if not usable.update(revoked_at=timezone.now()):
            return False
        audit.record(token.workspace_id, by, "token.revoked", token)
    return True
