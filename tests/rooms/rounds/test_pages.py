"""Each page of the room, as each of its readers, on the way from a new call to a published record."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from sqlalchemy import select

from cohort.kit import clock
from cohort.kit.outbox import OutboxMessage
from cohort.plans.models import Member
from cohort.rounds.decisions import service as decisions
from cohort.rounds.files.cli import verify
from cohort.rounds.models import Appeal, Application, Decision, Round
from cohort.rounds.seats.models import Offer
from tests.rooms.rounds.conftest import AFTER, CODE, Site, World, post, tax_id, token_of
from tests.rooms.rounds.pages import checked


def page(client: FlaskClient, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, f"{path}: {answer.status_code} {answer.headers.get('Location')}"
    checked(answer.text)
    return answer.text


def round_id(doors: Site) -> int:
    return int(doors.do(lambda world: world.session.scalars(select(Round.id)).one()))  # type: ignore[call-overload]


def test_manager_starts_a_call_in_one_page(doors: Site) -> None:
    client = doors.client("manager@plan.test")
    assert "Crear una convocatoria" in page(client, "/rounds/")
    text = page(client, "/rounds/new")
    typed = dict(re.findall(r'<input [^>]*class="control"[^>]* name="(\w+)"[^>]* value="([^"]*)"', text))
    typed |= {"template": "equal", "countries": ["CL", "CO", "MX", "PE"], "time_zone": "America/Santiago"}
    answer = post(client, "/rounds/new", **{**typed, "seats": "3"})
    assert answer.status_code == 422
    checked(answer.text)
    assert 'value="3"' in answer.text  # what was typed is kept
    answer = post(client, "/rounds/new", **typed)
    assert answer.status_code == 302, re.findall('href="#(.*?)</a>', answer.text)
    path = answer.headers["Location"]
    page(client, path)
    page(client, path + "/edit")
    page(client, path + "/open")
    page(doors.client(), "/calls/2026-1", 404)  # a draft is nobody's to see
    assert post(client, path + "/open").headers["Location"] == path
    page(client, path)
    page(client, path + "/addendum")
    page(doors.client(), "/calls/")
    page(doors.client(), "/calls/2026-1")
    page(client, path + "/close")
    post(client, path + "/close")
    assert doors.do(lambda world: world.session.scalars(select(Round.status)).one()) == "open"  # before the deadline


def test_firm_that_nobody_invited_applies(doors: Site) -> None:
    doors.do(lambda world: world.call())
    client = doors.client()
    page(client, f"/apply/{CODE}")
    answer = post(client, f"/apply/{CODE}", email="no mail", country="PE")
    assert answer.status_code == 422
    checked(answer.text)
    answer = post(client, f"/apply/{CODE}", email="Rosa@Tejidos.test", country="PE")
    assert answer.status_code == 200
    checked(answer.text)
    link = str(doors.do(lambda world: world.session.scalars(
        select(OutboxMessage).where(OutboxMessage.kind == "confirm_address")).one().params["link"]))
    path = re.sub("^https?://[^/]+", "", link)
    assert post(client, path).status_code == 302
    assert client.get(f"/apply/{CODE}").headers["Location"] == f"/apply/{CODE}/firm"
    text = page(client, f"/apply/{CODE}/firm?country=PE")
    assert "RUC" in text
    answer = post(client, f"/apply/{CODE}/firm", page=f"/apply/{CODE}/firm?country=PE", country="PE", tax_id="123")
    assert answer.status_code == 422
    checked(answer.text)
    answer = post(client, f"/apply/{CODE}/firm", page=f"/apply/{CODE}/firm?country=PE", country="PE", tax_id=tax_id("PE", 7)[0])
    assert answer.headers["Location"] == f"/apply/{CODE}/form"
    page(client, f"/apply/{CODE}/form")
    typed = {"company_name": "Tejidos", "contact_name": "Rosa", "product": "Chales", "travels": "parcel", "sells_online": "soon",
             "sales_year": "2025", "annual_sales": "50,000.50", "employees": "3", "form": "sole_trader", "exports_count": "0",
             "founded_on": "2020-05-01"}
    answer = post(client, f"/apply/{CODE}/form", **{**typed, "action": "save"})
    assert answer.headers["Location"] == f"/apply/{CODE}/form"
    assert 'value="Tejidos"' in page(client, f"/apply/{CODE}/form")
    assert post(client, f"/apply/{CODE}/form", **typed).headers["Location"] == f"/apply/{CODE}/ownership"
    assert "owner_is_woman" in page(client, f"/apply/{CODE}/ownership")
    page(client, f"/apply/{CODE}/review")
    post(client, f"/apply/{CODE}/submit", page=f"/apply/{CODE}/review")  # the notice on data is not read yet
    assert doors.do(lambda world: world.session.scalars(select(Application.status)).one()) == "draft"
    answer = post(client, f"/apply/{CODE}/ownership", owner_is_woman="yes", data_notice="y", public_display="y")
    assert answer.headers["Location"] == f"/apply/{CODE}/review"
    assert "PEN 50,000.5" in page(client, f"/apply/{CODE}/review")
    assert post(client, f"/apply/{CODE}/submit", page=f"/apply/{CODE}/review").headers["Location"] == f"/apply/{CODE}/receipt"
    page(client, f"/apply/{CODE}/receipt")
    found = doors.do(lambda world: [(each.status, each.eligible, each.firm.women_owned, each.firm.size_class)
                                    for each in world.session.scalars(select(Application))])
    assert found == [("submitted", "yes", "yes", "micro")]
    page(client, f"/apply/{CODE}/withdraw")
    assert post(client, f"/apply/{CODE}/withdraw").status_code == 302
    page(client, f"/apply/{CODE}/receipt")
    assert post(client, f"/apply/{CODE}/reopen", page=f"/apply/{CODE}/receipt").status_code == 302
    page(client, f"/apply/{CODE}/form")


def test_manager_scores_and_decides(doors: Site, tmp_path) -> None:  # type: ignore[no-untyped-def]
    def ready(world: World) -> None:
        round_ = world.call()
        world.fill(round_)
        world.close(round_)

    doors.do(ready)
    clock.pin(AFTER)
    client, path = doors.client("manager@plan.test"), f"/rounds/{round_id(doors)}"
    for part in ("", "/files", "/files?words=firmape&state=yes", "/scores", "/scores/paste", "/decide"):
        page(client, path + part)
    files = doors.do(lambda world: [(each.id, each.code, each.tax_id, each.country) for each in world.session.scalars(
        select(Application).order_by(Application.id))])
    assert isinstance(files, list)
    page(client, f"{path}/files/{files[0][0]}")
    page(client, f"{path}/files/{files[0][0]}/size")
    sheet = "código\tpuntaje\n" + "\n".join(
        f"{tax if country == 'PE' else code}\t{90 - place},5" for place, (_key, code, tax, country) in enumerate(files))
    answer = post(client, path + "/scores/paste", sheet=sheet + "\nNADIE\t80\n" + f"{files[0][1]}\t77")
    assert answer.status_code == 422
    checked(answer.text)
    assert answer.text.count("NADIE") == 2  # named in the fault, kept in the box
    answer = post(client, path + "/scores/paste", sheet=sheet)
    assert answer.status_code == 200
    checked(answer.text)
    assert post(client, path + "/scores/paste", sheet=sheet, apply="yes").headers["Location"] == path + "/scores"
    answer = post(client, path + "/scores", **{f"score-{files[3][0]}": "mucho"})
    assert answer.status_code == 422
    checked(answer.text)
    assert 'value="mucho"' in answer.text
    text = page(client, path + "/decide")
    page(client, path + "/decide?all=1")
    checked(client.get(path + "/act").text)
    key = re.search(r'name="key" value="(\w{64})"', text)
    assert key
    token = token_of(client, path + "/decide")
    assert client.post(path + "/propose", data={"csrf_token": token, "key": key[1]}).headers["Location"] == path + "/proposal"
    text = page(client, path + "/proposal")
    assert re.search(r"<code>\w{4}…\w{4}</code>", text)
    assert client.get(path + "/proposal").text.count("/seal") == 0  # never the one who proposed
    mine = doors.client("peru@plan.test")
    page(mine, path)
    text = page(mine, path + "/proposal")
    waiting = re.findall(r'href="(/rounds/\d+/files/\d+/ownership)"', text)
    assert waiting
    for each in waiting:
        page(mine, each)
        post(mine, each, answer="yes", reason="Visto en la escritura.")
    assert re.findall(r'/files/\d+/ownership', page(mine, path + "/proposal")) == []
    token, whole = token_of(mine, path + "/proposal"), doors.do(lambda world: world.session.scalars(select(Decision)).one().record_hash)
    agreed = mine.post(path + "/concur", data={"csrf_token": token, "record": whole})
    assert agreed.headers["Location"] == path + "/proposal"
    page(mine, path + "/proposal")
    doors.do(lambda world: world.agreed(world.session.scalars(select(Round)).one(), world.session.scalars(select(Decision)).one()))
    page(client, path + "/proposal")
    sealer = doors.client("second@plan.test")
    page(sealer, path + "/proposal")
    token = token_of(sealer, path + "/proposal")
    first, second = (sealer.post(path + "/seal", data={"csrf_token": token, "record": whole}) for _ in range(2))
    assert [first.headers["Location"], second.headers["Location"]] == [path + "/result"] * 2
    assert client.get(path + "/proposal").headers["Location"] == path + "/result"
    answer = client.get(path + "/act.pdf")
    assert (answer.mimetype, answer.data[:5]) == ("application/pdf", b"%PDF-")
    page(client, path + "/seats")
    answer = post(client, path + "/seats", number="", signed_on="2026-11-20")
    assert answer.status_code == 422
    assert post(client, path + "/seats", number="RES-1", signed_on="2026-11-20").headers["Location"] == path + "/seats"
    page(client, path + "/letters")
    first, second = (post(client, path + "/letters") for _ in range(2))
    assert [first.headers["Location"], second.headers["Location"]] == [path + "/seats"] * 2
    offered = doors.do(lambda world: [(each.id, each.application.applicant.email) for each in world.session.scalars(select(Offer).order_by(Offer.id))])
    assert isinstance(offered, list)
    assert len(offered) == 8
    (first_id, _mail), (_key, second_mail) = offered[:2]
    page(client, path + "/seats")
    page(client, f"{path}/seats/{first_id}")
    assert post(client, f"{path}/seats/{first_id}", act="accept").headers["Location"] == path + "/seats"
    assert post(client, f"{path}/seats/{first_id}", act="free", reason=" ").status_code == 422
    for key, _mail in offered[2:]:
        assert post(client, f"{path}/seats/{key}", act="accept").headers["Location"] == path + "/seats"
    assert doors.do(lambda world: len(list(world.session.scalars(select(Member))))) == 7
    page(client, path + "/replace?leaves=" + str(files[0][0]))
    owner = doors.client(second_mail)
    page(owner, f"/apply/{CODE}/receipt")
    page(owner, f"/apply/{CODE}/decline")
    assert post(owner, f"/apply/{CODE}/decline", reason="Nos falta tiempo.").headers["Location"] == f"/apply/{CODE}/receipt"
    page(owner, f"/apply/{CODE}/receipt")
    text = page(client, path + "/replace")
    key_now = re.search(r'name="key" value="(\w{64})"', text)
    assert key_now
    assert post(client, path + "/replace", key=key_now[1], reason=" ").status_code == 422
    assert post(client, path + "/replace", key=key_now[1], reason="Un cupo libre.").headers["Location"] == path + "/seats"
    page(client, path + "/seats")
    called = doors.do(lambda world: world.session.scalars(select(Offer).order_by(Offer.id.desc()).limit(1)).one().application.applicant.email)
    owner = doors.client(str(called))
    assert post(owner, f"/apply/{CODE}/accept", page=f"/apply/{CODE}/receipt").headers["Location"] == f"/apply/{CODE}/receipt"
    assert doors.do(lambda world: len(list(world.session.scalars(select(Member))))) == 8
    page(client, path + "/replace")
    page(client, path + "/result")
    page(client, path + "/result?all=1")
    assert client.get(path + "/decide").headers["Location"] == path + "/result"
    open_pages = doors.client()
    assert open_pages.get(f"/rounds/{CODE}/record.json").status_code == 404
    assert post(client, path + "/publish", rare_reason="Pocas firmas, y todas lo saben.").headers["Location"] == path + "/result"
    page(open_pages, f"/calls/{CODE}")
    page(client, path)
    record = open_pages.get(f"/rounds/{CODE}/record.json").get_json()
    names = doors.do(lambda world: [each.firm.legal_name for each in world.session.scalars(select(Application))])
    assert [name for name in names if name in json.dumps(record)] == []  # type: ignore[union-attr]
    (tmp_path / "record.json").write_text(json.dumps(record))
    verdict = CliRunner().invoke(verify, [str(tmp_path / "record.json")])
    assert (verdict.exit_code, verdict.output) == (0, "same: optimal, 16 applicants, record.json\n")
    record["result"]["selected"][0] = record["result"]["waitlist"][0]
    (tmp_path / "record.json").write_text(json.dumps(record))
    assert CliRunner().invoke(verify, [str(tmp_path / "record.json")]).exit_code == 3


def test_firm_appeals_and_the_second_manager_answers(doors: Site) -> None:
    def decided(world: World) -> None:
        round_, _files = world.decided_ready()
        with clock.at(AFTER):
            world.joined(round_)
            decisions.publish(world.session, world.manager, round_, "Pocas firmas.")

    doors.do(decided)
    clock.pin(AFTER)
    client = doors.client("firmape3@firma.test")
    page(client, f"/apply/{CODE}/receipt")
    page(client, f"/apply/{CODE}/appeal")
    assert post(client, f"/apply/{CODE}/appeal", text=" ").status_code == 422
    assert post(client, f"/apply/{CODE}/appeal", text="Mis ventas crecieron.").status_code == 302
    assert post(client, f"/apply/{CODE}/appeal", text="Otra vez.").status_code == 422
    page(client, f"/apply/{CODE}/receipt")
    appeal_id = doors.do(lambda world: world.session.scalars(select(Appeal.id)).one())
    path = f"/rounds/{round_id(doors)}/appeals/{appeal_id}"
    for email in ("manager@plan.test", "peru@plan.test"):
        staff = doors.client(email)
        page(staff, path)
        page(staff, f"/rounds/{round_id(doors)}")
        page(staff, f"/rounds/{round_id(doors)}/result")
    refused = post(doors.client("manager@plan.test"), path, is_upheld="no", answer="No.")  # who scored it
    assert refused.status_code == 422
    checked(refused.text)
    assert post(doors.client("peru@plan.test"), path, page="/rounds/", is_upheld="no", answer="No.").status_code in {400, 403}
    assert post(doors.client("second@plan.test"), path, is_upheld="yes", answer="Tiene razón.").status_code == 302
    state = doors.do(lambda world: [(each.state, each.answer) for each in world.session.scalars(select(Appeal))])
    assert state == [("upheld", "Tiene razón.")]
    assert "Tiene razón." in page(client, f"/apply/{CODE}/receipt")


@pytest.mark.parametrize("email", ["evaluator@plan.test", "observer@plan.test"])
def test_readers_without_files_see_no_firm(doors: Site, email: str) -> None:
    def decided(world: World) -> None:
        round_, _files = world.decided_ready()
        with clock.at(AFTER):
            world.joined(round_)

    doors.do(decided)
    clock.pin(AFTER)
    client, path = doors.client(email), f"/rounds/{round_id(doors)}"
    texts = [page(client, "/rounds/"), page(client, path)]
    assert client.get(path + "/files").status_code == 403
    assert client.get(path + "/decide").status_code == 403
    answer = client.get(path + "/result", follow_redirects=True)
    assert re.findall("Firma[a-z]{2}[0-9]", " ".join([*texts, answer.text])) == []


def test_page_does_not_tell_that_a_firm_is_known(doors: Site) -> None:
    """The same answers for a firm on the register and for a new one, but the first one's people are asked."""
    def known(world: World) -> None:
        round_ = world.call()
        world.apply(round_, "antigua", "PE", 1, womens=True)
        world.applicant("ajena", "PE")
        world.applicant("nueva", "PE")

    doors.do(known)
    seen = []
    for email, number in (("ajena@firma.test", 1), ("nueva@firma.test", 2)):
        client = doors.client(email)
        answer = post(client, f"/apply/{CODE}/firm", page=f"/apply/{CODE}/firm?country=PE", country="PE", tax_id=tax_id("PE", number)[0])
        text = page(client, f"/apply/{CODE}/form")
        plain = re.sub(r'value="[^"]*"|csrf[^>]*|nonce[^>]*', "", text).replace("Ajena", "X").replace("Nueva", "X")
        main = plain[plain.index("<main"):]
        seen.append((answer.status_code, answer.headers["Location"], main))
    assert seen[0] == seen[1]
    asked = doors.do(lambda world: [row.address for row in world.session.scalars(
        select(OutboxMessage).where(OutboxMessage.kind == "asks_to_act"))])
    assert asked == ["antigua@firma.test"]
    request_id = doors.do(lambda world: world.session.scalars(select(Application.id).where(Application.asks_state == "waiting")).one())
    assert doors.client("nueva@firma.test").get(f"/apply/requests/{request_id}").status_code == 404
    owner = doors.client("antigua@firma.test")
    page(owner, f"/apply/requests/{request_id}")
    assert post(owner, f"/apply/requests/{request_id}", answer="yes").status_code == 302
    answer = doors.client("ajena@firma.test").get(f"/apply/{CODE}", follow_redirects=True)
    assert answer.status_code == 200
