"""An administrator looks after the machine: jobs and a run for a day, mail, people and an invitation."""

from __future__ import annotations

from playwright.sync_api import Browser

from tests.browser.site import Site
from tests.browser.walks import Walk

ADMINISTRATOR = "admin"


def test_an_administrator_runs_a_job_for_a_day_and_reads_a_mail(site: Site, chromium: Browser, walk: Walk) -> None:
    visitor = site.visit_as(chromium, walk, ADMINISTRATOR)
    visitor.open("/jobs/")
    visitor.click("main a[href$='/jobs/reminders']")
    day = f"2026-11-{20 + len(walk.language) + (1 if walk.width > 600 else 0):02}"
    visitor.write("#as_of", day)
    visitor.press_main()
    # no scheduler runs beside this server, so the day waits for one
    assert site.rows("SELECT state FROM job_run WHERE job = 'reminders' AND period = ?", day) == [("asked",)]
    visitor.open("/mail/")
    visitor.click("main table a", first=True)
    assert visitor.page.locator("main").inner_text().count("@") >= 1
    visitor.close()


def test_an_administrator_invites_somebody(site: Site, chromium: Browser, walk: Walk) -> None:
    visitor = site.visit_as(chromium, walk, ADMINISTRATOR)
    visitor.open("/people/")
    visitor.click("main a[href$='/people/invite']")
    email = f"new-{walk.name}@staff.example.test"
    visitor.write("#email", email)
    visitor.choose("#role", "coordinator")
    visitor.choose("#country", walk.country)
    visitor.press_main()
    assert email in visitor.text()
    assert site.rows("SELECT role, country FROM invitation WHERE email = ?", email) == [("coordinator", walk.country)]
    accepted(site, chromium, walk, email)
    visitor.close()


def accepted(site: Site, chromium: Browser, walk: Walk, email: str) -> None:
    """The invited person opens the mailed link and sees a form for name and password."""
    guest = site.visit(chromium, walk)
    guest.page.goto(site.mailed_link(email))
    guest.speak()
    guest.look()
    assert guest.page.locator("main form.form-frame").count() == 1
    guest.close()
