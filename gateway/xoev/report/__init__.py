"""The validation report: a document judged in stages, as findings and as an XML report in the manner of KoSIT.

Knows: the order of the stages, what each says, what they recommend together. Never does: I/O; repeat what a document
holds (a finding names place, rule and way out). Standard: report input of the KoSIT validator (createReportInput
1.0.2), SVRL, DIN 91379:2022-08. Start reading: `model.Report`, then `stages.validate`, `kosit.write`.
"""

from gateway.xoev.report.model import Recommendation, Report, Stage, StageState
from gateway.xoev.report.stages import Scenario, validate

__all__ = ["Recommendation", "Report", "Scenario", "Stage", "StageState", "validate"]
