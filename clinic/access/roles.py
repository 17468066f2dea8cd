"""Who may do what. No role can see a cohort: there is none here."""

from enum import Enum


class Role(Enum):
    """What somebody is here for."""

    ADMINISTRATOR = "administrator"
    """Keeps accounts and the study, and does what a coordinator does, at all sites."""
    COORDINATOR = "coordinator"
    MONITOR = "monitor"
    """Reads only."""
    PHARMACY = "pharmacy"
    """Sees the days of infusions, and acknowledges that they changed."""


class Right(Enum):
    """What a page lets somebody do."""

    SELF = "self"
    """One's own password and language."""
    VIEW = "view"
    """Participants, agendas, lists, papers."""
    CHANGE = "change"
    """Everything that is recorded of a participant, and the days on which one's own site is closed."""
    LINK = "link"
    """Links of calendars."""
    AUDIT = "audit"
    INFUSIONS = "infusions"
    """The days of infusions."""
    ACKNOWLEDGE = "acknowledge"
    """That the pharmacy has heard of a change."""
    STUDY = "study"
    """What concerns every site: the protocol, new sites, holds of the study."""
    ACCOUNTS = "accounts"


_RIGHTS = {
    Role.ADMINISTRATOR: frozenset(Right),
    Role.COORDINATOR: frozenset(
        {Right.SELF, Right.VIEW, Right.CHANGE, Right.LINK, Right.AUDIT, Right.INFUSIONS, Right.ACKNOWLEDGE}
    ),
    Role.MONITOR: frozenset({Right.SELF, Right.VIEW, Right.AUDIT, Right.INFUSIONS}),
    Role.PHARMACY: frozenset({Right.SELF, Right.INFUSIONS, Right.ACKNOWLEDGE}),
}


def may(role: Role, right: Right) -> bool:
    """Tell whether the role has the right."""
    return right in _RIGHTS[role]
