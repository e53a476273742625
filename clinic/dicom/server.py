"""The DICOM node: C-ECHO, C-STORE of every class in every transfer syntax, C-FIND of the modality worklist."""

import logging
import threading
from socketserver import BaseServer
from typing import Any

from pynetdicom import AE, _config, evt
from pynetdicom.events import Event
from pynetdicom.sop_class import ModalityWorklistInformationFind, Verification  # type: ignore[attr-defined]
from pynetdicom.transport import ThreadedAssociationServer

from clinic.config import Config
from clinic.dicom.peers import Peers
from clinic.dicom.query import WorklistAnswer
from clinic.dicom.receive import NOT_AUTHORIZED, SUCCESS, Receiver
from clinic.spool.spool import Spool

_PDU_BYTES = 256 * 1024
_TRANSFER_SYNTAXES = ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2"]


class _Server(ThreadedAssociationServer):
    peers = Peers(())

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """A stranger's connection is closed before a byte of it is read."""
        return self.peers.may_connect(str(client_address[0]))

    def shutdown(self) -> None:
        """pynetdicom's own would take it off the list of servers that the AE itself has started."""
        BaseServer.shutdown(self)


class DicomServer:
    def __init__(self, config: Config, spool: Spool) -> None:
        # Before any association: private and future storage classes are kept too, the region decides what it reads.
        _config.UNRESTRICTED_STORAGE_SERVICE = True
        logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)  # its messages quote data sets
        peers = Peers(config.dicom.peers)
        self._ae = AE(config.dicom.ae_title)
        self._ae.require_called_aet = True
        self._ae.require_calling_aet = peers.ae_titles
        self._ae.maximum_associations = config.dicom.max_associations
        self._ae.maximum_pdu_size = _PDU_BYTES
        self._ae.add_supported_context(Verification, _TRANSFER_SYNTAXES)
        self._ae.add_supported_context(ModalityWorklistInformationFind, _TRANSFER_SYNTAXES)
        receiver = Receiver(config, spool, peers)
        answer = WorklistAnswer(spool.database, peers)

        def echo(event: Event) -> int:
            return SUCCESS if peers.of(event) is not None else NOT_AUTHORIZED

        handlers: list[Any] = [
            (evt.EVT_C_ECHO, echo),
            (evt.EVT_C_STORE, receiver.store),
            (evt.EVT_C_FIND, answer.find),
            (evt.EVT_RELEASED, receiver.association_over),
            (evt.EVT_ABORTED, receiver.association_over),
            (evt.EVT_CONN_CLOSE, receiver.association_over),
        ]
        server: Any = self._ae.make_server(
            (config.dicom.bind, config.dicom.port), evt_handlers=handlers, server_class=_Server
        )
        server.peers = peers
        self._server = server
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.2,), name="dicom", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Running associations are aborted; what they have been told is durable."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        self._ae.shutdown()
