"""Finds what links an evaluator to a file: same mail domain, name, owner, past link, with aliases and accents folded.

Pure: facts in, links out. It neither loads nor stores them, and a link found is a reason to look, not a verdict on anybody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from cohort.firms.facts import plain

# Hosts whose mail says nothing of where a person works: by first label (hotmail.cl, yahoo.com.mx), and whole.
FREE_LABELS = frozenset({
    "gmail", "googlemail", "hotmail", "outlook", "live", "msn", "yahoo", "ymail", "icloud", "proton", "protonmail",
    "gmx", "aol", "zoho", "yandex", "tutanota", "terra", "fastmail",
})
FREE_HOSTS = frozenset({
    "me.com", "mac.com", "pm.me", "mail.com", "vtr.net", "prodigy.net.mx", "une.net.co", "etb.net.co", "racsa.co.cr",
    "ice.co.cr", "speedy.com.pe", "infonegocio.net.pe", "entelchile.net", "tie.cl", "manquehue.net",
    "example.com", "example.net", "example.org",
})
RESERVED_ENDS = frozenset({"test", "example", "invalid", "localhost"})  # nobody's: RFC 2606
# Ends under which anybody may have a name: sharing one is no link.
PUBLIC_ENDS = frozenset({
    f"{kind}.{code}" for code in ("cl", "co", "cr", "mx", "pe")
    for kind in ("com", "co", "net", "org", "edu", "ac", "gob", "gov", "go", "mil", "nom", "or", "fi")
})
_SMALL_WORDS = frozenset({
    "de", "del", "la", "las", "los", "el", "y", "e", "da", "do", "dos", "san", "van", "von", "sa", "sac", "spa",
    "ltda", "srl", "eirl", "sas", "cv", "rl",
})


@dataclass(frozen=True)
class EvaluatorFacts:
    """What is known of one evaluator: number, name, mail addresses, firms of now or earlier and their owner groups."""

    person_id: int
    name: str
    mails: tuple[str, ...] = ()
    firm_ids: frozenset[int] = frozenset()
    owner_groups: frozenset[str] = frozenset()


@dataclass(frozen=True)
class FileFacts:
    """What is known of the people behind one file: firms, persons, their names and mails, web hosts, owners."""

    application_id: int
    firm_ids: frozenset[int] = frozenset()
    person_ids: frozenset[int] = frozenset()
    people: tuple[str, ...] = ()
    firm_names: tuple[str, ...] = ()
    mails: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    owner_group: str = ""


@dataclass(frozen=True)
class Link:
    """One link: its kind (past_link | owner | name | domain) and the fact that shows it, as it was written."""

    kind: str
    fact: str


def links_between(evaluator: EvaluatorFacts, file: FileFacts) -> tuple[Link, ...]:
    """Return every link, the strongest kind first; empty when nothing known links them.

    Names are compared without accents, order, small words and a missing second name; addresses without `+tags`;
    hosts without subdomains, and free mail hosts never.

    >>> evaluator = EvaluatorFacts(1, "Ana María Núñez Soto", ("ana@lab.cl",))
    >>> [link.kind for link in links_between(evaluator, FileFacts(9, people=("NUNEZ SOTO, Ana",), hosts=("www.lab.cl",)))]
    ['name', 'domain']
    """
    return (*_past(evaluator, file), *_owner(evaluator, file), *_name(evaluator, file), *_domain(evaluator, file))


def _past(evaluator: EvaluatorFacts, file: FileFacts) -> Iterable[Link]:
    shared = {same_address(mail) for mail in evaluator.mails} & {same_address(mail) for mail in file.mails}
    if evaluator.person_id in file.person_ids or evaluator.firm_ids & file.firm_ids:
        yield Link("past_link", "")
    elif shared:
        yield Link("past_link", min(shared))


def _owner(evaluator: EvaluatorFacts, file: FileFacts) -> Iterable[Link]:
    group = plain(file.owner_group)
    if group and group in {plain(each) for each in evaluator.owner_groups}:
        yield Link("owner", file.owner_group)
        return
    own = name_words(evaluator.name)
    for name in (file.owner_group, *file.firm_names):
        if len(own) >= 2 and own <= name_words(name):
            yield Link("owner", name)
            return


def _name(evaluator: EvaluatorFacts, file: FileFacts) -> Iterable[Link]:
    found = next((name for name in file.people if is_same_name(evaluator.name, name)), None)
    if found is not None:
        yield Link("name", found)


def _domain(evaluator: EvaluatorFacts, file: FileFacts) -> Iterable[Link]:
    theirs = [host for host in (*(host_of(mail) for mail in file.mails), *file.hosts) if host]
    for own in (host_of(mail) for mail in evaluator.mails):
        shared = next((host for host in theirs if is_same_host(own, host)), None)
        if shared is not None:
            yield Link("domain", bare_host(shared))
            return


@lru_cache(maxsize=8192)  # every evaluator is held against every file
def name_words(name: str) -> frozenset[str]:
    """Return the words of a name that tell people apart, folded; initials and small words are left out."""
    words = re.findall(r"[a-z0-9]+", plain(name))
    return frozenset(word for word in words if len(word) > 1 and word not in _SMALL_WORDS)


def is_same_name(one: str, other: str) -> bool:
    """Return whether two names may be of one person: two words or more in common, and nothing against it.

    The shorter name must stand whole in the longer one: `Rosa Quispe` may be `Rosa Elena Quispe Huamán`, but
    `Rosa Quispe Soto` is not `Rosa Quispe Huamán`.
    """
    shorter, longer = sorted((name_words(one), name_words(other)), key=len)
    return len(shorter) >= 2 and shorter <= longer


def same_address(mail: str) -> str:
    """Return a mail address in the one form that its aliases share.

    >>> same_address("Rosa.Quispe+pa@GoogleMail.com")
    'rosaquispe@gmail.com'
    """
    local, _at, host = mail.strip().lower().rpartition("@")
    local, host = local.split("+", maxsplit=1)[0], "gmail.com" if host == "googlemail.com" else host
    return f"{local.replace('.', '') if host == 'gmail.com' else local}@{host}"


def host_of(mail: str) -> str:
    """Return the host of a mail address, empty for a free one and for one that is nobody's."""
    host = mail.strip().lower().rpartition("@")[2]
    labels = host.split(".")
    return "" if host in FREE_HOSTS or labels[0] in FREE_LABELS or labels[-1] in RESERVED_ENDS else host


def bare_host(host: str) -> str:
    """Return the host of a web or mail address without scheme, path and `www`.

    >>> bare_host("https://www.Lanas.cl/tienda")
    'lanas.cl'
    """
    return re.sub(r"^(?:[a-z]+://)?(?:www\.)?", "", host.strip().lower()).split("/")[0].split(":")[0]


def is_same_host(one: str, other: str) -> bool:
    """Return whether two hosts are one, or one lies under the other; a public end such as `com.pe` is no host."""
    shorter, longer = sorted((bare_host(one), bare_host(other)), key=len)
    if "." not in shorter or shorter in PUBLIC_ENDS:
        return False
    return shorter == longer or longer.endswith("." + shorter)
