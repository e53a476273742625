"""What the calls need to have something to be about: accounts of our own, and cases in every state of their lives."""

from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

from deploy.demo.client import Person
from tests.support import ecg_carts, lab_journey
from tests.support.films import order, small_film
from tests.support.journey import FORMS, Case, claim, sign, submit, upload, upload_ecg, wait_for_report
from tests.support.lab_journey import Tube
from tests.support.lab_oru import Value
from tests.support.region import PIN, RunningRegion, wait_for

PASSWORD = "fuzz-Gongzhen-1"
HOSPITAL = "org_demo_a"
OTHER_HOSPITAL = "org_demo_b"


class Scene:
    """Nothing here changes the demo's own people: whoever is closed, revoked or locked was made for it."""

    def __init__(self, region: RunningRegion, center: str = "imaging") -> None:
        region.forget_people()
        self.region, self.center = region, center
        self._numbers = count(1)

    @property
    def cases(self) -> str:
        return f"/{self.center}/v1/cases"

    def person(self, username: str) -> Person:
        return self.region.person(username)

    # Accounts and organizations.

    def new_username(self) -> str:
        return f"fuzz-{self.center}-{next(self._numbers)}-{self.region.process.pid}"

    def new_account(self, *roles: str, org_id: str = HOSPITAL) -> tuple[Person, str]:
        """Signed in, and its account id; a reader may work for every centre."""
        username = self.new_username()
        body = {"username": username, "name": "测试账号", "org_id": org_id, "roles": roles, "password": PASSWORD}
        made = self.person("admin1").call("POST", "/v1/admin/users", 201, json={**body, "centers": [self.center]})
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

    def order(self, patient: str) -> dict[str, object]:
        orders: dict[str, Callable[[str], dict[str, Any]]] = {
            "imaging": order,
            "ecg": ecg_carts.order,
            "lab": lab_journey.order,
        }
        return orders[self.center](patient)

    def received(self, patient: str | None = None, **film: Any) -> Case:
        patient = patient or f"FUZZ-{self.region.process.pid}-{next(self._numbers)}"
        clinic, who = self.person("clinic1"), order(patient)["patient"]
        if self.center == "ecg":
            return upload_ecg(clinic, patient=who)
        if self.center == "lab":
            tube = self.measured(patient)
            return Case(tube.case_id, tube.accession_number)
        return upload(clinic, [small_film(patient, **film)], patient=who)

    def queued(self) -> str:
        case_id, clinic = self.received().case_id, self.person("clinic1")
        path = f"{self.cases}/{case_id}"
        waits_in = {"queued", "resulted", "held"}
        wait_for(lambda: clinic.call("GET", path)["state"] in waits_in, 60, f"{case_id} was not queued")
        return case_id

    def claimed(self) -> tuple[str, dict[str, str]]:
        case_id = self.queued()
        return case_id, claim(self.person("reader1"), case_id, center=self.center)

    def written(self) -> tuple[str, dict[str, str]]:
        """Claimed, with a draft that lacks nothing; the headers sign, too."""
        case_id, held = self.claimed()
        reader = self.person("reader1")
        if self.center == "lab":
            reader.call("GET", f"{self.cases}/{case_id}/results")
        reader.call("PUT", f"{self.cases}/{case_id}/report", json=FORMS[self.center], headers=held)
        return case_id, {**held, **reader.unlock(self.center, PIN)}

    def released(self) -> tuple[str, dict[str, str]]:
        """Back in the queue; the headers are those of the claim that ended."""
        case_id, held = self.claimed()
        self.person("reader1").call("POST", f"{self.cases}/{case_id}/release", headers=held)
        return case_id, held

    def submitted(self) -> str:
        case_id = self.queued()
        submit(self.person("reader1"), case_id, center=self.center)
        return case_id

    def reviewed(self) -> tuple[str, dict[str, str]]:
        """In review and held by reviewer1; the headers sign, too."""
        case_id, reviewer = self.submitted(), self.person("reviewer1")
        held = claim(reviewer, case_id, "review-claim", self.center)
        return case_id, {**held, **reviewer.unlock(self.center, PIN)}

    def signed(self) -> tuple[str, str]:
        """The case's and the report's id."""
        case_id = self.submitted()
        return case_id, sign(self.person("reviewer1"), case_id, self.center)

    # Of the laboratory.

    def new_name(self, kind: str) -> str:
        return f"FUZZ-{kind}-{self.region.process.pid}-{next(self._numbers)}"

    def tube(self, patient: str | None = None) -> Tube:
        """Ordered, and still at the clinic."""
        return lab_journey.place_order(self.person("clinic1"), patient or self.new_name("TUBE"))

    def tube_at_laboratory(self) -> Tube:
        return lab_journey.received_tube(self.person("clinic1"), self.person("lab1"), self.new_name("TUBE"))

    def measured(self, patient: str | None = None, values: Sequence[Value] = lab_journey.NORMAL) -> Tube:
        """Its results came through the hospital's own system and are applied."""
        tube = lab_journey.received_tube(self.person("clinic1"), self.person("lab1"), patient or self.new_name("TUBE"))
        self.person("hospital1").send_hl7("/lab/v1/messages", lab_journey.message_of(tube, values))
        return tube

    @cached_property
    def kept_tube(self) -> Tube:
        return self.measured()

    def orphan(self) -> dict[str, str]:
        """Results of a tube that nobody knows: the orphan's and its message's id."""
        number = f"N{self.region.process.pid}{next(self._numbers)}"[:13]
        nobody = Tube("", "", number, "")
        self.person("hospital1").send_hl7("/lab/v1/messages", lab_journey.message_of(nobody))
        return lab_journey.orphan_of(self.person("lab1"), number)

    @cached_property
    def kept_orphan(self) -> dict[str, str]:
        return self.orphan()

    def lot(self) -> dict[str, str]:
        """A control lot with potassium's target at one level on an analyzer of its own."""
        return lab_journey.control_lot(self.person("lab1"), self.new_name("LOT"))

    @cached_property
    def kept_lot(self) -> dict[str, str]:
        return self.lot()

    def control_run(self, value: str = "4.1") -> str:
        """The run's id."""
        lot = self.lot()
        return lab_journey.control_run(self.person("lab1"), lot, value)

    def lot_with_runs(self, count: int) -> dict[str, str]:
        lot = self.lot()
        for number in range(count):
            lab_journey.control_run(self.person("lab1"), lot, f"4.{number % 10:02}", hours_ago=count - number)
        return lot

    @cached_property
    def kept_run(self) -> str:
        return self.control_run()

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
        shown = self.person("clinic1").call("GET", f"{self.cases}/{self.kept}/instances")
        return {"case_id": self.kept, "sop_instance_uid": shown["instances"][0]["sop_instance_uid"]}

    @cached_property
    def kept_recording(self) -> str:
        shown = self.person("clinic1").call("GET", f"{self.cases}/{self.kept}/recordings")
        return str(shown["recordings"][0]["recording_id"])

    @cached_property
    def kept_prior(self) -> dict[str, str]:
        """A case, and an earlier recording of its patient."""
        patient = f"FUZZ-AGAIN-{self.region.process.pid}"
        self.received(patient)
        case_id = self.received(patient).case_id
        priors = self.person("clinic1").call("GET", f"{self.cases}/{case_id}/prior-waveforms")["recordings"]
        return {"case_id": case_id, "recording_id": priors[0]["recording_id"]}

    def critical(self, *steps: str) -> str:
        """Of a case that is being read: sent to the clinic, and what it then did (acknowledge, act)."""
        case_id, held = self.claimed()
        reader, clinic = self.person("reader1"), self.person("clinic1")
        finding = {"code": "FUZZ", "text": "试验所见"}
        opened = reader.call("POST", f"{self.cases}/{case_id}/critical", json=finding, headers=held)
        bodies = {"acknowledge": {"read_back": finding["text"]}, "act": {"text": "转县医院"}}
        for step in steps:
            clinic.call("POST", f"/{self.center}/v1/criticals/{opened['critical_id']}/{step}", json=bodies[step])
        return str(opened["critical_id"])

    @cached_property
    def refused_file_id(self) -> str:
        """Of a file in the centre's quarantine."""
        clinic, admin = self.person("clinic1"), self.person("admin1")
        answer = clinic.http.post(
            self.cases,
            headers={"Authorization": f"Bearer {clinic.token}"},
            files=[("order", (None, "{}", "application/json")), ("files", ("IM1", b"no image at all"))],
        )
        assert 400 <= answer.status_code < 500, answer.text
        return str(admin.call("GET", f"/{self.center}/v1/quarantine")["files"][0]["quarantine_id"])
