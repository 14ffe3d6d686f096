"""The parity funnel of a round: its figures add up, small groups are hidden from whoever may not read firms."""

from __future__ import annotations

from cohort.firms.facts import NewFirm
from cohort.firms.service import register_firm
from cohort.kit import clock
from cohort.kit.access import Role
from cohort.people import invitations
from cohort.rounds.applications import entry
from cohort.rounds.funnel import CUTS, Step, funnel_of
from cohort.rounds.seats import offers
from tests.rooms.rounds.conftest import AFTER, Site, World, tax_id
from tests.rooms.rounds.pages import checked


def test_stages_add_up_whatever_the_cut(world: World) -> None:
    round_ = world.call()
    tax = entry.TaxNumber("PE", *tax_id("PE", 900))
    entry.begin(world.session, world.applicant("empezada", "PE"), round_, tax)
    invited = register_firm(world.session, world.coordinator("CO"), NewFirm(
        legal_name="Telares del Valle", country="CO", tax_id=tax_id("CO", 901)[0], check_digit=tax_id("CO", 901)[1]))
    invited.women_owned = "yes"
    invitations.invite(world.session, world.coordinator("CO"), "ana@telares.test", Role.FIRM, None, invited.id, world.plan.id)
    files = world.fill(round_)
    world.close(round_)
    world.score(round_, files)
    with clock.at(AFTER):
        world.told(round_)
        for each in files:
            offer = offers.standing_offer(world.session, each.id)
            if offer is not None and each.country == "PE":
                offers.accept(world.session, world.owner_of(each), offer)
    for cut in CUTS:
        found = funnel_of(world.session, round_, cut, is_protected=False)
        whole = found.pop("")
        assert whole == [
            Step("invited", 18, 9, 1), Step("began", 17, 8, 1), Step("applied", 16, 8, 0), Step("eligible", 16, 8, 0), Step("minimum", 16, 8, 0), Step("selected", 8, 4, 0),
            Step("accepted", 2, 1, 0)]
        for place in range(len(whole)):
            assert sum(steps[place].total for steps in found.values()) == whole[place].total
            assert sum(steps[place].womens or 0 for steps in found.values()) == whole[place].womens
    by_country = funnel_of(world.session, round_, "country", is_protected=True)
    assert list(by_country) == ["", "CL", "CO", "MX", "PE"]
    assert {steps[2].womens for name, steps in by_country.items() if name} == {None}  # four firms a country


def test_the_page_by_each_cut(doors: Site) -> None:
    number = doors.do(lambda world: world.decided_ready()[0].id)
    for email in ("manager@plan.test", "observer@plan.test"):
        client = doors.client(email)
        for by in ("", "?by=size_class", "?by=sector", "?by=nonsense"):
            checked(client.get(f"/rounds/{number}/funnel{by}").text)
    assert "·" in client.get(f"/rounds/{number}/funnel").text
