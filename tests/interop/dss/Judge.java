import eu.europa.esig.dss.diagnostic.SignatureWrapper;
import eu.europa.esig.dss.model.DSSDocument;
import eu.europa.esig.dss.model.InMemoryDocument;
import eu.europa.esig.dss.model.x509.CertificateToken;
import eu.europa.esig.dss.spi.DSSUtils;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.validation.SignedDocumentValidator;
import eu.europa.esig.dss.validation.reports.Reports;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * Judges each folder of a directory: "signature" and, where it is detached, "document.xml"; "leaf.der" is trusted. One line
 * a folder: name, verdict, level, format's own findings.
 */
public class Judge {
    public static void main(String[] arguments) throws Exception {
        Locale.setDefault(Locale.ENGLISH);
        File[] cases = new File(arguments[0]).listFiles(File::isDirectory);
        for (File each : cases) {
            System.out.println(each.getName() + "\t" + verdict(each.toPath()));
        }
    }

    private static String verdict(Path folder) throws Exception {
        DSSDocument signature = new InMemoryDocument(Files.readAllBytes(folder.resolve("signature")));
        CommonTrustedCertificateSource trusted = new CommonTrustedCertificateSource();
        CertificateToken leaf = DSSUtils.loadCertificate(Files.readAllBytes(folder.resolve("leaf.der")));
        trusted.addCertificate(leaf);
        CommonCertificateVerifier verifier = new CommonCertificateVerifier();
        verifier.setTrustedCertSources(trusted);
        SignedDocumentValidator validator;
        try {
            validator = SignedDocumentValidator.fromDocument(signature);
        } catch (Exception unreadable) {
            return "UNREADABLE";
        }
        validator.setCertificateVerifier(verifier);
        Path document = folder.resolve("document.xml");
        if (Files.exists(document)) {
            validator.setDetachedContents(List.of(new InMemoryDocument(Files.readAllBytes(document), "document.xml")));
        }
        Reports reports = validator.validateDocument();
        List<SignatureWrapper> found = reports.getDiagnosticData().getSignatures();
        if (found.size() != 1) {
            return "SIGNATURES " + found.size();
        }
        SignatureWrapper one = found.get(0);
        return String.join(
            "\t",
            String.valueOf(reports.getSimpleReport().getIndication(one.getId())),
            String.valueOf(one.getSignatureFormat()),
            "intact=" + one.isSignatureIntact(),
            "valid=" + one.isSignatureValid(),
            "structure=" + one.isStructuralValidationValid(),
            "certificate=" + one.isSigningCertificateIdentified(),
            String.valueOf(reports.getSimpleReport().getAdESValidationErrors(one.getId())),
            String.valueOf(one.getStructuralValidationMessages()));
    }
}
