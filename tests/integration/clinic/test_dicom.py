"""Machines that speak DICOM, played by pynetdicom."""

from pathlib import Path

import pydicom.data
import pytest
from pydicom.uid import generate_uid

from clinic.program import Program
from tests.integration.clinic.conftest import Start
from tests.support.clinic_gateway import echo, find_worklist, ordered_case, send, worklist_query
from tests.support.clinic_region import ClinicRegion
from tests.support.films import small_film
from tests.support.region import wait_for

SAMPLES = Path(pydicom.data.__file__).parent / "test_files"
# Implicit and explicit, big endian, deflated, JPEG, JPEG-LS, JPEG 2000, RLE; images, a plan, a waveform.
SYNTAXES = (
    "MR_small_implicit.dcm", "CT_small.dcm", "MR_small_bigendian.dcm", "image_dfl.dcm", "SC_rgb_jpeg_dcmtk.dcm",
    "MR_small_jpeg_ls_lossless.dcm", "MR_small_jp2klossless.dcm", "MR_small_RLE.dcm", "rtplan.dcm",
)  # fmt: skip


def port_of(program: Program) -> int:
    assert program.dicom is not None
    return program.dicom.port


def test_a_known_machine_gets_its_echo(start: Start) -> None:
    assert echo(port_of(start())) == 0


def test_what_calls_us_by_another_name_is_not_served(start: Start) -> None:
    assert echo(port_of(start()), called="SOMEBODY") == -1


def test_with_machines_configured_no_other_ae_title_is_served(start: Start) -> None:
    port = port_of(start(peers='[[dicom.peers]]\nae_title = "CT1"\n'))
    assert echo(port) == 0
    assert echo(port, ae_title="STRANGER") == -1


def test_a_known_ae_title_from_another_address_is_refused(start: Start) -> None:
    port = port_of(start(peers='[[dicom.peers]]\nae_title = "CT1"\naddress = "192.0.2.7"\n'))
    assert echo(port) == 0x0124
    assert send(port, [small_film()]) == [0x0124]


@pytest.mark.parametrize("name", SYNTAXES)
def test_every_transfer_syntax_is_kept_byte_for_byte(start: Start, name: str) -> None:
    program = start(sending="quiet_s = 600\nassociation_quiet_s = 600")
    assert send(port_of(program), [SAMPLES / name]) == [0]
    (file,) = program.spool.files.iterdir()
    kept, original = pydicom.dcmread(file), pydicom.dcmread(SAMPLES / name)
    assert kept.file_meta.TransferSyntaxUID == original.file_meta.TransferSyntaxUID
    assert kept == original


def test_a_private_storage_class_is_kept_too(start: Start) -> None:
    program = start(sending="quiet_s = 600\nassociation_quiet_s = 600")
    image = pydicom.dcmread(SAMPLES / "CT_small.dcm")
    image.SOPClassUID = image.file_meta.MediaStorageSOPClassUID = "1.2.840.113619.4.2"
    target = program.spool.folder / "private.dcm"
    image.save_as(target)
    assert send(port_of(program), [target]) == [0]


def test_what_was_stored_arrives_as_one_case_a_study(start: Start, centre: ClinicRegion) -> None:
    studies = [generate_uid(), generate_uid()]
    films = [small_film(study_uid=studies[number % 2], shade=number) for number in range(6)]
    assert send(port_of(start()), films) == [0] * 6
    wait_for(lambda: centre.instances == 6, 20, "not everything arrived")
    assert sorted(len(case["files"]) for case in centre.cases.values()) == [3, 3]


def test_an_instance_sent_again_is_not_kept_again(start: Start, centre: ClinicRegion) -> None:
    program = start()
    film = small_film()
    assert send(port_of(program), [film, film]) == [0, 0]
    wait_for(lambda: centre.instances == 1, 20, "it did not arrive")
    assert send(port_of(program), [film]) == [0]
    assert program.spool.database.rows("SELECT * FROM open_group") == []
    assert centre.instances == 1


def test_a_full_disk_is_told_to_the_machine(start: Start) -> None:
    program = start(spool='folder = "spool"\nmin_free_mb = 900000000')
    assert send(port_of(program), [small_film()]) == [0xA700]
    assert list(program.spool.files.iterdir()) == []


@pytest.mark.parametrize("charset", ["GB18030", "ISO_IR 192"])
def test_the_worklist_speaks_the_machines_character_set(start: Start, centre: ClinicRegion, charset: str) -> None:
    centre.orders = [ordered_case()]
    program = start(peers=f'[[dicom.peers]]\nae_title = "CT1"\ncharset = "{charset}"\n')
    (answer,) = wait_for(lambda: find_worklist(port_of(program), worklist_query()), 10, "no worklist")
    assert answer.SpecificCharacterSet == charset
    assert str(answer.PatientName) == "CE SHI JIA=测试甲"
    assert (answer.AccessionNumber, answer.PatientID, answer.PatientBirthDate) == ("A1001", "P001", "19600131")
    assert answer.ScheduledProcedureStepSequence[0].Modality == "DX"
    assert answer.ScheduledProcedureStepSequence[0].ScheduledProcedureStepDescription == "胸部正位"


def test_the_worklist_answers_while_the_line_is_down_and_after_a_restart(start: Start, centre: ClinicRegion) -> None:
    centre.orders = [ordered_case(), ordered_case("A1002", "测试乙")]
    first = start()
    wait_for(lambda: len(find_worklist(port_of(first), worklist_query())) == 2, 10, "no worklist")
    centre.down()
    first.stop()
    second = start()
    assert len(find_worklist(port_of(second), worklist_query())) == 2


def test_the_worklist_is_asked_by_name_number_and_modality(start: Start, centre: ClinicRegion) -> None:
    centre.orders = [ordered_case(), ordered_case("A1002", "测试乙", exam={"code": "CT-HEAD", "name": "头颅平扫"})]
    port = port_of(start())
    wait_for(lambda: len(find_worklist(port, worklist_query())) == 2, 10, "no worklist")

    def numbers(**keys: str) -> list[str]:
        return sorted(answer.AccessionNumber for answer in find_worklist(port, worklist_query(**keys)))

    assert numbers(Modality="CT") == ["A1002"]
    assert numbers(AccessionNumber="A1001") == ["A1001"]
    assert numbers(AccessionNumber="A10*") == ["A1001", "A1002"]
    assert numbers(PatientName="CE^SHI^YI*") == ["A1002"]
    assert numbers(PatientID="P999") == []
    assert numbers(ScheduledProcedureStepStartDate="19990101-19991231") == []


def test_images_of_an_order_go_to_it_with_its_priority(start: Start, centre: ClinicRegion) -> None:
    centre.orders = [ordered_case(priority="stat")]
    program = start()
    send(port_of(program), [small_film("P001", AccessionNumber="A1001")])
    wait_for(lambda: centre.instances == 1, 20, "it did not arrive")
    (order,) = centre.accepted_order
    assert (order["accession_number"], order["priority"], order["patient"]["name"]) == ("A1001", "stat", "测试甲")
    assert "secret" not in str(order)


def test_an_order_without_a_fitting_number_is_found_by_the_study_uid_of_the_worklist(
    start: Start, centre: ClinicRegion
) -> None:
    centre.orders = [ordered_case("acc_01k0000000aaaaaaaaaaaaaaaa")]
    program = start()
    (answer,) = wait_for(lambda: find_worklist(port_of(program), worklist_query()), 10, "no worklist")
    assert len(answer.AccessionNumber) <= 16
    send(port_of(program), [small_film("P001", study_uid=answer.StudyInstanceUID)])
    wait_for(lambda: centre.instances == 1, 20, "it did not arrive")
    assert centre.accepted_order[0]["accession_number"] == "acc_01k0000000aaaaaaaaaaaaaaaa"
