"""The journey up to the scores: evaluators are invited, a call is built and opened, firms apply, it closes, files are reviewed."""

from __future__ import annotations

import io
import re

from cohort.demo.sketches import MAIL_DOMAIN, tax_id_of
from cohort.demo.stage_set import PASSWORD
from tests.browser.journey import APART, CODE, FIRMS, PANEL, Applicant, Journey, has_no_secret, mailbox
from tests.browser.visitor import Visitor
from tests.world import PDF

MANAGER = "direccion"
SITE_QUESTION = ("¿Qué dirección tiene su sitio?", "What is the address of your site?")
STORY_QUESTION = ("Cuente su última exportación", "Tell us of your last export")
FILE_QUESTION = ("Su catálogo", "Your catalogue")


def evaluators_invited(journey: Journey) -> None:
    """An administrator invites three evaluators; each accepts by the mailed link and sets a password."""
    visitor = journey.staff_visit("admin")
    for name, whole in PANEL:
        email = f"{mailbox(name)}@{MAIL_DOMAIN}"
        visitor.open("/people/")
        visitor.click("main a[href$='/people/invite']")
        visitor.write("#email", email)
        visitor.choose("#role", "evaluator")
        visitor.press_main()
        guest = journey.site.visit(journey.chromium, journey.staff)
        guest.page.goto(journey.site.mailed_link(email))
        guest.speak()
        guest.write("#name", whole)
        guest.choose("#language", journey.staff.language)
        guest.write("#password", PASSWORD)
        guest.press_main()
        guest.close()
    visitor.close()


def call_built(journey: Journey) -> None:
    """A manager builds a call on its pages and opens it: its rules are sealed."""
    visitor = journey.staff_visit(MANAGER)
    visitor.open("/rounds/")
    visitor.click("main a[href$='/rounds/new']", first=True)
    visitor.write("#code", CODE)
    visitor.write("#title_es", "Convocatoria del viaje")
    visitor.write("#title_en", "Call of the journey")
    for country in ("CO", "MX"):
        visitor.page.locator(f"label:has(input[name=countries][value={country}])").click()
    visitor.write("#seats", "4")
    visitor.tick("scoring", "reviews")
    visitor.page.locator("main summary", has_text=journey.says("How evaluators review")).click()
    visitor.write("#per_file", "2")
    visitor.write("#gap", "20")
    visitor.write("#closes_at", "2026-11-26T18:00")
    visitor.press_main()
    journey.round_id = int(visitor.page.url.rsplit("/", 1)[1].split("?")[0])
    rubric_changed(journey, visitor)
    rule_added(journey, visitor)
    questions_asked(journey, visitor)
    visitor.open(journey.path())
    visitor.click("main a[href$='/open']")
    if visitor.page.locator("#rare_reason").count():
        visitor.write("#rare_reason", "Son pocas en el registro; se espera a más.")
    visitor.click("main form.confirm .button--main")
    assert journey.site.rows("SELECT status, seats, length(protocol_hash), length(seed_hash) FROM round WHERE id = ?", journey.round_id) == [("open", 4, 64, 64)]
    assert journey.says("Sealed when the call opened: nobody can change them now.") in visitor.text()
    visitor.open(f"/calls/{CODE}")
    [(sealed,)] = journey.site.rows("SELECT protocol_hash FROM round WHERE id = ?", journey.round_id)
    assert sealed in visitor.text()
    visitor.close()


def rubric_changed(journey: Journey, visitor: Visitor) -> None:
    """Two weights change: 90 in all is refused with both numbers, 100 is kept."""
    visitor.click("main a[href$='/rubric']")
    weights = visitor.page.locator("input[name$=_weight]")
    names = [str(each) for each in weights.evaluate_all("all => all.filter(each => Number(each.value) > 0).map(each => each.name)")]
    first, last = f"#{names[0]}", f"#{names[-1]}"
    before = [int(visitor.only(each).input_value()) for each in (first, last)]
    visitor.write(first, str(before[0] - 10))
    visitor.press_main(refused=True)
    assert "90" in visitor.only("[data-error-summary]").inner_text()
    visitor.write(last, str(before[1] + 10))
    visitor.press_main()


def rule_added(journey: Journey, visitor: Visitor) -> None:
    """One further rule: at least one place for a small firm."""
    visitor.open(journey.path("/rules"))
    visitor.click("main a[href$='/rules/new']")
    visitor.tick("size_class", "small")
    visitor.write("#least", "1")
    visitor.press_main()
    assert visitor.page.locator("form[action$='/rules/remove']").count() == 1


def questions_asked(journey: Journey, visitor: Visitor) -> None:
    """Three questions: a text that evaluators read, an address that they do not, and a file."""
    for kind, (spanish, english), is_blind, is_needed in (
        ("long", STORY_QUESTION, False, True), ("short", SITE_QUESTION, True, True), ("file", FILE_QUESTION, False, False),
    ):
        visitor.open(journey.path("/questions"))
        visitor.click("main a[href$='/questions/new']")
        visitor.write("#label_es", spanish)
        visitor.write("#label_en", english)
        visitor.tick("kind", kind)
        if is_blind:
            visitor.tick("is_blind")
        if not is_needed:
            visitor.page.locator("label[for=is_needed]").click()
        visitor.press_main()
    assert visitor.page.locator("form[action$='/questions/order'] input[value=remove]").count() == 3
    assert journey.says("hidden from blind evaluators") in visitor.text()


def firms_apply(journey: Journey) -> None:
    """Seven firms apply by mailed link; one of them hands its catalogue in as a PDF."""
    for each in FIRMS:
        visitor = journey.firm_visit()
        applied(journey, visitor, each)
        visitor.close()
    rows = journey.site.rows("SELECT status, eligible FROM application WHERE round_id = ?", journey.round_id)
    assert rows == [("submitted", "yes")] * len(FIRMS)


def applied(journey: Journey, visitor: Visitor, who: Applicant) -> None:
    visitor.click("main a[href='/calls/']", first=True)
    visitor.click(f"main a[href$='/calls/{CODE}']")
    visitor.click(f"main a[href$='/apply/{CODE}']")
    visitor.write("#email", who.email)
    visitor.choose("#country", who.country)
    visitor.press_main()
    visitor.open(journey.site.mailed_link(who.email))
    visitor.click("main form.post-button button")
    visitor.write("#tax_id", tax_id_of(who.country, who.number)[0])
    visitor.press_main()
    about_the_firm(visitor, who)
    about_its_owners(visitor, who)
    visitor.write("#q1", who.story)
    visitor.write("#q2", who.website)
    if who.key == "telar":
        catalogue = {"name": f"catalogo-{who.key}.pdf", "mimeType": "application/pdf", "buffer": io.BytesIO(PDF).getvalue()}
        visitor.page.locator("#q3").set_input_files(catalogue)  # type: ignore[arg-type]
    visitor.press_main()
    assert who.story in visitor.text()
    visitor.click("main form[action$='/submit'] button")
    assert visitor.heading().startswith(journey.tells("We have your application"))


def about_the_firm(visitor: Visitor, who: Applicant) -> None:
    visitor.write("#company_name", who.company)
    visitor.write("#contact_name", who.contact)
    visitor.write("#product", "Artesanía para regalo")
    visitor.tick("travels", "parcel")
    visitor.tick("sells_online", "now")
    visitor.write("#founded_on", "2018-05-02")
    visitor.write("#exports_count", "1")
    visitor.choose("#sales_year", "2025")
    visitor.write("#annual_sales", who.sales)
    visitor.write("#employees", "20" if who.is_small else "4")
    visitor.tick("form", "company")
    visitor.press_main()


def about_its_owners(visitor: Visitor, who: Applicant) -> None:
    is_womens = "yes" if who.women_pct else "no"
    visitor.write("#women_ownership_pct", str(who.women_pct))
    visitor.tick("women_control", is_womens)
    visitor.tick("woman_signatory", is_womens)
    visitor.tick("independent", "yes")
    visitor.write("#board_total", "0")
    visitor.tick("data_notice")
    if who.key in ("madera", "quinua"):
        visitor.tick("public_display")
    visitor.press_main()


def call_closed(journey: Journey) -> None:
    """The deadline has passed: nobody can apply any more, and the manager freezes the files."""
    late = journey.firm_visit(f"/apply/{CODE}")
    assert late.page.locator("#email").count() == 0
    assert journey.tells("This call does not take applications now.") in late.text()
    late.close()
    visitor = journey.staff_visit(MANAGER)
    visitor.open(journey.path())
    visitor.click("main a[href$='/close']")
    visitor.click("main form.confirm .button--main")
    assert journey.site.rows("SELECT status, closed_at IS NOT NULL FROM round WHERE id = ?", journey.round_id) == [("closed", 1)]
    visitor.close()


def files_reviewed(journey: Journey) -> None:
    """Files are given out, one evaluator has a conflict, two lie far apart on one file and a third is asked."""
    given(journey)
    conflict_declared(journey)
    given(journey)
    for name, _whole in PANEL * 2:  # the third review is asked for once the second is in
        scored(journey, name)
    lines = journey.site.rows(
        "SELECT p.email, count(*) FROM assignment g JOIN application a ON a.id = g.application_id JOIN person p ON p.id = a.applicant_id "
        "WHERE a.round_id = ? AND g.ended_at IS NULL GROUP BY p.email", journey.round_id)
    assert dict(lines) == {each.email: 3 if each.key == APART else 2 for each in FIRMS}
    board_read(journey)


def given(journey: Journey) -> None:
    visitor = journey.staff_visit(MANAGER)
    visitor.open(journey.path())
    visitor.click(f"main a[href='{journey.path('/reviews')}']", first=True)
    visitor.click("form[action$='/reviews/fill'] button")
    [(short,)] = journey.site.rows(
        "SELECT count(*) FROM application a WHERE a.round_id = ? AND (SELECT count(*) FROM assignment g WHERE g.application_id = a.id AND g.ended_at IS NULL) < 2",
        journey.round_id)
    assert short == 0
    visitor.close()


def conflict_declared(journey: Journey) -> None:
    """The first evaluator knows somebody behind a file: it closes at once, by its number too, and stays hidden."""
    visitor = journey.staff_visit(mailbox(PANEL[0][0]))
    visitor.open("/home")
    assert visitor.page.url.endswith("/rounds/reviews/")
    has_no_secret(visitor)
    apart = journey.file_of(APART)[0]
    links = visitor.page.locator("#declare [data-work-open], #declare a[href*='/conflict']").evaluate_all("all => all.map(each => each.getAttribute('href'))")
    href = next(each for each in links if f"/{apart}/" not in each)
    number = int(re.findall(r"/reviews/(\d+)", href)[0])
    visitor.open(href)
    has_no_secret(visitor)
    visitor.tick("has_conflict", "yes")
    visitor.write("#reason", "Trabaja allí alguien de mi familia.")
    visitor.press_main()
    answer = visitor.get(f"/rounds/reviews/{number}")
    assert answer.status == 403
    [(code,)] = journey.site.rows("SELECT code FROM application WHERE id = ?", number)
    assert code not in visitor.text()
    visitor.close()


def scored(journey: Journey, name: str) -> None:
    """An evaluator works the list down: declares, reads, marks by keyboard, sends in."""
    visitor = journey.staff_visit(mailbox(name))
    visitor.open("/rounds/reviews/")
    has_no_secret(visitor)
    while visitor.page.locator(".page-head__actions .button").count():
        visitor.click(".page-head__actions .button")
        has_no_secret(visitor)
        if visitor.page.url.endswith("/conflict"):
            visitor.tick("has_conflict", "no")
            visitor.press_main()
            has_no_secret(visitor)
        marked(journey, visitor)
        visitor.click("#marks .button--main")
        has_no_secret(visitor)
        visitor.open("/rounds/reviews/")
    visitor.close()


def marked(journey: Journey, visitor: Visitor) -> None:
    """Mark the file that is shown: every criterion by one key, a word for the firm."""
    code = re.findall(r"[0-9A-Z]{4,}", visitor.heading())[-1]
    who = journey.firm_of(code)
    assert who.story in visitor.text()
    handed_in = visitor.page.locator("main a[href*='/handed-in/']")
    assert handed_in.count() == (1 if who.key == "telar" else 0)
    if handed_in.count():
        catalogue = visitor.get(str(handed_in.get_attribute("href")))
        assert (catalogue.status, catalogue.body()) == (200, PDF)
        assert who.key not in catalogue.headers["content-disposition"]
    marks = who.marks
    if who.key == APART:
        [(sent,)] = journey.site.rows(
            "SELECT count(*) FROM review_sent s JOIN review r ON r.id = s.review_id WHERE r.application_id = ?", journey.file_of(APART)[0])
        marks = ("5", "1", who.marks)[sent]
    for place in range(visitor.page.locator("[data-mark-scale]").count()):
        visitor.page.keyboard.press(marks[place % len(marks)])
    assert visitor.page.evaluate("document.activeElement.id") == "comment"
    visitor.page.keyboard.type("Leído entero.")
    visitor.page.keyboard.press("Tab")
    visitor.page.keyboard.type("Buenas fotos; falta el precio puesto en destino.")
    visitor.page.wait_for_function(
        "start => document.querySelector('[data-sheet-status]').textContent.startsWith(start)",
        arg=journey.says("Saved at %(time)s").split("%")[0].strip())


def board_read(journey: Journey) -> None:
    """The manager reads that every file is complete, which was far apart, and who declared a conflict."""
    visitor = journey.staff_visit(MANAGER)
    visitor.open(journey.path("/reviews"))
    assert visitor.heading() == journey.says("Reviews: %(done)s of %(all)s files complete", done=len(FIRMS), all=len(FIRMS))
    assert "Inés Barahona" in visitor.only("#conflicts").inner_text()
    visitor.open(journey.path("/reviews?state=apart"))
    assert [each.company in visitor.only("#files").inner_text() for each in FIRMS] == [each.key == APART for each in FIRMS]
    for path in ("/reviews/scores", "/reviews/conflicts", f"/reviews/files/{journey.file_of(APART)[0]}", "/files", f"/files/{journey.file_of(APART)[0]}"):
        visitor.open(journey.path(path))
    visitor.close()
