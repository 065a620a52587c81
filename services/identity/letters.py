"""What identity writes to people: links that open once, and word of what happened to their account."""

from __future__ import annotations

from collections.abc import Mapping

from babel.dates import format_date

from services import notifications
from services.core.db import UnitOfWork
from services.identity.models import User
from services.identity.models_proof import AccessReview

# (subject, paragraphs) in English and German.
_TEXTS: dict[str, dict[str, tuple[str, tuple[str, ...]]]] = {
    "invitation": {
        "en": (
            "Your account at Kontor",
            ("You may sign in to Kontor. The link sets your password once, within 72 hours.",),
        ),
        "de": (
            "Ihr Konto bei Kontor",
            ("Sie dürfen sich bei Kontor anmelden. Der Link setzt einmal, innerhalb von 72 Stunden, Ihr Passwort.",),
        ),
    },
    "reset": {
        "en": (
            "A new password for Kontor",
            (
                "Somebody asked for a new password for this address. The link works once, within 30 minutes.",
                "If it was not you, do nothing: the present password stays.",
            ),
        ),
        "de": (
            "Ein neues Passwort für Kontor",
            (
                "Jemand will für diese Adresse ein neues Passwort. Der Link gilt einmal, innerhalb von 30 Minuten.",
                "Waren Sie es nicht, ist nichts zu tun: Das bisherige Passwort bleibt.",
            ),
        ),
    },
    "retracted": {
        "en": (
            "Set a new password for Kontor",
            (
                "An administrator withdrew your password: it no longer works, and your sessions have ended.",
                "The link sets a new one once, within 72 hours. Nobody else learns it.",
            ),
        ),
        "de": (
            "Setzen Sie ein neues Passwort für Kontor",
            (
                "Die Administration hat Ihr Passwort zurückgezogen: Es gilt nicht mehr, Ihre Sitzungen sind beendet.",
                "Der Link setzt einmal, innerhalb von 72 Stunden, ein neues. Sonst erfährt es niemand.",
            ),
        ),
    },
    "password_changed": {
        "en": ("Your password was changed", ("The password of your Kontor account was changed just now.",)),
        "de": ("Ihr Passwort wurde geändert", ("Das Passwort Ihres Kontor-Kontos wurde soeben geändert.",)),
    },
    "factor_added": {
        "en": ("A second factor was added", ("A second factor was added to your Kontor account just now.",)),
        "de": (
            "Ein zweiter Faktor kam hinzu",
            ("Zu Ihrem Kontor-Konto wurde soeben ein zweiter Faktor hinzugefügt.",),
        ),
    },
    "factor_removed": {
        "en": ("A second factor was removed", ("A second factor was taken from your Kontor account just now.",)),
        "de": (
            "Ein zweiter Faktor wurde entfernt",
            ("Von Ihrem Konto wurde soeben ein zweiter Faktor entfernt.",),
        ),
    },
    "factor_reset": {
        "en": (
            "Your second factors were reset",
            ("An administrator removed all second factors of your account. You enrol anew at the next sign-in.",),
        ),
        "de": (
            "Ihre zweiten Faktoren wurden zurückgesetzt",
            ("Die Administration hat alle zweiten Faktoren entfernt. Neue richten Sie bei der Anmeldung ein.",),
        ),
    },
    "impersonated": {
        "en": (
            "An administrator looks at Kontor as you",
            ("An administrator opened Kontor in your place, for half an hour at most. Signing is not possible so.",),
        ),
        "de": (
            "Die Administration sieht Kontor mit Ihren Augen",
            ("Jemand aus der Administration öffnet Kontor an Ihrer Stelle, höchstens eine halbe Stunde.",),
        ),
    },
    "recovery_code_used": {
        "en": ("A recovery code was used", ("Somebody signed in to your Kontor account with a recovery code.",)),
        "de": (
            "Ein Wiederherstellungscode wurde benutzt",
            ("Es gab eine Anmeldung mit einem Ihrer Codes.",),
        ),
    },
}
_REVIEWS = {
    "review_started": {
        "en": (
            "Rights to look through by {day}: {title}",
            "Keep or remove each of these rights. Rights to decide: {count}",
        ),
        "de": (
            "Rechte zu prüfen bis {day}: {title}",
            "Bestätigen oder entziehen Sie jedes dieser Rechte. Zu entscheiden: {count}",
        ),
    },
    "review_due": {
        "en": ("Due on {day}: {title}", "These rights still wait for your decision: {count}"),
        "de": ("Fällig am {day}: {title}", "So viele Rechte warten noch auf Ihre Entscheidung: {count}"),
    },
    "review_late": {
        "en": (
            "Overdue since {day}: {title}",
            "The day has gone by. What is decided now is marked as late in the report. Rights still undecided: {count}",
        ),
        "de": (
            "Überfällig seit {day}: {title}",
            "Der Tag ist vorbei. Was jetzt entschieden wird, steht im Bericht als verspätet. Noch offen: {count}",
        ),
    },
}
_TO_REVIEW = {"en": "Open the review", "de": "Prüfung öffnen"}
# Nobody can make a second person unseen: whoever agrees or signs hears of everybody who begins to.
_WITNESS = {
    "en": (
        "New at Kontor with the role {role}: {people}",
        (
            "{by} gave this role. Whoever holds it agrees to what others ask for, signs, or gives rights out.",
            "If you do not know why, ask before you agree to anything together with them.",
        ),
    ),
    "de": (
        "Neu bei Kontor mit der Rolle {role}: {people}",
        (
            "Vergeben von: {by}. Wer die Rolle hat, stimmt Anfragen zu, unterschreibt oder vergibt Rechte.",
            "Wissen Sie nicht, warum, fragen Sie nach, bevor Sie gemeinsam etwas freigeben.",
        ),
    ),
}
_TO_PEOPLE = {"en": "Open Access", "de": "Zugang öffnen"}
_NOT_YOU = {
    "en": "If it was not you, tell your administrator at once.",
    "de": "Waren Sie das nicht, informieren Sie sofort die Administration.",
}
_ACTION = {"en": "Set the password", "de": "Passwort setzen"}


def send_link(uow: UnitOfWork, user: User, what: str, path: str) -> None:
    """The link itself; the text is forgotten once it is delivered."""
    subject, paragraphs = _TEXTS[what][user.locale]
    letter = notifications.Letter(
        subject=subject, paragraphs=paragraphs, action=(_ACTION[user.locale], path), locale=user.locale
    )
    notifications.send(uow, recipient=user.email, letter=letter, purpose=f"identity.{what}", secret=True)


def send_notice(uow: UnitOfWork, user: User, what: str) -> None:
    """Word of a change to the account, so that whoever did not make it hears of it."""
    subject, paragraphs = _TEXTS[what][user.locale]
    letter = notifications.Letter(subject=subject, paragraphs=(*paragraphs, _NOT_YOU[user.locale]), locale=user.locale)
    notifications.send(uow, recipient=user.email, letter=letter, purpose=f"identity.{what}")


def send_review(uow: UnitOfWork, user: User, what: str, review: AccessReview, count: int) -> None:
    """Word to whoever decides over `count` rights of a review: that it began, is due soon, or is late."""
    subject, body = _REVIEWS[what][user.locale]
    day = format_date(review.due_on, "d MMMM y" if user.locale == "en" else "dd.MM.y", locale=user.locale)
    letter = notifications.Letter(
        subject=subject.format(day=day, title=review.title)[:200],
        paragraphs=(body.format(count=count),),
        action=(_TO_REVIEW[user.locale], "/access/reviews"),
        locale=user.locale,
    )
    notifications.send(
        uow,
        recipient=user.email,
        letter=letter,
        purpose=f"identity.{what}",
        dedup_key=f"identity/review/{review.id}/{what}/{user.id}",
    )


def send_witness(uow: UnitOfWork, user: User, facts: Mapping[str, str]) -> None:
    """Word that somebody's agreement counts from now on: `people`, their `role`, and `by` whom."""
    subject, paragraphs = _WITNESS[user.locale]
    letter = notifications.Letter(
        subject="".join(filter(str.isprintable, subject.format(**facts)))[:200],
        paragraphs=tuple(paragraph.format(**facts) for paragraph in paragraphs),
        action=(_TO_PEOPLE[user.locale], "/access"),
        locale=user.locale,
    )
    notifications.send(uow, recipient=user.email, letter=letter, purpose="identity.role_given")
