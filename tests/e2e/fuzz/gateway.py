"""The gateway's operations: who may, and on what."""

from dataclasses import replace

from tests.e2e.fuzz.scene import HOSPITAL, PASSWORD, Scene
from tests.e2e.fuzz.valid import Operation, Valid
from tests.support.region import PIN

NEW_PASSWORD = "another-Gongzhen-2"
# What a page of the region's own adds to a write by cookie.
OWN_PAGE = {"X-Gongzhen": "1"}


def _anybody(_: Scene) -> Valid:
    return Valid()


def _token(scene: Scene) -> Valid:
    person, _ = scene.new_account("clinic")
    return Valid(body={"data": {"grant_type": "password", "username": person.username, "password": PASSWORD}})


def _log_in(scene: Scene) -> Valid:
    person, _ = scene.new_account("clinic")
    return Valid(body={"json": {"username": person.username, "password": PASSWORD}})


def _log_out(_: Scene) -> Valid:
    return Valid(headers=OWN_PAGE)


def _refresh(scene: Scene) -> Valid:
    person, _ = scene.new_account("clinic")
    answer = person.http.post("/v1/auth/session", json={"username": person.username, "password": PASSWORD})
    shown = answer.cookies["gz_refresh"]
    person.http.cookies.clear()
    return Valid(headers={**OWN_PAGE, "Cookie": f"gz_refresh={shown}"})


def _oneself(scene: Scene) -> Valid:
    return Valid(scene.new_account("clinic")[0])


def _set_up(_: Scene) -> Valid:
    """401: nobody has a link any more, for the demo region has its administrator."""
    organization = {"name": "测试机构"}
    body = {
        "token": "x",
        "username": "fuzz-first",
        "password": NEW_PASSWORD,
        "name": "测试",
        "organization": organization,
    }
    return Valid(body={"json": body})


def _new_password(scene: Scene) -> Valid:
    return Valid(body={"json": {"token": scene.password_link_token(), "password": NEW_PASSWORD}})


def _change_password(scene: Scene) -> Valid:
    return Valid(scene.new_account("clinic")[0], body={"json": {"old": PASSWORD, "new": NEW_PASSWORD}})


def _new_key(scene: Scene) -> Valid:
    return Valid(scene.new_account("reader")[0], body={"json": {"pin": PIN}})


def _change_pin(scene: Scene) -> Valid:
    return Valid(scene.new_signer()[0], body={"json": {"old": PIN, "new": "975313"}})


def _certificate(scene: Scene) -> Valid:
    me = scene.person("reader1").call("GET", "/v1/me")
    return Valid(path={"serial": me["signing_credential"]["serial"]})


def _admin(scene: Scene) -> Valid:
    return Valid(scene.person("admin1"))


def _new_user(scene: Scene) -> Valid:
    body = {"username": scene.new_username(), "name": "测试", "org_id": HOSPITAL, "roles": ["clinic"]}
    return Valid(scene.person("admin1"), body={"json": body})


def _user(scene: Scene) -> Valid:
    return Valid(scene.person("admin1"), {"account_id": scene.own_account_id})


def _change_user(scene: Scene) -> Valid:
    account_id = scene.new_account("clinic")[1]
    return Valid(scene.person("admin1"), {"account_id": account_id}, body={"json": {"name": "测试改名"}})


def _revoke_key(scene: Scene) -> Valid:
    account_id = scene.new_signer()[1]
    return Valid(scene.person("admin1"), {"account_id": account_id}, body={"json": {"reason": "遗失"}})


def _new_organization(scene: Scene) -> Valid:
    return Valid(scene.person("admin1"), body={"json": {"name": "测试机构", "org_kind": "clinic"}})


def _organization(scene: Scene) -> Valid:
    return Valid(scene.person("admin1"), {"org_id": scene.own_organization_id})


def _change_organization(scene: Scene) -> Valid:
    return replace(_organization(scene), body={"json": {"township": "测试镇"}})


def _policy(scene: Scene) -> Valid:
    """Of a hospital of our own and not for imaging: a generated policy must not draw the cases of other tests."""
    path = {"reading_site_id": scene.own_hospital_id, "center": "lab"}
    return Valid(scene.person("admin1"), path, body={"json": {"accepts": False}})


def _delete_policy(scene: Scene) -> Valid:
    path = {"reading_site_id": scene.own_hospital_id, "center": "lab"}
    scene.person("admin1").call("PUT", "/v1/admin/policies/{reading_site_id}/{center}".format(**path), json={})
    return Valid(scene.person("admin1"), path)


def _new_contact(scene: Scene) -> Valid:
    body = {"org_id": scene.own_organization_id, "name": "测试联系人", "phone": "000-00000098"}
    return Valid(scene.person("admin1"), body={"json": body})


def _contact(scene: Scene) -> Valid:
    return Valid(scene.person("admin1"), {"contact_id": scene.own_contact_id})


def _change_contact(scene: Scene) -> Valid:
    return replace(_contact(scene), body={"json": {"rank": 2}})


def _delete_contact(scene: Scene) -> Valid:
    return Valid(scene.person("admin1"), {"contact_id": scene.new_contact()})


def _dead_letter(scene: Scene) -> Valid:
    """404, as it is to be hoped: nothing has died."""
    return Valid(scene.person("admin1"), {"sequence": "1"})


def _audit(scene: Scene) -> Valid:
    return Valid(scene.person("auditor1"))


def _reader(scene: Scene) -> Valid:
    return Valid(scene.person("reader1"))


def _clinic(scene: Scene) -> Valid:
    return Valid(scene.person("clinic1"))


def _prior(scene: Scene) -> Valid:
    """The gateway must have heard of the claim."""
    case_id, reader = scene.claimed()[0], scene.person("reader1")
    scene.wait_until_answered(reader, f"/v1/cases/{case_id}/prior")
    return Valid(reader, {"case_id": case_id})


def _next_center(scene: Scene) -> Valid:
    return Valid(scene.person("reader1"), body={"json": {"stage": "report"}})


def _feed(scene: Scene) -> Valid:
    """Without a generated ``wait``, which would hold each empty answer for up to half a minute."""
    return Valid(scene.person("hospital1"), query={"wait": 0})


def _verify(scene: Scene) -> Valid:
    pdf = scene.person("clinic1").fetch(f"/v1/reports/{scene.kept_report[1]}.pdf")
    return Valid(body={"files": {"file": ("report.pdf", pdf, "application/pdf")}})


def _report(scene: Scene) -> Valid:
    return Valid(scene.person("clinic1"), {"report_id": scene.kept_report[1]})


ADMIN = "/v1/admin"
USER = f"{ADMIN}/users/{{account_id}}"
ORGANIZATION = f"{ADMIN}/organizations/{{org_id}}"
POLICY = f"{ADMIN}/policies/{{reading_site_id}}/{{center}}"
CONTACT = f"{ADMIN}/contacts/{{contact_id}}"
REPORT = "/v1/reports/{report_id}"

GATEWAY: dict[str, Operation] = {
    "POST /v1/auth/token": Operation(_token, is_guarded=True),
    "POST /v1/auth/session": Operation(_log_in, is_guarded=True),
    "DELETE /v1/auth/session": Operation(_log_out),
    "POST /v1/auth/session/refresh": Operation(_refresh),
    "POST /v1/auth/revoke": Operation(_oneself, has_strangers=False),
    "POST /v1/setup": Operation(_set_up),
    "POST /v1/auth/password": Operation(_new_password),
    "GET /v1/me": Operation(_oneself, has_strangers=False),
    "PUT /v1/me/password": Operation(_change_password, is_guarded=True, has_strangers=False),
    "POST /v1/me/signing-credential": Operation(_new_key, has_strangers=False),
    "PUT /v1/me/signing-credential/pin": Operation(_change_pin, is_guarded=True, has_strangers=False),
    "GET /.well-known/jwks.json": Operation(_anybody),
    "GET /v1/trust/roots.pem": Operation(_anybody),
    "GET /v1/trust/certificates/{serial}": Operation(_certificate, has_strangers=False),
    f"GET {ADMIN}/users": Operation(_admin),
    f"POST {ADMIN}/users": Operation(_new_user),
    f"GET {USER}": Operation(_user),
    f"PATCH {USER}": Operation(_change_user),
    f"POST {USER}/password-reset": Operation(_user),
    f"POST {USER}/revoke": Operation(_user),
    f"POST {USER}/signing-credential/revoke": Operation(_revoke_key),
    f"GET {ADMIN}/organizations": Operation(_admin),
    f"POST {ADMIN}/organizations": Operation(_new_organization),
    f"GET {ORGANIZATION}": Operation(_organization),
    f"PATCH {ORGANIZATION}": Operation(_change_organization),
    f"GET {ADMIN}/policies": Operation(_admin),
    f"PUT {POLICY}": Operation(_policy),
    f"DELETE {POLICY}": Operation(_delete_policy),
    f"GET {ADMIN}/contacts": Operation(_admin),
    f"POST {ADMIN}/contacts": Operation(_new_contact),
    f"GET {CONTACT}": Operation(_contact),
    f"PATCH {CONTACT}": Operation(_change_contact),
    f"DELETE {CONTACT}": Operation(_delete_contact),
    f"GET {ADMIN}/dead-letters": Operation(_admin),
    f"GET {ADMIN}/dead-letters/{{sequence}}": Operation(_dead_letter),
    f"POST {ADMIN}/dead-letters/{{sequence}}/replay": Operation(_dead_letter),
    f"GET {ADMIN}/audit": Operation(_audit),
    "GET /v1/worklist/events": Operation(_reader, cases=1),
    "GET /v1/worklist": Operation(_reader),
    "GET /v1/cases": Operation(_clinic),
    "GET /v1/cases/{case_id}/prior": Operation(_prior),
    "POST /v1/claims/next": Operation(_next_center),
    "GET /v1/reports": Operation(_feed),
    # 20 a minute and address: the tests that come after want some of them.
    "POST /v1/reports/verify": Operation(_verify, is_guarded=True, cases=1),
    f"GET {REPORT}.pdf": Operation(_report),
    f"GET {REPORT}.jws": Operation(_report),
    f"GET {REPORT}/versions": Operation(_report),
    f"GET {REPORT}": Operation(_report),
}
