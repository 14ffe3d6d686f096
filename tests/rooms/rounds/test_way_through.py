"""From a draft call to a published record, through the services."""

from __future__ import annotations

from sqlalchemy import select

from cohort.kit import clock
from cohort.kit.outbox import OutboxMessage
from cohort.plans.models import Member
from cohort.rounds.calls.protocol import sha256_of, sha256_text
from cohort.rounds.decisions import service as decisions
from cohort.rounds.models import Seat
from tests.rooms.rounds.conftest import AFTER, World


def test_the_whole_way(world: World) -> None:
    session = world.session
    round_ = world.call(is_open=False)
    assert (round_.status, round_.protocol_hash, round_.seed_hash) == ("draft", "", "")
    world.session.flush()
    from cohort.rounds.calls import service as calls

    calls.open_round(session, world.manager, round_)
    assert round_.protocol_hash == sha256_of(round_.protocol)
    assert round_.seed_hash == sha256_text(round_.seed)
    files = world.fill(round_)
    assert [each.eligible for each in files] == ["yes"] * 16, [each.eligibility for each in files if each.eligible != "yes"]
    world.close(round_)
    world.score(round_, files)
    with clock.at(AFTER):
        decision = world.joined(round_)
        decisions.publish(session, world.manager, round_, "Pocas firmas.")
    outcomes = {seat.application_id: (seat.outcome, seat.place) for seat in session.scalars(select(Seat))}
    assert len(outcomes) == 16
    assert sorted(outcome for outcome, _ in outcomes.values()) == ["selected"] * 8 + ["waitlist"] * 8
    chosen = {each.id for each in files if outcomes[each.id][0] == "selected"}
    members = list(session.scalars(select(Member)))
    assert {member.firm_id for member in members} == {each.firm_id for each in files if each.id in chosen}
    assert sorted(member.womens_at_entry for member in members) == ["no"] * 4 + ["yes"] * 4
    assert {member.round_id for member in members} == {round_.id}
    kinds = [row.kind for row in session.scalars(select(OutboxMessage)) if row.kind.startswith("decision_")]
    assert sorted(kinds) == ["decision_selected"] * 8 + ["decision_waitlist"] * 8
    assert (round_.status, decision.record_hash) == ("published", sha256_of(decision.record))
