// Composes XSL-FO documents with Apache FOP in one warm Java machine: asked on standard input,
// answered on standard output, each document after its length (4 bytes, big end first).
import java.io.BufferedOutputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.File;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.sax.SAXResult;
import javax.xml.transform.stream.StreamSource;
import org.apache.fop.apps.Fop;
import org.apache.fop.apps.FopFactory;

public class FopServer {
    public static void main(String[] arguments) throws Exception {
        DataInputStream in = new DataInputStream(System.in);
        DataOutputStream out = new DataOutputStream(new BufferedOutputStream(System.out));
        System.setOut(System.err);
        FopFactory factory = FopFactory.newInstance(new File(arguments[0]));
        TransformerFactory transformers = TransformerFactory.newInstance();
        while (true) {
            byte[] document;
            try {
                document = new byte[in.readInt()];
            } catch (EOFException end) {
                return;
            }
            in.readFully(document);
            ByteArrayOutputStream pdf = new ByteArrayOutputStream();
            Fop fop = factory.newFop("application/pdf", factory.newFOUserAgent(), pdf);
            transformers.newTransformer().transform(
                new StreamSource(new ByteArrayInputStream(document)),
                new SAXResult(fop.getDefaultHandler()));
            out.writeInt(pdf.size());
            pdf.writeTo(out);
            out.flush();
        }
    }
}
