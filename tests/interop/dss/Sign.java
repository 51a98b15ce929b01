import eu.europa.esig.dss.enumerations.DigestAlgorithm;
import eu.europa.esig.dss.enumerations.EncryptionAlgorithm;
import eu.europa.esig.dss.enumerations.JWSSerializationType;
import eu.europa.esig.dss.enumerations.MimeTypeEnum;
import eu.europa.esig.dss.enumerations.SigDMechanism;
import eu.europa.esig.dss.enumerations.SignatureLevel;
import eu.europa.esig.dss.enumerations.SignaturePackaging;
import eu.europa.esig.dss.jades.JAdESSignatureParameters;
import eu.europa.esig.dss.jades.signature.JAdESService;
import eu.europa.esig.dss.model.DSSDocument;
import eu.europa.esig.dss.model.InMemoryDocument;
import eu.europa.esig.dss.model.SignatureValue;
import eu.europa.esig.dss.model.ToBeSigned;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.token.DSSPrivateKeyEntry;
import eu.europa.esig.dss.token.Pkcs12SignatureToken;
import eu.europa.esig.dss.xades.XAdESSignatureParameters;
import eu.europa.esig.dss.xades.reference.CanonicalizationTransform;
import eu.europa.esig.dss.xades.reference.DSSReference;
import eu.europa.esig.dss.xades.reference.EnvelopedSignatureTransform;
import eu.europa.esig.dss.xades.signature.XAdESService;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.List;
import java.util.Locale;

/** Signs "document.xml" of a folder with "key.p12" (password "test"): writes "xades", "inside" and "jades", level B-B. */
public class Sign {
    public static void main(String[] arguments) throws Exception {
        Locale.setDefault(Locale.ENGLISH);
        Path folder = Path.of(arguments[0]);
        byte[] p12 = Files.readAllBytes(folder.resolve("key.p12"));
        DSSDocument document =
            new InMemoryDocument(Files.readAllBytes(folder.resolve("document.xml")), "document.xml", MimeTypeEnum.XML);
        KeyStore.PasswordProtection password = new KeyStore.PasswordProtection("test".toCharArray());
        try (Pkcs12SignatureToken token = new Pkcs12SignatureToken(p12, password)) {
            DSSPrivateKeyEntry key = token.getKeys().get(0);
            Files.write(folder.resolve("xades"), xades(token, key, document, SignaturePackaging.DETACHED));
            Files.write(folder.resolve("inside"), xades(token, key, document, SignaturePackaging.ENVELOPED));
            Files.write(folder.resolve("jades"), jades(token, key, document));
        }
    }

    private static byte[] xades(
            Pkcs12SignatureToken token, DSSPrivateKeyEntry key, DSSDocument document, SignaturePackaging packaging)
            throws Exception {
        XAdESSignatureParameters parameters = new XAdESSignatureParameters();
        parameters.setSignatureLevel(SignatureLevel.XAdES_BASELINE_B);
        parameters.setSignaturePackaging(packaging);
        parameters.setDigestAlgorithm(DigestAlgorithm.SHA512);
        parameters.setSigningCertificate(key.getCertificate());
        parameters.setCertificateChain(key.getCertificateChain());
        if (packaging == SignaturePackaging.ENVELOPED) {
            parameters.setReferences(List.of(whole(document)));
        }
        XAdESService service = new XAdESService(new CommonCertificateVerifier());
        ToBeSigned bytes = service.getDataToSign(document, parameters);
        SignatureValue value = token.sign(bytes, parameters.getDigestAlgorithm(), key);
        return service.signDocument(document, parameters, value).openStream().readAllBytes();
    }

    /** The whole document by the two transforms of the core standard; by itself DSS takes an XPath filter. */
    private static DSSReference whole(DSSDocument document) {
        DSSReference reference = new DSSReference();
        reference.setId("r-document");
        reference.setUri("");
        reference.setContents(document);
        reference.setDigestMethodAlgorithm(DigestAlgorithm.SHA512);
        reference.setTransforms(List.of(
            new EnvelopedSignatureTransform(), new CanonicalizationTransform("http://www.w3.org/2001/10/xml-exc-c14n#")));
        return reference;
    }

    private static byte[] jades(Pkcs12SignatureToken token, DSSPrivateKeyEntry key, DSSDocument document)
            throws Exception {
        JAdESSignatureParameters parameters = new JAdESSignatureParameters();
        parameters.setSignatureLevel(SignatureLevel.JAdES_BASELINE_B);
        parameters.setSignaturePackaging(SignaturePackaging.DETACHED);
        parameters.setSigDMechanism(SigDMechanism.NO_SIG_D);
        parameters.setJwsSerializationType(JWSSerializationType.COMPACT_SERIALIZATION);
        boolean rsa = key.getEncryptionAlgorithm() == EncryptionAlgorithm.RSA;
        parameters.setSigningCertificate(key.getCertificate());
        parameters.setDigestAlgorithm(rsa ? DigestAlgorithm.SHA512 : DigestAlgorithm.SHA256);
        if (rsa) {
            parameters.setEncryptionAlgorithm(EncryptionAlgorithm.RSASSA_PSS);
        }
        parameters.setCertificateChain(key.getCertificateChain());
        JAdESService service = new JAdESService(new CommonCertificateVerifier());
        ToBeSigned bytes = service.getDataToSign(document, parameters);
        SignatureValue value = token.sign(bytes, parameters.getSignatureAlgorithm(), key);
        return service.signDocument(document, parameters, value).openStream().readAllBytes();
    }
}
