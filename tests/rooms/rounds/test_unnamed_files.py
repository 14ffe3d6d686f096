"""A file that was replaced or taken out of a draft goes after its days; one that anything names stays."""

from __future__ import annotations

from datetime import timedelta

from cohort.kit import clock
from cohort.kit.jobs import run_job
from cohort.kit.uploads import Upload
from cohort.rounds.applications import files
from cohort.rounds.applications import service as applications
from tests.rooms.rounds.conftest import World
from tests.rooms.rounds.test_file_questions import DEED, LETTER, OTHER_PDF, PNG, asking, draft, file


def test_replaced_and_taken_out_files_go_and_named_ones_stay(world: World) -> None:
    application, actor = draft(world, asking(world, LETTER, DEED)), world.actor("nandu")
    kept = {
        "replaced": files.hand_in(world.session, actor, application, "q1", file()),
        "sent": files.hand_in(world.session, actor, application, "q1", file(OTHER_PDF, "b.pdf")),
        "taken out": files.hand_in(world.session, actor, application, "q2", file(PNG, "c.png")),
    }
    files.take_out(world.session, actor, application, "q2")
    applications.submit(world.session, actor, application)
    kept["of the draft"] = files.hand_in(world.session, actor, application, "q1", file(b"%PDF-1.7 three", "d.pdf"))
    application.answers = {**application.answers, "q9": '{"sha256": "typed by somebody"}'}
    world.session.commit()
    assert files.named_files(world.session, [each.id for each in kept.values()]) == {kept["sent"].id, kept["of the draft"].id}

    def gone() -> list[str]:
        rows = {name: world.session.get_one(Upload, each.id) for name, each in kept.items()}
        assert all(row.path.exists() is (row.deleted_at is None) for row in rows.values())
        return [name for name, row in rows.items() if row.deleted_at is not None]

    for days, expected in ((30, []), (31, ["replaced", "taken out"])):
        with clock.at(clock.now() + timedelta(days=days)):
            assert run_job("uploads.purge", clock.today()).counts == {"deleted": len(expected)}
        assert gone() == expected
