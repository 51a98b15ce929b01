import java.nio.file.Path;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;

/** Judges each PDF by PDF/UA-1; one line for each broken rule, and one for each file with the number of checks. */
class Check {
    public static void main(String[] files) throws Exception {
        VeraGreenfieldFoundryProvider.initialise();
        var foundry = Foundries.defaultInstance();
        for (String file : files) {
            try (PDFAParser parser = foundry.createParser(Path.of(file).toFile(), PDFAFlavour.PDFUA_1)) {
                var result = foundry.createValidator(PDFAFlavour.PDFUA_1, false).validate(parser);
                for (TestAssertion one : result.getTestAssertions()) {
                    if (one.getStatus() == TestAssertion.Status.FAILED) {
                        System.out.println("FAILED\t" + file + "\t" + one.getRuleId().getClause() + "\t" + one.getMessage());
                    }
                }
                System.out.println((result.isCompliant() ? "OK\t" : "BAD\t") + file + "\t" + result.getTotalAssertions());
            }
        }
    }
}
