"""The laboratory centre's tables. Schema ``lab``.

orders           what a clinic asked for; the items of each case
specimens        tubes and everything that was done with them
messages         what analyzers and systems sent, as it came; what of it waits for a person
results          values, each linked to the line of the message that brought it
quality_control  lots, levels, targets, runs, points, what was done; external assessment
policies         rule sets switched on, senders, the laboratory's own choices
authorisations   who stands for what one person releases alone
"""

from services.lab.models.authorisations import Authorisation
from services.lab.models.base import CONTENT_KIND, SCHEMA, Moment
from services.lab.models.messages import AnalyzerCode, Orphan, ReceivedMessage, SpecimenWord, Unmapped
from services.lab.models.orders import LabOrder, OrderedItem
from services.lab.models.policies import LabPolicy, RuleSetState, SenderSetting
from services.lab.models.quality_control import EqaResult, QcAction, QcLevel, QcLot, QcPoint, QcRun, QcTarget
from services.lab.models.results import Result
from services.lab.models.specimens import Specimen, SpecimenStep

__all__ = [
    "CONTENT_KIND",
    "SCHEMA",
    "AnalyzerCode",
    "Authorisation",
    "EqaResult",
    "LabOrder",
    "LabPolicy",
    "Moment",
    "OrderedItem",
    "Orphan",
    "QcAction",
    "QcLevel",
    "QcLot",
    "QcPoint",
    "QcRun",
    "QcTarget",
    "ReceivedMessage",
    "Result",
    "RuleSetState",
    "SenderSetting",
    "Specimen",
    "SpecimenStep",
    "SpecimenWord",
    "Unmapped",
]
