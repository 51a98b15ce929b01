"""The report as XML in the shape that the KoSIT validator hands to its report generators.

Knows: createReportInput 1.0.2 with SVRL inside. Never does: judge; put a value of the document into the report unless
the rules were asked to say values. Standard: KoSIT validator framework 1 (createreportinput, scenarios), SVRL.
Start reading: `write`.

The stages of that format are well-formedness, schema and Schematron. What the gateway asks besides (code lists,
DIN 91379, rules of the service) stands there as one more Schematron result each, and the recommendation under
`engine/info`, where the format has room for it.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Final

from lxml import etree

from gateway.model import Severity, instant
from gateway.xoev.report.model import Noted, Report, Stage, StageResult, StageState
from gateway.xoev.schematron import RuleOutcome
from gateway.xoev.schematron.model import Failed

FRAMEWORK_VERSION: Final = "1.0.2"
IN: Final = "http://www.xoev.de/de/validator/framework/1/createreportinput"
SCENARIOS: Final = "http://www.xoev.de/de/validator/framework/1/scenarios"
SVRL: Final = "http://purl.oclc.org/dsdl/svrl"
_PREFIXES: Final = {"in": IN, "s": SCENARIOS, "svrl": SVRL}
_SEVERITIES: Final = {
    Severity.ERROR: "SEVERITY_ERROR",
    Severity.WARNING: "SEVERITY_WARNING",
    Severity.INFO: "SEVERITY_WARNING",
}
_ROLES: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "information"}
_OURS: Final[Mapping[Stage, str]] = {
    Stage.CODE_LISTS: "Codelisten",
    Stage.CHARACTERS: "DIN 91379",
    Stage.SERVICE: "Dienstregeln",
}


def write(report: Report, *, engine: str, version: str, reference: str) -> bytes:
    """The report as XML in UTF-8; the same report always gives the same bytes.

    Args:
        report: what the stages gave.
        engine: name of the program.
        version: its version.
        reference: how whoever checks calls the document; a file name or an identifier.
    """
    root = etree.Element(f"{{{IN}}}createReportInput", {"frameworkVersion": FRAMEWORK_VERSION}, nsmap=_PREFIXES)
    _engine(root, report, engine, version)
    _sub(root, IN, "timestamp", instant(report.checked_at))
    _document(root, report, reference)
    results = _sub(root, IN, "validationResultsWellformedness")
    for noted in report.result(Stage.WELL_FORMED).noted:
        _syntax(results, noted, "SEVERITY_FATAL_ERROR")
    _schema(root, report.result(Stage.SCHEMA))
    for outcome, name in zip(report.outcomes, report.result(Stage.RULES).asked, strict=True):
        _rules(_results(root, name, f"urn:sha256:{outcome.rules.sha256}"), outcome)
    for stage, name in _OURS.items():
        result = report.result(stage)
        if result.asked:
            _ours(_results(root, name, f"urn:x-ozg-gateway:stage:{stage.value}"), result)
    _unfinished(root, report.result(Stage.RULES))
    return etree.tostring(root, pretty_print=True, xml_declaration=True, encoding="UTF-8")


def _engine(root: etree._Element, report: Report, engine: str, version: str) -> None:
    described = _sub(root, IN, "engine")
    _sub(described, IN, "name", engine)
    _sub(described, IN, "info", version, key="version")
    _sub(described, IN, "info", report.recommendation.value.upper(), key="recommendation")
    for result in report.stages:
        _sub(described, IN, "info", result.state.value, key=f"stage.{result.stage.value}")


def _document(root: etree._Element, report: Report, reference: str) -> None:
    named = _sub(root, IN, "documentIdentification")
    digest = _sub(named, IN, "documentHash")
    _sub(digest, IN, "hashAlgorithm", "SHA-256")
    _sub(digest, IN, "hashValue", base64.b64encode(bytes.fromhex(report.sha256)).decode())
    _sub(named, IN, "documentReference", "".join(char if char.isprintable() else "\ufffd" for char in reference))


def _schema(root: etree._Element, result: StageResult) -> None:
    if not result.asked:
        return
    results = _sub(root, IN, "validationResultsXmlSchema")
    for name in result.asked:
        _resource(results, name, "urn:x-ozg-gateway:schema")
    for noted in result.noted:
        _syntax(results, noted, _SEVERITIES[noted.finding.severity])


def _syntax(parent: etree._Element, noted: Noted, severity: str) -> None:
    error = _sub(parent, IN, "xmlSyntaxError")
    _sub(error, IN, "message", f"{noted.finding.pointer}: {noted.finding.de} [{noted.finding.rule}]")
    _sub(error, IN, "severityCode", severity)
    if noted.line:
        _sub(error, IN, "rowNumber", str(noted.line))


def _results(root: etree._Element, name: str, location: str) -> etree._Element:
    result = _sub(root, IN, "validationResultsSchematron")
    _resource(result, name, location)
    return _sub(_sub(result, IN, "results"), SVRL, "schematron-output")


def _rules(output: etree._Element, outcome: RuleOutcome) -> None:
    if outcome.rules.title:
        output.set("title", outcome.rules.title)
    if outcome.phase.isidentifier():
        output.set("phase", outcome.phase)
    for prefix, uri in outcome.rules.namespaces.items():
        if prefix:
            _sub(output, SVRL, "ns-prefix-in-attribute-values", prefix=prefix, uri=uri)
    for pattern, asked in outcome.patterns:
        _sub(output, SVRL, "active-pattern", id=pattern.id)
        for fired in asked:  # once for all nodes that the rule matched
            _sub(output, SVRL, "fired-rule", id=fired.rule.id, context=fired.rule.context.text)
            for failed in fired.failed:
                _failed(output, failed)


def _failed(output: etree._Element, failed: Failed) -> None:
    check = failed.check
    attributes = {"id": check.id, "location": failed.location, "test": check.test.text}
    attributes["role"] = check.role or _ROLES[check.severity]
    if check.flag:
        attributes["flag"] = check.flag
    entry = _sub(output, SVRL, "successful-report" if check.report else "failed-assert", **attributes)
    text = next(filter(None, failed.texts.values()), f"Die Regel {check.id} ist verletzt.")
    _sub(entry, SVRL, "text", f"Die Regel {check.id} lässt sich hier nicht auswerten." if failed.trouble else text)


def _ours(output: etree._Element, result: StageResult) -> None:
    _sub(output, SVRL, "active-pattern", id=result.stage.value)
    for noted in result.noted:
        finding = noted.finding
        entry = _sub(
            output,
            SVRL,
            "failed-assert",
            id=finding.rule,
            location=finding.pointer,
            test="false()",
            role=_ROLES[finding.severity],
        )
        _sub(entry, SVRL, "text", finding.de)


def _unfinished(root: etree._Element, result: StageResult) -> None:
    """Says outside the results that rules were not asked in full, or not at all."""
    findings = (noted.finding for noted in result.noted)
    sentences = [finding.de for finding in findings if finding.rule in {"rules_too_costly", "rules_unusable"}]
    if result.state is StageState.NOT_REACHED:
        sentences.append("Die Regeln wurden nicht geprüft, weil das Dokument eine frühere Stufe nicht besteht.")
    if sentences:
        error = _sub(root, IN, "processingError")
        for text in sentences:
            _sub(error, IN, "error", text)


def _resource(parent: etree._Element, name: str, location: str) -> None:
    resource = _sub(parent, SCENARIOS, "resource")
    _sub(resource, SCENARIOS, "name", name)
    _sub(resource, SCENARIOS, "location", location)


def _sub(
    parent: etree._Element, namespace: str, local: str, text: str | None = None, **attributes: str
) -> etree._Element:
    element = etree.SubElement(parent, f"{{{namespace}}}{local}", attributes)
    element.text = text
    return element
