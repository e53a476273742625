"""What the calls need to have something to be about: accounts of our own, and cases in every state of their lives."""

from functools import cached_property
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

from deploy.demo.client import Person
from tests.support.films import FORM, order, small_film
from tests.support.journey import Case, claim, sign, submit, upload, wait_for_report
from tests.support.region import PIN, RunningRegion, wait_for

PASSWORD = "fuzz-Gongzhen-1"
HOSPITAL = "org_demo_a"
OTHER_HOSPITAL = "org_demo_b"


class Scene:
    """Nothing here changes the demo's own people: whoever is closed, revoked or locked was made for it."""

    def __init__(self, region: RunningRegion) -> None:
        region.forget_people()
        self.region = region
        self._numbers = count(1)

    def person(self, username: str) -> Person:
        return self.region.person(username)

    # Accounts and organizations.

    def new_username(self) -> str:
        return f"fuzz-{next(self._numbers)}-{self.region.process.pid}"

    def new_account(self, *roles: str, org_id: str = HOSPITAL) -> tuple[Person, str]:
        """Signed in, and its account id; a reader may work for every centre."""
        username = self.new_username()
        body = {"username": username, "name": "测试账号", "org_id": org_id, "roles": roles, "password": PASSWORD}
        made = self.person("admin1").call("POST", "/v1/admin/users", 201, json={**body, "centers": ["imaging"]})
        return Person.sign_in(self.region.http, username, PASSWORD), made["user"]["account_id"]

    def new_signer(self) -> tuple[Person, str]:
        """A reader with a signing key under the demo's PIN."""
        person, account_id = self.new_account("reader")
        person.call("POST", "/v1/me/signing-credential", 201, json={"pin": PIN})
        return person, account_id

    def new_organization(self, kind: str = "clinic") -> str:
        body = {"name": "测试机构", "org_kind": kind}
        return str(self.person("admin1").call("POST", "/v1/admin/organizations", 201, json=body)["org_id"])

    def new_contact(self) -> str:
        body = {"org_id": self.new_organization(), "name": "测试联系人", "phone": "000-00000099"}
        return str(self.person("admin1").call("POST", "/v1/admin/contacts", 201, json=body)["contact_id"])

    def password_link_token(self) -> str:
        _, account_id = self.new_account("clinic")
        made = self.person("admin1").call("POST", f"/v1/admin/users/{account_id}/password-reset")
        return str(parse_qs(urlsplit(made["link"]).query)["token"][0])

    @cached_property
    def stranger(self) -> Person:
        """Of a clinic that has never sent anything."""
        return self.new_account("clinic", org_id=self.new_organization())[0]

    @cached_property
    def own_account_id(self) -> str:
        return self.new_signer()[1]

    @cached_property
    def own_organization_id(self) -> str:
        return self.new_organization()

    @cached_property
    def own_hospital_id(self) -> str:
        return self.new_organization("hospital")

    @cached_property
    def own_contact_id(self) -> str:
        return self.new_contact()

    def wait_until_answered(self, person: Person, path: str) -> None:
        """For what the gateway learns by an event, a moment after the centre's answer."""
        headers = {"Authorization": f"Bearer {person.token}"}
        wait_for(lambda: person.http.get(path, headers=headers).status_code == 200, 60, f"{path} was never answered")

    # Cases.

    def received(self, **film: Any) -> Case:
        patient = f"FUZZ-{self.region.process.pid}-{next(self._numbers)}"
        return upload(self.person("clinic1"), [small_film(patient, **film)], patient=order(patient)["patient"])

    def queued(self) -> str:
        case_id, clinic = self.received().case_id, self.person("clinic1")
        path = f"/imaging/v1/cases/{case_id}"
        wait_for(lambda: clinic.call("GET", path)["state"] == "queued", 60, f"{case_id} was not queued")
        return case_id

    def claimed(self) -> tuple[str, dict[str, str]]:
        case_id = self.queued()
        return case_id, claim(self.person("reader1"), case_id)

    def written(self) -> tuple[str, dict[str, str]]:
        """Claimed, with a draft that lacks nothing; the headers sign, too."""
        case_id, held = self.claimed()
        reader = self.person("reader1")
        reader.call("PUT", f"/imaging/v1/cases/{case_id}/report", json=FORM, headers=held)
        return case_id, {**held, **reader.unlock("imaging", PIN)}

    def released(self) -> tuple[str, dict[str, str]]:
        """Back in the queue; the headers are those of the claim that ended."""
        case_id, held = self.claimed()
        self.person("reader1").call("POST", f"/imaging/v1/cases/{case_id}/release", headers=held)
        return case_id, held

    def submitted(self) -> str:
        case_id = self.queued()
        submit(self.person("reader1"), case_id)
        return case_id

    def reviewed(self) -> tuple[str, dict[str, str]]:
        """In review and held by reviewer1; the headers sign, too."""
        case_id, reviewer = self.submitted(), self.person("reviewer1")
        held = claim(reviewer, case_id, "review-claim")
        return case_id, {**held, **reviewer.unlock("imaging", PIN)}

    def signed(self) -> tuple[str, str]:
        """The case's and the report's id."""
        case_id = self.submitted()
        return case_id, sign(self.person("reviewer1"), case_id)

    @cached_property
    def kept(self) -> str:
        """A case that nothing is done to but reading."""
        return self.queued()

    @cached_property
    def kept_claim(self) -> tuple[str, dict[str, str]]:
        return self.claimed()

    @cached_property
    def kept_report(self) -> tuple[str, str]:
        case_id, report_id = self.signed()
        wait_for_report(self.person("clinic1"), report_id)
        return case_id, report_id

    @cached_property
    def kept_instance(self) -> dict[str, str]:
        shown = self.person("clinic1").call("GET", f"/imaging/v1/cases/{self.kept}/instances")
        return {"case_id": self.kept, "sop_instance_uid": shown["instances"][0]["sop_instance_uid"]}

    @cached_property
    def refused_file_id(self) -> str:
        """Of a file in the imaging centre's quarantine."""
        clinic, admin = self.person("clinic1"), self.person("admin1")
        answer = clinic.http.post(
            "/imaging/v1/cases",
            headers={"Authorization": f"Bearer {clinic.token}"},
            files=[("order", (None, "{}", "application/json")), ("files", ("IM1", b"no image at all"))],
        )
        assert 400 <= answer.status_code < 500, answer.text
        return str(admin.call("GET", "/imaging/v1/quarantine")["files"][0]["quarantine_id"])
