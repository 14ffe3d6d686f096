"""The journey from the scores on: compared, proposed, agreed, sealed, told; appealed, seats lost and filled; verified by anybody."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.browser.journey import ANSWERING_AT, CODE, FIRMS, REPLACING_AT, Journey, firm, mailbox
from tests.browser.journey_call import MANAGER
from tests.browser.served import ROOT
from tests.browser.visitor import Visitor

CHOSEN = ("telar", "madera", "cacao", "plata")
LOST = ("telar", "cacao")
CALLED = ("miel", "quinua")
ACT = "Resolución 7/2026"
APPEAL = "Mi postulación tiene más puntos que otra que fue elegida."
ANSWER = "La regla de las empresas pequeñas estaba sellada antes de abrir; sus puntos están bien sumados."


def companies(*keys: str) -> set[str]:
    return {firm(key).company for key in keys}


def named(visitor: Visitor, selector: str = "main") -> set[str]:
    """Return which firms of the call a part of the page names."""
    text = visitor.page.locator(selector).first.inner_text()
    return {each.company for each in FIRMS if each.company in text}


def compared(journey: Journey) -> None:
    """The manager reads the list and what each rule costs, compares three what-ifs, and proposes the sealed rules' list."""
    visitor = journey.staff_visit(MANAGER)
    visitor.open(journey.path())
    visitor.click("main a[href$='/decide']")
    assert visitor.heading() == journey.says("Choose %(seats)s of %(eligible)s eligible firms", seats=4, eligible=len(FIRMS))
    listed = visitor.page.locator("main table").first.locator("tbody tr")
    assert {each.company for each in FIRMS for row in listed.all()[:4] if each.company in row.inner_text()} == companies(*CHOSEN)
    visitor.click("main a[href$='/what-if']")
    visitor.write("#a-seats", "5")
    visitor.write("#b-seats", "6")
    visitor.write("#c-minimum", "75")
    with visitor.page.expect_navigation():
        visitor.page.locator("main form[method=get] button").click()
    visitor.look()
    assert "b-seats=6" in visitor.page.url
    assert journey.says("impossible: %(rules)s", rules="@").split("@")[0] in visitor.text()
    changes = visitor.page.locator("main .card", has_text=journey.says("Who comes in, who goes out")).inner_text()
    assert {each.company for each in FIRMS if each.company in changes} >= companies("cobre", "quinua")
    visitor.open(journey.path("/decide"))
    visitor.click("form[action$='/propose'] button")
    assert journey.site.rows("SELECT count(*) FROM seat s JOIN application a ON a.id = s.application_id WHERE a.round_id = ?", journey.round_id) == [(0,)]
    assert visitor.page.locator("form[action$='/seal']").count() == 0, "whoever proposes does not seal"
    visitor.close()


def agreed(journey: Journey) -> None:
    """Each coordinator verifies the ownership of its firms with a provisional seat, or next on the list, and agrees."""
    for coordinator in ("chile", "peru"):
        visitor = journey.staff_visit(coordinator)
        visitor.open(journey.path())
        visitor.click("main a[href$='/proposal']")
        for _claim in range(visitor.page.locator("main a[href$='/ownership']").count()):
            visitor.click("main a[href$='/ownership']", first=True)
            visitor.tick("answer", "yes")
            visitor.write("#reason", "Vimos la escritura.")
            visitor.press_main()
        visitor.click("form[action$='/concur'] button")
        visitor.close()
    assert journey.site.rows("SELECT count(*) FROM concurrence c JOIN decision d ON d.id = c.decision_id WHERE d.round_id = ?", journey.round_id) == [(2,)]


def sealed(journey: Journey) -> None:
    """Whoever proposed cannot seal; the administrator does."""
    visitor = journey.staff_visit(MANAGER)
    visitor.open(journey.path("/proposal"))
    assert journey.says("Everything is ready. You proposed this list, so somebody else has to seal it.") in visitor.told()
    visitor.close()
    visitor = journey.staff_visit("admin")
    visitor.open(journey.path("/proposal"))
    visitor.click("form[action$='/seal'] button")
    assert visitor.page.url.endswith("/result")
    visitor.close()
    rows = journey.site.rows(
        "SELECT p.email, s.outcome FROM seat s JOIN application a ON a.id = s.application_id JOIN person p ON p.id = a.applicant_id WHERE a.round_id = ?",
        journey.round_id)
    assert {email.split("@")[0] for email, outcome in rows if outcome == "selected"} == set(CHOSEN)


def told(journey: Journey) -> None:
    """The act is recorded with its number, the letters are read, and go out as one batch."""
    visitor = journey.staff_visit(MANAGER)
    visitor.open(journey.path("/letters"))
    assert visitor.page.locator("form[action$='/letters']").count() == 0, "no letter before the act"
    visitor.open(journey.path("/seats"))
    visitor.write("#number", ACT)
    visitor.press_main()
    visitor.click("main a[href$='/letters']")
    assert "Buenas fotos; falta el precio puesto en destino." in visitor.text()
    visitor.click("form[action$='/letters'] button")
    assert ACT in visitor.text()
    assert journey.seats() == dict.fromkeys(CHOSEN, "waiting")
    letters = journey.site.rows(
        "SELECT count(DISTINCT address) FROM outbox_message WHERE address LIKE '%@journey.example.test' AND kind LIKE 'decision_%'")
    assert letters == [(len(FIRMS),)]
    visitor.close()


def answered_by_firms(journey: Journey) -> None:
    """Two accept, one gives its seat back with a reason, one that was passed over appeals; a fourth declines by telephone."""
    journey.move_to(ANSWERING_AT)
    for key in ("madera", "plata"):
        visitor = journey.firm_returns(firm(key))
        visitor.click("form[action$='/accept'] button")
        assert journey.tells("You accepted the seat") in visitor.text()
        visitor.close()
    visitor = journey.firm_returns(firm("telar"))
    visitor.click("main a[href$='/decline']")
    visitor.write("#reason", "Nos asociamos con otra empresa.")
    visitor.press_main()
    assert journey.tells("You gave the seat back") in visitor.text()
    visitor.close()
    appealed(journey)
    visitor = journey.staff_visit("peru")
    visitor.open(journey.path("/seats"))
    row = visitor.page.locator("main tr", has_text=firm("cacao").company)
    visitor.open(str(row.locator("a[href*='/seats/']").get_attribute("href")))
    visitor.write("#reason", "Avisó por teléfono que cierra este año.")
    visitor.click("button[name=act][value=decline]")
    visitor.close()
    assert journey.seats() == {"telar": "declined", "cacao": "declined", "madera": "accepted", "plata": "accepted"}


def appealed(journey: Journey) -> None:
    """A firm reads why it has no seat, in words that name no other firm, and appeals once."""
    visitor = journey.firm_returns(firm("cobre"))
    assert named(visitor) <= companies("cobre")
    assert journey.tells("%(rule)s (%(limit)s)", rule=journey.tells("small firms"), limit=journey.tells("at least %(count)s", count=1)) in visitor.text()
    visitor.click(f"main a[href$='/apply/{CODE}/appeal']")
    visitor.press_main(refused=True)
    visitor.write("#text", APPEAL)
    visitor.press_main()
    assert journey.tells("Appeal: waiting") in visitor.text()
    visitor.close()


def appeal_answered(journey: Journey) -> None:
    """Chile's seats are frozen until somebody who scored nothing answers; evaluators do not even see the appeal."""
    journey.move_to(REPLACING_AT)
    [(appeal,)] = journey.site.rows(
        "SELECT e.id FROM appeal e JOIN application a ON a.id = e.application_id WHERE a.round_id = ? AND e.state = 'waiting'", journey.round_id)
    evaluator = journey.staff_visit(mailbox("ines"))
    assert evaluator.get(journey.path(f"/appeals/{appeal}")).status in (403, 404)
    evaluator.close()
    visitor = journey.staff_visit(MANAGER)
    visitor.open(journey.path("/replace"))
    frozen = journey.says("An appeal of %(countries)s waits for its answer: its seats are frozen until then.", countries="Chile")
    assert frozen in visitor.told()
    assert visitor.page.locator("form.form-frame #reason").count() == 0, "nobody is called while seats are frozen"
    visitor.open(journey.path())
    visitor.click(f"main a[href$='/appeals/{appeal}']", first=True)
    assert APPEAL in visitor.text()
    visitor.tick("is_upheld", "no")
    visitor.write("#answer", ANSWER)
    visitor.press_main()
    assert journey.site.rows("SELECT state, answer FROM appeal WHERE id = ?", appeal) == [("rejected", ANSWER)]
    visitor.close()
    reader = journey.firm_returns(firm("cobre"))
    assert ANSWER in reader.text()
    reader.close()


def replaced(journey: Journey) -> None:
    """A dry run shows who would enter, and stores nothing; then the two free seats are filled under every rule."""
    visitor = journey.staff_visit(MANAGER)
    visitor.open(journey.path("/seats"))
    visitor.click("main a[href$='/replace']")
    entering = visitor.page.locator("main .card", has_text=journey.says("These enter")).last.inner_text()
    assert {each.company for each in FIRMS if each.company in entering} == companies(*CALLED)
    [number] = visitor.page.locator("main label", has_text=firm("plata").company).locator("input").evaluate_all("all => all.map(each => each.value)")
    visitor.page.locator(f"label[for=leaves-{number}]").click()
    with visitor.page.expect_navigation():
        visitor.page.locator("main form[method=get] button").click()
    visitor.look()
    assert journey.seats()["plata"] == "accepted"
    assert visitor.page.locator("form.form-frame #reason").count() == 0, "a dry run calls nobody"
    visitor.open(journey.path("/replace"))
    visitor.write("#reason", "Dos empresas devolvieron su cupo.")
    visitor.press_main()
    assert {key: state for key, state in journey.seats().items() if key in CALLED} == dict.fromkeys(CALLED, "waiting")
    visitor.close()
    for key in CALLED:
        reader = journey.firm_returns(firm(key))
        assert journey.tells("Called from the waiting list") in reader.text()
        reader.click("form[action$='/accept'] button")
        reader.open("/own")
        reader.close()
    seats_read(journey)


def seats_read(journey: Journey) -> None:
    """Four seats are taken, two of them by women's firms, at selection and today; four firms are members."""
    visitor = journey.staff_visit(MANAGER)
    visitor.open(journey.path("/seats"))
    figures = " ".join(visitor.page.locator(".key-figure").all_inner_texts())
    assert journey.says("%(women)s of %(total)s", women=2, total=4) in figures
    assert journey.says("at selection: %(women)s of %(total)s", women=2, total=4) in figures
    visitor.open(journey.path("/funnel"))
    rows = journey.site.rows(
        "SELECT p.email FROM member m JOIN firm f ON f.id = m.firm_id JOIN application a ON a.firm_id = f.id AND a.round_id = m.round_id "
        "JOIN person p ON p.id = a.applicant_id WHERE m.round_id = ?", journey.round_id)
    assert {email.split("@")[0] for (email,) in rows} == {*CHOSEN, *CALLED} - set(LOST)
    visitor.close()


def published(journey: Journey) -> None:
    """The manager publishes: names that agreed stand on the public page, apart from the codes."""
    visitor = journey.staff_visit(MANAGER)
    visitor.open(journey.path("/result"))
    visitor.click("main a[href$='/publish']")
    if visitor.page.locator("#rare_reason").count():
        visitor.write("#rare_reason", "Son pocas, y la regla es la misma para todos los países.")
    visitor.click("main form.confirm .button--main")
    visitor.close()


def verified(journey: Journey, folder: Path) -> None:
    """Somebody without an account takes the record into an empty folder: one command says that it is the same, or not."""
    folder.mkdir()
    visitor = journey.firm_visit(f"/calls/{CODE}")
    public = visitor.text()
    assert firm("madera").company in public
    assert firm("plata").company not in public
    with visitor.page.expect_download() as waiting:
        visitor.only("main a[href$='/record.json']").click()
    record = folder / waiting.value.suggested_filename
    shutil.copy(waiting.value.path(), record)
    visitor.close()
    assert f"cohort verify {record.name}" in public
    text = record.read_text()
    assert [secret for each in FIRMS for secret in each.secrets if secret in text] == []
    same = verify(record)
    assert (same.returncode, same.stdout, same.stderr) == (0, f"same: optimal, {len(FIRMS)} applicants, {record.name}\n", "")
    assert [path.name for path in folder.iterdir()] == [record.name]
    record.write_text(one_byte_changed(text))
    differs = verify(record)
    assert differs.returncode == 3
    assert "hashes.rows: " in differs.stdout
    assert "this is not the record that was sealed" in differs.stderr


def verify(record: Path) -> subprocess.CompletedProcess[str]:
    """Run the command where nothing but the record is, and nothing of the environment."""
    return subprocess.run(
        [sys.executable, "-m", "cohort", "verify", record.name], cwd=record.parent, env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True, text=True, timeout=60, check=False)


def one_byte_changed(text: str) -> str:
    """Return the record with one digit of a score made another."""
    found = re.search(r'"score":\s*"?(\d)', text)
    assert found is not None
    place = found.start(1)
    return text[:place] + ("8" if text[place] != "8" else "7") + text[place + 1:]
